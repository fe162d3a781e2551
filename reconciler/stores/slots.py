"""One slot of an age store as it lies on disk: versions, their marks, and a pointer.

A version is a pair: `<op>.age`, the ciphertext, and `<op>.json`, the mark that says whose it is.
The mark is renamed into place first, so that a crash in between leaves a mark without a secret:
recognisably ours, and no version. Marks are hostile until parsed: whatever is not exactly a mark
of ours counts as none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.keys import KeyId, OpId, Target
from reconciler.core.observed import Head, StoredVersion
from reconciler.core.secret import Fingerprint
from reconciler.stores.folders import follow_pointer, list_files, read_file
from reconciler.stores.names import (
    POINTER,
    TEMPORARY,
    name_ciphertext,
    name_mark,
    op_of_ciphertext,
    op_of_mark,
)

_LARGEST_MARK = 4096
LARGEST_FOREIGN = 128 * 1024
"""Bytes of a file that somebody else put where the pointer would be."""
_FIELDS = frozenset({"owner", "op", "key_id", "fingerprint", "sha256"})
_ETAG_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands beside a ciphertext: whose it is, which version, and the hash of its bytes."""

    owner: str
    version: StoredVersion
    sha256: str

    def serialise(self) -> bytes:
        """Give the bytes of the mark's file."""
        fields = {
            "owner": self.owner,
            "op": self.version.op,
            "key_id": self.version.key_id,
            "fingerprint": self.version.fingerprint,
            "sha256": self.sha256,
        }
        return json.dumps(fields, indent=1).encode() + b"\n"


def parse_mark(data: bytes | None, op: OpId) -> Mark | None:
    """Read the mark of an operation; None for anything that is not exactly that."""
    try:
        # RecursionError: thousands of brackets fit into the size limit.
        fields = json.loads(data or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or fields.keys() != _FIELDS:
        return None
    if not all(isinstance(value, str) and value for value in fields.values()):
        return None
    if fields["op"] != op:
        return None
    version = StoredVersion(
        op=op, key_id=KeyId(fields["key_id"]), fingerprint=Fingerprint(fields["fingerprint"])
    )
    return Mark(fields["owner"], version, fields["sha256"])


def read_mark(folder: int, op: OpId) -> tuple[Mark | None, str]:
    """Read a mark's file, with the hash of its bytes."""
    data = read_file(folder, name_mark(op), _LARGEST_MARK)
    return parse_mark(data, op), hashlib.sha256(data or b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Slot:
    """What lies in a slot's folder.

    `entries` has every name with the hash of the mark it holds, sorted; `marks` has every mark of
    ours, also those whose ciphertext is not there; `whole` the operations that have both.
    """

    entries: tuple[tuple[str, str], ...] = ()
    pointer: str | None = None
    marks: Mapping[OpId, Mark] = field(default_factory=dict)
    whole: frozenset[OpId] = frozenset()
    blocked: bool = False

    @property
    def owner(self) -> str | None:
        """Whose slot this is; "" where anything lies here that does not say so as one voice."""
        if not self.entries and not self.blocked:
            return None
        owners = {mark.owner for mark in self.marks.values()}
        return owners.pop() if len(owners) == 1 and not self.blocked else ""

    @property
    def etag(self) -> str:
        """Name the exact state. A folder that is empty and one that is missing are the same."""
        state = json.dumps([self.blocked, self.pointer, self.entries])
        return hashlib.sha256(state.encode("utf-8", "surrogateescape")).hexdigest()[:_ETAG_DIGITS]

    def without(self, op: OpId) -> Slot:
        """Give the slot as it would be, had this operation never come here."""
        own = {name_ciphertext(op), name_mark(op)}
        pointed = self.current == op
        entries = tuple(
            entry
            for entry in self.entries
            if entry[0] not in own and not (pointed and entry[0] == POINTER)
        )
        return Slot(
            entries=entries,
            pointer=None if pointed else self.pointer,
            marks={other: mark for other, mark in self.marks.items() if other != op},
            whole=self.whole - {op},
            blocked=self.blocked,
        )

    def version(self, op: OpId | None) -> StoredVersion | None:
        """Give a version that is whole."""
        return self.marks[op].version if op in self.whole else None

    @property
    def current(self) -> OpId | None:
        """Say which operation the pointer names, whether or not its version is there."""
        return op_of_ciphertext(self.pointer) if self.pointer else None

    def describe(self, target: Target) -> Head:
        """Give what planning needs to know: every version but the current one counts as staged."""
        rest = (self.version(op) for op in sorted(self.whole) if op != self.current)
        return Head(
            target=target,
            owner=self.owner,
            etag=self.etag,
            current=self.version(self.current),
            staged=tuple(version for version in rest if version),
        )


EMPTY = Slot()
BLOCKED_SLOT = Slot(blocked=True)
"""A slot whose path goes through a link, or through a file."""


def _digest(data: bytes | None) -> str:
    return hashlib.sha256(data or b"").hexdigest()


def read_slot(folder: int) -> Slot:
    """Look at everything in a slot's folder, without opening any ciphertext."""
    files = {name: plain for name, plain in list_files(folder) if not name.startswith(TEMPORARY)}
    marks: dict[OpId, Mark] = {}
    entries = []
    for name in sorted(files):
        op = op_of_mark(name)
        mark, digest = read_mark(folder, op) if op else (None, "")
        if name == POINTER and files[name]:
            digest = _digest(read_file(folder, name, LARGEST_FOREIGN))
        entries.append((name, digest))
        if mark:
            marks[mark.version.op] = mark
    whole = frozenset(op for op in marks if files.get(name_ciphertext(op)))
    pointer = follow_pointer(folder, POINTER) if POINTER in files else None
    strange = POINTER in files and pointer is None
    return Slot(tuple(entries), pointer, marks, whole, blocked=strange)
