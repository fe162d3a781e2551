"""Encrypting to age recipients and decrypting with age identities: the stores' use of pyrage.

pyrage is imported when something is first sealed or opened. Its errors never leave: a failure to
open is None, anything else is an error of ours without a chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Protocol, final

from reconciler.errors import StoreRefusedError

_SECRET_PREFIX = "AGE-SECRET-KEY-"  # noqa: S105 (the public beginning of every age identity)
_NOT_FOR_US = "No matching keys"
"""NOTE(pyrage): one class for every failure to decrypt; only its words tell a file that is not
for us from a damaged one. Should they change, all failures count as damage, which is the loud side.
"""


class Unopened(Enum):
    """Why a ciphertext could not be opened."""

    NOT_FOR_US = "not for us"
    DAMAGED = "damaged"


@cache
def _pyrage() -> ModuleType:
    return import_module("pyrage")


@final
class Seal:
    """Encrypts to a fixed set of recipients."""

    __slots__ = ("_recipients",)

    def __init__(self, recipients: Sequence[str]) -> None:
        problems = recipient_problems(recipients)
        if problems:
            raise StoreRefusedError("; ".join(problems), remedy="Use recipients such as age1…")
        read = _pyrage().x25519.Recipient.from_str
        self._recipients = [read(text.strip()) for text in recipients]

    def close(self, plain: bytes) -> bytes:
        """Encrypt, in the binary format."""
        sealed: bytes = _pyrage().encrypt(plain, self._recipients)
        return sealed


class _Identity(Protocol):
    def to_public(self) -> object: ...


@final
class Opener:
    """Decrypts what was sealed to any of its identities. Shows none of them."""

    __slots__ = ("_identities", "recipients")

    def __init__(self, lines: Sequence[str]) -> None:
        self._identities = [_read_identity(number, line) for number, line in enumerate(lines, 1)]
        self.recipients = tuple(str(identity.to_public()) for identity in self._identities)

    def open(self, sealed: bytes) -> bytes | Unopened:
        """Decrypt, or say why not."""
        try:
            plain: bytes = _pyrage().decrypt(sealed, self._identities)
        except _pyrage().DecryptError as error:
            return Unopened.NOT_FOR_US if _NOT_FOR_US in str(error) else Unopened.DAMAGED
        return plain


def generate_identity() -> tuple[str, str]:
    """Make a new identity: its text, which is secret, and its recipient."""
    identity = _pyrage().x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def recipient_problems(recipients: Sequence[str]) -> tuple[str, ...]:
    """Say what is wrong with each recipient, by its place in the list and never by its text."""
    if not recipients:
        return ("there is no age recipient to encrypt to",)
    told = (_recipient_problem(number, text) for number, text in enumerate(recipients, 1))
    return tuple(problem for problem in told if problem)


def _recipient_problem(number: int, text: str) -> str | None:
    if text.strip().upper().startswith(_SECRET_PREFIX):
        return (
            f"recipient {number} is an age identity, which is secret: remove it, treat it as "
            "leaked, and give its recipient (age1…) instead"
        )
    try:
        _pyrage().x25519.Recipient.from_str(text.strip())
    except _pyrage().RecipientError:
        return f"recipient {number} is not an age recipient"
    return None


def _read_identity(number: int, line: str) -> _Identity:
    identity = _parse_identity(line)
    if identity is None:
        raise StoreRefusedError(
            f"identity {number} is not an age identity",
            remedy=f"Give lines that begin with {_SECRET_PREFIX}1, as age-keygen writes them",
        )
    return identity


def _parse_identity(line: str) -> _Identity | None:
    try:
        identity: _Identity = _pyrage().x25519.Identity.from_str(line)
    except _pyrage().IdentityError:
        return None
    return identity
