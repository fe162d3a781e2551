"""Signers: plug-ins of other packages, which are really installed here, as files on the path."""

import hashlib
import hmac
import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import ProviderError
from reconciler.http.answers import NotSent
from reconciler.http.calls import Call
from reconciler.http.client import HttpClient
from reconciler.providers.sessions.session import Session
from tests.http.clients import using as using_client
from tests.http.fake_clock import FakeClock
from tests.http.hostile_server import answer, reply, reply_json
from tests.providers.doors import FINE, dialect_with, entering, open_at, read_once, status_of

SIGNER: dict[str, Any] = {"kind": "signer", "signer": "acme", "needs": ["access_id", "access_key"]}
HIDDEN = "s1gn1ng-key"
WHO = {"access_id": "us", "access_key": HIDDEN}
WRITE = Call(
    method="POST",
    template="/keys/{id}",
    values={"id": "a/b"},
    query={"x": 1},
    body={"name": "x"},
    throttled_untouched=True,
)
SIGNS = """
import hashlib, hmac, itertools

def make(credentials):
    count = itertools.count(1)

    def sign(request):
        nonce = str(next(count))
        key = credentials["access_key"].reveal().encode()
        text = "|".join([request.method, request.url, request.headers["host"], nonce]).encode()
        digest = hmac.new(key, text + request.body, hashlib.sha256).hexdigest()
        return {"X-Id": credentials["access_id"].reveal(), "X-Nonce": nonce, "X-Signature": digest}

    return sign
"""
RAISES = f"""
from reconciler.errors import ProviderError

def make(credentials):
    raise ValueError("{HIDDEN}" + credentials["access_key"].reveal())

def say(credentials):
    raise ProviderError("the access key is no PEM")

def none(credentials):
    return None

def late(credentials):
    def sign(request):
        raise ValueError(credentials["access_key"].reveal())
    return sign

def odd(credentials):
    return lambda request: ["x"]

def broken(credentials):
    return lambda request: {{"X-Signature": "a\\r\\nx-evil: 1"}}

number = 5
"""


@contextmanager
def installed(folder: Path, module: str, code: str, *entries: str) -> Iterator[None]:
    """Install a distribution with one module and these entry points, for a while."""
    (folder / f"{module}.py").write_text(code)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(["[keywright.signers]", *entries, ""]))
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(module, None)
        importlib.invalidate_caches()


def refusal(signer: str = "acme") -> ProviderError:
    async def work(client: HttpClient) -> ProviderError:
        with pytest.raises(ProviderError) as refused:
            open_at(client, dialect_with(SIGNER | {"signer": signer}), WHO)
        return refused.value

    error = using_client("http://localhost", work)
    assert HIDDEN not in str(error)
    assert error.__context__ is None or error.__suppress_context__
    return error


def test_a_plug_in_signs_the_request_as_it_is_sent(tmp_path: Path) -> None:
    async def work(session: Session) -> int:
        return status_of(await session.send(WRITE))

    with installed(tmp_path, "kw_signs", SIGNS, "acme = kw_signs:make"):
        status, arrivals = entering(FINE, dialect_with(SIGNER), WHO, work)
    (arrival,) = arrivals
    assert status == 200
    assert arrival.headers["x-id"] == "us"
    host = arrival.headers["host"]
    signed = f"POST|http://{host}/keys/a%2Fb?x=1|{host}|1".encode() + b'{"name": "x"}'
    digest = hmac.new(HIDDEN.encode(), signed, hashlib.sha256).hexdigest()
    assert arrival.headers["x-signature"] == digest


def test_every_try_is_signed_anew(tmp_path: Path) -> None:
    async def work(session: Session) -> int:
        return status_of(await session.send(WRITE))

    behave = answer(reply(429, b"", {"retry-after": "3"}), reply_json(200, {}))
    with installed(tmp_path, "kw_signs_anew", SIGNS, "acme = kw_signs_anew:make"):
        status, arrivals = entering(behave, dialect_with(SIGNER), WHO, work, clock=FakeClock())
    assert status == 200
    assert [arrival.headers["x-nonce"] for arrival in arrivals] == ["1", "2"]


def test_a_signer_that_is_not_installed_is_refused_with_those_that_are(tmp_path: Path) -> None:
    assert "there is no signer 'acme'. None is installed: install its package" in str(refusal())
    entries = ("one = kw_others:make", "two = kw_others:make")
    with installed(tmp_path, "kw_others", SIGNS, *entries):
        assert "there is no signer 'acme'. Installed: one, two." in str(refusal())


def test_a_name_that_two_packages_bring_is_refused(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    with (
        installed(one, "kw_one", SIGNS, "acme = kw_one:make"),
        installed(two, "kw_two", SIGNS, "acme = kw_two:make"),
    ):
        error = refusal()
    assert "several packages bring a signer 'acme': kw_one:make, kw_two:make" in str(error)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("kw_raises:make", "the signer 'acme' cannot be used: ValueError"),
        ("kw_raises:say", "the access key is no PEM"),
        ("kw_raises:none", "the signer 'acme' is none: see reconciler.interfaces.signer"),
        ("kw_raises:number", "the signer 'acme' cannot be used: TypeError"),
        ("kw_raises:absent", "the signer 'acme' cannot be used: AttributeError"),
        ("kw_nowhere:make", "the signer 'acme' cannot be used: ModuleNotFoundError"),
    ],
)
def test_a_plug_in_that_cannot_be_used_says_nothing_of_the_credentials(
    entry: str, sentence: str, tmp_path: Path
) -> None:
    with installed(tmp_path, "kw_raises", RAISES, f"acme = {entry}"):
        assert sentence in str(refusal())


@pytest.mark.parametrize("name", ["late", "odd", "broken"])
def test_a_signature_that_fails_is_not_sent(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with installed(tmp_path, "kw_late", RAISES, f"acme = kw_late:{name}"):
        result, arrivals = entering(FINE, dialect_with(SIGNER), WHO, read_once)
    assert result == NotSent("the plug-in that signs requests failed", lasting=True)
    assert arrivals == []
    assert HIDDEN not in caplog.text
