"""What the tests of rendering show: plans, records and observations, small and complete."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import (
    ENABLED,
    EXPIRES_AT,
    RATE_LIMIT,
    SCOPES,
    Address,
    After,
    Attributes,
    Cause,
    KeyId,
    OpId,
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
    Recorded,
    RetiredOp,
    StackMeta,
    Version,
)
from reconciler.core.secret import Fingerprint
from reconciler.core.steps import (
    Action,
    Difference,
    Foreign,
    Plan,
    ProviderState,
    Reason,
    Scheduled,
    Settlement,
    Step,
)

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
CRM = Address("crm-prod-agent-call")
BILLING = Address("billing-staging")
TARGET = Target("local", "crm/agents", "CLOUISLE_API_KEY")
OP = OpId("3f9c2a1b" * 4)
ESCAPE = "\x1b"

CRM_KEY = DesiredKey(
    address=CRM,
    provider="agents",
    name="crm-prod-agent-call",
    attributes=Attributes.of(
        {SCOPES: ("chat",), ENABLED: True, RATE_LIMIT: 600, "options.agent_ids": ("3f0e", "1a2b")}
    ),
    lifetime=After(timedelta(days=120)),
    target=TARGET,
    delete_after=timedelta(days=30),
    place="keys.yaml:14:3",
    owner="team-crm",
    service="crm",
    environment="prod",
    labels=(("purpose", "agent-call"),),
)
KEYS = {CRM: CRM_KEY}


def step(action: Action, reason: Reason, sentence: str, address: Address = BILLING) -> Step:
    """Make a step on version 2 of a key."""
    return Step(
        address=address,
        provider="agents",
        action=action,
        cause=Cause.CONFIG,
        reason=reason,
        sentence=sentence,
        number=2,
        key_id=KeyId("08b8-41d2"),
        precondition="ab12cd34",
    )


CREATE = Step(
    address=CRM,
    provider="agents",
    action=Action.CREATE,
    cause=Cause.CONFIG,
    reason=Reason.MISSING,
    sentence="it does not exist yet",
    number=1,
    place="keys.yaml:14:3",
)
UPDATE = replace(
    step(Action.UPDATE, Reason.CHANGED, "it was changed outside Keywright"),
    cause=Cause.DRIFT,
    differences=(
        Difference(
            SCOPES,
            ("chat",),
            ("chat", "agent:read"),
            Cause.DRIFT,
            added=("agent:read",),
        ),
        Difference(RATE_LIMIT, None, 600, Cause.DRIFT, widens=True),
        Difference(EXPIRES_AT, None, datetime(2027, 3, 21, tzinfo=UTC), Cause.CONFIG, known=False),
    ),
)
ENABLE = step(Action.ENABLE, Reason.SWITCHED, "`enabled` is true")
DISABLE = replace(
    step(Action.DISABLE, Reason.SWITCHED, "`enabled` is false"),
    impact="the key stops working at once",
)
RETIRE = replace(
    step(Action.RETIRE, Reason.UNDECLARED, "it is not in the manifest any more"),
    impact="the key stops working at once",
    due_at=datetime(2026, 12, 21, 2, 0, tzinfo=UTC),
)
DELETE = replace(
    step(Action.DELETE, Reason.DELETE_DUE, "it left the manifest, and its time for undo ended"),
    impact="the key cannot be brought back",
)
CONDEMNED = replace(
    step(Action.DELETE, Reason.CONDEMNED, "the secret of v2 was lost in an interrupted run"),
    cause=Cause.RECOVERY,
)
FORGET = step(Action.FORGET, Reason.ALREADY_GONE, "it is gone at the API")
RECOVER = replace(
    step(Action.RECOVER, Reason.LEFT_OVER, "an interrupted create is finished"),
    cause=Cause.RECOVERY,
    op=OP,
    settlement=Settlement.FINISH,
)
HOLD = step(
    Action.HOLD,
    Reason.DISABLED_OUTSIDE,
    "it was disabled outside Keywright, which may be an incident",
)
EVERY_STEP = (RECOVER, CREATE, UPDATE, ENABLE, DISABLE, RETIRE, DELETE, CONDEMNED, FORGET, HOLD)

AGENTS = ProviderState("agents", "https://clouisle.example.com", "clouisle", None, None)
UNREAD = ProviderState(
    "studio", "https://studio.example.com", "studio", "6f1c", "HTTP 503 from GET /keys, 3 times"
)
TWIN = Foreign("agents", KeyId("77aa"), CRM, None, twin_of=CRM)
STRANGER = Foreign("agents", KeyId("99bb"), "old-billing", datetime(2026, 11, 1, 8, 30, tzinfo=UTC))
UNDER_WAY = Scheduled(BILLING, 3, Action.DELETE, datetime(2026, 12, 21, 2, 0, tzinfo=UTC))


def plan(
    *steps: Step,
    providers: tuple[ProviderState, ...] = (AGENTS,),
    foreign: tuple[Foreign, ...] = (),
    scheduled: tuple[Scheduled, ...] = (),
) -> Plan:
    """Make a plan of these steps."""
    return Plan(
        stack="acme-agents",
        lineage="0a1b",
        serial=7,
        made_at=NOW,
        providers=providers,
        steps=steps,
        foreign=foreign,
        scheduled=scheduled,
        managed=2,
        digest="d1ge57",
    )


CROWDED = plan(
    *EVERY_STEP,
    providers=(AGENTS, UNREAD),
    foreign=(STRANGER, TWIN),
    scheduled=(UNDER_WAY,),
)

CURRENT = Version(
    number=2,
    provider="agents",
    key_id=KeyId("08b8-41d2"),
    op=OP,
    stage=Stage.CURRENT,
    target=TARGET,
    fingerprint=Fingerprint("fedcba98" * 4),
    created_at=NOW - timedelta(days=3),
    lifetime=timedelta(days=120),
    expires_at=NOW + timedelta(days=117),
    verified_at=NOW - timedelta(hours=70),
    applied=((SCOPES, '["chat"]'),),
)
OLD = replace(
    CURRENT,
    number=1,
    key_id=KeyId("0000-0001"),
    op=OpId("aaaaaaaa" * 4),
    stage=Stage.DISABLED,
    created_at=NOW - timedelta(days=100),
    expires_at=None,
    verified_at=None,
    disabled_at=NOW - timedelta(days=1),
    delete_at=NOW + timedelta(days=29),
)
ROW = KeyRow(
    address=CRM,
    provider="agents",
    dialect="clouisle",
    target=TARGET,
    delete_after=timedelta(days=30),
    versions=(OLD, CURRENT),
    owner="team-crm",
    rev=4,
)
LOST = OpId("bbbbbbbb" * 4)
INTENT = Intent(
    op=LOST,
    kind=IntentKind.CREATE,
    address=BILLING,
    provider="agents",
    number=1,
    name="billing-staging.kw-aaaaaa-bbbbbbbb",
    target=Target("local", "billing", "KEY"),
    started_at=NOW - timedelta(hours=5),
    holder="ci@runner-7",
)
SALT = b"the salt of this stack"
RECORDED = Recorded(
    meta=StackMeta(stack="acme-agents", lineage="0a1b", salt=SALT, recipient=None, serial=7),
    keys=(ROW,),
    intents=(INTENT,),
    retired=(
        RetiredOp(op=OpId("cccccccc" * 4), provider="agents", address=BILLING, retired_at=NOW),
    ),
)
LIVE = LiveKey(
    id=KeyId("08b8-41d2"),
    name="crm-prod-agent-call.kw-aaaaaa-3f9c2a1b",
    status=LiveStatus.ACTIVE,
    attributes=Attributes.of({EXPIRES_AT: NOW + timedelta(days=117)}),
)
OBSERVED = Observed(
    providers=(
        ProviderView(
            provider="agents",
            origin="https://clouisle.example.com",
            keys=(
                LIVE,
                replace(
                    LIVE,
                    id=KeyId("0000-0001"),
                    status=LiveStatus.DISABLED,
                    attributes=Attributes.of({EXPIRES_AT: None}),
                    last_used_at=NOW - timedelta(hours=30),
                ),
            ),
        ),
    ),
    stores=(
        StoreView(
            store="local",
            heads=(
                Head(
                    target=TARGET,
                    owner="acme-agents/crm-prod-agent-call",
                    etag="1",
                    current=StoredVersion(
                        op=OP, key_id=KeyId("08b8-41d2"), fingerprint=Fingerprint("fe")
                    ),
                ),
            ),
        ),
    ),
    spool=SpoolView(ops=frozenset({LOST})),
)

ROTATE = Step(
    address=CRM,
    provider="agents",
    action=Action.ROTATE,
    cause=Cause.CONFIG,
    reason=Reason.IMMUTABLE,
    sentence="the API cannot change scopes",
    number=2,
    key_id=KeyId("08b8-41d2"),
    differences=(
        Difference(SCOPES, ("chat", "x"), ("chat",), Cause.CONFIG, removed=("x",)),
        Difference("options.region", "eu", "us", Cause.DRIFT),
    ),
    due_at=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
    replaces=1,
    overlap=timedelta(hours=48),
)
REVOKE = replace(
    step(Action.REVOKE, Reason.COMPROMISED, "ops said that it leaked"),
    impact="the key stops working at once",
)
NOTIFY = step(Action.NOTIFY, Reason.NOT_ANNOUNCED, "consumers do not know of v2 yet")
RESTORE = replace(step(Action.RESTORE, Reason.ASKED, "it was asked for"), number=1, replaces=2)
INCIDENT = Incident(
    id=OpId("dddddddd" * 4),
    case=OpId("eeeeeeee" * 4),
    address=CRM,
    provider="agents",
    number=2,
    key_id=KeyId("08b8-41d2"),
    at=NOW - timedelta(hours=2),
    by="ops@laptop",
    reason="leaked in a gist",
    compromised=True,
    replace=True,
    revoked_at=NOW - timedelta(hours=2),
    last_used_at=NOW - timedelta(hours=3),
    audit=(
        AuditNote(at=NOW - timedelta(hours=2), actor="ops", action="key.off", request_id="r-1"),
    ),
)
SETTLED = replace(
    INCIDENT,
    id=OpId("ffffffff" * 4),
    number=1,
    compromised=False,
    rejected_at=NOW - timedelta(hours=1),
    replaced_by=2,
    settled_at=NOW,
    audit=(),
)
