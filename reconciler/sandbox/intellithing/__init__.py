"""INTELLITHING Security Keys: keys without names, one switch, and deployments that freeze both.

What the keys mean is documented; the paths, the statuses and how keys are sent are not public, and
are a convention of ours. It must not share code with the driver that speaks to it, nor with another
system's package.
"""
