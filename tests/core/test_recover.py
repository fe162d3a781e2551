"""Every row of the table that says how an interrupted operation ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.observed import SpoolView
from reconciler.core.recorded import Intent, IntentKind
from reconciler.core.recover import Evidence, settle
from reconciler.core.steps import Settlement
from reconciler.core.tenant import Effect
from tests.core.builders import DAY, NOW, head, intent, live, op

SENT, ANSWERED = intent("crm-a"), intent("crm-a", answered=True)
ONE, USED = live("crm-a"), live("crm-a", used=NOW - DAY)
SPOOLED = SpoolView(ops=frozenset({op("crm-a", 1)}))
SEALED = SpoolView(ops=frozenset({op("crm-a", 1)}), readable=False)
NOTHING = Evidence(
    live=None,
    gone=False,
    candidates=(),
    head=head("crm-a", None),
    store_unread=None,
    spool=SpoolView(),
    unread=None,
    declared=True,
)
FOUND = replace(NOTHING, candidates=(ONE,))
THERE = replace(NOTHING, live=ONE)
LEFT = replace(THERE, declared=False, spool=SPOOLED)
STAGED, CURRENT = head("crm-a", None, (1,)), head("crm-a", 1)
TABLE: list[tuple[Intent, Evidence, Settlement]] = [
    (SENT, NOTHING, Settlement.GIVE_UP),
    (SENT, replace(NOTHING, unread="x"), Settlement.WAIT),
    (SENT, replace(FOUND, unread="x"), Settlement.WAIT),
    (SENT, FOUND, Settlement.UNDO),
    (SENT, replace(FOUND, spool=SPOOLED), Settlement.FINISH),
    (SENT, replace(FOUND, spool=SEALED), Settlement.UNDO),
    (SENT, replace(FOUND, head=None), Settlement.UNDO),
    (SENT, replace(FOUND, store_unread="sealed"), Settlement.WAIT),
    (SENT, replace(FOUND, head=STAGED), Settlement.ASK),
    (SENT, replace(NOTHING, candidates=(USED,)), Settlement.ASK),
    (SENT, replace(NOTHING, candidates=(USED,), spool=SPOOLED), Settlement.FINISH),
    (SENT, replace(NOTHING, candidates=(ONE, USED)), Settlement.ASK),
    (SENT, replace(NOTHING, candidates=(ONE, USED), spool=SPOOLED), Settlement.FINISH),
    (ANSWERED, THERE, Settlement.CONDEMN),
    (ANSWERED, replace(THERE, declared=False), Settlement.UNDO),
    (ANSWERED, replace(THERE, spool=SPOOLED), Settlement.FINISH),
    (ANSWERED, replace(THERE, spool=SPOOLED, store_unread="sealed"), Settlement.WAIT),
    (ANSWERED, replace(THERE, spool=SEALED), Settlement.CONDEMN),
    (ANSWERED, replace(THERE, head=STAGED), Settlement.PUBLISH),
    (ANSWERED, replace(THERE, head=CURRENT), Settlement.PUBLISH),
    (ANSWERED, replace(THERE, head=CURRENT, spool=SPOOLED), Settlement.FINISH),
    (ANSWERED, replace(THERE, head=head("crm-a", 2)), Settlement.CONDEMN),
    (ANSWERED, replace(THERE, store_unread="sealed"), Settlement.WAIT),
    (ANSWERED, NOTHING, Settlement.WAIT),
    (ANSWERED, replace(NOTHING, unread="x"), Settlement.WAIT),
    (ANSWERED, replace(NOTHING, gone=True), Settlement.GIVE_UP),
    (ANSWERED, replace(NOTHING, gone=True, spool=SPOOLED), Settlement.GIVE_UP),
    (SENT, replace(NOTHING, lagging=True), Settlement.WAIT),
    (SENT, replace(FOUND, lagging=True), Settlement.UNDO),
    (SENT, replace(FOUND, marked=False), Settlement.UNDO),
    (SENT, replace(FOUND, marked=False, certain=False), Settlement.ASK),
    (SENT, replace(NOTHING, marked=False, certain=False), Settlement.GIVE_UP),
    (SENT, replace(NOTHING, candidates=(ONE, live("crm-a", 2)), marked=False), Settlement.ASK),
    (SENT, replace(FOUND, marked=False, certain=False, spool=SPOOLED), Settlement.FINISH),
    (ANSWERED, replace(THERE, spool=SPOOLED, effect=Effect.OUR_DEPLOY), Settlement.FINISH),
    (ANSWERED, replace(THERE, head=STAGED, effect=Effect.OUR_DEPLOY), Settlement.PUBLISH),
    (ANSWERED, replace(THERE, effect=Effect.OUR_DEPLOY), Settlement.CONDEMN),
    (ANSWERED, replace(THERE, spool=SPOOLED, effect=Effect.THEIR_DEPLOY), Settlement.WAIT),
    (ANSWERED, replace(LEFT, effect=Effect.OUR_DEPLOY), Settlement.UNDO),
    (ANSWERED, replace(LEFT, effect=Effect.THEIR_DEPLOY), Settlement.UNDO),
    (ANSWERED, LEFT, Settlement.FINISH),
]


@pytest.mark.parametrize(("open_one", "evidence", "expected"), TABLE)
def test_an_interrupted_create_ends(
    open_one: Intent, evidence: Evidence, expected: Settlement
) -> None:
    recovery = settle(open_one, evidence)
    assert recovery.settlement is expected
    assert recovery.sentence
    assert recovery.intent is open_one


def test_every_settlement_of_a_create_is_in_the_table() -> None:
    assert {settlement for _, _, settlement in TABLE} == set(Settlement) - {Settlement.CLOSE}


@pytest.mark.parametrize(
    "kind", [kind for kind in IntentKind if kind not in {IntentKind.CREATE, IntentKind.RESTORE}]
)
@pytest.mark.parametrize("evidence", [NOTHING, FOUND, THERE])
def test_anything_idempotent_is_closed_and_planned_anew(
    kind: IntentKind, evidence: Evidence
) -> None:
    assert settle(intent("crm-a", kind=kind), evidence).settlement is Settlement.CLOSE


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (THERE, Settlement.FINISH),
        (replace(THERE, live=None, gone=True), Settlement.CLOSE),
        (replace(THERE, live=None), Settlement.WAIT),
    ],
)
def test_an_undo_is_finished_while_its_version_is_there(
    evidence: Evidence, expected: Settlement
) -> None:
    assert settle(intent("crm-a", kind=IntentKind.RESTORE), evidence).settlement is expected


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (Effect.NOW, Settlement.CLOSE),
        (Effect.OUR_DEPLOY, Settlement.CLOSE),
        (Effect.THEIR_DEPLOY, Settlement.WAIT),
    ],
)
def test_a_deletion_is_over_when_no_container_accepts_the_key(
    effect: Effect, expected: Settlement
) -> None:
    gone = replace(NOTHING, gone=True, effect=effect)
    recovery = settle(intent("crm-a", kind=IntentKind.DELETE), gone)
    assert (recovery.settlement, recovery.effect) == (expected, effect)
    there = settle(intent("crm-a", kind=IntentKind.DELETE), replace(THERE, effect=effect))
    assert (there.settlement, there.effect) == (Settlement.CLOSE, Effect.NOW)


@pytest.mark.parametrize("kind", IntentKind)
def test_nothing_is_settled_without_a_complete_read(kind: IntentKind) -> None:
    unread = replace(THERE, unread="page 3 could not be read")
    assert settle(intent("crm-a", kind=kind), unread).settlement is Settlement.WAIT


@pytest.mark.parametrize("evidence", [FOUND, replace(FOUND, spool=SPOOLED)])
def test_what_is_settled_names_its_key(evidence: Evidence) -> None:
    assert settle(SENT, evidence).key_id == ONE.id


def test_several_candidates_are_named_in_one_order() -> None:
    there = replace(NOTHING, candidates=(live("crm-a", 2), live("crm-a", 1)))
    back = replace(NOTHING, candidates=(live("crm-a", 1), live("crm-a", 2)))
    assert settle(SENT, there).sentence == settle(SENT, back).sentence


def test_a_spooled_secret_is_never_given_up_for_a_list_that_lags() -> None:
    assert settle(SENT, replace(NOTHING, spool=SPOOLED)).settlement is not Settlement.GIVE_UP
