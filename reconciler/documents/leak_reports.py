"""Reports of leak scanners: which values were found where, each a `Secret` from the first moment.

Understands what gitleaks writes (a JSON array) and what trufflehog 3 prints (one object a line, or
an array of them). A report holds live credentials and was made from hostile text: nothing of it is
ever repeated but cleaned places, and an error names a line or a count at most.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from reconciler.core.secret import Secret
from reconciler.documents.reading import UnreadableTextError, read_text
from reconciler.errors import UsageError

LARGEST: Final = 50 * 1024 * 1024
"""Bytes of a report that is still read."""
LONGEST_VALUE: Final = 64 * 1024
"""Characters of a value that can be a secret; no key API issues a longer one."""
LONGEST_PLACE: Final = 300
"""Characters that are told of a file's name."""
_LONGEST_RULE: Final = 80
_NO_LINE: Final = 10**9
_MOST_PARTS: Final = 20
_SHORTEST_HIDDEN: Final = 4
"""Characters from which a value is taken out of its place: shorter ones are in every word."""
_LINE: Final = "\n"
_SPACE: Final = " \t\r\n\x00"
_QUOTES: Final = "\"'`"
_BLANK: Final = re.compile(f"[{_SPACE}]*")
_HIDDEN: Final = "(secret value)"
_REDACTED: Final = frozenset({"REDACTED", "REDACT"})
_LOG_ENTRY: Final = frozenset({"level", "msg"})
"""What trufflehog's own log has in each line: it lands in the report with `2>&1`."""

_Object: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Leak:
    """One finding: what may be the secret, and where it was, as text that can be shown.

    `where` is `file:line (rule)` as far as the report tells it. Never compared: secrets are not.
    """

    secrets: tuple[Secret, ...]
    where: str


@dataclass(frozen=True, slots=True, eq=False)
class LeakReport:
    """What a scanner found. `redacted` counts findings without their value: these match nothing.

    `unusable` counts findings whose value is empty or too long to be a key's.
    """

    findings: tuple[Leak, ...]
    redacted: int = 0
    unusable: int = 0


def read_leak_report(path: Path) -> LeakReport:
    """Read a report of gitleaks or trufflehog; one without findings is empty.

    UsageError when the file cannot be read, is too large, or is no such report.
    """
    try:
        text = read_text(path, LARGEST)
    except UnreadableTextError as error:
        problem = error.problem if error.missing else f"this report {error.problem}"
    else:
        return _report(_entries(text, path), path)
    # Raised out here: an error that is being handled would carry the content along.
    raise _refusal(path, problem)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Found:
    """One finding in plain text, for as long as it takes to make it a `Leak`."""

    values: tuple[str, ...]
    file: str
    line: object
    commit: str
    rule: str
    parts: tuple[str, ...] = ()
    """Values that are no candidates, and must not be shown either."""


def _report(entries: Iterator[object], path: Path) -> LeakReport:
    leaks: list[Leak] = []
    redacted = unusable = 0
    for number, entry in enumerate(entries, 1):
        found = _find(entry)
        if found is None:
            if isinstance(entry, dict) and entry.keys() >= _LOG_ENTRY:
                continue
            raise _refusal(path, f"entry {number} of this report is no finding of a scanner")
        if any(_is_redacted(value) for value in found.values):
            redacted += 1
        elif candidates := _candidates(found.values):
            leaks.append(Leak(tuple(map(Secret, candidates)), _where(found, candidates)))
        else:
            unusable += 1
    return LeakReport(tuple(leaks), redacted, unusable)


def _entries(text: str, path: Path) -> Iterator[object]:
    """Give every entry: of arrays, and of objects that follow each other, a line each or not."""
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    while at < len(text):
        value, at = _decode(decoder, text, at, path)
        at = _skip(text, at)
        if isinstance(value, list):
            yield from value
        elif value is not None:
            yield value


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _decode(decoder: json.JSONDecoder, text: str, at: int, path: Path) -> tuple[object, int]:
    try:
        value, end = decoder.raw_decode(text, at)
    except (ValueError, RecursionError):
        problem = f"what begins in line {text.count(_LINE, 0, at) + 1} of this report is not JSON"
    else:
        return value, end
    # Raised out here: the error of the parser holds all of the text.
    raise _refusal(path, problem)


