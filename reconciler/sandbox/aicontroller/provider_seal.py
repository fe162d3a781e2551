"""Sealing a provider's key for the database, and opening it again for a comparison.

AI Controller documents AES-256. Our locked dependencies have no AES; what they have is age, so it
is age (X25519 and ChaCha20-Poly1305), with an identity among the settings of the same file. That
keeps plaintext out of the file, as the contract asks; it does not hide a key from whoever has the
whole file, and need not in a sandbox.
"""

import pyrage

from reconciler.sandbox.database import Database

_SETTING = "aic_provider_identity"


def seal(database: Database, secret: str) -> bytes:
    """Encrypt a provider's key."""
    recipient = _identity(database).to_public()
    sealed: bytes = pyrage.encrypt(secret.encode(), [recipient])
    return sealed


def unseal(database: Database, sealed: bytes) -> bytes:
    """Decrypt a provider's key."""
    plain: bytes = pyrage.decrypt(sealed, [_identity(database)])
    return plain


def _identity(database: Database) -> pyrage.x25519.Identity:
    text = database.setting(_SETTING, lambda: str(pyrage.x25519.Identity.generate()))
    return pyrage.x25519.Identity.from_str(text)
