"""Small random worlds, sensible and absurd: the planner must have an answer to every one."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TypeVar

from hypothesis import strategies as st

from reconciler.core.capabilities import Capabilities, Marker
from reconciler.core.desired import Desired, DesiredProvider
from reconciler.core.keys import After, At, KeyId, Never, Stage
from reconciler.core.observed import Deployment, LiveKey, LiveStatus, Observed, ProviderView
from reconciler.core.recorded import IntentKind, KeyRow, ProviderRow, Recorded
from tests.core import builders, projects
from tests.core.builders import ABLE, DAY, NOW

T = TypeVar("T")
ADDRESSES = ("crm-a", "crm-b", "crm-c")
PROVIDERS = ("agents", "other")


@dataclass(frozen=True)
class SmallWorld:
    """The three inputs of one plan, and what the providers can do."""

    desired: Desired
    observed: Observed
    recorded: Recorded
    able: dict[str, Capabilities]

    def shuffled(self, seed: int) -> SmallWorld:
        """Give the same world, told in another order."""
        dice = random.Random(seed)

        def mix(items: tuple[T, ...]) -> tuple[T, ...]:
            return tuple(dice.sample(items, len(items)))

        views = (replace(view, keys=mix(view.keys)) for view in self.observed.providers)
        stores = (replace(store, heads=mix(store.heads)) for store in self.observed.stores)
        return SmallWorld(
            replace(self.desired, keys=mix(self.desired.keys)),
            replace(self.observed, providers=mix(tuple(views)), stores=tuple(stores)),
            replace(
                self.recorded,
                keys=mix(self.recorded.keys),
                intents=mix(self.recorded.intents),
                retired=mix(self.recorded.retired),
            ),
            self.able,
        )


STUDIO = replace(
    ABLE,
    fields=frozenset(),
    mutable=frozenset(),
    marker=Marker.NONE,
    can_disable=False,
    can_enable=False,
    on_deploy=True,
    has_toggle=True,
)
ABILITIES = (
    ABLE,
    STUDIO,
    replace(ABLE, has_toggle=True, capacity=3, list_lag=2 * DAY, write_only=frozenset({"scopes"})),
    replace(STUDIO, list_lag=DAY / 48),
)
PROJECTS = ("storefront", "backoffice")
switches = st.sampled_from([None, True, False])
deploys = st.sampled_from([None, (), ("storefront",), ("backoffice", "storefront"), ("nothing",)])
chance = st.booleans()
rates = st.sampled_from([None, 600, 700])
scopes = st.sampled_from([(), ("chat",), ("admin", "chat")])
statuses = st.sampled_from(LiveStatus)
lifetimes = st.sampled_from([None, Never(), After(9 * DAY), After(90 * DAY), At(NOW - DAY)])
problems = st.sampled_from([None, None, "page 3 could not be read"])


@st.composite
def rows(draw: st.DrawFn, address: str) -> KeyRow:
    numbers = draw(st.sets(st.integers(1, 3), max_size=3))
    provider = draw(st.sampled_from(PROVIDERS))
    versions = [
        builders.version(
            address,
            number,
            provider=provider,
            stage=draw(st.sampled_from(Stage)),
            verified=draw(chance),
            condemned=draw(chance),
            delete_at=draw(st.sampled_from([None, NOW - DAY, NOW + DAY])),
            expires_at=draw(st.sampled_from([None, NOW + DAY])),
            lifetime=draw(st.sampled_from([None, 90 * DAY])),
        )
        for number in sorted(numbers)
    ]
    bare = builders.row(
        address,
        provider=provider,
        protect=draw(chance),
        disabled_by_us=draw(chance),
        delete_after=draw(st.sampled_from([0 * DAY, 30 * DAY])),
    )
    return replace(bare, versions=tuple(versions))


@st.composite
def live_keys(draw: st.DrawFn) -> LiveKey:
    address, number = draw(st.sampled_from(ADDRESSES)), draw(st.integers(1, 4))
    shown = builders.live(
        address,
        number,
        status=draw(statuses),
        used=draw(st.sampled_from([None, NOW - DAY])),
        rate_limit=draw(rates),
        scopes=draw(scopes),
    )
    match draw(st.sampled_from(["ours", "stray", "foreign"])):
        case "stray":
            return replace(shown, id=KeyId(f"stray-{address}-{number}-{draw(chance)}"))
        case "foreign":
            return builders.foreign(address, f"foreign-{address}-{number}")
        case _:
            return shown


ids = st.sampled_from(
    [builders.key_id(address, number) for address in ADDRESSES for number in range(1, 4)]
    + [KeyId("stray-crm-a-1-True"), KeyId("nobody's")]
)


@st.composite
def deployments(draw: st.DrawFn) -> list[Deployment]:
    return [
        projects.deployment(
            name,
            *draw(st.sets(ids, max_size=4)),
            stage=draw(st.sampled_from(["registered", "building", "deployed", "failed"])),
            enabled=draw(switches),
        )
        for name in draw(st.lists(st.sampled_from(PROJECTS), unique=True))
    ]


@st.composite
def provider_rows(draw: st.DrawFn) -> list[ProviderRow]:
    return [
        ProviderRow(
            name=name,
            origin=builders.ORIGIN,
            dialect="memory",
            tenant=builders.TENANT,
            keys_enabled=draw(switches),
            dead=tuple(sorted(draw(st.sets(ids, max_size=2)))),
        )
        for name in PROVIDERS
        if draw(chance)
    ]


@st.composite
def declared_providers(draw: st.DrawFn) -> list[DesiredProvider]:
    return [
        builders.provider(
            name,
            keys_enabled=draw(switches),
            deploy=draw(deploys),
            exclusive=draw(chance),
        )
        for name in PROVIDERS
    ]


@st.composite
def views(draw: st.DrawFn, provider: str, *, healthy: bool = False) -> ProviderView:
    keys = draw(st.lists(live_keys(), max_size=5, unique_by=lambda live: live.id))
    hidden = {
        builders.key_id(address, number) for address in ADDRESSES for number in range(1, 4)
    } - {live.id for live in keys}
    return builders.view(
        *keys,
        provider=provider,
        absent=draw(st.sets(st.sampled_from(sorted(hidden)))) if hidden else (),
        problem=None if healthy else draw(problems),
        clock_ahead=None if healthy else draw(st.sampled_from([None, DAY])),
        enabled=draw(switches),
        deployments=draw(deployments()),
    )


@st.composite
def small_worlds(draw: st.DrawFn, *, healthy: bool = False) -> SmallWorld:
    """Draw a world; a healthy one can be read whole, and its keys have to be deployed."""
    declared = [
        builders.key(
            address,
            provider=draw(st.sampled_from(PROVIDERS)),
            lifetime=draw(lifetimes),
            also={
                name: draw(values)
                for name, values in (("rate_limit", rates), ("enabled", chance), ("scopes", scopes))
                if draw(chance)
            },
        )
        for address in sorted(draw(st.sets(st.sampled_from(ADDRESSES))))
    ]
    some = st.sets(st.sampled_from(PROVIDERS), min_size=1)
    known = PROVIDERS if healthy else sorted(draw(some))
    abilities = (STUDIO,) if healthy else ABILITIES
    return SmallWorld(
        builders.desired(*declared, providers=draw(declared_providers())),
        builders.observed(
            *(draw(views(name, healthy=healthy)) for name in known),
            heads=[
                builders.head(address, draw(st.sampled_from([None, 1, 2])))
                for address in ADDRESSES
                if draw(chance)
            ],
            store_problem=None if healthy else draw(st.sampled_from([None, None, "sealed"])),
            spooled=[builders.op(address, 1) for address in ADDRESSES if draw(chance)],
        ),
        builders.recorded(
            *(draw(rows(address)) for address in sorted(draw(st.sets(st.sampled_from(ADDRESSES))))),
            intents=[
                builders.intent(
                    address,
                    number,
                    kind=draw(st.sampled_from(IntentKind)),
                    answered=draw(chance),
                    seen=tuple(sorted(draw(st.sets(ids, max_size=2)))),
                )
                for address, number in sorted(
                    draw(
                        st.sets(
                            st.tuples(st.sampled_from(ADDRESSES), st.integers(1, 3)), max_size=2
                        )
                    )
                )
            ],
            retired_ops=[builders.retired("crm-a", 4)] if draw(chance) else (),
            providers=draw(provider_rows()),
        ),
        {name: draw(st.sampled_from(abilities)) for name in PROVIDERS},
    )
