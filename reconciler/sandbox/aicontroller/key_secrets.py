"""A key's secret: making one, and the hash that is all we keep of it (SHA512, as documented)."""

import hashlib
import secrets

KEY_MARK = "aic_sk_"


def issue_secret() -> str:
    """Make the secret of a new key."""
    return KEY_MARK + secrets.token_urlsafe(32)


def hash_secret(secret: str) -> bytes:
    """Hash a secret."""
    return hashlib.sha512(secret.encode("utf-8", "surrogatepass")).digest()
