"""Whatever JSON a caller sends, it is read, refused or broken as measured; never a crash."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.sandbox.clouisle.answers import Refusal
from reconciler.sandbox.clouisle.fields import read_changes, read_new_key, refuse_unstorable
from reconciler.sandbox.clouisle.instants import read_instant
from reconciler.sandbox.instants import show_instant

NAMES = ("name", "scopes", "rate_limit", "expires_at", "is_active", "agent_ids", "workflow_ids")

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
bodies = anything | st.dictionaries(st.sampled_from(NAMES), anything)


def outcome(read: Callable[[object], dict[str, object]], body: object) -> tuple[int, int]:
    try:
        refuse_unstorable(read(body))
    except Refusal as refusal:
        return refusal.status, refusal.code
    return 200, 0


@given(bodies)
def test_a_body_is_read_or_refused(body: object) -> None:
    for read in (read_new_key, read_changes):
        assert outcome(read, body) in {(200, 0), (422, 1001), (500, -1)}


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back_as_the_same_instant(at: datetime) -> None:
    shown = show_instant(read_instant(at.isoformat()))
    assert shown is not None
    assert datetime.fromisoformat(shown) == at
    assert read_instant(shown) == read_instant(at.isoformat())


@given(st.datetimes(), st.datetimes())
def test_stored_times_sort_like_instants(one: datetime, other: datetime) -> None:
    stored = read_instant(one.isoformat()), read_instant(other.isoformat())
    assert (stored[0] < stored[1]) == (one < other)


@pytest.mark.parametrize(
    ("sent", "read"),
    [("off", False), ("YES", True), (1, True), (0, False), ("t", True), (False, False)],
)
def test_flags_are_read_leniently(sent: object, read: bool) -> None:
    assert read_changes({"is_active": sent}) == {"is_active": read}


@pytest.mark.parametrize(("sent", "read"), [("60", 60), (60.0, 60), (True, 1), ("+5", 5)])
def test_numbers_are_read_leniently(sent: object, read: int) -> None:
    assert read_changes({"rate_limit": sent}) == {"rate_limit": read}
