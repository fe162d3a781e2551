"""A key's secret: making one, and the hash that is all we keep of it."""

import hashlib
import secrets

KEY_MARK = "clou_"
_PREFIX_LENGTH = 12


def issue_secret() -> str:
    """Make the secret of a new key."""
    return KEY_MARK + secrets.token_hex(32)


def prefix_of(secret: str) -> str:
    """Give the part of a secret that may be shown."""
    return secret[:_PREFIX_LENGTH]


def hash_secret(secret: str) -> bytes:
    """Hash a secret; a fast hash is right for 256 random bits, and makes the look-up one step."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
