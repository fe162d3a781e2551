"""Any plan, any record, any result: as the types allow them, with the worst of names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import (
    ENABLED,
    EXPIRES_AT,
    RATE_LIMIT,
    SCOPES,
    After,
    At,
    Attributes,
    Cause,
    Never,
    Stage,
    Target,
)
from reconciler.core.observed import (
    Head,
    LiveKey,
    LiveStatus,
    Observed,
    ProviderView,
    SpoolView,
    StoredVersion,
    StoreView,
)
from reconciler.core.recorded import (
    AuditNote,
    Incident,
    Intent,
    IntentKind,
    KeyRow,
    Proof,
    Recorded,
    RetiredOp,
    StackMeta,
    Version,
)
from reconciler.core.steps import (
    Action,
    Difference,
    Foreign,
    Outcome,
    Plan,
    ProviderState,
    Reason,
    Remark,
    Result,
    Scheduled,
    Settlement,
    Step,
    Topic,
)

_BAD = (
    "\x1b\x00\x07\x7f\x85\x9b\r\n\t\u200b\u202e\u2066\u2028\ufeff\u3164\ufe0f\u0301\ud800\xa0 :#["
)
_ORDERS = (
    "::set-output name=x::y",
    "##[error]",
    "##vso[x]",
    "\x1b[2J",
    "Plan: 9 to add",
    "\n\nNo changes.",
)
HOSTILE = st.lists(
    st.one_of(st.text(), st.sampled_from(_BAD), st.sampled_from(_ORDERS)), max_size=6
).map("".join)
_FEW_NAMES = st.one_of(st.sampled_from(("crm", "billing", "a" * 70, "東京の鍵")), HOSTILE)
TIMES = st.one_of(
    st.datetimes(timezones=st.sampled_from((UTC, timezone(timedelta(hours=14))))),
    st.sampled_from((datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))),
)
SPANS = st.timedeltas()
SETS = st.lists(HOSTILE, max_size=3).map(lambda found: tuple(sorted(found)))
VALUES = st.one_of(HOSTILE, st.integers(), st.booleans(), TIMES, SETS, st.none())
FIELDS = st.one_of(st.sampled_from((SCOPES, EXPIRES_AT, ENABLED, RATE_LIMIT)), HOSTILE)
ATTRIBUTES = st.dictionaries(FIELDS, VALUES, max_size=4).map(Attributes.of)
TARGETS = st.builds(Target, HOSTILE, HOSTILE, HOSTILE)


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def _tuples(strategy: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[Any]:
    return st.lists(strategy, max_size=most).map(tuple)


KEYS: st.SearchStrategy[Any] = st.builds(
    DesiredKey,
    address=_FEW_NAMES,
    provider=HOSTILE,
    name=HOSTILE,
    attributes=ATTRIBUTES,
    lifetime=st.one_of(st.none(), st.just(Never()), st.builds(At, TIMES), st.builds(After, SPANS)),
    target=TARGETS,
    delete_after=SPANS,
    place=HOSTILE,
    owner=_maybe(HOSTILE),
    service=_maybe(HOSTILE),
    environment=_maybe(HOSTILE),
    labels=_tuples(st.tuples(HOSTILE, HOSTILE), 2),
    protect=st.booleans(),
)
DIFFERENCES = st.builds(
    Difference,
    FIELDS,
    VALUES,
    VALUES,
    st.sampled_from(Cause),
    known=st.booleans(),
    added=SETS,
    removed=SETS,
    widens=st.booleans(),
)
STEPS = st.builds(
    Step,
    address=_FEW_NAMES,
    provider=HOSTILE,
    action=st.sampled_from(Action),
    cause=st.sampled_from(Cause),
    reason=st.sampled_from(Reason),
    sentence=HOSTILE,
    number=_maybe(st.integers(1, 99)),
    key_id=_maybe(HOSTILE),
    op=_maybe(HOSTILE),
    differences=_tuples(DIFFERENCES),
    impact=_maybe(HOSTILE),
    due_at=_maybe(TIMES),
    settlement=_maybe(st.sampled_from(Settlement)),
    place=_maybe(HOSTILE),
    precondition=HOSTILE,
    replaces=_maybe(st.integers(1, 99)),
    overlap=_maybe(SPANS),
)
SCHEDULED = st.builds(Scheduled, _FEW_NAMES, st.integers(1, 9), st.sampled_from(Action), TIMES)
REMARKS = st.builds(
    Remark, _FEW_NAMES, st.integers(1, 9), st.sampled_from(Topic), HOSTILE, _maybe(TIMES)
)
PLANS = st.builds(
    Plan,
    stack=HOSTILE,
    lineage=HOSTILE,
    serial=st.integers(0),
    made_at=TIMES,
    providers=_tuples(
        st.builds(ProviderState, HOSTILE, HOSTILE, HOSTILE, _maybe(HOSTILE), _maybe(HOSTILE))
    ),
    steps=_tuples(STEPS, 4),
    foreign=_tuples(
        st.builds(Foreign, HOSTILE, HOSTILE, HOSTILE, _maybe(TIMES), _maybe(_FEW_NAMES))
    ),
    scheduled=_tuples(SCHEDULED),
    remarks=_tuples(REMARKS),
    managed=st.integers(0),
    digest=HOSTILE,
)
RESULTS = st.lists(st.builds(Result, STEPS, st.sampled_from(Outcome), HOSTILE), max_size=5)
REFUSALS = _tuples(HOSTILE)

_NAMED_KEYS = ("crm", "billing", "\x1b[2J", "::error::")
_IDS = st.sampled_from(("id-1", "id-2", "\u202eid"))
_OPS = st.sampled_from(("aa" * 16, "bb" * 16, "\n::x::"))
_PLACES = st.sampled_from(("agents", "\x9bstudio"))
_SLOTS = st.builds(Target, _PLACES, HOSTILE, HOSTILE)
VERSIONS = st.builds(
    Version,
    number=st.integers(1, 9),
    provider=_PLACES,
    key_id=_IDS,
    op=_OPS,
    stage=st.sampled_from(Stage),
    target=_SLOTS,
    fingerprint=_maybe(HOSTILE),
    created_at=TIMES,
    lifetime=_maybe(SPANS),
    expires_at=_maybe(TIMES),
    verified_at=_maybe(TIMES),
    disabled_at=_maybe(TIMES),
    delete_at=_maybe(TIMES),
    condemned=st.booleans(),
    applied=_tuples(st.tuples(FIELDS, HOSTILE)),
    promoted_at=_maybe(TIMES),
    announced_at=_maybe(TIMES),
    overlap=_maybe(SPANS),
    retire_at=_maybe(TIMES),
    proofs=_tuples(st.builds(Proof, call=HOSTILE, answer=HOSTILE, at=TIMES)),
)
ROWS = st.builds(
    KeyRow,
    address=st.sampled_from(_NAMED_KEYS),
    provider=_PLACES,
    dialect=HOSTILE,
    target=_SLOTS,
    delete_after=SPANS,
    versions=_tuples(VERSIONS),
    owner=_maybe(HOSTILE),
)
INTENTS = st.builds(
    Intent,
    op=_OPS,
    kind=st.sampled_from(IntentKind),
    address=st.sampled_from(_NAMED_KEYS),
    provider=_PLACES,
    number=st.integers(1, 9),
    name=HOSTILE,
    target=_SLOTS,
    started_at=TIMES,
    holder=HOSTILE,
    key_id=_maybe(_IDS),
    fingerprint=_maybe(HOSTILE),
    lifetime=_maybe(SPANS),
    overlap=_maybe(SPANS),
)
NOTES = st.builds(
    AuditNote,
    at=_maybe(TIMES),
    actor=_maybe(HOSTILE),
    action=HOSTILE,
    request_id=_maybe(HOSTILE),
)
INCIDENTS = st.builds(
    Incident,
    id=_OPS,
    case=_OPS,
    address=_FEW_NAMES,
    provider=_PLACES,
    number=st.integers(1, 9),
    key_id=_IDS,
    at=TIMES,
    by=HOSTILE,
    reason=HOSTILE,
    compromised=st.booleans(),
    replace=st.booleans(),
    revoked_at=_maybe(TIMES),
    rejected_at=_maybe(TIMES),
    last_used_at=_maybe(TIMES),
    audit=_tuples(NOTES),
    replaced_by=_maybe(st.integers(1, 9)),
    settled_at=_maybe(TIMES),
)
RECORDS = st.builds(
    Recorded,
    meta=st.builds(
        StackMeta, stack=HOSTILE, lineage=HOSTILE, salt=st.just(b"salt"), recipient=_maybe(HOSTILE)
    ),
    keys=_tuples(ROWS),
    intents=_tuples(INTENTS),
    incidents=_tuples(INCIDENTS),
    retired=_tuples(
        st.builds(RetiredOp, op=_OPS, provider=_PLACES, address=HOSTILE, retired_at=TIMES)
    ),
)
_HEADS = st.builds(
    Head,
    target=_SLOTS,
    owner=_maybe(HOSTILE),
    etag=HOSTILE,
    current=_maybe(st.builds(StoredVersion, op=_OPS, key_id=_IDS, fingerprint=HOSTILE)),
)
OBSERVATIONS = st.builds(
    Observed,
    providers=_tuples(
        st.builds(
            ProviderView,
            provider=_PLACES,
            origin=HOSTILE,
            keys=_tuples(
                st.builds(
                    LiveKey,
                    id=_IDS,
                    name=HOSTILE,
                    status=st.sampled_from(LiveStatus),
                    attributes=ATTRIBUTES,
                    last_used_at=_maybe(TIMES),
                )
            ),
            absent=st.frozensets(_IDS),
            problem=_maybe(HOSTILE),
        ),
        2,
    ),
    stores=_tuples(
        st.builds(StoreView, store=_PLACES, heads=_tuples(_HEADS), problem=_maybe(HOSTILE)), 2
    ),
    spool=st.builds(SpoolView, ops=st.frozensets(_OPS), readable=st.booleans()),
)
BESIDE = st.fixed_dictionaries(
    {},
    optional={
        "scheduled": _tuples(
            st.builds(
                Scheduled,
                st.sampled_from(_NAMED_KEYS),
                st.integers(1, 9),
                st.sampled_from(Action),
                TIMES,
            )
        ),
        "remarks": _tuples(REMARKS),
        "within": _maybe(SPANS),
        "expiring_providers": _maybe(st.frozensets(_PLACES)),
    },
)
