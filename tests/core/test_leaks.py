"""Matching what a scanner found with what we recorded, by fingerprint alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.keys import Address, KeyId, OpId, Stage, Target
from reconciler.core.leaks import LeakedVersion, Matches, match_leaks
from reconciler.core.recorded import KeyRow, Recorded, StackMeta, Version
from reconciler.core.secret import Fingerprint, Secret, fingerprint

SALT = b"salt"
TARGET = Target("vault", "apps/crm", "api_key")


def a_print(value: str) -> Fingerprint:
    return fingerprint(Secret(value), SALT)


def a_version(number: int, secret: str | None, stage: Stage = Stage.CURRENT) -> Version:
    return Version(
        number=number,
        provider="gateway",
        key_id=KeyId(f"key_{number}"),
        op=OpId("0" * 32),
        stage=stage,
        target=TARGET,
        fingerprint=None if secret is None else a_print(secret),
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


def a_row(address: str, *versions: Version) -> KeyRow:
    return KeyRow(
        address=Address(address),
        provider="gateway",
        dialect="portkey",
        target=TARGET,
        delete_after=timedelta(days=7),
        versions=versions,
    )


def recorded(*rows: KeyRow) -> Recorded:
    return Recorded(meta=StackMeta(stack="prod", lineage="l", salt=SALT, recipient=None), keys=rows)


def leaked(address: str, number: int, *where: str) -> LeakedVersion:
    return LeakedVersion(
        address=Address(address),
        number=number,
        key_id=KeyId(f"key_{number}"),
        provider="gateway",
        where=where,
    )


STATE = recorded(
    a_row("b", a_version(1, "b-1", Stage.GONE), a_version(2, "b-2"), a_version(3, None)),
    a_row("a", a_version(10, "a-10"), a_version(9, "a-9", Stage.RETIRING)),
)


def test_each_version_is_told_once_with_all_its_places_in_order() -> None:
    findings = (
        ("z.py:1", (a_print("b-2"),)),
        ("a.py:1", (a_print("b-2"), a_print("x"))),
        ("a.py:1", (a_print("b-2"),)),
        ("c.py:7", (a_print("a-10"),)),
        ("c.py:8", (a_print("a-9"),)),
    )
    expected = (
        leaked("a", 9, "c.py:8"),
        leaked("a", 10, "c.py:7"),
        leaked("b", 2, "a.py:1", "z.py:1"),
    )
    assert match_leaks(findings, STATE) == Matches(leaked=expected, unmatched=0)
    assert match_leaks(reversed(findings), STATE) == Matches(leaked=expected, unmatched=0)


def test_a_version_that_is_gone_is_told_while_it_is_recorded() -> None:
    found = match_leaks([("a.py:1", (a_print("b-1"),))], STATE)
    assert found.leaked == (leaked("b", 1, "a.py:1"),)


def test_what_is_not_ours_is_counted() -> None:
    findings = [("a", (a_print("x"), a_print("y"))), ("b", ()), ("c", (a_print("b-2"),))]
    found = match_leaks(findings, STATE)
    assert found.unmatched == 2
    assert [leak.where for leak in found.leaked] == [("c",)]
    assert match_leaks([], STATE) == Matches(leaked=(), unmatched=0)


def test_one_secret_of_two_keys_is_both_of_theirs() -> None:
    state = recorded(a_row("b", a_version(1, "same")), a_row("a", a_version(1, "same")))
    found = match_leaks([("a.py:1", (a_print("same"), a_print("same")))], state)
    assert found.leaked == (leaked("a", 1, "a.py:1"), leaked("b", 1, "a.py:1"))


def test_a_fingerprint_under_another_salt_matches_nothing() -> None:
    other = fingerprint(Secret("b-2"), b"another")
    assert match_leaks([("a.py:1", (other,))], STATE).unmatched == 1


@given(st.lists(st.tuples(st.text(max_size=3), st.sampled_from(["b-1", "b-2", "a-9", "x"]))))
def test_every_finding_is_matched_or_counted(pairs: list[tuple[str, str]]) -> None:
    findings = [(where, (a_print(value),)) for where, value in pairs]
    found = match_leaks(findings, STATE)
    assert found.unmatched == sum(value == "x" for _, value in pairs)
    ours = {(where, value) for where, value in pairs if value != "x"}
    assert sum(len(leak.where) for leak in found.leaked) == len(ours)
    assert match_leaks(findings, replace(STATE, keys=STATE.keys[::-1])) == found
