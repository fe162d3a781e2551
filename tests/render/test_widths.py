from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.keys import Address
from reconciler.core.steps import Outcome, Result
from reconciler.render import outcome_table, plan_text, state_show_text, status_text
from tests.render.printed import too_wide, without_colour
from tests.render.stacks import (
    CREATE,
    CRM,
    CRM_KEY,
    CROWDED,
    DELETE,
    KEYS,
    NOW,
    OBSERVED,
    RECORDED,
    plan,
)

SENTENCE = "the API said no three times in a row, and nobody knows why it did so"
RESULTS = (Result(DELETE, Outcome.FAILED, SENTENCE), Result(CREATE, Outcome.DONE, SENTENCE))
WIDTHS = (40, 50, 60, 80, 120, 200)


def texts(width: int, *, color: bool) -> dict[str, str]:
    refusals = (SENTENCE, SENTENCE)
    return {
        "plan": plan_text(CROWDED, KEYS, refusals, width=width, color=color, verbose=True),
        "outcomes": outcome_table(RESULTS, width=width, color=color),
        "status": status_text(RECORDED, OBSERVED, KEYS, NOW, width=width, color=color),
        "state": state_show_text(RECORDED, CRM, width=width, color=color),
    }


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for name, text in texts(width, color=True).items():
        assert not too_wide(text, width), name


@pytest.mark.parametrize("width", WIDTHS)
def test_colour_changes_no_text(width: int) -> None:
    plain, coloured = texts(width, color=False), texts(width, color=True)
    assert {name: without_colour(text) for name, text in coloured.items()} == plain
    assert all("\x1b" not in text for text in plain.values())
    assert all("\x1b[" in text for text in coloured.values())


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_ends_in_spaces(width: int) -> None:
    for text in texts(width, color=False).values():
        assert [line for line in text.split("\n") if line != line.rstrip()] == []


def test_wide_terminals_are_not_filled_up() -> None:
    assert texts(200, color=False)["plan"] == texts(400, color=False)["plan"]


def test_nothing_is_lost_by_wrapping() -> None:
    narrow, wide = texts(40, color=False), texts(400, color=False)
    assert narrow["plan"].split() == wide["plan"].split()
    assert narrow["state"].split() == wide["state"].split()


def test_wide_characters_count_twice() -> None:
    address = Address("東京" * 5)
    key = replace(CRM_KEY, address=address, name=address, owner="担当チーム " * 8)
    text = plan_text(plan(replace(CREATE, address=address)), {address: key}, width=40, color=False)
    assert not too_wide(text, 40)


def test_colours_say_what_a_step_does() -> None:
    text = texts(80, color=True)["plan"]
    assert '\x1b[32m+ key "crm-prod-agent-call"\x1b[0m {' in text
    assert '\x1b[31m- key "billing-staging"\x1b[0m {' in text
    assert '\x1b[33m~ key "billing-staging"\x1b[0m {' in text
    assert '\x1b[36m~ key "billing-staging"\x1b[0m {' in text
    assert '\x1b[36m! key "billing-staging"\x1b[0m {' in text
    assert "\x1b[1;31m  # live key may do MORE than declared" in texts(120, color=True)["plan"]


def test_a_place_is_shown_where_there_is_room() -> None:
    assert "keys.yaml:14:3" in plan_text(plan(CREATE), KEYS, width=80, color=False)
    assert "keys.yaml:14:3" not in plan_text(plan(CREATE), KEYS, width=40, color=False)
