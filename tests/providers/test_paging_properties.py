"""Whatever happens between pages: a view without a problem shows every key that was there."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.providers.paged_api import KINDS, Pages
from tests.providers.small_api import key, survey

SIZES = st.integers(0, 25)
Event = tuple[int, str, int]


def events(*kinds: str) -> st.SearchStrategy[list[Event]]:
    one = st.tuples(st.integers(0, 12), st.sampled_from(kinds), st.integers(0, 25))
    return st.lists(one, max_size=4)


# An overlap sees every shift, and a place that is named by a row does not shift at all.
STEADY = ["offset", "offset without total", "last id", "last id of the row", "none"]
# A total on every page sees rows come or go, though not one of each between two pages.
COUNTED = ["page", "page from 0"]
# Without either, only newcomers are seen: they push rows onto the next page, where they come again.
# The cursors and links of these tests are numbers of rows.
LOOSE = sorted({kind for kind in KINDS if "total" not in kind} - {*STEADY, *COUNTED})


def play(pages: Pages, happening: list[Event]) -> tuple[set[str], Callable[[int], None]]:
    """Let keys be made and removed before certain pages; give the ids that stay all the time."""
    steady = {row["id"] for row in pages.rows}

    def happen(asked: int) -> None:
        for number, (when, what, where) in enumerate(happening):
            if when != asked:
                continue
            if what == "made":
                pages.rows.insert(min(where, len(pages.rows)), key(f"new{number}"))
            elif pages.rows:
                steady.discard(pages.rows.pop(where % len(pages.rows))["id"])

    return steady, happen


@pytest.mark.parametrize("kind", STEADY)
@given(count=SIZES, happening=events("made", "gone"))
@settings(max_examples=60, deadline=None)
def test_no_key_that_was_there_is_missing(kind: str, count: int, happening: list[Event]) -> None:
    check(kind, count, happening)


@pytest.mark.parametrize("kind", COUNTED)
@given(count=SIZES, happening=events("made") | events("gone"))
@settings(max_examples=60, deadline=None)
def test_a_total_tells_of_either(kind: str, count: int, happening: list[Event]) -> None:
    check(kind, count, happening)


@pytest.mark.parametrize("kind", [*LOOSE, "page without total"])
@given(count=SIZES, happening=events("made"))
@settings(max_examples=60, deadline=None)
def test_newcomers_hide_no_key(kind: str, count: int, happening: list[Event]) -> None:
    check(kind, count, happening)


def check(kind: str, count: int, happening: list[Event]) -> None:
    pages = Pages([key(f"k{number}") for number in range(count)], kind)
    steady, pages.before_page = play(pages, happening)
    view = survey(pages.api(), pages.dialect())
    if view.problem is None:
        listed = [each.id for each in view.keys]
        assert steady <= set(listed)
        assert len(listed) == len(set(listed))
