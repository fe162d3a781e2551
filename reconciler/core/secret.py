"""The secret, and the only thing that is ever kept of it: a fingerprint.

`Secret` shows itself to nobody: no repr, str, equality, hash, pickle, JSON, format or length. Who
may call `reveal` is a closed list, counted by tests/architecture.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import NewType, NoReturn, final

Fingerprint = NewType("Fingerprint", str)
"""HMAC-SHA256 under the stack's random salt, cut to 128 bits, as 32 hex digits."""

_FINGERPRINT_BYTES = 16
_SHOWN_DIGITS = 8


@final
class Secret:
    """One secret value, held in memory and opened only by `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the plain value, to a caller on the closed list."""
        return self._value

    def __repr__(self) -> str:
        return "(secret value)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "(secret value)"

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("a secret cannot be compared, measured, hashed, copied or serialised")

    __eq__ = _refuse
    __hash__ = _refuse
    __len__ = _refuse
    __reduce__ = _refuse
    __reduce_ex__ = _refuse
    __getstate__ = _refuse
    __copy__ = _refuse
    __deepcopy__ = _refuse
    __iter__ = _refuse
    __bool__ = _refuse


def join(parts: Iterable[str | Secret]) -> Secret:
    """Make one secret of several and the text around them, which shows none of them."""
    return Secret("".join(p.reveal() if isinstance(p, Secret) else p for p in parts))


def fingerprint(secret: Secret, salt: bytes) -> Fingerprint:
    """Say whether two secrets are the same one, without keeping either."""
    digest = hmac.new(
        salt, secret.reveal().encode("utf-8", "surrogatepass"), hashlib.sha256
    ).digest()
    return Fingerprint(digest[:_FINGERPRINT_BYTES].hex())


def shorten(full: Fingerprint) -> str:
    """Give the eight digits of a fingerprint that people are shown."""
    return full[:_SHOWN_DIGITS]
