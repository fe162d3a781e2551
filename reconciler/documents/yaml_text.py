"""YAML text → plain data with its positions, in one pass over libyaml's events.

Knows YAML and nothing of what a file means. Bounded in size, depth and what aliases repeat.
Faults that leave the rest readable are collected; the others end the reading.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from reconciler.documents.places import COLUMN_BITS, Data, Path, Places, pack
from reconciler.documents.scalars import (
    ScalarError,
    is_core_collection,
    read_plain,
    read_tagged,
    refuse_characters,
)

MAX_DEPTH: Final = 32
MAX_REPEATED: Final = 1_000_000
"""How many values all aliases of a text may stand for together."""

MERGE_KEY: Final = "is a YAML merge key, which is not supported"

RawEvent: TypeAlias = Any
"""One of yaml.events, whose attributes PyYAML leaves untyped."""

RawParser: TypeAlias = Any
"""Something with libyaml's `get_event`."""

ParserFactory: TypeAlias = Callable[[str], RawParser]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a text may not hold, with its mark and the way to it.

    The predicate ends a sentence that begins with the name of what the path leads to.
    """

    mark: int
    path: Path
    predicate: str
    spoils: bool = False
    """Whether the value is not what was meant, so that nothing else needs to be said about it."""


@dataclass(frozen=True, slots=True)
class Break:
    """Where and why the reading ended early; the data is not to be used."""

    mark: int
    sentence: str


@dataclass(slots=True)
class Document:
    """What a text holds. `nulls` leads to every value that is missing or written as null."""

    data: Data = None
    places: Places = field(default_factory=Places)
    faults: list[Fault] = field(default_factory=list)
    nulls: list[Path] = field(default_factory=list)
    broken: Break | None = None


def fastest_parser() -> ParserFactory:
    """Give libyaml's parser, or the slower one in Python where PyYAML came without it."""
    try:
        from yaml._yaml import CParser  # noqa: PLC0415 - missing without libyaml
    except ImportError:
        return yaml.SafeLoader
    return CParser


def parse_document(text: str, make_parser: ParserFactory | None = None) -> Document:
    """Read the one YAML document of a text. Never raises for what the text holds."""
    document = Document()
    try:
        _Builder((make_parser or fastest_parser())(text), document).read_stream()
    except yaml.reader.ReaderError:
        document.broken = Break(_unreadable_mark(text), "this is not YAML: a control character")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = pack(mark.line, mark.column) if mark else 0
        document.broken = Break(place, f"this is not YAML: {_describe(error, text)}")
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML's own parser lets errors of int() and chr() out
        document.broken = Break(0, "this is not YAML")
    except _EndReading as end:
        document.broken = Break(end.mark, end.sentence)
    return document


def _describe(error: yaml.MarkedYAMLError, text: str) -> str:
    """Word libyaml's complaint. A tag can be a password that begins with `!`: not repeated."""
    mark = error.problem_mark
    line = text.split("\n", mark.line + 1)[mark.line : mark.line + 1] if mark else []
    if mark and line and line[0][mark.column : mark.column + 1] == "\t":
        return "a tab cannot indent; use spaces"
    problem = re.sub(r"(tag handle) .*", r"\1", error.problem or "it cannot be read")
    return f"{problem} {error.context}" if error.context else problem


_UNREADABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _unreadable_mark(text: str) -> int:
    found = _UNREADABLE.search(text)
    before = text[: found.start()] if found else ""
    return pack(before.count("\n"), len(before) - before.rfind("\n") - 1)


class _EndReading(Exception):  # noqa: N818 - it never leaves this module
    """What was read so far must not be read on."""

    def __init__(self, event: RawEvent, sentence: str) -> None:
        super().__init__(sentence)
        self.mark = _mark(event)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class _Anchor:
    value: Data
    size: int
    height: int


def _mark(event: RawEvent) -> int:
    mark = event.start_mark
    return pack(mark.line, mark.column)


