"""Provider keys: secrets that go into gateways. Builds each, and reports what does not fit.

A gateway must not be fed, directly or through others, with a key that it issues itself: replacing
that key would need the gateway, which would need the key.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping

from reconciler.core.capabilities import Capabilities, upstream_complaints
from reconciler.core.desired import DesiredKey, DesiredProviderKey
from reconciler.core.keys import Address, Attributes, Target
from reconciler.core.steps import provider_key_address
from reconciler.documents.places import Path
from reconciler.documents.suggestions import quote
from reconciler.manifest.checking import FIELD, as_declared, only, which
from reconciler.manifest.models import ProviderKeyModel
from reconciler.manifest.problems import Problems
from reconciler.manifest.sources import KeySource, SlotSource

_MOST_SHOWN = 6


class ProviderKeyChecker:
    """Turns the provider keys of one manifest into desired ones, one after the other.

    `addresses` is every declared key, those of invalid ones included.
    """

    def __init__(
        self,
        problems: Problems,
        providers: Collection[str],
        stores: Collection[str],
        able: Mapping[str, Capabilities],
        keys: tuple[DesiredKey, ...],
        addresses: Collection[str],
    ) -> None:
        self._problems = problems
        self._providers = providers
        self._stores = stores
        self._able = able
        self._addresses = addresses
        self._keys = {str(key.address): key for key in keys}
        self._slots = {key.target: key for key in keys}
        self._upstreams: dict[tuple[str, str], str] = {}
        self._feeds = _Feeds()

    def check(self, name: str, own: ProviderKeyModel, place: str) -> DesiredProviderKey | None:
        """Give the desired provider key, or None where it cannot be told what it should be."""
        here: Path = ("provider_keys", name)
        self._check_provider(here, own)
        self._claim_upstream(here, own)
        fields = self._fields(here, own)
        found = self._source(here, own)
        if found is None:
            return None
        source, key = found
        if key is not None and not self._problems.settled((*here, "provider")):
            self._check_circle(here, own, key)
        return DesiredProviderKey(
            address=provider_key_address(name),
            provider=own.provider,
            upstream=own.upstream,
            source=source,
            of_key=key.address if key else None,
            fields=fields,
            adopt=own.adopt,
            place=place,
        )

    def _check_provider(self, here: Path, own: ProviderKeyModel) -> None:
        path: Path = (*here, "provider")
        able = self._able.get(own.provider)
        if own.provider not in self._providers:
            self._problems.say_unknown(path, "provider", own.provider, self._providers)
        elif able is not None and not able.takes_provider_keys:
            self._problems.complain(
                path, f"cannot be honoured: {able.dialect} is no gateway that takes secrets"
            )

    def _claim_upstream(self, here: Path, own: ProviderKeyModel) -> None:
        name = str(here[1])
        first = self._upstreams.setdefault((own.provider, own.upstream), name)
        if first != name:
            self._problems.complain(
                (*here, "upstream"),
                f"is {quote(own.upstream)}, which provider key {quote(first)} of the same provider"
                " has",
            )

    def _fields(self, here: Path, own: ProviderKeyModel) -> Attributes:
        able = self._able.get(own.provider)
        rules = {rule.field: rule for rule in able.gateway_fields} if able else {}
        fields = Attributes.of(
            {name: as_declared(value, rules.get(name)) for name, value in own.options.items()}
        )
        if able is not None and able.takes_provider_keys:
            for complaint in upstream_complaints(fields, able):
                path: Path = (*here, "options", complaint.field)
                self._problems.complain(path, complaint.predicate)
        return fields

    def _source(self, here: Path, own: ProviderKeyModel) -> tuple[Target, DesiredKey | None] | None:
        path: Path = (*here, "value")
        match own.value:
            case KeySource(address):
                key = self._keys.get(address)
                if address not in self._addresses:
                    self._problems.say_unknown(path, "key", address, self._addresses)
                return (key.target, key) if key else None
            case SlotSource() as slot:
                target = self._slot(path, slot)
                return (target, self._slots.get(target)) if target else None

    def _slot(self, path: Path, slot: SlotSource) -> Target | None:
        store = slot.store or only(self._stores)
        if store is None:
            self._problems.say(path, f"`value.store` is missing: {which(self._stores)}")
            return None
        if store not in self._stores:
            self._problems.say_unknown(path, "store", store, self._stores)
            return None
        return Target(store, slot.path, slot.field or FIELD)

    def _check_circle(self, here: Path, own: ProviderKeyModel, key: DesiredKey) -> None:
        circle = self._feeds.close(key.provider, own.provider, key.address)
        if circle:
            self._problems.say(
                (*here, "value"),
                f"a gateway cannot live on a key that it feeds: {_draw(own.provider, circle)}",
            )


class _Feeds:
    """Which provider's keys go into which gateway: a graph that is kept without circles."""

    def __init__(self) -> None:
        self._into: dict[str, dict[str, Address]] = {}
        self._closing: dict[tuple[str, str], tuple[tuple[Address, str], ...]] = {}

    def close(
        self, issuer: str, gateway: str, key: Address
    ) -> tuple[tuple[Address, str], ...] | None:
        """Add a key on its way, unless that closes a circle: then give it, from the gateway on."""
        known = self._into.get(issuer, {})
        if gateway in known:
            return None
        pair = (issuer, gateway)
        if pair not in self._closing:
            back = self._way(gateway, issuer)
            if back is None:
                self._into.setdefault(issuer, {})[gateway] = key
                return None
            self._closing[pair] = back
        return (*self._closing[pair], (key, gateway))

    def _way(self, start: str, end: str) -> tuple[tuple[Address, str], ...] | None:
        """Find the shortest way along keys that are given into gateways."""
        came: dict[str, tuple[str, Address] | None] = {start: None}
        waiting = deque([start])
        while waiting and end not in came:
            here = waiting.popleft()
            for there, key in self._into.get(here, {}).items():
                if there not in came:
                    came[there] = (here, key)
                    waiting.append(there)
        return _trace(came, end) if end in came else None


def _trace(
    came: Mapping[str, tuple[str, Address] | None], end: str
) -> tuple[tuple[Address, str], ...]:
    steps: list[tuple[Address, str]] = []
    before = came[end]
    while before is not None:
        steps.append((before[1], end))
        end = before[0]
        before = came[end]
    return tuple(reversed(steps))


def _draw(start: str, circle: tuple[tuple[Address, str], ...]) -> str:
    """Spell a circle out: each provider, and the key of it that goes into the next one."""
    steps = [f"issues key {quote(key)}, which goes into {quote(there)}" for key, there in circle]
    if len(steps) > _MOST_SHOWN:
        left_out = f"… {len(steps) - _MOST_SHOWN + 1} more …"
        steps = [*steps[: _MOST_SHOWN - 2], left_out, steps[-1]]
    return f"{quote(start)} {', which '.join(steps)}"
