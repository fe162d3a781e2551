"""Every story: a key's life by the calendar, and the plan, word by word, that each moment has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.story import Moment, load_story

FILES = sorted(Path(__file__).parent.joinpath("stories").glob("*.yaml"))
MOMENTS = {
    f"{path.stem} {date}": moment for path in FILES for date, moment in load_story(path).items()
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_story(moment: Moment) -> None:
    assert moment.text.rstrip() == moment.expected.rstrip()


def test_a_plan_that_is_made_twice_is_the_same() -> None:
    assert all(moment.plan == moment.plan for moment in MOMENTS.values())


def test_there_are_many_stories() -> None:
    assert len(FILES) >= 60
