"""Where a list goes on: the `Link` header (RFC 8288), and why some addresses are refused.

What cannot be read is never taken for the end of a list: a list that only seems complete would
make live keys look absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from reconciler.errors import ProviderError

_PORTS: Final = {"http": 80, "https": 443}
_TARGET = re.compile(r"[ \t]*<([^<>]*)>")
_PARAMETER = re.compile(
    r'[ \t]*;[ \t]*(?:([\w!#$%&\'*+.^`|~-]+)[ \t]*(?:=[ \t]*("(?:[^"\\]|\\.)*"|[^\s",;]*))?)?',
    re.ASCII,
)
_SEPARATOR = re.compile(r"[ \t]*(?:,[\s,]*|$)")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_HOST = re.compile(r"[\w.:\[\]-]{1,120}", re.ASCII)


def next_target(url: str, link: str) -> str:
    """Give the next page's path and query; ProviderError where it is at another origin.

    `url` is where the link was found. Only its origin matters, unless the link is relative.
    """
    if not link or _UNPRINTABLE.search(link):
        raise ProviderError("the address of the next page is no URL")
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, link))
        same = _origin(here) == _origin(there) and "@" not in there.netloc
    except ValueError:
        raise ProviderError("the address of the next page is no URL") from None
    if not same:
        where = f"{there.scheme}://{there.netloc}" if _HOST.fullmatch(there.netloc) else "elsewhere"
        raise ProviderError(
            f"the next page is at another origin ({where}): credentials are not sent there"
        )
    path = there.path or "/"
    return f"{path}?{there.query}" if there.query else path


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def read_next_link(header: str | None) -> str | None:
    """Give the address with rel=next, None where there is none; ProviderError for junk."""
    found = {target for target, rels in _read_links(header or "") if "next" in rels}
    if len(found) > 1:
        raise ProviderError("the Link header names several next pages")
    return found.pop() if found else None


def _read_links(header: str) -> Iterator[tuple[str, list[str]]]:
    """Read each link with its relations; one with an anchor is about something else."""
    place = len(header) - len(header.lstrip(" \t,"))
    while place < len(header):
        target = _TARGET.match(header, place)
        if target is None:
            raise ProviderError("the Link header cannot be read")
        parameters, place = _read_parameters(header, target.end())
        end = _SEPARATOR.match(header, place)
        if end is None:
            raise ProviderError("the Link header cannot be read")
        place = end.end()
        if "anchor" not in parameters:
            yield target[1].strip(), parameters.get("rel", "").lower().split()


def _read_parameters(header: str, place: int) -> tuple[dict[str, str], int]:
    """Read a link's parameters; where one is repeated, the first one counts."""
    found: dict[str, str] = {}
    while parameter := _PARAMETER.match(header, place):
        place = parameter.end()
        if parameter[1]:
            found.setdefault(parameter[1].lower(), _unquote(parameter[2] or ""))
    return found, place


def _unquote(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
