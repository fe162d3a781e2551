"""PinBridge's key API, as its SDK and its documents tell: people log in, keys have scopes.

Only what those sources say is the system's; the rest is marked "ours". It must not share code with
the driver that speaks to it, nor with another system's package.
"""
