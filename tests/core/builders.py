"""What the tests of planning and doing are built from: one healthy stack, and ways to bend it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.core.capabilities import Capabilities
from reconciler.core.desired import Desired, DesiredKey, DesiredProvider, Unmanaged
from reconciler.core.diff import remember, wanted
from reconciler.core.keys import (
    ENABLED,
    EXPIRES_AT,
    NAME,
    RATE_LIMIT,
    SCOPES,
    Address,
    Attributes,
    KeyId,
    Lifetime,
    OpId,
    Stage,
    Target,
    Value,
)
from reconciler.core.observed import (
    Deployment,
    Head,
    LiveKey,
    LiveStatus,
    Observed,
    ProviderView,
    SpoolView,
    StoredVersion,
    StoreView,
)
from reconciler.core.ownership import mark_name, mark_of
from reconciler.core.recorded import (
    Intent,
    IntentKind,
    KeyRow,
    ProviderRow,
    Recorded,
    RetiredOp,
    StackMeta,
    Version,
)
from reconciler.core.secret import Fingerprint

STACK = "acme"
PROVIDER = "agents"
STORE = "local"
ORIGIN = "memory:"
TENANT = "memory"
TEMPLATE = "{name}.{mark}"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
AGENTS = "options.agent_ids"
META = StackMeta(stack=STACK, lineage="lineage-1", salt=b"sixteen byte salt", recipient=None)
FIELDS = frozenset({NAME, SCOPES, EXPIRES_AT, ENABLED, RATE_LIMIT, AGENTS})
ABLE = Capabilities(dialect="memory", fields=FIELDS, mutable=FIELDS, name_limit=100)
ABLE_ALL = {PROVIDER: ABLE}


def op(*words: object) -> OpId:
    """Give the one operation id that these words stand for."""
    return OpId(hashlib.sha256(" ".join(map(str, words)).encode()).hexdigest()[:32])


def print_of(*words: object) -> Fingerprint:
    """Give a fingerprint of nothing real."""
    return Fingerprint(op("print", *words))


def target(path: str, store: str = STORE) -> Target:
    """Give the slot where a key's secret goes."""
    return Target(store, path, "API_KEY")


def key(
    address: str = "crm-a",
    *,
    provider: str = PROVIDER,
    name: str | None = None,
    lifetime: Lifetime = None,
    delete_after: timedelta = 30 * DAY,
    slot: Target | None = None,
    owner: str | None = None,
    protect: bool = False,
    also: Mapping[str, Value] | None = None,
    **fields: Value,
) -> DesiredKey:
    """Declare a key; `fields` are the attributes that its manifest manages."""
    return DesiredKey(
        address=Address(address),
        provider=provider,
        name=name or address,
        attributes=Attributes.of({**fields, **(also or {})}),
        lifetime=lifetime,
        target=slot or target(address),
        delete_after=delete_after,
        place="keys.yaml:3:3",
        owner=owner,
        protect=protect,
    )


def provider(
    name: str = PROVIDER,
    *,
    unmanaged: Unmanaged = Unmanaged.WARN,
    origin: str = ORIGIN,
    keys_enabled: bool | None = None,
    deploy: tuple[str, ...] | None = None,
    exclusive: bool = False,
) -> DesiredProvider:
    """Declare a provider."""
    return DesiredProvider(
        name=name,
        dialect="memory",
        origin=origin,
        unmanaged=unmanaged,
        name_template=TEMPLATE,
        keys_enabled=keys_enabled,
        deploy=deploy,
        exclusive=exclusive,
    )


def desired(*keys: DesiredKey, providers: Iterable[DesiredProvider] | None = None) -> Desired:
    """Declare a stack."""
    found = tuple(providers) if providers is not None else (provider(),)
    return Desired(stack=STACK, providers=found, keys=tuple(sorted(keys, key=lambda k: k.address)))


def key_id(address: str, number: int = 1) -> KeyId:
    """Give the id that the API has for a version."""
    return KeyId(f"id-{address}-{number}")


def marked(name: str, of_op: OpId, stack: str = STACK) -> str:
    """Give the name that a version has at the API."""
    return mark_name(TEMPLATE, name, mark_of(stack, of_op), ABLE.name_limit)


def version(
    address: str = "crm-a",
    number: int = 1,
    *,
    provider: str = PROVIDER,
    stage: Stage = Stage.CURRENT,
    created_at: datetime = NOW - 10 * DAY,
    lifetime: timedelta | None = None,
    expires_at: datetime | None = None,
    verified: bool = True,
    delete_at: datetime | None = None,
    condemned: bool = False,
    applied: tuple[tuple[str, str], ...] = (),
    slot: Target | None = None,
) -> Version:
    """Record a version, with the operation and the fingerprint that follow from its name."""
    return Version(
        number=number,
        provider=provider,
        key_id=key_id(address, number),
        op=op(address, number),
        stage=stage,
        target=slot or target(address),
        fingerprint=print_of(address, number),
        created_at=created_at,
        lifetime=lifetime,
        expires_at=expires_at,
        verified_at=created_at if verified else None,
        delete_at=delete_at,
        condemned=condemned,
        applied=applied,
    )


def row(
    address: str = "crm-a",
    *versions: Version,
    provider: str = PROVIDER,
    delete_after: timedelta = 30 * DAY,
    slot: Target | None = None,
    protect: bool = False,
    disabled_by_us: bool = False,
) -> KeyRow:
    """Record a key."""
    return KeyRow(
        address=Address(address),
        provider=provider,
        dialect="memory",
        target=slot or target(address),
        delete_after=delete_after,
        versions=versions or (version(address),),
        protect=protect,
        disabled_by_us=disabled_by_us,
        rev=1,
    )


