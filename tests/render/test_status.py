from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from textwrap import dedent
from typing import Any

import pytest

from reconciler.core.keys import Address, KeyId, Stage
from reconciler.core.observed import Observed, SpoolView, StoreView
from reconciler.core.recorded import Recorded
from reconciler.errors import UsageError
from reconciler.render import state_list_text, state_show_text, status_json, status_text
from tests.render.stacks import (
    BILLING,
    CRM,
    CURRENT,
    KEYS,
    LIVE,
    NOW,
    OBSERVED,
    RECORDED,
    ROW,
    SALT,
)

BARE = replace(RECORDED, intents=(), retired=(), keys=(replace(ROW, versions=(CURRENT,)),))
CALM = replace(OBSERVED, spool=SpoolView())
VIEW = OBSERVED.providers[0]


def shown(recorded: Recorded, observed: Observed, width: int = 200) -> str:
    return status_text(recorded, observed, KEYS, NOW, width=width, color=False)


def read(recorded: Recorded, observed: Observed) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(status_json(recorded, observed, KEYS, NOW))
    return document


def test_a_whole_status() -> None:
    address = Address("new-key")
    text = status_text(
        RECORDED, OBSERVED, {**KEYS, address: KEYS[CRM]}, NOW, width=180, color=False
    )
    row = "crm-prod-agent-call"
    place = "local:crm/agents#CLOUISLE_API_KEY"
    assert text == dedent(
        f"""\
        KEY                  VERSION  STAGE     API       STORE    EXPIRES  NEXT              \
LAST USED   AGE   ROTATED  OWNER     VERIFIED  SECRET
        {row}  v1       disabled  disabled  missing  never    destroyed in 29d  \
1d ago      100d  -        team-crm  not yet   {place}
        {row}  v2       current   active    current  in 117d  expires in 117d   \
never used  3d    unknown  team-crm  2d ago    {place}

        Declared, and not made yet:
          new-key

        Left over from an interrupted run, or under way right now:
          billing-staging v1: create begun 5h ago by ci@runner-7, id not known, \
operation bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb

        Given up, and watched in case they land late:
          billing-staging: operation cccccccccccccccccccccccccccccccc

        Secrets that rest in the spool:
          operation bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb: billing-staging

        Scheduled deletions:
          crm-prod-agent-call v1 will be destroyed after 2026-12-20 02:00 UTC (in 29d)

        Stack acme-agents: 1 key, 2 versions."""
    )


def test_narrow_terminals_go_without_the_least_important_columns() -> None:
    text = shown(BARE, CALM, 80)
    assert text.splitlines()[0].split("  ")[0] == "KEY"
    assert "Not shown for want of room: LAST USED, AGE, ROTATED, OWNER, VERIFIED, SECRET." in text
    assert "STORE" in text.splitlines()[0]


def test_very_narrow_terminals_get_a_block_for_each_version() -> None:
    assert shown(BARE, CALM, 40) == dedent(
        """\
        crm-prod-agent-call v2
          STAGE      current
          API        active
          STORE      current
          EXPIRES    in 117d
          NEXT       expires in 117d
          LAST USED  never used
          AGE        3d
          ROTATED    unknown
          OWNER      team-crm
          VERIFIED   2d ago
          SECRET
            local:crm/agents#CLOUISLE_API_KEY

        Stack acme-agents: 1 key, 1 version."""
    )


def test_nothing_recorded() -> None:
    empty = replace(RECORDED, keys=(), intents=(), retired=())
    assert status_text(empty, CALM, {}, NOW, width=80, color=False) == (
        "Stack acme-agents: 0 keys, 0 versions."
    )


@pytest.mark.parametrize(
    ("observed", "state", "stored"),
    [
        (CALM, "active", "current"),
        (replace(CALM, providers=()), "unknown", "current"),
        (
            replace(CALM, providers=(replace(VIEW, keys=(), absent=frozenset({LIVE.id})),)),
            "absent",
            "current",
        ),
        (replace(CALM, providers=(replace(VIEW, keys=(), problem="503"),)), "unknown", "current"),
        (replace(CALM, stores=()), "active", "unknown"),
        (replace(CALM, stores=(StoreView(store="local"),)), "active", "missing"),
        (
            replace(CALM, stores=(replace(OBSERVED.stores[0], problem="sealed"),)),
            "active",
            "unknown",
        ),
    ],
)
def test_what_is_known_of_a_version(observed: Observed, state: str, stored: str) -> None:
    (version,) = read(BARE, observed)["versions"]
    assert (version["state"], version["stored"]) == (state, stored)


def test_a_staged_secret_is_not_the_current_one() -> None:
    (head,) = OBSERVED.stores[0].heads
    staged = replace(head, current=None, staged=(head.current,) if head.current else ())
    observed = replace(CALM, stores=(StoreView(store="local", heads=(staged,)),))
    assert read(BARE, observed)["versions"][0]["stored"] == "staged"


