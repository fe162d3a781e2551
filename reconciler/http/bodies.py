"""Reading an answer's body: counted as it streams in, counted again unpacked, parsed strictly."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import AsyncIterator
from typing import Final, NoReturn

import httpx

from reconciler.http.answers import Answer, Content, parse_http_date
from reconciler.http.cookies import read_cookies
from reconciler.http.limits import Limits

_GZIP: Final = 16 + zlib.MAX_WBITS
_PLAIN_ENCODINGS: Final = frozenset({"", "identity"})
_GZIP_ENCODINGS: Final = frozenset({"gzip", "x-gzip"})
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class _UnreadableError(Exception):
    """The body cannot be taken; carries only what kind of content it is."""

    def __init__(self, content: Content) -> None:
        super().__init__(content.name)
        self.content = content


async def read_answer(response: httpx.Response, limits: Limits) -> Answer:
    """Read a streamed response to its end, or to the limit, and parse what is JSON."""
    data: object = None
    try:
        body = await _read_body(response, limits.max_bytes)
        content = _recognise(body, response.headers.get("content-type", ""))
        if content is Content.JSON:
            data = parse_json(body, limits.max_depth)
    except _UnreadableError as unreadable:
        content = unreadable.content
    headers = response.headers
    date = headers.get("date")
    return Answer(
        status=response.status_code,
        content=content,
        data=data,
        date_header=date,
        retry_after_header=headers.get("retry-after"),
        reset_header=headers.get(limits.reset.header) if limits.reset else None,
        link_header=headers.get("link"),
        cookies=read_cookies(
            headers.get_list("set-cookie"), response.url.host, parse_http_date(date)
        ),
    )


def parse_json(body: bytes, max_depth: int) -> object:
    """Parse JSON in UTF-8; what fails leaves no trace of the text in any exception."""
    try:
        data: object = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
        if _SURROGATE.search(body):
            # A lone surrogate is no text: no database or terminal would take it.
            data = json.loads(json.dumps(data, ensure_ascii=False).encode(errors="replace"))
    except RecursionError:
        raise _UnreadableError(Content.TOO_DEEP) from None
    except ValueError:
        raise _UnreadableError(Content.OTHER) from None
    _check_depth(data, max_depth)
    return data


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError  # NaN and Infinity are not JSON


def _check_depth(data: object, max_depth: int) -> None:
    level = [data]
    for _ in range(max_depth):
        level = [child for node in level for child in _containers(node)]
        if not level:
            return
    raise _UnreadableError(Content.TOO_DEEP)


def _containers(node: object) -> list[object]:
    if isinstance(node, dict):
        return [child for child in node.values() if type(child) in (dict, list)]
    if isinstance(node, list):
        return [child for child in node if type(child) in (dict, list)]
    return []


def _recognise(body: bytes, content_type: str) -> Content:
    if not body.strip():
        return Content.EMPTY
    if "html" in content_type.lower() or body.lstrip()[:1] == b"<":
        return Content.HTML
    return Content.JSON


async def _read_body(response: httpx.Response, max_bytes: int) -> bytes:
    if response.is_stream_consumed:  # a transport in memory has read, and unpacked, it already
        _check_size(len(response.content), max_bytes)
        return response.content
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in _PLAIN_ENCODINGS:
        return await _collect(response.aiter_raw(), max_bytes)
    if encoding in _GZIP_ENCODINGS:
        return await _collect(_unpack(response.aiter_raw(), max_bytes), max_bytes)
    raise _UnreadableError(Content.OTHER)  # only gzip was asked for


async def _collect(chunks: AsyncIterator[bytes], max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        _check_size(len(body), max_bytes)
    return bytes(body)


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise _UnreadableError(Content.TOO_LARGE)


async def _unpack(chunks: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    """Unpack gzip with a bound on every piece: a bomb must not be blown up before it is counted."""
    unpacking = zlib.decompressobj(_GZIP)
    async for chunk in chunks:
        try:
            piece = unpacking.decompress(chunk, max_bytes + 1)
        except zlib.error:
            raise _UnreadableError(Content.OTHER) from None
        yield piece
    if not unpacking.eof:
        raise _UnreadableError(Content.OTHER)
