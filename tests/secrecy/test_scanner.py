"""The scanner itself: a secret that is planted on purpose is found in every form."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.secrecy.scanner import SHORTEST_PIECE, Hunted, files_under, find

KEY = "clou_" + secrets.token_hex(32)
PASSWORD = 'pä ss/w+"ö\\rd ' + secrets.token_urlsafe(24)
AROUND = "Log of 2026: the key is {} and that was all of it\n"


def planted(text: str) -> str:
    return AROUND.format(text)


@pytest.mark.parametrize("secret", [KEY, PASSWORD], ids=["key", "password"])
@pytest.mark.parametrize(
    "hide",
    [
        planted,
        lambda text: base64.b64encode(planted(text).encode()).decode(),
        lambda text: base64.b64encode(b"1" + planted(text).encode()).decode(),
        lambda text: base64.b64encode(b"12" + planted(text).encode()).decode(),
        lambda text: base64.urlsafe_b64encode(planted(text).encode()).decode(),
        lambda text: base64.urlsafe_b64encode(b"1" + planted(text).encode()).decode(),
        lambda text: base64.urlsafe_b64encode(b"12" + planted(text).encode()).decode(),
        lambda text: planted(quote(text, safe="")),
        lambda text: planted(quote_plus(text)),
        lambda text: json.dumps({"log": planted(text)}),
        lambda text: json.dumps({"log": planted(text)}, ensure_ascii=False),
        lambda text: planted(repr(text)),
        lambda text: planted(text.encode().hex()),
        lambda text: planted(text[-SHORTEST_PIECE:]),
        lambda text: planted(text[20 : 20 + SHORTEST_PIECE]),
    ],
)
def test_a_planted_secret_is_found(tmp_path: Path, secret: str, hide: Callable[[str], str]) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_text(hide(secret))
    (tmp_path / "harmless").write_text(planted(secret[:12]))
    found = find([Hunted("the secret", secret, random_from=5)], files_under(tmp_path))
    assert found
    assert all(each.endswith("in deep/log") for each in found), found
    assert secret not in "".join(found)


def test_what_is_no_secret_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(planted(secrets.token_hex(32)))
    identity = tmp_path / "identity.txt"
    identity.write_text(KEY)
    assert find([Hunted("the key", KEY, 5)], files_under(tmp_path, but=[identity])) == []
