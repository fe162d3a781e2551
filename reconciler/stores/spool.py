"""The resting places of a secret between the API's answer and the store.

`AgeSpool` is a local folder of age files, `MemorySpool` lives in this process, `NoSpool` is the
choice `spool: off`. Which operations are open, and so which entries matter, is not known here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from reconciler.core.keys import KeyId, OpId
from reconciler.core.observed import SpoolView
from reconciler.core.secret import Secret
from reconciler.errors import SpoolError, StoreError
from reconciler.interfaces.spool import Spooled
from reconciler.stores import folders
from reconciler.stores.identity import open_identity
from reconciler.stores.names import TEMPORARY, is_op, name_ciphertext, op_of_ciphertext
from reconciler.stores.sealing import Opener, Seal, Unopened
from reconciler.stores.threads import Threads

_LARGEST_ENTRY = 1024 * 1024
_FIELDS = frozenset({"op", "key_id", "secret"})


class AgeSpool:
    """A folder of age files, `<op>.age` each: id and secret of one key. Outlives the process."""

    lasting = True

    def __init__(
        self, folder: Path, recipient: str, identity: Callable[[], Secret | None] | Secret | None
    ) -> None:
        self._folder = folder
        self._recipient = recipient
        self._identity = identity
        self._threads = Threads("spool")

    async def put(self, op: OpId, key_id: KeyId, secret: Secret) -> None:
        """Lay a secret down; it is on disk, under its name, when this returns."""
        await self._threads.run(self._put, _checked(op), key_id, secret)

    async def take(self, op: OpId) -> Spooled | None:
        """Take a secret up.

        None where there is no entry, or it is not for our identity; a damaged one is an error.
        """
        return await self._threads.run(self._take, _checked(op))

    async def drop(self, op: OpId) -> None:
        """Remove an entry. Blocks are not overwritten: modern disks would not do it in place."""
        await self._threads.run(self._drop, _checked(op))

    async def view(self) -> SpoolView:
        """List the entries, whole ones only; see `SpoolReader.view`."""
        return await self._threads.run(self._view)

    @cached_property
    def _seal(self) -> Seal:
        return Seal((self._recipient,))

    def _opener(self) -> Opener | None:
        identity = self._identity() if callable(self._identity) else self._identity
        return open_identity(identity) if identity is not None else None

    def _put(self, op: OpId, key_id: KeyId, secret: Secret) -> None:
        with self._telling():
            entry = {"op": op, "key_id": key_id, "secret": secret.reveal()}
            sealed = self._seal.close(json.dumps(entry).encode())
            folders.make_folders(self._folder)
            with folders.open_top(self._folder, follow=False) as folder:
                folders.publish(folder, name_ciphertext(op), sealed)
                os.fsync(folder)

    def _take(self, op: OpId) -> Spooled | None:
        with self._telling():
            opener = self._opener()
            sealed = self._read(op) if opener else None
            if opener is None or sealed is None:
                return None
        plain = opener.open(sealed)
        if plain is Unopened.NOT_FOR_US:
            return None
        entry = None if isinstance(plain, Unopened) else _parse(plain, op)
        if entry is None:
            raise self._damaged(op)
        return entry

    def _read(self, op: OpId) -> bytes | None:
        """Give an entry's bytes; None where there is none."""
        name = name_ciphertext(op)
        with suppress(FileNotFoundError), folders.open_top(self._folder, follow=False) as folder:
            sealed = folders.read_file(folder, name, _LARGEST_ENTRY)
            if sealed is None and folders.exists(folder, name):
                raise self._damaged(op)
            return sealed
        return None

    def _drop(self, op: OpId) -> None:
        name = name_ciphertext(op)
        with (
            self._telling(),
            suppress(FileNotFoundError),
            folders.open_top(self._folder, follow=False) as folder,
        ):
            folders.remove(folder, TEMPORARY + name)
            folders.remove(folder, name)
            os.fsync(folder)

    def _view(self) -> SpoolView:
        with self._telling():
            opener = self._opener()
            readable = opener is not None and self._recipient in opener.recipients
            return SpoolView(ops=self._list(), readable=readable)

    def _list(self) -> frozenset[OpId]:
        with suppress(FileNotFoundError), folders.open_top(self._folder, follow=False) as folder:
            found = (op_of_ciphertext(name) for name, _ in folders.list_files(folder))
            return frozenset(op for op in found if op)
        return frozenset()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SpoolError(
                f"the spool cannot be used: {error.strerror}",
                where=str(self._folder),
                remedy="It must be a plain folder, no link, that this user may write, with room",
            ) from error
        except StoreError as error:
            raise SpoolError(
                error.what, where=error.where or "spool", remedy=error.remedy
            ) from error

    def _damaged(self, op: OpId) -> SpoolError:
        return SpoolError(
            "this spool entry is damaged, and the secret in it is lost",
            where=str(self._folder / name_ciphertext(op)),
            remedy="Remove the file; the next run replaces the key that it belonged to",
        )


class MemorySpool:
    """Entries in this process. With `lasting` it plays one that outlives it, for simulations."""

    def __init__(self, *, lasting: bool = False) -> None:
        self._lasting = lasting
        self._entries: dict[OpId, Spooled] = {}

    @property
    def lasting(self) -> bool:
        """What this spool was told to play."""
        return self._lasting

    async def put(self, op: OpId, key_id: KeyId, secret: Secret) -> None:
        """Keep a secret."""
        self._entries[_checked(op)] = Spooled(key_id, secret)

    async def take(self, op: OpId) -> Spooled | None:
        """Give a secret that was kept."""
        return self._entries.get(_checked(op))

    async def drop(self, op: OpId) -> None:
        """Forget a secret."""
        self._entries.pop(_checked(op), None)

    async def view(self) -> SpoolView:
        """List what is kept."""
        return SpoolView(ops=frozenset(self._entries))


class NoSpool:
    """`spool: off`. A secret whose store fails is gone, and its key has to be replaced."""

    lasting = False

    async def put(self, op: OpId, key_id: KeyId, secret: Secret) -> None:  # noqa: ARG002
        """Keep nothing."""
        _checked(op)

    async def take(self, op: OpId) -> Spooled | None:
        """Have nothing."""
        _checked(op)
        return None

    async def drop(self, op: OpId) -> None:
        """Forget nothing."""
        _checked(op)

    async def view(self) -> SpoolView:
        """List nothing."""
        return SpoolView()


def _checked(op: OpId) -> OpId:
    if not is_op(op):
        raise SpoolError("an operation id is 32 hex digits; this one is not and names no entry")
    return op


def _parse(plain: bytes, op: OpId) -> Spooled | None:
    """Read a decrypted entry; None where it is not one of this operation."""
    fields = _load(plain)
    if not isinstance(fields, dict) or fields.keys() != _FIELDS or fields["op"] != op:
        return None
    if not all(isinstance(value, str) for value in fields.values()):
        return None
    return Spooled(KeyId(fields["key_id"]), Secret(fields["secret"]))


def _load(plain: bytes) -> object:
    try:
        return json.loads(plain)
    except (ValueError, RecursionError):
        # The error holds the whole text, so it must not become anything's context.
        return None
