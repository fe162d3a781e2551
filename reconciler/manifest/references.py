"""Where a credential comes from: `{env: NAME}` or `{file: PATH}`, and the credential itself.

The manifest holds references only. They are read here while it is validated, and resolved when
something needs the credential. No message repeats what was written where a reference belongs: it
may be the secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from reconciler.core.secret import Secret
from reconciler.errors import UsageError

MAX_FILE_BYTES: Final = 64 * 1024
"""A credential larger than this is another file than was meant."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}\Z")
NO_LITERAL: Final = "a literal secret is not allowed here"
LITERAL: Final = f"{NO_LITERAL}; write {{env: NAME}} or {{file: PATH}}"
_SHAPE = "a credential is written {env: NAME} or {file: PATH}"


@dataclass(frozen=True, slots=True)
class EnvReference:
    """A credential in an environment variable."""

    variable: str

    def __str__(self) -> str:
        return f"the environment variable {self.variable}"


@dataclass(frozen=True, slots=True)
class FileReference:
    """A credential in a file of its own; relative paths start at the manifest's folder."""

    path: str

    def __str__(self) -> str:
        return f"the file {self.path}"


Reference: TypeAlias = EnvReference | FileReference


class BadReferenceError(ValueError):
    """What stands where a reference belongs is none; the text is a whole sentence."""


def read_reference(value: object) -> Reference:
    """Read what the manifest has where a credential belongs."""
    if not isinstance(value, dict):
        raise BadReferenceError(LITERAL)
    if set(value) == {"store", "path", "field"}:
        raise BadReferenceError(
            "a reference into a store is not supported by this version yet;"
            " write {env: NAME} or {file: PATH}"
        )
    if len(value) != 1:
        raise BadReferenceError(_SHAPE)
    return _read_single(*next(iter(value.items())))


def _read_single(kind: object, text: object) -> Reference:
    if kind == "env":
        if isinstance(text, str) and _VARIABLE.match(text):
            return EnvReference(text)
        raise BadReferenceError("`env` takes the name of an environment variable, not a value")
    if kind == "file":
        if isinstance(text, str) and text.isprintable() and text.strip():
            return FileReference(text)
        raise BadReferenceError("`file` takes the path of a file, not a value")
    raise BadReferenceError(_SHAPE)


def resolve(
    reference: Reference, environ: Mapping[str, str], folder: Path, *, where: str | None = None
) -> Secret:
    """Fetch the credential that a reference names; UsageError says what is missing.

    `folder` is the manifest's, `where` names who needs the credential, as in "provider 'agents'".
    """
    if isinstance(reference, EnvReference):
        value = _read_variable(reference, environ, where)
    else:
        value = _read_file(reference, folder, where)
    if not value.strip():
        raise UsageError(
            f"{reference} is empty", where=where, remedy="Put the credential into it and run again"
        )
    return Secret(value)


def _read_variable(reference: EnvReference, environ: Mapping[str, str], where: str | None) -> str:
    value = environ.get(reference.variable)
    if value is None:
        raise UsageError(
            f"{reference} is not set",
            where=where,
            remedy=f"Set {reference.variable} and run again",
        )
    return value


def _read_file(reference: FileReference, folder: Path, where: str | None) -> str:
    """Read a whole file. Links are followed: Kubernetes mounts secrets as links."""
    try:
        with (folder / reference.path).open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) <= MAX_FILE_BYTES:
            return content.decode().removesuffix("\n").removesuffix("\r")
        problem = f"is larger than {MAX_FILE_BYTES // 1024} KiB"
    except UnicodeDecodeError:
        problem = "is not UTF-8 text"
    except OSError as error:
        problem = f"cannot be read: {error.strerror or type(error).__name__}"
    # Raised out here: an error that is being handled could carry the content along.
    raise UsageError(
        f"{reference} {problem}",
        where=where,
        remedy="Name a file that holds the credential and nothing else",
    )