def _find(entry: object) -> _Found | None:
    """Give what an entry tells; None where it is no finding."""
    if not isinstance(entry, dict):
        return None
    if isinstance(entry.get("RuleID"), str) and isinstance(entry.get("Secret"), str):
        return _find_of_gitleaks(entry)
    if isinstance(entry.get("DetectorName"), str) and isinstance(entry.get("Raw"), str):
        return _find_of_trufflehog(entry)
    return None


def _find_of_gitleaks(entry: _Object) -> _Found:
    return _Found(
        values=_texts(entry, "Secret"),
        file=_word(entry, "File", "SymlinkFile"),
        line=entry.get("StartLine"),
        commit=_word(entry, "Commit"),
        rule=_word(entry, "RuleID"),
    )


def _find_of_trufflehog(entry: _Object) -> _Found:
    source = _source(entry)
    parts = entry.get("SecretParts")
    return _Found(
        values=_texts(entry, "Raw", "RawV2"),
        file=_word(source, "file", "filename", "path", "link", "repository"),
        line=source.get("line"),
        commit=_word(source, "commit"),
        rule=_word(entry, "DetectorName"),
        parts=_texts(parts, *list(parts)[:_MOST_PARTS]) if isinstance(parts, dict) else (),
    )


def _source(entry: _Object) -> _Object:
    """Give what trufflehog tells of the place: the one object under `SourceMetadata.Data`."""
    metadata = entry.get("SourceMetadata")
    data = metadata.get("Data") if isinstance(metadata, dict) else None
    sources = data.values() if isinstance(data, dict) else ()
    return next((source for source in sources if isinstance(source, dict)), {})


def _texts(fields: _Object, *names: str) -> tuple[str, ...]:
    return tuple(text for name in names if isinstance(text := fields.get(name), str))


def _word(fields: _Object, *names: str) -> str:
    """Give the first text that is there."""
    return next((text for text in _texts(fields, *names) if text), "")


def _is_redacted(value: str) -> bool:
    """Whether a scanner hid a value: whole, or with dots in place of its end."""
    return value in _REDACTED or value.endswith("...")


def _candidates(values: tuple[str, ...]) -> list[str]:
    """Give what the secret may be: each value as it is, and without what surrounds it."""
    found: dict[str, None] = {}
    for value in values:
        if len(value) <= LONGEST_VALUE:
            bare = value.strip(_SPACE + _QUOTES)
            found |= dict.fromkeys(text for text in (value, bare) if bare)
    return list(found)


def _where(found: _Found, candidates: list[str]) -> str:
    """Word the place of a finding, without the secret and with nothing that acts when shown."""
    # Taken out before anything is cut: what is left of a secret that was cut is found no more.
    # The longest first: a shorter one may be a part of it, and would leave the rest.
    hidden = sorted({*found.values, *candidates, *found.parts}, key=len, reverse=True)
    file, commit, rule = (_without(text, hidden) for text in (found.file, found.commit, found.rule))
    line = found.line
    place = _cut(file or "an unnamed place", LONGEST_PLACE)
    if isinstance(line, int) and not isinstance(line, bool) and 0 < line < _NO_LINE:
        place = f"{place}:{line}"
    told = ", ".join(
        part for part in (_cut(rule, _LONGEST_RULE), commit and f"commit {commit[:12]}") if part
    )
    shown = _without(f"{place} ({told})" if told else place, hidden)
    return "".join(sign if sign.isprintable() else "?" for sign in shown)


def _without(text: str, hidden: list[str]) -> str:
    for secret in hidden:
        if len(secret) >= _SHORTEST_HIDDEN:
            text = text.replace(secret, _HIDDEN)
    return text


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _refusal(path: Path, problem: str) -> UsageError:
    return UsageError(
        problem,
        where=str(path),
        effect="Nothing was changed",
        remedy="Give the JSON report of gitleaks (`--report-format json`) or of trufflehog "
        "(`--json`)",
    )
