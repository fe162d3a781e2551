"""itellicoAI's accounts, and keys as its documents describe them: managed with a key themselves.

Its public API has no endpoints for keys; those here are our convention, in the style of the others.
It must not share code with the driver that speaks to it, nor with another system's package.
"""
