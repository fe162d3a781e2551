"""A part of a list: `limit` and `offset` in the query, `count` and `items` in the answer."""

from typing import Annotated, Any

from pydantic import Field

from reconciler.sandbox.validation import Sent

_MOST = 2**63 - 1


class Window(Sent):
    """The part of a list that was asked for."""

    limit: Annotated[int, Field(ge=1, le=_MOST)] = 100
    offset: Annotated[int, Field(ge=0, le=_MOST)] = 0

    def values(self) -> dict[str, int]:
        """Give the values for LIMIT and OFFSET."""
        return {"limit": self.limit, "offset": self.offset}


def show_page(count: int, items: list[dict[str, Any]]) -> dict[str, Any]:
    """Word one part of a list, and how long the whole list is."""
    return {"count": count, "items": items}
