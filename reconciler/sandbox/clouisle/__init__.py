"""Clouisle's key API as it was measured: JWT log-in, keys bound to agents, an audit log.

It must not share code with the driver that speaks to it, nor with another system's package.
"""
