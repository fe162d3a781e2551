"""What a status says of the time to come: what happens next, what runs out, what is proven."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Unpack

import pytest

from reconciler.core.keys import Address, KeyId, OpId, Stage, Target
from reconciler.core.observed import SpoolView
from reconciler.core.recorded import Proof, Recorded, Version
from reconciler.core.steps import Action, Remark, Scheduled, Topic
from reconciler.render import state_show_text, status_json, status_text
from reconciler.render.coming import Beside
from tests.render.stacks import (
    BILLING,
    CRM,
    CURRENT,
    INCIDENT,
    INTENT,
    KEYS,
    NOW,
    OBSERVED,
    RECORDED,
    ROW,
)

BLIND = replace(OBSERVED, providers=(), spool=SpoolView())
DAY = timedelta(days=1)
OLD = replace(CURRENT, number=1, key_id=KeyId("1"), op=OpId("aaaaaaaa" * 4), stage=Stage.RETIRING)


def record(*versions: Version) -> Recorded:
    return replace(RECORDED, intents=(), retired=(), keys=(replace(ROW, versions=versions),))


def next_of(version: Version, *scheduled: Scheduled) -> str:
    """Give the cell in column NEXT."""
    text = status_text(
        record(version), BLIND, KEYS, NOW, width=200, color=False, scheduled=scheduled
    )
    titles, row = text.splitlines()[:2]
    return row[titles.index("NEXT") : titles.index("LAST USED")].strip()


def read(recorded: Recorded, **beside: Unpack[Beside]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(status_json(recorded, BLIND, KEYS, NOW, **beside))
    return document


def due(action: Action, at: datetime, number: int = 2) -> Scheduled:
    return Scheduled(CRM, number, action, at)


@pytest.mark.parametrize(
    ("version", "scheduled", "words"),
    [
        (CURRENT, (due(Action.ROTATE, NOW + 12 * DAY),), "rotate in 12d"),
        (CURRENT, (due(Action.ROTATE, NOW),), "rotation due"),
        (
            CURRENT,
            (due(Action.ROTATE, NOW + 50 * DAY), due(Action.ROTATE, NOW + 12 * DAY)),
            "rotate in 12d",
        ),
        (CURRENT, (due(Action.ROTATE, NOW + 12 * DAY, 7),), "expires in 117d"),
        (CURRENT, (due(Action.ROTATE, NOW + 500 * DAY),), "expires in 117d"),
        (replace(CURRENT, expires_at=NOW + 3 * DAY), (), "expires in 3d"),
        (replace(CURRENT, expires_at=NOW), (), "expired"),
        (replace(CURRENT, expires_at=None), (), "-"),
        (
            replace(OLD, retire_at=NOW + timedelta(hours=28)),
            (due(Action.RETIRE, NOW + timedelta(hours=28), 1),),
            "stops in 1d 4h",
        ),
        (replace(OLD, retire_at=NOW + timedelta(hours=28)), (), "stops in 1d 4h"),
        (replace(OLD, retire_at=NOW), (), "due to stop"),
        (replace(OLD, expires_at=None), (), "stops once told"),
        (replace(OLD, stage=Stage.DISABLED, delete_at=NOW + 29 * DAY), (), "destroyed in 29d"),
        (replace(OLD, stage=Stage.DISABLED, delete_at=NOW), (), "due to be destroyed"),
        (replace(OLD, stage=Stage.GONE), (), "-"),
    ],
)
def test_what_happens_next_and_when(
    version: Version, scheduled: tuple[Scheduled, ...], words: str
) -> None:
    assert next_of(version, *scheduled) == words


def test_when_a_key_was_last_rotated() -> None:
    for version, word in (
        (replace(CURRENT, promoted_at=NOW - DAY), "1d ago"),
        (replace(CURRENT, number=1, promoted_at=NOW - DAY), "never"),
        (CURRENT, "unknown"),
        (OLD, "-"),
    ):
        text = status_text(record(version), BLIND, KEYS, NOW, width=200, color=False)
        titles, row = text.splitlines()[:2]
        assert row[titles.index("ROTATED") : titles.index("OWNER")].strip() == word


def test_only_what_expires_soon_the_nearest_first() -> None:
    near = replace(CURRENT, expires_at=NOW + 7 * DAY)
    over = replace(OLD, expires_at=NOW - DAY)
    later = replace(CURRENT, number=3, expires_at=NOW + 7 * DAY + timedelta(seconds=1))
    ended = replace(OLD, number=4, expires_at=NOW, stage=Stage.DISABLED)
    other = replace(ROW, address=BILLING, versions=(replace(CURRENT, expires_at=None),))
    recorded = replace(record(near, over, later, ended), incidents=(INCIDENT,))
    recorded = replace(recorded, keys=(*recorded.keys, other))
    text = status_text(recorded, BLIND, KEYS, NOW, width=60, color=False, within=timedelta(days=7))
    lines = text.splitlines()
    assert [line.split()[1] for line in lines[:3]] == ["VERSION", "v1", "v2"]
    assert "EXPIRES" in lines[0]
    assert "Incidents" not in text
    assert " ".join(text.split()).endswith(
        "1 of 2 keys expire within 7d. It is not known when 1 key will."
    )
    document = read(recorded, within=timedelta(days=7))
    assert [each["version"] for each in document["versions"]] == [1, 2]
    assert document["expiring_within"] == 604800


def test_keys_that_cannot_expire_never_do() -> None:
    recorded = record(replace(CURRENT, expires_at=None))
    (unknown,) = read(recorded)["versions"]
    (never,) = read(recorded, expiring_providers=frozenset())["versions"]
    (told,) = read(recorded, expiring_providers=frozenset({"agents"}))["versions"]
    assert (unknown["expiry_known"], never["expiry_known"], told["expiry_known"]) == (
        False,
        True,
        False,
    )


def test_evidence_is_told_as_json() -> None:
    proofs = (
        Proof(call="GET /a", answer="allowed", at=NOW),
        Proof(call="GET /keys", answer="rejected", at=NOW - DAY),
    )
    old = replace(OLD, proofs=proofs, promoted_at=NOW - 9 * DAY, announced_at=NOW - 8 * DAY)
    (version,) = read(record(replace(old, retire_at=NOW + DAY)))["versions"]
    assert version["proofs"][0] == {
        "call": "GET /a",
        "answer": "allowed",
        "at": "2026-11-21T02:00:00Z",
    }
    assert version["rejected_at"] == "2026-11-20T02:00:00Z"
    assert version["promoted_at"] == "2026-11-12T02:00:00Z"
    assert version["announced_at"] == "2026-11-13T02:00:00Z"
    assert version["retire_at"] == "2026-11-22T02:00:00Z"
    assert version["next"] == {"event": "stop", "at": "2026-11-22T02:00:00Z"}
    rejected = replace(record(CURRENT), incidents=(replace(INCIDENT, rejected_at=NOW),))
    assert read(rejected)["versions"][0]["rejected_at"] == "2026-11-21T02:00:00Z"


def test_each_version_names_its_own_slot() -> None:
    elsewhere = Target("vault", "old", "KEY")
    (version,) = read(record(replace(CURRENT, target=elsewhere)))["versions"]
    assert (version["secret"], version["stored"]) == ("vault:old#KEY", "unknown")


def test_what_is_scheduled_is_told_once() -> None:
    doomed = replace(OLD, stage=Stage.DISABLED, delete_at=NOW + 2 * DAY)
    expected = [{"key": CRM, "version": 1, "action": "delete", "at": "2026-11-23T02:00:00Z"}]
    assert read(record(doomed))["scheduled"] == expected
    told = (due(Action.DELETE, NOW + 2 * DAY, 1),)
    assert read(record(doomed), scheduled=told)["scheduled"] == expected


def test_remarks_are_bounded() -> None:
    remarks = tuple(
        Remark(Address(f"key-{number:02}"), 1, Topic.NO_OWNER, "it has no owner")
        for number in range(12)
    )
    text = status_text(record(CURRENT), BLIND, KEYS, NOW, width=80, color=False, remarks=remarks)
    assert "Worth a look:\n  key-00 v1: it has no owner\n" in text
    assert "  … and 2 more (--format json lists them all)\n" in text
    assert len(read(record(CURRENT), remarks=remarks)["remarks"]) == 12


def test_state_show_has_what_rotation_records() -> None:
    version = replace(
        OLD,
        promoted_at=NOW - 9 * DAY,
        announced_at=NOW - 8 * DAY,
        retire_at=NOW + DAY,
        overlap=2 * DAY,
        proofs=(Proof(call="GET /a", answer="allowed", at=NOW),),
    )
    intent = replace(INTENT, address=CRM, lifetime=30 * DAY, overlap=2 * DAY)
    recorded = replace(record(version), intents=(intent,))
    text = state_show_text(recorded, CRM)
    for line in (
        "promoted_at    = 2026-11-12 02:00 UTC",
        "announced_at   = 2026-11-13 02:00 UTC",
        "retire_at      = 2026-11-22 02:00 UTC",
        "overlap        = 2d",
        "proof.GET /a   = allowed, 2026-11-21 02:00 UTC",
        "lifetime   = 30d",
        "overlap    = 2d",
    ):
        assert f"      {line}\n" in text
