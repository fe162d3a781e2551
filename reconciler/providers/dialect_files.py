"""Dialect files: YAML to a checked dialect, every problem in it reported at once, with its place.

A problem reads `dialects/mine.yaml:14:7: operations.create.secret: is missing`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from reconciler.documents.cutting import salvage
from reconciler.documents.findings import Findings
from reconciler.documents.places import Data
from reconciler.documents.reading import (
    UnreadableTextError,
    decode,
    locate_credentials,
    locate_invisible,
)
from reconciler.documents.suggestions import dot, quote
from reconciler.documents.yaml_text import MERGE_KEY, Document, parse_document
from reconciler.errors import DialectError
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.dialect_errors import complain_about_errors, damaged

_NULLABLE: Final = frozenset({"body", "fixed", "omitted", "value"})
"""What a null says something in; everywhere else a value is left out."""

_STAND_INS: Final[dict[str, Data]] = {
    "dialect": "unnamed",
    "title": "unnamed",
    "auth": [{"kind": "bearer"}],
    "operations": {
        "list": {"method": "GET", "path": "/", "items": "@", "paging": {"kind": "none"}},
        "create": {"method": "POST", "path": "/"},
        "delete": {"method": "DELETE", "path": "/"},
    },
    "identity": {"id": "id"},
    "fields": {},
}
"""What stands in for mandatory parts that are wrong, so that the others can still be checked."""


def parse_dialect(content: bytes, file: str) -> Dialect:
    """Read a dialect that we ship; DialectError has everything that is wrong with its shape."""
    try:
        text = decode(content)
    except UnreadableTextError as error:
        raise DialectError((f"{file}: {error.problem}",)) from None
    document, findings = _read(text, file)
    dialect = _shape(document, findings, None)
    if findings or dialect is None:
        raise DialectError(findings.texts())
    return dialect


def parse_own_dialect(text: str, file: str, taken: Collection[str]) -> Dialect:
    """Read a dialect of a user's: its expressions, texts and bodies are looked at as well.

    `taken` are the names that it cannot have.
    """
    from reconciler.providers.checks import (  # noqa: PLC0415 - loads JMESPath
        check_dialect,
        check_expression,
    )

    document, findings = _read(text, file)
    for path in document.nulls:
        if not _NULLABLE.intersection(path):
            findings.report(path, f"{dot(path)}: has no value; leave it out", key=True)
    dialect = _shape(document, findings, check_expression)
    if dialect is not None:
        for problem in check_dialect(dialect):
            if not any(map(findings.settled, problem.also)):
                findings.report(problem.path, f"{dot(problem.path)}: {problem.sentence}")
        if dialect.dialect in taken:
            said = f"{quote(dialect.dialect)} is a dialect that we ship; give yours another name"
            findings.report(("dialect",), f"dialect: {said}")
    for mark, title in locate_credentials(text):
        findings.add(mark, f"this looks like {title}; credentials belong to `auth` of a manifest")
    for mark, sentence in locate_invisible(text):
        findings.add(mark, sentence)
    if findings or dialect is None:
        raise DialectError(findings.texts())
    return dialect


def _read(text: str, file: str) -> tuple[Document, Findings]:
    document = parse_document(text)
    findings = Findings(file, document)
    if document.broken is not None:
        findings.add(document.broken.mark, document.broken.sentence)
        raise DialectError(findings.texts())
    if document.data is None:
        raise DialectError((f"{file}: is empty; a dialect begins with `dialect: NAME`",))
    return document, findings


def _shape(
    document: Document, findings: Findings, check_expression: Callable[[str], None] | None
) -> Dialect | None:
    """Report what has not the shape of a dialect, and give what can be made of the rest."""
    _complain_about_text(document, findings)
    data = document.data

    def validate(data: Data) -> Dialect:
        return Dialect.model_validate(data, context=check_expression)

    return salvage(
        validate,
        data,
        lambda errors: complain_about_errors(errors, data, findings),
        lambda error: damaged(error, data, _STAND_INS),
        fill=lambda part: _fill(part, _STAND_INS),
    )


def _complain_about_text(document: Document, findings: Findings) -> None:
    for fault in document.faults:
        hint = "; write the fields out" if fault.predicate == MERGE_KEY else ""
        sentence = f"{dot(fault.path) or 'the dialect'}: {fault.predicate}{hint}"
        if fault.spoils:
            findings.report(fault.path, sentence)
        else:
            findings.add(fault.mark, sentence)


def _fill(data: Data, stand_ins: Data) -> Data:
    """Put stand-ins where something mandatory is gone; that it is has been reported."""
    if not isinstance(data, dict) or not isinstance(stand_ins, dict):
        return data
    filled = {**stand_ins, **data}
    for name, inner in stand_ins.items():
        filled[name] = _fill(filled[name], inner)
    return filled
