"""Lists in pages, in every way in which APIs give them, over rows that may change meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from reconciler.providers.dialect.model import Dialect
from tests.providers.small_api import Row, Sent, SmallApi, make_dialect, make_listing, reply

SIZE = 4
KINDS: dict[str, dict[str, Any]] = {
    "none": {"kind": "none"},
    "none with total": {"kind": "none", "total": "total"},
    "page": {"kind": "page", "page": "page", "size": "size", "page_size": SIZE, "total": "total"},
    "page from 0": {
        "kind": "page",
        "page": "page",
        "size": "size",
        "page_size": SIZE,
        "first": 0,
        "total": "total",
    },
    "page without total": {"kind": "page", "page": "page", "size": "size", "page_size": SIZE},
    "offset": {
        "kind": "offset",
        "offset": "offset",
        "limit": "limit",
        "page_size": SIZE,
        "total": "total",
    },
    "offset without total": {
        "kind": "offset",
        "offset": "offset",
        "limit": "limit",
        "page_size": SIZE,
    },
    "cursor": {"kind": "cursor", "cursor": "cursor", "next": "next"},
    "cursor with more": {"kind": "cursor", "cursor": "cursor", "next": "next", "more": "more"},
    "cursor in the body": {
        "kind": "cursor",
        "cursor": "paging.cursor",
        "place": "body",
        "next": "next",
    },
    "last id": {"kind": "last_id", "after": "after", "id": "last", "more": "more"},
    "last id of the row": {"kind": "last_id", "after": "after", "id": "id", "more": "more"},
    "next url": {"kind": "next_url", "next": "links.next"},
    "link": {"kind": "link"},
}


@dataclass
class Pages:
    """`before_page` may change the rows, and is told how many pages were asked for by then."""

    rows: list[Row]
    kind: str
    size: int = SIZE
    before_page: Callable[[int], None] = lambda _: None
    asked: int = 0
    total: int | None = None

    def dialect(self, **parts: Any) -> Dialect:  # noqa: ANN401
        listing = make_listing(parts.pop("paging", KINDS[self.kind]), **parts)
        if self.kind == "cursor in the body":
            listing |= {"method": "POST", "body": {"paging": {"size": SIZE}, "all": True}}
        return make_dialect({"list": listing})

    def api(self) -> SmallApi:
        return SmallApi(on={"GET /keys": self.answer, "POST /keys": self.answer})

    def answer(self, sent: Sent) -> httpx.Response:
        self.before_page(self.asked)
        self.asked += 1
        start = self._start(sent)
        if start is None:
            return reply({"code": "no_such_place"}, 400)
        size = len(self.rows) if self.kind.startswith("none") else self.size
        end = start + size
        return self._tell(self.rows[start:end], f"c{end}" if end < len(self.rows) else None)

    def _start(self, sent: Sent) -> int | None:
        query = sent.query
        if "page" in query:
            first = 0 if self.kind == "page from 0" else 1
            return (int(query["page"]) - first) * self.size
        if "offset" in query:
            return int(query["offset"])
        if "after" in query:
            ends = (n + 1 for n, row in enumerate(self.rows) if row["id"] == query["after"])
            return next(ends, None)
        cursor = (sent.body or {}).get("paging", {}).get("cursor") or query.get("cursor", "c0")
        return int(cursor.removeprefix("c"))

    def _tell(self, shown: list[Row], following: str | None) -> httpx.Response:
        answer: dict[str, Any] = {"keys": shown}
        match self.kind.split():
            case ["cursor", *_]:
                told = {"more": bool(following)} if "more" in self.kind else {}
                return reply({**answer, "next": following, **told})
            case ["last", *rest]:
                last = {"last": shown[-1]["id"]} if shown and rest == ["id"] else {}
                return reply({**answer, "more": bool(following), **last})
            case ["next", *_]:
                url = following and f"https://small.example/api/keys?cursor={following}"
                return reply({**answer, "links": {"next": url}})
            case ["link"]:
                link = f', </api/keys?cursor={following}>; rel="next"' if following else ""
                return reply(answer, link=f'</api/keys>; rel="first"{link}')
            case _:
                total = len(self.rows) if self.total is None else self.total
                return reply({**answer, "total": total})