def test_expired_unused_and_unread() -> None:
    over = replace(CURRENT, expires_at=NOW - timedelta(days=2), verified_at=None)
    recorded = replace(BARE, keys=(replace(ROW, versions=(over,)),))
    observed = replace(CALM, providers=(replace(VIEW, keys=(), problem="HTTP 503"),))
    text = shown(recorded, observed)
    assert "2d ago" in text
    assert "not yet" in text
    assert "Warning: provider 'agents' could not be read: HTTP 503" in text
    unknown = replace(over, expires_at=None)
    assert "unknown  -     unknown" in shown(
        replace(BARE, keys=(replace(ROW, versions=(unknown,)),)), observed
    )


def test_condemned_and_gone_versions_say_so() -> None:
    versions = (replace(CURRENT, number=1, condemned=True), replace(CURRENT, stage=Stage.GONE))
    text = shown(replace(BARE, keys=(replace(ROW, versions=versions),)), CALM)
    assert "condemned" in text
    assert "gone" in text
    assert text.endswith("1 key, 1 version.")


def test_a_spool_that_does_not_open() -> None:
    observed = replace(OBSERVED, spool=replace(OBSERVED.spool, readable=False))
    assert "Warning: the spool cannot be opened from here" in shown(RECORDED, observed)
    assert "of no open operation" in shown(BARE, observed)


def test_status_as_json() -> None:
    document = read(RECORDED, OBSERVED)
    assert document["format_version"] == "1.0"
    assert document["read_at"] == "2026-11-21T02:00:00Z"
    assert [version["version"] for version in document["versions"]] == [1, 2]
    assert document["versions"][1] == {
        "key": "crm-prod-agent-call",
        "owner": "team-crm",
        "declared": True,
        "provider": "agents",
        "version": 2,
        "key_id": "08b8-41d2",
        "stage": "current",
        "condemned": False,
        "state": "active",
        "created_at": "2026-11-18T02:00:00Z",
        "expires_at": "2027-03-18T02:00:00Z",
        "expiry_known": True,
        "last_used_at": None,
        "secret": "local:crm/agents#CLOUISLE_API_KEY",
        "stored": "current",
        "verified_at": "2026-11-18T04:00:00Z",
        "rejected_at": None,
        "promoted_at": None,
        "announced_at": None,
        "retire_at": None,
        "delete_at": None,
        "next": {"event": "expire", "at": "2027-03-18T02:00:00Z"},
        "proofs": [],
        "runs_in": None,
    }
    assert document["intents"][0]["kind"] == "create"
    assert document["intents"][0]["target"] == "local:billing#KEY"
    assert document["spool"] == [{"op": "bbbbbbbb" * 4, "key": "billing-staging"}]
    assert document["scheduled"][0]["at"] == "2026-12-20T02:00:00Z"
    assert document["not_made"] == []
    assert SALT.decode() not in json.dumps(document)


def test_state_list_is_one_address_a_line() -> None:
    recorded = replace(RECORDED, keys=(ROW, replace(ROW, address=Address("::x\n"))))
    assert state_list_text(recorded) == "crm-prod-agent-call\n:\\x3ax\\n"


def test_state_show() -> None:
    recorded = replace(BARE, keys=(replace(ROW, versions=(CURRENT,)),))
    assert state_show_text(recorded, CRM) == dedent(
        """\
        # crm-prod-agent-call
          key "crm-prod-agent-call" {
              provider       = "agents"
              dialect        = "clouisle"
              owner          = "team-crm"
              secret         = (secret value) -> local:crm/agents#CLOUISLE_API_KEY
              delete_after   = 30d
              protect        = false
              disabled_by_us = false
          }

          version v2 {
              id             = "08b8-41d2"
              provider       = "agents"
              stage          = current
              operation      = "3f9c2a1b3f9c2a1b3f9c2a1b3f9c2a1b"
              secret         = (secret value) -> local:crm/agents#CLOUISLE_API_KEY
              fingerprint    = "fedcba98"
              created_at     = 2026-11-18 02:00 UTC
              expires_at     = 2027-03-18 02:00 UTC
              verified_at    = 2026-11-18 04:00 UTC
              lifetime       = 120d
              applied.scopes = ["chat"]
          }"""
    )


def test_state_show_of_a_key_that_has_only_an_open_operation() -> None:
    found = replace(RECORDED, intents=(replace(RECORDED.intents[0], key_id=KeyId("77")),))
    text = state_show_text(found, BILLING)
    assert text.startswith("# billing-staging\n\n  open create {\n")
    assert 'id         = "77"' in text


def test_state_show_of_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'crm-prod-agent-call'"):
        state_show_text(RECORDED, Address("crm-prod-agent-cal"))
    with pytest.raises(UsageError, match="state list"):
        state_show_text(RECORDED, Address("zzz"))
