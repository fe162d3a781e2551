"""In what a live key differs: sets, instants, three-valued fields, and what widens."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.capabilities import FieldRule
from reconciler.core.diff import canonical, differ, remember, wanted
from reconciler.core.keys import After, At, Attributes, Cause, Lifetime, Never, Value
from reconciler.core.steps import Difference
from tests.core.builders import ABLE, AGENTS, DAY, NOW, key, live, version


def diff(aim: dict[str, Value], there: dict[str, Value]) -> tuple[Difference, ...]:
    bare = live("crm-a")
    shown = replace(bare, attributes=bare.attributes.merge(there))
    return differ(Attributes.of(aim), shown, version("crm-a"), ABLE)


def test_equal_is_empty() -> None:
    assert (
        diff({"rate_limit": 5, "scopes": ("a", "b")}, {"rate_limit": 5, "scopes": ("a", "b")}) == ()
    )


def test_a_field_that_is_not_wanted_is_not_compared() -> None:
    assert diff({}, {"rate_limit": 5}) == ()


def test_enabled_is_never_a_difference() -> None:
    assert diff({"enabled": False}, {}) == ()


def test_sets_say_which_members_come_and_go() -> None:
    (found,) = diff({"scopes": ("chat", "files")}, {"scopes": ("admin", "chat")})
    assert (found.added, found.removed) == (("files",), ("admin",))


@pytest.mark.parametrize(
    ("there", "aim"),
    [
        ((), ("a",)),
        (("a",), ()),
        (("a", "b"), ("c", "d")),
        (("a",), ("a", "b", "c")),
        (("x" * 99,), ("x" * 98,)),
    ],
)
def test_members_are_told_whole_and_once(there: tuple[str, ...], aim: tuple[str, ...]) -> None:
    (found,) = diff({"scopes": aim}, {"scopes": there})
    assert found.added == tuple(sorted(set(aim) - set(there)))
    assert found.removed == tuple(sorted(set(there) - set(aim)))


def test_none_is_a_value_and_missing_is_not() -> None:
    assert diff({"rate_limit": None}, {"rate_limit": None}) == ()
    (unknown,) = diff({"rate_limit": None}, {})
    assert not unknown.known
    (known,) = diff({"rate_limit": 5}, {"rate_limit": None})
    assert known.known


@pytest.mark.parametrize(
    ("field", "there", "wide"),
    [
        ("rate_limit", None, True),
        ("rate_limit", 9000, False),
        ("expires_at", None, True),
        (AGENTS, (), True),
        (AGENTS, ("a",), False),
        ("scopes", (), False),
    ],
)
def test_a_live_value_that_grants_everything_widens(
    field: str, there: Value, *, wide: bool
) -> None:
    aim: dict[str, Value] = {
        "rate_limit": 5,
        "expires_at": NOW,
        AGENTS: ("b",),
        "scopes": ("chat",),
    }
    (found,) = differ(
        Attributes.of({field: aim[field]}),
        replace(live("crm-a"), attributes=Attributes.of({field: there})),
        None,
        ABLE,
    )
    assert found.widens is wide


def test_scopes_that_were_emptied_widen_where_the_api_reads_none_as_all() -> None:
    rule = FieldRule(field="scopes", never_empty="none means all")
    emptied = replace(live("crm-a"), attributes=Attributes.of({"scopes": ()}))
    aim = Attributes.of({"scopes": ("chat",)})
    (found,) = differ(aim, emptied, None, replace(ABLE, rules=(rule,)))
    assert found.widens


@pytest.mark.parametrize(
    ("off", "step", "equal"),
    [
        (timedelta(0), timedelta(microseconds=1), True),
        (timedelta(microseconds=1), timedelta(microseconds=1), False),
        (timedelta(milliseconds=999), timedelta(seconds=1), True),
        (timedelta(seconds=-1), timedelta(seconds=1), False),
        (timedelta(hours=23), timedelta(days=1), True),
    ],
)
def test_an_expiry_is_equal_within_the_rounding_of_the_api(
    off: timedelta, step: timedelta, *, equal: bool
) -> None:
    able = replace(ABLE, expiry_step=step)
    found = differ(
        Attributes.of({"expires_at": NOW}), live("crm-a", expires_at=NOW + off), None, able
    )
    assert (found == ()) is equal


def test_drift_is_what_we_once_applied_and_config_is_what_we_never_did() -> None:
    aim = Attributes.of({"rate_limit": 5})
    applied = replace(version("crm-a"), applied=remember(aim))
    shown = live("crm-a", rate_limit=6)
    assert differ(aim, shown, applied, ABLE)[0].cause is Cause.DRIFT
    assert differ(aim, shown, version("crm-a"), ABLE)[0].cause is Cause.CONFIG


def test_an_expiry_that_the_api_rounded_still_drifts() -> None:
    asked, granted = NOW + timedelta(days=90, microseconds=5), NOW + 90 * DAY
    declared = key("crm-a", lifetime=After(90 * DAY))
    born = replace(
        version("crm-a"),
        lifetime=90 * DAY,
        expires_at=granted,
        applied=remember(Attributes.of({"expires_at": asked})),
    )
    aim = wanted(declared, "x", born.created_at, born).only(frozenset({"expires_at"}))
    able = replace(ABLE, expiry_step=timedelta(seconds=1))
    (found,) = differ(aim, live("crm-a", expires_at=NOW + DAY), born, able)
    assert found.cause is Cause.DRIFT


@pytest.mark.parametrize(
    ("lifetime", "expected"),
    [
        (Never(), None),
        (At(NOW + DAY), NOW + DAY),
        (After(30 * DAY), NOW + 30 * DAY),
    ],
)
def test_what_is_wanted_of_a_new_version(lifetime: Lifetime, expected: Value) -> None:
    aim = wanted(key("crm-a", lifetime=lifetime), "n", NOW, None)
    assert "expires_at" in aim
    assert aim.get("expires_at") == expected


def test_a_left_out_lifetime_is_not_wanted() -> None:
    assert "expires_at" not in wanted(key("crm-a"), "n", NOW, None)


def test_the_same_span_wants_what_was_granted_and_another_counts_from_the_birth() -> None:
    born = replace(version("crm-a"), lifetime=90 * DAY, expires_at=NOW + 91 * DAY)
    same = wanted(key("crm-a", lifetime=After(90 * DAY)), "n", born.created_at, born)
    other = wanted(key("crm-a", lifetime=After(60 * DAY)), "n", born.created_at, born)
    assert same.get("expires_at") == NOW + 91 * DAY
    assert other.get("expires_at") == born.created_at + 60 * DAY


def test_values_have_one_text_form() -> None:
    assert canonical(("a", "b")) == '["a", "b"]'
    assert canonical(None) == "null"
    assert canonical(NOW) == '"2026-03-01T12:00:00+00:00"'
    assert len({canonical(value) for value in (1, True, "1", None, ())}) == 5


def test_attributes_are_sorted_and_looked_up_by_name() -> None:
    fields = Attributes.of({"b": 1, "a": None})
    assert fields.pairs == (("a", None), ("b", 1))
    assert "a" in fields
    assert "c" not in fields
    assert fields.merge({"c": 2}).only(frozenset({"c"})).mapping() == {"c": 2}
    assert fields.get("missing") is None


def test_deepdiff_is_not_loaded_for_keys_that_are_equal() -> None:
    program = (
        "import sys; from tests.core.test_diff import diff;"
        "diff({'rate_limit': 5}, {'rate_limit': 5}); print('deepdiff' in sys.modules);"
        "diff({'rate_limit': 5}, {'rate_limit': 6}); print('deepdiff' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert told.split() == ["False", "True"]
