"""Looks for secrets in whatever a run left behind, in every form in which one could hide there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

SHORTEST_PIECE = 20
"""So many characters in a row of a secret's random part are a leak."""


@dataclass(frozen=True)
class Hunted:
    """One secret: what it is, its text, and from where on its characters are its own."""

    what: str
    text: str = field(repr=False)
    random_from: int = 0

    def forms(self) -> Iterator[tuple[str, bytes]]:
        """Give every form to look for, with its name."""
        raw = self.text.encode()
        yield "plain", raw
        yield "hex", raw.hex().encode()
        yield "HEX", raw.hex().upper().encode()
        for name, encoded in (
            ("URL", quote(self.text, safe="")),
            ("url", quote(self.text, safe="").lower()),
            ("form", quote_plus(self.text)),
            ("JSON", json.dumps(self.text)[1:-1]),
            ("JSON, not ASCII", json.dumps(self.text, ensure_ascii=False)[1:-1]),
            ("Python", repr(self.text)[1:-1]),
        ):
            yield name, encoded.encode()
        for shift in range(3):
            yield f"base64 at {shift}", _base64(raw, shift)
            yield f"base64url at {shift}", _base64(raw, shift).translate(_TO_URL)

    def pieces(self) -> Iterator[bytes]:
        """Give every run of characters of the random part that is long enough to be a leak."""
        own = self.text[self.random_from :]
        for start in range(len(own) - SHORTEST_PIECE + 1):
            yield own[start : start + SHORTEST_PIECE].encode()


_TO_URL = bytes.maketrans(b"+/", b"-_")


def _base64(raw: bytes, shift: int) -> bytes:
    """Encode what stands `shift` bytes into a group of three; only what depends on nothing else."""
    whole = len(raw) + shift - (len(raw) + shift) % 3
    encoded = base64.b64encode((b"\0" * shift + raw)[:whole])
    return encoded[-(-shift * 8 // 6) :]


def find(secrets: Iterable[Hunted], artefacts: Mapping[str, bytes]) -> list[str]:
    """Say which secret is in which artefact, in which form; never the secret itself."""
    found = []
    together = b"\0".join(artefacts.values())
    for secret in secrets:
        sought = [*secret.forms(), *(("a piece", piece) for piece in secret.pieces())]
        for form, text in sought:
            if text in together:
                found += [
                    f"{secret.what} as {form} in {name}"
                    for name, content in artefacts.items()
                    if text in content
                ]
    return sorted(set(found))


def files_under(folder: Path, but: Iterable[Path] = ()) -> dict[str, bytes]:
    """Collect every file of a folder, those apart that may hold a secret."""
    spared = set(but)
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file not in spared
    }
