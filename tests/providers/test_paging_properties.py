"""Whatever happens between pages: a view without a problem shows every key that was there."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.providers.paged_api import KINDS, Pages
from tests.providers.small_api import key, survey

SIZES = st.integers(0, 25)
# Where rows are asked for from a place that does not move, one that goes cannot hide another one;
# where a total or an overlap is told, it is seen. Plain page numbers can only tell newcomers.
STEADY = [kind for kind in KINDS if kind not in {"page without total", "next url", "link"}]
STEADY = [kind for kind in STEADY if not kind.startswith("cursor")]
Event = tuple[int, str, int]
EVENTS = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["made", "gone"]), st.integers(0, 25)), max_size=4
)
MADE = st.lists(st.tuples(st.integers(0, 12), st.just("made"), st.integers(0, 25)), max_size=4)


def play(pages: Pages, events: list[Event]) -> tuple[set[str], Callable[[int], None]]:
    """Let keys be made and removed before certain pages; give the ids that stay all the time."""
    steady = {row["id"] for row in pages.rows}

    def happen(asked: int) -> None:
        for number, (when, what, where) in enumerate(events):
            if when != asked:
                continue
            if what == "made":
                pages.rows.insert(min(where, len(pages.rows)), key(f"new{number}"))
            elif pages.rows:
                steady.discard(pages.rows.pop(where % len(pages.rows))["id"])

    return steady, happen


@pytest.mark.parametrize("kind", STEADY)
@given(count=SIZES, events=EVENTS)
@settings(max_examples=60, deadline=None)
def test_no_key_that_was_there_is_missing(kind: str, count: int, events: list[Event]) -> None:
    check(kind, count, events)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(STEADY)))
@given(count=SIZES, events=MADE)
@settings(max_examples=60, deadline=None)
def test_newcomers_hide_no_key(kind: str, count: int, events: list[Event]) -> None:
    check(kind, count, events)


def check(kind: str, count: int, events: list[Event]) -> None:
    pages = Pages([key(f"k{number}") for number in range(count)], kind)
    steady, pages.before_page = play(pages, events)
    view = survey(pages.api(), pages.dialect())
    if view.problem is None:
        listed = [each.id for each in view.keys]
        assert steady <= set(listed)
        assert len(listed) == len(set(listed))
