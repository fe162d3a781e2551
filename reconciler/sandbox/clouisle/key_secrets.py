"""A key's secret: making one, and the part of it that may be shown."""

import secrets

KEY_MARK = "clou_"
_PREFIX_LENGTH = 12


def issue_secret() -> str:
    """Make the secret of a new key."""
    return KEY_MARK + secrets.token_hex(32)


def prefix_of(secret: str) -> str:
    """Give the part of a secret that may be shown."""
    return secret[:_PREFIX_LENGTH]
