"""Every problem of one manifest, named by its subject.

A problem reads `keys.yaml:14:7: key 'crm-prod': 'owner' must be text`. Nothing below a credential
is ever named: what stands there may be the secret itself.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from reconciler.documents.findings import Findings
from reconciler.documents.places import Path
from reconciler.documents.suggestions import dot, quote, show, suggest
from reconciler.documents.yaml_text import Document

SECTION_TITLES: Final = {
    "keys": "key",
    "provider_keys": "provider key",
    "providers": "provider",
    "stores": "store",
    "environments": "environment",
}
_ENTRY_DEPTH = 2
_CREDENTIALS: Final = ("auth", "identity", "value")
_HOOK: Final = "on_promoted"


class Problems(Findings):
    """What is wrong with a manifest, and with the files that it names."""

    def __init__(self, file: str, document: Document) -> None:
        super().__init__(file, document)
        self._elsewhere: dict[str, None] = {}

    def __bool__(self) -> bool:
        return super().__bool__() or bool(self._elsewhere)

    def complain(
        self, path: Path, predicate: str, *, key: bool = False, at: Path | None = None
    ) -> None:
        """Report what a path leads to, by the end of a sentence that begins with its name.

        `key` places the problem at the field's name rather than at its value, `at` elsewhere.
        """
        is_entry = path[:1] and path[0] in SECTION_TITLES and len(path) == _ENTRY_DEPTH
        self.report(path, f"{name_path(path)} {predicate}", key=key or bool(is_entry), at=at)

    def say(self, path: Path, sentence: str, *, key: bool = False, at: Path | None = None) -> None:
        """Report what a path leads to, by a sentence of its own."""
        subject, _ = describe_path(path)
        whole = f"{subject}: {sentence}" if subject else sentence
        self.report(path, whole, key=key, at=at)

    def say_unknown(self, path: Path, kind: str, name: str, known: Collection[str]) -> None:
        """Report a name that nothing declares, unless the section that should is broken itself."""
        if known or not self.settled((f"{kind}s",)):
            self.say(path, f"unknown {kind} {quote(name)}{suggest(name, known)}")

    def pass_on(self, lines: tuple[str, ...]) -> None:
        """Report the problems of a file that the manifest names, which have places of their own."""
        self._elsewhere.update(dict.fromkeys(lines))

    def word(self, path: Path, predicate: str) -> str:
        """Word a remark about a value in the way of a problem, without making it one."""
        return f"{self.place(path)}: {name_path(path)} {predicate}"

    def texts(self) -> tuple[str, ...]:
        """Give every problem as one line: the manifest's own first, in the order of the file."""
        return (*super().texts(), *self._elsewhere)


def describe_path(path: Path) -> tuple[str, str]:
    """Give the subject that a path is about, and the name of the field inside it; each may be "".

    ("keys", "crm", "rotate", "every") is "key 'crm'" and "'rotate.every'".
    """
    if len(path) > 1 and path[0] in SECTION_TITLES:
        subject, rest = f"{SECTION_TITLES[str(path[0])]} {quote(str(path[1]))}", path[2:]
    elif len(path) > 1:
        subject, rest = show(str(path[0])), path[1:]
    else:
        subject, rest = "", path
    secret = credential_depth(path)
    if secret is not None and len(path) > secret:
        return subject, f"an entry of '{dot(path[_entry(path) : secret])}'"
    return subject, f"'{dot(rest)}'" if rest else ""


def name_path(path: Path) -> str:
    """Name what a path leads to, at the beginning of a sentence."""
    return ": ".join(filter(None, describe_path(path))) or "the manifest"


def credential_depth(path: Path) -> int | None:
    """Say how many steps of a path may be named because a credential begins there, if one does."""
    if len(path) > 1 and _in_hook(path):
        return _hook_depth(path)
    depth = 2 if path[:1] == ("state",) else 3
    return depth if len(path) >= depth and path[depth - 1] in _CREDENTIALS else None


def below_credential(path: Path) -> bool:
    """Whether the last step of a path may not be named, since it may be a credential itself."""
    depth = credential_depth(path)
    return depth is not None and len(path) > depth


def _in_hook(path: Path) -> bool:
    return path[_entry(path) : _entry(path) + 1] == (_HOOK,)


def _hook_depth(path: Path) -> int | None:
    """An address may be secret, and so may be what somebody wrote as a name instead of it."""
    inner = path[_entry(path) + 1 :]
    if inner and (inner[0] == "webhook" or not str(inner[0]).isidentifier()):
        return _entry(path) + (2 if inner[0] == "webhook" else 1)
    return None


def _entry(path: Path) -> int:
    """Say at which step of a path the fields of what it is about begin."""
    return _ENTRY_DEPTH if path[0] in SECTION_TITLES else 1
