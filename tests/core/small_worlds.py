"""Small random worlds, sensible and absurd: the planner must have an answer to every one."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TypeVar

from hypothesis import strategies as st

from reconciler.core.desired import Desired
from reconciler.core.keys import After, At, KeyId, Never, Stage
from reconciler.core.observed import LiveKey, LiveStatus, Observed, ProviderView
from reconciler.core.recorded import IntentKind, KeyRow, Recorded
from tests.core import builders
from tests.core.builders import DAY, NOW

T = TypeVar("T")
ADDRESSES = ("crm-a", "crm-b", "crm-c")
PROVIDERS = ("agents", "other")


@dataclass(frozen=True)
class SmallWorld:
    """The three inputs of one plan."""

    desired: Desired
    observed: Observed
    recorded: Recorded

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
        )


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


@st.composite
def views(draw: st.DrawFn, provider: str) -> ProviderView:
    keys = draw(st.lists(live_keys(), max_size=5, unique_by=lambda live: live.id))
    hidden = {
        builders.key_id(address, number) for address in ADDRESSES for number in range(1, 4)
    } - {live.id for live in keys}
    return builders.view(
        *keys,
        provider=provider,
        absent=draw(st.sets(st.sampled_from(sorted(hidden)))) if hidden else (),
        problem=draw(problems),
        clock_ahead=draw(st.sampled_from([None, DAY])),
    )


@st.composite
def small_worlds(draw: st.DrawFn) -> SmallWorld:
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
    known = sorted(draw(st.sets(st.sampled_from(PROVIDERS), min_size=1)))
    return SmallWorld(
        builders.desired(*declared, providers=[builders.provider(name) for name in PROVIDERS]),
        builders.observed(
            *(draw(views(name)) for name in known),
            heads=[
                builders.head(address, draw(st.sampled_from([None, 1, 2])))
                for address in ADDRESSES
                if draw(chance)
            ],
            store_problem=draw(st.sampled_from([None, None, "sealed"])),
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
        ),
    )
