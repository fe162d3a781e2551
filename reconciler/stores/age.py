"""The embedded store: a folder of age-encrypted files, one for each version of each secret.

`<root>/<path>/<field>/<op>.age` is a version, `<op>.json` its mark, and `current.age` a relative
link to the version that consumers read, so that `age -d -i IDENTITY …/current.age` just works. Who
has only the recipients can write here, and prove that the bytes lie as written, but read nothing.

What is fsynced: each new folder in its parent; for a version both files and, once, their folder;
for a promotion and a removal the folder. A ciphertext is opened by `verify` and `fetch` only.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

from reconciler.core.keys import OpId, Target
from reconciler.core.observed import Head, StoredVersion, StoreView
from reconciler.core.secret import Secret, fingerprint
from reconciler.errors import (
    StoreConflictError,
    StoreError,
    StoreRefusedError,
    StoreUnavailableError,
)
from reconciler.interfaces.store import StoreAbilities, Verification
from reconciler.stores import folders
from reconciler.stores.identity import open_identity
from reconciler.stores.names import (
    POINTER,
    is_op,
    name_ciphertext,
    name_mark,
    op_of_ciphertext,
    split_target,
)
from reconciler.stores.sealing import Opener, Seal, Unopened
from reconciler.stores.slots import (
    BLOCKED_SLOT,
    EMPTY,
    LARGEST_FOREIGN,
    Mark,
    Slot,
    read_mark,
    read_slot,
)
from reconciler.stores.threads import Threads

MAX_BYTES = 64 * 1024
_LARGEST_CIPHERTEXT = 2 * MAX_BYTES
_ROOM = 64 * 1024
"""What a version may take on disk beside its secret: two files, a link, up to three folders."""

_TRANSIENT = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.EFBIG,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ESTALE,
        errno.EAGAIN,
        errno.EINTR,
        errno.ETIMEDOUT,
    }
)
"""What can pass by itself, or leave it open how far we came. Everything else is a plain no."""


class AgeStore:
    """A folder of age files. `identity` may be missing: then values are written, never read."""

    def __init__(
        self,
        *,
        name: str,
        root: Path,
        recipients: tuple[str, ...],
        identity: Secret | None,
        salt: bytes,
    ) -> None:
        self.name = name
        self._root = root
        self._recipients = recipients
        self._identity = identity
        self._salt = salt
        self._threads = Threads(f"store-{name}")

    @property
    def abilities(self) -> StoreAbilities:
        """Staging is hidden behind the pointer; values are read back by whoever has an identity."""
        readback = self._identity is not None
        return StoreAbilities(hidden_staging=True, readback=readback, max_bytes=MAX_BYTES)

    async def heads(self, targets: tuple[Target, ...]) -> StoreView:
        """Look at many slots in one go; see `StoreReader.heads`."""
        return await self._threads.run(self._look, targets)

    async def preflight(self, target: Target, owner: str, size: int) -> Head:
        """Make the slot's folder and prove that it can be written; see `Store.preflight`."""
        return await self._threads.run(self._preflight, target, owner, size)

    async def stage(
        self, target: Target, secret: Secret, version: StoredVersion, owner: str, expect: Head
    ) -> None:
        """Write a version beside the current one; see `Store.stage`."""
        await self._threads.run(self._stage, target, secret, version, owner, expect)

    async def verify(self, target: Target, version: StoredVersion) -> Verification:
        """Compare fingerprints, or, without an identity, the bytes with what was written."""
        return await self._threads.run(self._verify, target, version)

    async def promote(self, target: Target, version: StoredVersion) -> None:
        """Swap the pointer; see `Store.promote`."""
        await self._threads.run(self._promote, target, version)

    async def fetch(self, target: Target, version: StoredVersion) -> Secret | None:
        """Open one version; see `Store.fetch`."""
        return await self._threads.run(self._fetch, target, version)

    async def read(self, target: Target) -> Secret | None:
        """Open the current version, also one that a person put there; see `Store.read`."""
        return await self._threads.run(self._read_current, target)

    async def retire(self, target: Target, owner: str, keep: tuple[StoredVersion, ...]) -> None:
        """Remove this owner's other versions; see `Store.retire`."""
        kept = frozenset(version.op for version in keep)
        await self._threads.run(self._retire, target, owner, kept)

    @cached_property
    def _seal(self) -> Seal:
        return Seal(self._recipients)

    @cached_property
    def _opener(self) -> Opener | None:
        return open_identity(self._identity) if self._identity is not None else None

    def _look(self, targets: tuple[Target, ...]) -> StoreView:
        wanted = sorted(set(targets))
        try:
            with folders.open_top(self._root) as top:
                heads = tuple(_look_at(top, target).describe(target) for target in wanted)
        except FileNotFoundError:
            heads = tuple(EMPTY.describe(target) for target in wanted)
        except OSError as error:
            problem = f"cannot read the folder {self._root}: {error.strerror}"
            return StoreView(store=self.name, problem=problem)
        readable = self._identity is not None
        return StoreView(store=self.name, heads=heads, readback=readable)

    def _preflight(self, target: Target, owner: str, size: int) -> Head:
        _refuse_size(target, size)
        _ = self._seal, self._opener  # bad recipients or a bad identity are told before a key is
        with self._writing(target) as folder:
            slot = read_slot(folder)
            _refuse_foreign(target, slot, owner)
            folders.prove_writable(folder, size + _ROOM)
            return slot.describe(target)

    def _stage(
        self, target: Target, secret: Secret, version: StoredVersion, owner: str, expect: Head
    ) -> None:
        if not is_op(version.op):
            raise StoreRefusedError(f"{target}: an operation id is 32 hex digits")
        with self._writing(target) as folder:
            slot = read_slot(folder)
            if not _is_staged(target, folder, slot, version):
                _check_expected(target, slot, version.op, expect)
                _refuse_foreign(target, slot.without(version.op), owner)
                self._write(target, folder, secret, version, owner)
            # Also for what was there: an earlier attempt may have died right before this line.
            os.fsync(folder)

    def _write(
        self, target: Target, folder: int, secret: Secret, version: StoredVersion, owner: str
    ) -> None:
        folders.sweep(folder)
        # A strict encoder's error would carry the secret with it.
        plain = secret.reveal().encode("utf-8", "surrogatepass")
        _refuse_size(target, len(plain))
        sealed = self._seal.close(plain)
        mark = Mark(owner, version, hashlib.sha256(sealed).hexdigest())
        folders.publish(folder, name_mark(version.op), mark.serialise())
        folders.publish(folder, name_ciphertext(version.op), sealed)

    def _verify(self, target: Target, version: StoredVersion) -> Verification:
        sealed = self._read(target, version)
        if sealed is None:
            return Verification.MISMATCH
        if self._opener is None:
            return Verification.VERIFIED
        plain = self._opener.open(sealed)
        if isinstance(plain, Unopened):
            return Verification.UNVERIFIABLE
        same = self._recognise(plain, version) is not None
        return Verification.VERIFIED if same else Verification.MISMATCH

    def _fetch(self, target: Target, version: StoredVersion) -> Secret | None:
        sealed = self._read(target, version) if self._opener else None
        if sealed is None or self._opener is None:
            return None
        plain = self._opener.open(sealed)
        return None if isinstance(plain, Unopened) else self._recognise(plain, version)

    def _read_current(self, target: Target) -> Secret | None:
        sealed = self._read_pointed(target) if self._opener else None
        plain = self._opener.open(sealed) if sealed is not None and self._opener else None
        text = _decode(plain) if isinstance(plain, bytes) else None
        if text is None:
            return None
        if not (value := text.rstrip("\r\n")):
            raise StoreRefusedError(f"{target} holds an empty value")
        return Secret(value)

    def _read_pointed(self, target: Target) -> bytes | None:
        """Give the ciphertext that the pointer leads to, or that lies in its place."""
        try:
            with self._opened(target) as folder:
                name = folders.follow_pointer(folder, POINTER) or POINTER
                inside = name == POINTER or op_of_ciphertext(name) is not None
                return folders.read_file(folder, name, LARGEST_FOREIGN) if inside else None
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in folders.BLOCKED:
                return None
            raise self._tell(target, error) from error

    def _read(self, target: Target, version: StoredVersion) -> bytes | None:
        """Give the ciphertext of a version, if mark and bytes are as they were written."""
        try:
            with self._opened(target) as folder:
                mark, _ = read_mark(folder, version.op)
                return _read_marked(folder, mark) if mark and mark.version == version else None
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in folders.BLOCKED:
                return None
            raise self._tell(target, error) from error

    def _recognise(self, plain: bytes, version: StoredVersion) -> Secret | None:
        text = _decode(plain)
        if text is None:
            return None
        secret = Secret(text)
        return secret if fingerprint(secret, self._salt) == version.fingerprint else None

    def _promote(self, target: Target, version: StoredVersion) -> None:
        with self._changing(target) as folder:
            slot = read_slot(folder) if folder is not None else EMPTY
            if folder is None or slot.version(version.op) != version:
                raise StoreConflictError(
                    f"{target} no longer holds the version that was staged",
                    effect="The current version stays what it was",
                )
            if slot.blocked:
                raise _foreign(target, "")
            if slot.current != version.op:
                folders.point(folder, POINTER, name_ciphertext(version.op))
            os.fsync(folder)

    def _retire(self, target: Target, owner: str, keep: frozenset[OpId]) -> None:
        with self._changing(target) as folder:
            if folder is None:
                return
            folders.sweep(folder)
            _remove(folder, read_slot(folder), owner, keep)
            os.fsync(folder)
            with folders.open_top(self._root) as top:
                folders.remove_empty(top, split_target(target))

    @contextmanager
    def _opened(self, target: Target) -> Iterator[int]:
        with (
            folders.open_top(self._root) as top,
            folders.open_below(top, split_target(target)) as folder,
        ):
            yield folder

    @contextmanager
    def _writing(self, target: Target) -> Iterator[int]:
        """Open the slot's folder as its only writer, made if need be."""
        parts = split_target(target)
        with self._telling(target):
            folders.make_folders(self._root)
            with (
                folders.open_top(self._root) as top,
                folders.open_locked(top, parts, create=True) as folder,
            ):
                yield folder

    @contextmanager
    def _changing(self, target: Target) -> Iterator[int | None]:
        """Open the slot's folder as its only writer; None where there is none."""
        parts = split_target(target)
        with self._telling(target), ExitStack() as opened:
            try:
                top = opened.enter_context(folders.open_top(self._root))
                locked = folders.open_locked(top, parts, create=False)
                folder: int | None = opened.enter_context(locked)
            except FileNotFoundError:
                folder = None
            yield folder

    @contextmanager
    def _telling(self, target: Target) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._tell(target, error) from error

    def _tell(self, target: Target, error: OSError) -> StoreError:
        what = f"{target} cannot be used under {self._root}: {error.strerror}"
        if error.errno in _TRANSIENT:
            return StoreUnavailableError(what, remedy="Mend the disk or make room, then run again")
        return StoreRefusedError(
            what,
            remedy="Every folder on the way must be a plain one, no link, that this user may write",
        )


