"""The pages of GitLab's lists: an array at the root, everything about paging in the headers.

Sources: gitlabhq/gitlabhq, doc/api/rest/_index.md @017a6c129d6a9e4ad9fec792cd84f88641d7dbfe, and
lib/gitlab/pagination/offset_header_builder.rb @8b573c94895dc0ac0e1d9d59cf3e8745e8b539ca.
"""

from collections.abc import Sequence
from math import ceil
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

DEFAULT_SIZE = 20
LARGEST_SIZE = 100


def paginate(rows: Sequence[object], request: Request, origin: str, most_counted: int) -> Response:
    """Answer one page. Above `most_counted` rows nobody counts: no totals, no last page."""
    page = _read_number(request, "page", 1)
    size = min(_read_number(request, "per_page", DEFAULT_SIZE), LARGEST_SIZE)
    pages = max(ceil(len(rows) / size), 1)
    counted = len(rows) <= most_counted
    links = {
        "prev": page - 1 if page > 1 else None,
        "next": page + 1 if page < pages else None,
        "first": 1,
        "last": pages if counted else None,
    }
    headers = {
        "x-page": str(page),
        "x-per-page": str(size),
        "x-prev-page": str(links["prev"] or ""),
        "x-next-page": str(links["next"] or ""),  # empty on the last page, not absent
        "link": ", ".join(
            f'<{_href(request, origin, number, size)}>; rel="{name}"'
            for name, number in links.items()
            if number is not None
        ),
    }
    if counted:
        headers |= {"x-total": str(len(rows)), "x-total-pages": str(pages)}
    return JSONResponse(rows[(page - 1) * size : page * size], headers=headers)


def _read_number(request: Request, name: str, default: int) -> int:
    """Read a positive number; anything else counts as left out (ours)."""
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and int(text) > 0 else default


def _href(request: Request, origin: str, page: int, size: int) -> str:
    paging = {"page": str(page), "per_page": str(size)}
    # The path as it came: %2F in a project's path must not become a slash.
    path = request.scope["raw_path"].decode()
    return f"{origin}{path}?{urlencode(dict(request.query_params) | paging)}"