class _Builder:
    """Turns events into data. Recursion is as deep as the document, which is bounded."""

    def __init__(self, parser: RawParser, document: Document) -> None:
        self._next: Callable[[], RawEvent] = parser.get_event
        self._document = document
        self._trail: list[str | int] = []
        self._anchors: dict[str, _Anchor] = {}
        self._heights: dict[int, int] = {}
        self._dropped: list[Data] = []  # keeps identities unique: places go by them
        self._size = 0
        self._repeated = 0

    def read_stream(self) -> None:
        """Read exactly one document, or none."""
        self._next()
        event = self._next()
        if type(event) is StreamEndEvent:
            return
        self._document.data = self._value(self._next(), 0)
        while type(event) is not DocumentEndEvent:
            event = self._next()
        event = self._next()
        if type(event) is DocumentStartEvent:
            raise _EndReading(
                event, "a second YAML document begins here; put it into a file of its own"
            )

    def _value(self, event: RawEvent, depth: int) -> Data:
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._alias(event, depth)
        if depth >= MAX_DEPTH:
            raise _EndReading(event, f"nested more than {MAX_DEPTH} levels deep")
        if event.tag is not None and not is_core_collection(event.tag):
            self._fault(event, "has a YAML tag; write the plain value")
        before = self._size
        value = self._mapping(depth) if kind is MappingStartEvent else self._sequence(depth)
        if event.anchor is not None:
            self._remember(event.anchor, value, self._size - before)
        return value

    def _mapping(self, depth: int) -> Data:
        """Read up to the end of a mapping. Most of the time is spent here: marks are inlined."""
        read, trail = self._next, self._trail
        data: dict[str, Data] = {}
        marks: list[int] = []
        event = read()
        while type(event) is not MappingEndEvent:
            name = self._name(event)
            trail.append(name)
            after = read()
            value = self._value(after, depth + 1)
            if name in data or name == "<<":
                self._add_odd(data, marks, (event, after), value)
            else:
                data[name] = value
                at, to = event.start_mark, after.start_mark
                marks += (at.line << COLUMN_BITS | at.column, to.line << COLUMN_BITS | to.column)
            trail.pop()
            event = read()
        self._size += len(data) + 1
        self._document.places.add(data, marks)
        return data

    def _sequence(self, depth: int) -> Data:
        data: list[Data] = []
        marks: list[int] = []
        event = self._next()
        while type(event) is not SequenceEndEvent:
            self._trail.append(len(data))
            data.append(self._value(event, depth + 1))
            marks.append(_mark(event))
            self._trail.pop()
            event = self._next()
        self._size += len(data) + 1
        self._document.places.add(data, marks)
        return data

    def _name(self, event: RawEvent) -> str:
        if type(event) is not ScalarEvent:
            raise _EndReading(event, "the name of a field must be plain text")
        name: str = event.value
        if not name.isprintable():
            try:
                refuse_characters(name)
            except ScalarError as error:
                self._fault(event, str(error), name)
        return sys.intern(name)

    def _scalar(self, event: RawEvent) -> Data:
        # interned, since most values are repeated from key to key
        text = sys.intern(event.value)
        value: Data = text
        try:
            if event.tag is not None:
                value = read_tagged(event.tag, text)
            elif event.implicit[0]:
                value = read_plain(text)
            if not text.isprintable():
                refuse_characters(text)
        except ScalarError as error:
            self._fault(event, str(error), spoils=True)
        if value is None:
            self._document.nulls.append(tuple(self._trail))
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(value, 1, 0)
        return value

    def _alias(self, event: RawEvent, depth: int) -> Data:
        anchor = self._anchors.get(event.anchor)
        if anchor is None:  # not named: an unquoted password may begin with `*`
            raise _EndReading(event, "an alias (`*`) without an anchor (`&`) that ends before it")
        self._size += anchor.size
        self._repeated += anchor.size
        if self._repeated > MAX_REPEATED or depth + anchor.height > MAX_DEPTH:
            raise _EndReading(event, "aliases repeat too much; write the values out")
        return anchor.value

    def _remember(self, name: str, value: Data, size: int) -> None:
        self._anchors[name] = _Anchor(value, size, self._height(value))

    def _height(self, value: Data) -> int:
        """Count the levels below a value, each container once however often it is repeated."""
        if not isinstance(value, (dict, list)):
            return 0
        height = self._heights.get(id(value))
        if height is None:
            inner = value.values() if isinstance(value, dict) else value
            height = 1 + max(map(self._height, inner), default=0)
            self._heights[id(value)] = height
        return height

    def _add_odd(
        self,
        data: dict[str, Data],
        marks: list[int],
        events: tuple[RawEvent, RawEvent],
        value: Data,
    ) -> None:
        """Add an entry that is written twice or looks like a merge key, if it may be added."""
        name = events[0].value
        if name == "<<" and events[0].implicit[0]:
            self._fault(events[0], MERGE_KEY)
        elif name in data:
            self._fault(events[0], "is written twice in the same mapping")
        else:
            data[name] = value
            marks += map(_mark, events)
            return
        self._dropped.append(value)

    def _fault(
        self,
        event: RawEvent,
        predicate: str,
        *inner: str,
        spoils: bool = False,
    ) -> None:
        path = (*self._trail, *inner)
        self._document.faults.append(Fault(_mark(event), path, predicate, spoils))
