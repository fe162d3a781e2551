"""How a random secret is kept: as a hash, which is all that the database has of it.

A password that somebody chose is `passwords`' matter.
"""

import hashlib


def hash_secret(secret: str) -> bytes:
    """Hash a secret; a fast hash is right for 256 random bits, and makes the look-up one step."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
