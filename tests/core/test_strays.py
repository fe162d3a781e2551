"""Which keys without a mark could be a lost create's: every way out, and every edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.core.keys import KeyId
from reconciler.core.observed import LiveKey
from reconciler.core.strays import (
    CLOCKS_APART,
    LATE_LANDING,
    could_be_late,
    could_be_of,
    evidence_of,
)
from tests.core.builders import NOW, foreign, intent, retired

BEGUN = NOW - timedelta(hours=1)
SENT = intent("crm-a", seen=(KeyId("old"),), started_at=BEGUN)
GIVEN_UP = retired("crm-a", seen=(KeyId("old"),))
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("created", "could"),
    [
        (None, True),
        (BEGUN, True),
        (BEGUN - CLOCKS_APART, True),
        (BEGUN - CLOCKS_APART - MOMENT, False),
        (BEGUN + LATE_LANDING, True),
        (BEGUN + LATE_LANDING + MOMENT, False),
    ],
)
def test_it_appeared_when_the_create_would_have_made_it(
    created: datetime | None, *, could: bool
) -> None:
    assert could_be_of(SENT, foreign("", "new", created=created)) is could


@pytest.mark.parametrize(
    "live",
    [
        foreign("", "old", created=BEGUN),
        foreign("", "new", created=BEGUN, used=NOW),
        replace(foreign("", "new", created=BEGUN), held_by="an OAuth client"),
    ],
    ids=["seen before", "used", "held"],
)
def test_what_cannot_be_ours(live: LiveKey) -> None:
    assert not could_be_of(SENT, live)
    assert not could_be_late(GIVEN_UP, live)


def test_what_turned_up_after_a_create_was_given_up() -> None:
    late = GIVEN_UP.retired_at + LATE_LANDING
    assert could_be_late(GIVEN_UP, foreign("", "new"))
    assert could_be_late(GIVEN_UP, foreign("", "new", created=late))
    assert not could_be_late(GIVEN_UP, foreign("", "new", created=late + MOMENT))
    assert not could_be_late(replace(GIVEN_UP, released=True), foreign("", "new"))


def test_suspects_are_named_with_their_evidence_in_one_order() -> None:
    told = foreign("", "b", created=BEGUN), foreign("", "a")
    said = "a (never used), b (created 2026-03-01 11:00 UTC, never used)"
    assert evidence_of(told) == evidence_of(told[::-1]) == said
    many = evidence_of(foreign("", str(number)) for number in range(7))
    assert many.endswith("4 (never used) and 2 more")
