"""How a password is kept and recognised: scrypt, with the cost written beside the salt.

It must not read or write storage.
"""

import hashlib
import hmac
import secrets

# A password somebody chose deserves a slow hash; one of 256 random bits cannot be guessed anyway.
CHOSEN_COST = 2**14
RANDOM_COST = 2**4
_BLOCK = 8


def hash_password(password: str, cost: int) -> str:
    """Turn a password into the text that is stored."""
    salt = secrets.token_bytes(16)
    return f"scrypt${cost}${salt.hex()}${_digest(password, salt, cost).hex()}"


def matches(password: str, stored: str) -> bool:
    """Tell whether this password made that stored text."""
    _, cost, salt, digest = stored.split("$")
    found = _digest(password, bytes.fromhex(salt), int(cost))
    return hmac.compare_digest(found, bytes.fromhex(digest))


def _digest(password: str, salt: bytes, cost: int) -> bytes:
    # Half of a surrogate pair is no text that UTF-8 can carry, yet it may be sent.
    secret = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt, n=cost, r=_BLOCK, p=1)
