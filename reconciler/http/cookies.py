"""Cookies that an answer sets. There is no jar: a call that sends one says so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from reconciler.core.secret import Secret
from reconciler.http.answers import parse_http_date

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[!-:<-~]([ -:<-~]*[!-:<-~])?")
_EPOCH: Final = datetime(1970, 1, 2, tzinfo=UTC)


def read_cookies(
    headers: Iterable[str], host: str, date: datetime | None
) -> tuple[tuple[str, Secret], ...]:
    """Give the cookies that are set for this host; those taken away or for others are left out."""
    found: dict[str, Secret] = {}
    for header in headers:
        pair, *rest = header.split(";")
        name, _, value = (part.strip() for part in pair.partition("="))
        attributes = dict(_read_attribute(each) for each in rest)
        if not _NAME.fullmatch(name) or not _is_for(host, attributes.get("domain", "")):
            continue
        if _VALUE.fullmatch(value) and not _is_over(attributes, date or _EPOCH):
            found[name] = Secret(value)
        else:
            found.pop(name, None)
    return tuple(found.items())


def _read_attribute(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip()


def _is_for(host: str, domain: str) -> bool:
    """Whether a cookie of this domain is sent to this host, and to it alone where none is named."""
    wide = domain.removeprefix(".").lower()
    return not wide or host.lower() == wide or host.lower().endswith(f".{wide}")


def _is_over(attributes: dict[str, str], now: datetime) -> bool:
    """Whether a cookie is set only to be taken away; Max-Age counts before Expires."""
    if re.fullmatch(r"-?[0-9]+", age := attributes.get("max-age", "")):
        return age.startswith("-") or not age.strip("0")
    expires = parse_http_date(attributes.get("expires"))
    return expires is not None and expires <= now
