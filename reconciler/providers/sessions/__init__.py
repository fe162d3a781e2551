"""How calls become ours: one session per driver, for every way in that a dialect can describe.

A session decides nothing about keys. It never shows a credential, and sends none but to the
provider's own base URL.
"""