def intent(
    address: str = "crm-a",
    number: int = 1,
    *,
    kind: IntentKind = IntentKind.CREATE,
    provider: str = PROVIDER,
    answered: bool = False,
    seen: tuple[KeyId, ...] = (),
    started_at: datetime = NOW - timedelta(hours=1),
) -> Intent:
    """Record an operation that an earlier run left open."""
    return Intent(
        op=op(address, number),
        kind=kind,
        address=Address(address),
        provider=provider,
        number=number,
        name=marked(address, op(address, number)),
        target=target(address),
        started_at=started_at,
        holder="host",
        key_id=key_id(address, number) if answered else None,
        fingerprint=print_of(address, number) if answered else None,
        seen=seen,
        rev=1,
    )


def retired(
    address: str = "crm-a",
    number: int = 1,
    provider: str = PROVIDER,
    seen: tuple[KeyId, ...] = (),
) -> RetiredOp:
    """Record a create that was given up."""
    return RetiredOp(
        op=op(address, number),
        provider=provider,
        address=Address(address),
        retired_at=NOW - timedelta(hours=2),
        seen=seen,
        rev=1,
    )


def live(
    address: str = "crm-a",
    number: int = 1,
    *,
    name: str | None = None,
    status: LiveStatus = LiveStatus.ACTIVE,
    used: datetime | None = None,
    **fields: Value,
) -> LiveKey:
    """Show a version as the API does; `fields` beside its name and whether it is on."""
    shown = name or marked(address, op(address, number))
    on = status is not LiveStatus.DISABLED
    return LiveKey(
        id=key_id(address, number),
        name=shown,
        status=status,
        attributes=Attributes.of({NAME: shown, ENABLED: on, **fields}),
        created_at=NOW - 10 * DAY,
        last_used_at=used,
    )


def foreign(
    name: str,
    ident: str = "foreign-1",
    used: datetime | None = None,
    created: datetime | None = None,
) -> LiveKey:
    """Show a key that somebody else made."""
    return LiveKey(
        id=KeyId(ident),
        name=name,
        status=LiveStatus.ACTIVE,
        attributes=Attributes.of({NAME: name}),
        created_at=created,
        last_used_at=used,
    )


def view(
    *keys: LiveKey,
    provider: str = PROVIDER,
    absent: Iterable[KeyId] = (),
    problem: str | None = None,
    origin: str = ORIGIN,
    tenant: str | None = TENANT,
    clock_ahead: timedelta | None = None,
    enabled: bool | None = None,
    deployments: Iterable[Deployment] = (),
    reach: Iterable[str] = (),
) -> ProviderView:
    """Show a provider."""
    return ProviderView(
        provider=provider,
        origin=origin,
        keys=keys,
        absent=frozenset(absent),
        tenant=tenant,
        clock_ahead=clock_ahead,
        problem=problem,
        enabled=enabled,
        deployments=tuple(deployments),
        reach=tuple(reach),
    )


def stored(address: str = "crm-a", number: int = 1) -> StoredVersion:
    """Say what a store's mark of a version reads."""
    return StoredVersion(
        op=op(address, number),
        key_id=key_id(address, number),
        fingerprint=print_of(address, number),
    )


def head(address: str = "crm-a", current: int | None = 1, staged: tuple[int, ...] = ()) -> Head:
    """Show the slot of a key; no current version and nothing staged is an empty slot."""
    return Head(
        target=target(address),
        owner=f"{STACK}/{address}" if current or staged else None,
        etag=f"{current}{staged}",
        current=stored(address, current) if current else None,
        staged=tuple(stored(address, number) for number in staged),
    )


def observed(
    *views: ProviderView,
    heads: Iterable[Head] = (),
    store_problem: str | None = None,
    spooled: Iterable[OpId] = (),
    readable: bool = True,
) -> Observed:
    """Show everything."""
    store = StoreView(store=STORE, heads=tuple(heads), problem=store_problem)
    spool = SpoolView(ops=frozenset(spooled), readable=readable)
    return Observed(providers=views, stores=(store,), spool=spool)


def recorded(
    *rows: KeyRow,
    intents: Iterable[Intent] = (),
    retired_ops: Iterable[RetiredOp] = (),
    providers: Iterable[ProviderRow] = (),
) -> Recorded:
    """Record a stack."""
    return Recorded(
        meta=META,
        keys=rows,
        intents=tuple(intents),
        retired=tuple(retired_ops),
        providers=tuple(providers),
    )


def settle_key(declared: DesiredKey, number: int = 1) -> tuple[KeyRow, LiveKey, Head]:
    """Give the row, the live key and the slot of a key that is exactly as it is declared."""
    address = declared.address
    born = version(address, number, provider=declared.provider, slot=declared.target)
    aim = wanted(declared, marked(declared.name, born.op), born.created_at, None)
    expires = aim.get(EXPIRES_AT)
    after = getattr(declared.lifetime, "span", None)
    off = aim.get(ENABLED) is False
    born = replace(
        born,
        lifetime=after,
        expires_at=expires if isinstance(expires, datetime) else None,
        applied=remember(aim),
    )
    shown = live(
        address,
        number,
        name=str(aim.get(NAME)),
        status=LiveStatus.DISABLED if off else LiveStatus.ACTIVE,
    )
    fields = {field: value for field, value in aim.pairs if field != ENABLED}
    kept = row(
        address,
        born,
        provider=declared.provider,
        delete_after=declared.delete_after,
        slot=declared.target,
        protect=declared.protect,
        disabled_by_us=off,
    )
    slot = replace(head(address, number), target=declared.target)
    return kept, replace(shown, attributes=shown.attributes.merge(fields)), slot
