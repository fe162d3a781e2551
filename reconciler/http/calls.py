"""One call, as a value: what is asked, how often it may be asked, and how it is written down.

Two places in here open a secret, a header and a body, while they are written: both are on the
closed list of `Secret.reveal` callers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote, urlencode, urlsplit

import httpx

from reconciler import __version__
from reconciler.core.secret import Secret
from reconciler.interfaces.signer import Sign, Unsigned

_TYPES: Final = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
_STANDARD: Final = {
    "accept": _TYPES["json"],
    "accept-encoding": "gzip",
    "user-agent": f"keywright/{__version__}",
}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"([!-~]([ -~\t]*[!-~])?)?")


class SignerFailedError(ValueError):
    """A plug-in raised, or gave headers that cannot be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `values` fill the template's {names} and are always percent-encoded.

    `body` may have a `Secret` anywhere in it; a form is one flat mapping. `headers` come before our
    own ones, and `bearer` before all. `target` is the path and query of a further page, sent to the
    same origin in place of the filled template, which still names the call. `sign` adds the headers
    of a signer to each try.

    `idempotent`: may be sent again although it may have arrived. `throttled_untouched`: a 429 to
    it comes before any effect, so that it may be sent again afterwards. `persistent`: what is
    idempotent is sent again after any 5xx, not only after those that usually pass. `max_bytes` is a
    tighter bound for the answer than the client's.
    """

    method: str
    template: str
    values: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str | int | bool] = field(default_factory=dict)
    body: object = field(default=None, repr=False)
    encoding: Literal["json", "form"] = "json"
    headers: Mapping[str, str | Secret] = field(default_factory=dict, repr=False)
    bearer: Secret | None = None
    target: str | None = field(default=None, repr=False)
    sign: Sign | None = field(default=None, repr=False)
    idempotent: bool = False
    throttled_untouched: bool = False
    persistent: bool = False
    max_bytes: int | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


def write_request(call: Call, base_url: str) -> httpx.Request:
    """Write a call down as the request that goes over the wire; ValueError where it cannot be."""
    headers, content = dict(_STANDARD), None
    if call.body is not None:
        headers["content-type"] = _TYPES[call.encoding]
        content = _write_body(call)
    headers.update(_write_headers(call))
    url = address(call, base_url)
    try:
        request = httpx.Request(call.method, url, headers=headers, content=content)
    except httpx.InvalidURL:
        raise ValueError("no URL can hold this") from None
    if call.sign is not None:
        request.headers.update(_sign(request, call.sign))
    return request


def _sign(request: httpx.Request, sign: Sign) -> dict[str, str]:
    unsigned = Unsigned(
        method=request.method,
        url=str(request.url),
        headers=dict(request.headers),
        body=request.content,
    )
    with suppress(Exception):  # whatever a plug-in raises may show a credential
        return {_check_name(name): _write_value("", each) for name, each in sign(unsigned).items()}
    raise SignerFailedError("the signer of this call failed")


def address(call: Call, base_url: str) -> str:
    """Give the whole URL that a call goes to."""
    if call.target is not None:
        if not call.target.startswith("/"):
            raise ValueError("a further page is at a path of the same origin")
        parts = urlsplit(base_url)
        return f"{parts.scheme}://{parts.netloc}{call.target}"
    path = call.template
    for name, value in call.values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return base_url + (f"{path}?{_write_pairs(call.query)}" if call.query else path)


def _write_headers(call: Call) -> Iterator[tuple[str, str]]:
    for name, value in call.headers.items():
        yield _check_name(name), _write_value("", value)
    if call.bearer is not None:
        yield "authorization", _write_value("Bearer ", call.bearer)


def _check_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError("no header can have this name")
    return name.lower()


def _write_value(scheme: str, value: str | Secret) -> str:
    """Give a header's value; a line break in it would begin another header."""
    text = scheme + (value.reveal() if isinstance(value, Secret) else value)
    if not _HEADER_VALUE.fullmatch(text):
        raise ValueError("no header can hold this")
    return text


def _write_body(call: Call) -> bytes:
    match call.body:
        case body if call.encoding == "json":
            return json.dumps(body, allow_nan=False, default=_open).encode()
        case Mapping() as fields:
            return _write_pairs(fields).encode()
        case _:
            raise ValueError("a form is one flat mapping")


def _write_pairs(pairs: Mapping[str, object]) -> str:
    return urlencode({name: _as_text(value) for name, value in pairs.items()})


def _as_text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int():
            return str(value)
        case _:
            return _open(value)


def _open(leaf: object) -> str:
    """Give the text of a secret in a body; nothing else is left that can be written."""
    if isinstance(leaf, Secret):
        return leaf.reveal()
    raise ValueError("neither a plain value nor a secret")
