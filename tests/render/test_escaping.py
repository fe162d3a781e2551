from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render.cells import cells, fit, pad
from reconciler.render.escaping import LONGEST_NAME, clean
from tests.render.printed import assert_harmless, width_of
from tests.render.strategies import HOSTILE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("crm-prod", "crm-prod"),
        ("Größe 東京 ключ", "Größe 東京 ключ"),
        ("a\x1b[31mred\x1b[0m", "a\\x1b[31mred\\x1b[0m"),
        ("a\x9b31mb", "a\\x9b31mb"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("line\u2028sep\u2029", "line\\u2028sep\\u2029"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("blank\u3164\u2800", "blank\\u3164\\u2800"),
        ("half\ud800", "half\\ud800"),
        ("\x7f\x00", "\\x7f\\x00"),
        ("no\u00a0break", "no\\xa0break"),
        ("é as e\u0301", "é as e\u0301"),
        ("::set-output name=a::b", ":\\x3aset-output name=a::b"),
        ("x ::error::y", "x :\\x3aerror::y"),
        ("arn:aws:iam::123:role/x", "arn:aws:iam::123:role/x"),
        ("##[set-env name=PATH]x", "#\\x23[set-env name=PATH]x"),
        ("a##vso[task.setvariable]b", "a#\\x23vso[task.setvariable]b"),
        ("## heading", "## heading"),
    ],
)
def test_what_is_dangerous_or_invisible_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_marks_that_pile_up_are_taken_apart() -> None:
    assert clean("a" + "\u0301" * 5) == "a" + "\u0301" * 3 + "\\u0301" * 2


def test_a_text_is_never_longer_than_its_limit() -> None:
    assert clean("x" * 5000, LONGEST_NAME) == "x" * 199 + "…"
    assert len(clean("\x1b" * 5000, LONGEST_NAME)) == LONGEST_NAME


@given(HOSTILE)
def test_any_text_becomes_harmless_and_stays_as_it_then_is(text: str) -> None:
    once = clean(text)
    assert_harmless(once)
    assert "\n" not in once
    assert clean(once) == once


def test_wide_characters_take_two_cells_and_marks_none() -> None:
    assert cells("abc") == 3
    assert cells("東京") == 4
    assert cells("e\u0301") == 1


@given(st.text(st.characters(categories=("L", "Mn"))).map(clean), st.integers(1, 30))
def test_fitting_and_padding_reach_the_width(text: str, room: int) -> None:
    assert width_of(fit(text, room)) <= room
    assert width_of(pad(fit(text, room), room)) == room