def _look_at(top: int, target: Target) -> Slot:
    try:
        with folders.open_below(top, split_target(target)) as folder:
            return read_slot(folder)
    except FileNotFoundError:
        return EMPTY
    except StoreRefusedError:
        return BLOCKED_SLOT
    except OSError as error:
        if error.errno in folders.BLOCKED:
            return BLOCKED_SLOT
        raise


def _is_staged(target: Target, folder: int, slot: Slot, version: StoredVersion) -> bool:
    """Whether this very version lies here as it was written; anything torn is to be replaced."""
    found = slot.version(version.op)
    if found is None:
        return False
    if found != version:
        raise StoreConflictError(f"{target} holds another secret under the same operation")
    return _read_marked(folder, slot.marks[version.op]) is not None


def _read_marked(folder: int, mark: Mark) -> bytes | None:
    sealed = folders.read_file(folder, name_ciphertext(mark.version.op), _LARGEST_CIPHERTEXT)
    whole = sealed is not None and hashlib.sha256(sealed).hexdigest() == mark.sha256
    return sealed if whole else None


def _check_expected(target: Target, slot: Slot, op: OpId, expect: Head) -> None:
    if expect.etag not in {slot.etag, slot.without(op).etag}:
        raise StoreConflictError(
            f"{target} was changed by somebody else since we looked at it",
            effect="Nothing was written to it",
        )


def _refuse_size(target: Target, size: int) -> None:
    if size > MAX_BYTES:
        raise StoreRefusedError(f"{target} takes {MAX_BYTES} bytes, not {size}")


def _refuse_foreign(target: Target, slot: Slot, owner: str) -> None:
    if slot.owner not in {None, owner}:
        raise _foreign(target, slot.owner or "")


def _foreign(target: Target, owner: str) -> StoreRefusedError:
    whose = f"belongs to {owner}" if owner else "holds something that Keywright did not write"
    return StoreRefusedError(
        f"{target} {whose}",
        effect="Nothing was written to it",
        remedy="Give the key another path or field, or move what lies there out of the way",
    )


def _decode(plain: bytes) -> str | None:
    try:
        return plain.decode()
    except UnicodeDecodeError:
        return None


def _remove(folder: int, slot: Slot, owner: str, keep: frozenset[OpId]) -> None:
    ours = {op for op, mark in slot.marks.items() if mark.owner == owner}
    if slot.current in ours - keep:
        folders.remove(folder, POINTER)
    for op in sorted(ours - keep):
        # The mark goes last: what a crash leaves here must still be known as ours.
        folders.remove(folder, name_ciphertext(op))
        folders.remove(folder, name_mark(op))
