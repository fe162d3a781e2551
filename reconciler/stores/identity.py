"""age identities: making a new one, reading one, and the recipient that belongs to it.

An identity is the secret half. It is written once, by `make_identity`, and its text is in no error
and no file name; errors speak of line numbers.
"""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.core.secret import Secret
from reconciler.errors import StoreRefusedError, UsageError
from reconciler.stores.folders import make_folders, open_top
from reconciler.stores.sealing import Opener, generate_identity, recipient_problems

__all__ = ["make_identity", "open_identity", "read_identity", "recipient_of", "recipient_problems"]

_LARGEST = 64 * 1024
_ENCRYPTED = ("age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE")


def make_identity(path: Path, *, work_tree: Path | None, allowed: Path | None = None) -> str:
    """Write a new identity for this user only, and give its recipient.

    Refused inside `work_tree`, where the next commit would publish it, unless it is under the
    `allowed` folder in there, which the caller knows to be ignored.
    """
    _refuse_work_tree(path, work_tree, allowed)
    text, recipient = generate_identity()
    try:
        make_folders(path.parent)
        _write(path, f"# public key: {recipient}\n{text}\n".encode())
    except FileExistsError as error:
        raise UsageError(
            "there is a file already, and an identity is never overwritten",
            where=str(path),
            effect="Nothing was written",
            remedy="Use the identity that is there, or name another file",
        ) from error
    except OSError as error:
        raise UsageError(f"cannot write an identity: {error.strerror}", where=str(path)) from error
    return recipient


def read_identity(path: Path) -> Secret:
    """Read an identity file whole; links are followed, since mounted secrets are links."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise StoreRefusedError(
            f"cannot read the age identity: {error.strerror}", where=str(path)
        ) from error
    if len(data) > _LARGEST or not data.isascii():
        raise StoreRefusedError("this is not an age identity file", where=str(path))
    return Secret(data.decode("ascii"))


def open_identity(identity: Secret) -> Opener:
    """Make an identity, as a bare key or as the text of an identity file, ready for opening."""
    text = identity.reveal().strip()
    if text.startswith(_ENCRYPTED):
        raise StoreRefusedError(
            "the age identity is itself encrypted",
            remedy="Decrypt it first (age -d) and give the decrypted text",
        )
    stripped = (line.strip() for line in text.splitlines())
    lines = [line for line in stripped if line and not line.startswith("#")]
    if not lines:
        raise StoreRefusedError("the age identity is empty")
    return Opener(lines)


def recipient_of(identity: Secret) -> str:
    """Give the recipient that the first key of an identity opens."""
    return open_identity(identity).recipients[0]


def _refuse_work_tree(path: Path, work_tree: Path | None, allowed: Path | None) -> None:
    place = path.resolve()
    if work_tree is None or not place.is_relative_to(work_tree.resolve()):
        return
    if allowed is not None and place.is_relative_to(allowed.resolve()):
        return
    raise UsageError(
        "an identity inside the work tree would be committed sooner or later",
        where=str(path),
        effect="Nothing was written",
        remedy="Name a file outside of it, for example in your user configuration folder",
    )


def _write(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise
    with open_top(path.parent) as folder:
        os.fsync(folder)
