"""One call, as a value: what is asked, how often it may be asked, and how it is written down.

Two places in here open a secret, the bearer header and a form: both are on the closed list of
`Secret.reveal` callers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode

import httpx

from reconciler import __version__
from reconciler.core.secret import Secret

_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
_STANDARD: Final = {
    "accept": _JSON,
    "accept-encoding": "gzip",
    "user-agent": f"keywright/{__version__}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `values` fill the template's {names} and are always percent-encoded.

    `idempotent`: may be sent again although it may have arrived. `throttled_untouched`: a 429 to
    it comes before any effect, so that it may be sent again afterwards.
    """

    method: str
    template: str
    values: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: object = field(default=None, repr=False)
    form: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    bearer: Secret | None = None
    idempotent: bool = False
    throttled_untouched: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


def write_request(call: Call, base_url: str) -> httpx.Request:
    """Write a call down as the request that goes over the wire."""
    headers = dict(_STANDARD)
    content: bytes | None = None
    if call.form:
        headers["content-type"] = _FORM
        content = _fill_form(call.form)
    elif call.body is not None:
        headers["content-type"] = _JSON
        content = json.dumps(call.body, allow_nan=False).encode()
    if call.bearer is not None:
        headers["authorization"] = _bearer(call.bearer)
    return httpx.Request(call.method, base_url + _target(call), headers=headers, content=content)


def _target(call: Call) -> str:
    path = call.template
    for name, value in call.values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return f"{path}?{urlencode(call.query)}" if call.query else path


def _bearer(token: Secret) -> str:
    return f"Bearer {token.reveal()}"


def _fill_form(form: Mapping[str, Secret]) -> bytes:
    return urlencode({name: value.reveal() for name, value in form.items()}).encode()
