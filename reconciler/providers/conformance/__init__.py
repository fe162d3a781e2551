"""Does a dialect describe its API? Checks that try it out with throw-away keys, one concept each.

Everything that a check makes is removed again, also when it is stopped in the middle.
"""
