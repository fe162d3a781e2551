"""What is known when a plan is made: the three inputs, indexed once, and questions about them.

Nothing is decided here. `plan` asks, and puts the answers before the tables that decide.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from reconciler.core.capabilities import Capabilities
from reconciler.core.desired import Desired, DesiredKey
from reconciler.core.diff import differ, live_name, wanted
from reconciler.core.keys import EXPIRES_AT, NAME, Address, Attributes, KeyId, Target
from reconciler.core.matching import match_live
from reconciler.core.observed import LiveKey, LiveStatus, Observed
from reconciler.core.orders import NONE, Orders
from reconciler.core.ownership import mark_of
from reconciler.core.recorded import Incident, Intent, IntentKind, KeyRow, Recorded, Version
from reconciler.core.recover import Evidence
from reconciler.core.retirement import Successor
from reconciler.core.rotation import Due, due
from reconciler.core.situation import Situation
from reconciler.core.tenant import Effect, Tenant, markless_of, tenants_of
from reconciler.core.usage import used_by_others

_REACH_SHOWN = 5
ABSENT = "absent"
"""The observed state of a key that is not there."""


class Knowledge:
    """The inputs of one plan, indexed once; every method is a question about them."""

    def __init__(
        self,
        desired: Desired,
        observed: Observed,
        recorded: Recorded,
        able: Mapping[str, Capabilities],
        now: datetime,
        orders: Orders = NONE,
    ) -> None:
        self.orders = orders
        self.desired = desired
        self.observed = observed
        self.recorded = recorded
        self.able = able
        self.now = now
        self.keys = {key.address: key for key in desired.keys}
        self.rows = {row.address: row for row in recorded.keys}
        self.tenants = tenants_of(desired, able, observed, recorded)
        self.revoked = {(i.provider, i.key_id): i for i in recorded.incidents}
        self.intents: dict[Address, list[Intent]] = {}
        for intent in recorded.intents:
            self.intents.setdefault(intent.address, []).append(intent)
        twins = {(key.provider, key.name): key.address for key in desired.keys}
        self.matches = match_live(observed, recorded, twins, markless_of(able))
        self._situations: dict[Address, Situation] = {}

    def situation(self, key: DesiredKey | None, row: KeyRow | None) -> Situation:
        """Gather all that is known of one key, by the version in use; only once for each."""
        address = key.address if key else row.address if row else Address("")
        found = self._situations.get(address)
        if found is None:
            found = self._situations[address] = self.situation_of(key, row, consumed(row))
        return found

    def situation_of(
        self, key: DesiredKey | None, row: KeyRow | None, version: Version | None
    ) -> Situation:
        """Gather all that is known of one version, be it the one in use or an older one."""
        provider = version.provider if version else situation_provider(key, row)
        able = self.able.get(provider)
        live = self.live(version) if version else None
        target = version.target if version else key.target if key else row.target if row else None
        aim = self.aim(key, version, able) if key and able else Attributes()
        expiry = aim.get(EXPIRES_AT)
        compared = key and live and able
        return Situation(
            now=self.now,
            row=row,
            key=key,
            version=version,
            live=live,
            absent=version is not None and self.absent(version),
            unread=self.matches.unread(provider),
            head=self.matches.heads.get(target) if target else None,
            store_unread=self.store_unread(key, target),
            can_read_secrets=self.matches.readback(target.store) if target else False,
            able=able,
            differences=differ(aim, live, version, able) if compared and live and able else (),
            expiry=expiry if isinstance(expiry, datetime) else None,
            lagging=version is not None and self.lagging(version.provider, version.created_at),
            dying=self.dying(version) if version else Effect.NOW,
            provable=self.provable(version),
            revoked=version is not None and self.matches.revoked(version.provider, version.key_id),
            due=self.due(key, version, live) if key and version else None,
            asked=key is not None and key.address in self.orders.rotate,
            incident=self.incident(version or latest(row)),
            slot_is_ours=self.is_ours(target, row),
        )

    def store_unread(self, key: DesiredKey | None, target: Target | None) -> str | None:
        """Why nothing is known of the slot of a secret, or of the one where its next will go."""
        slots = (target, key.target if key else None)
        found = (self.matches.store_unread(slot.store) for slot in slots if slot)
        return next((problem for problem in found if problem), None)

    def is_ours(self, target: Target | None, row: KeyRow | None) -> bool:
        """Whether a slot is empty, or has our mark for this very key."""
        head = self.matches.heads.get(target) if target else None
        ours = {None, f"{self.desired.stack}/{row.address}" if row else None}
        return head is None or head.owner in ours

    def live(self, version: Version) -> LiveKey | None:
        """Give a version as its API shows it."""
        return self.matches.live.get((version.provider, version.key_id))

    def due(self, key: DesiredKey, version: Version, live: LiveKey | None) -> Due | None:
        """Say when time makes a successor of a version due."""
        told = live.attributes.get(EXPIRES_AT) if live else None
        ends = told if isinstance(told, datetime) else version.expires_at
        return due(key, version, ends, self.desired.stack)

    def incident(self, version: Version | None) -> Incident | None:
        """Give the incident in which a version was revoked."""
        return self.revoked.get((version.provider, version.key_id)) if version else None

    def successor(self, row: KeyRow) -> Successor | None:
        """Gather what is known of the version that took over, for the sake of older ones."""
        current = row.current
        if current is None:
            return None
        head, tenant = self.matches.heads.get(current.target), self.tenants.get(current.provider)
        able = self.able.get(current.provider)
        stored = head is not None and head.current is not None and head.current.op == current.op
        return Successor(
            version=current,
            live=self.live(current),
            stored=stored,
            effect=tenant.effect(current.key_id) if tenant else Effect.NOW,
            proven=self.is_proven(row),
            tells_use=able is not None and able.tells_last_use,
            clock_ahead=tenant.view.clock_ahead if tenant else None,
        )

    def absent(self, version: Version) -> bool:
        """Whether a version is confirmed gone."""
        return self.matches.absent(version.provider, version.key_id)

    def lagging(self, provider: str, since: datetime) -> bool:
        """Whether the list of a provider may not show yet what was made at that moment."""
        tenant = self.tenants.get(provider)
        return tenant is not None and tenant.lagging(since, self.now)

    def dying(self, version: Version) -> Effect:
        """When a version stops to be accepted that is gone at the API."""
        tenant = self.tenants.get(version.provider)
        return tenant.dying(version.key_id) if tenant else Effect.NOW

    def provable(self, version: Version | None) -> bool:
        """Whether a version can be tried out in this run, after its deploy if need be."""
        tenant = self.tenants.get(version.provider) if version else None
        if tenant is None or version is None:
            return True
        return not tenant.toggle.off and tenant.effect(version.key_id) is not Effect.THEIR_DEPLOY

    def proves_new_keys(self, provider: str) -> bool:
        """Whether a key that is made in this run is also tried out in it, as far as any can be."""
        tenant = self.tenants.get(provider)
        return tenant is None or tenant.effect(None) is not Effect.THEIR_DEPLOY

    def all_off(self, provider: str) -> bool:
        """Whether no key works there, so that nobody loses one that is taken away."""
        tenant = self.tenants.get(provider)
        return tenant is not None and tenant.toggle.off

    def aside(self, key: DesiredKey) -> str:
        """Say what else is to be known of a key before it is made."""
        tenant = self.tenants.get(key.provider)
        return "".join(_asides(tenant)) if tenant else ""

    def aim(self, key: DesiredKey, version: Version | None, able: Capabilities) -> Attributes:
        """Give what this version of this key should look like."""
        if version is None:
            name = key.name if NAME in able.fields else None
            return wanted(key, name, self.now, None)
        tenant = self.tenants.get(key.provider)
        template = tenant.provider.name_template if tenant else "{name}.{mark}"
        mark = mark_of(self.desired.stack, version.op)
        return wanted(key, live_name(key, template, mark, able), version.created_at, version)

    def is_proven(self, row: KeyRow) -> bool:
        """Whether the current version works: tried out by us, or used by somebody since.

        While all keys are switched off none does, and nobody can need the version before it.
        """
        current = row.current
        if current is None:
            return False
        live, tenant = self.live(current), self.tenants.get(current.provider)
        ahead = tenant.view.clock_ahead if tenant else None
        used = live is not None and used_by_others(live, current, ahead)
        able = self.able.get(current.provider)
        if able is None:
            return False
        if self.all_off(current.provider):
            return True
        return current.verified_at is not None or used or not able.can_verify

    def evidence(self, intent: Intent) -> Evidence:
        """Gather what is left of one open operation."""
        provider, key_id = intent.provider, self.key_of(intent)
        tenant = self.tenants.get(provider)
        gone = key_id is not None and self.matches.absent(provider, key_id)
        marked = tenant is None or not tenant.markless
        return Evidence(
            live=self.matches.live.get((provider, key_id)) if key_id else None,
            gone=gone,
            candidates=self.matches.candidates.get(intent.op, ()),
            head=self.matches.heads.get(intent.target),
            store_unread=self.matches.store_unread(intent.target.store),
            spool=self.observed.spool,
            unread=self.matches.unread(provider),
            declared=intent.address in self.keys,
            effect=effect_on(tenant, key_id, gone=gone),
            lagging=self.lagging(provider, intent.started_at),
            marked=marked,
            certain=marked or (tenant is not None and tenant.provider.exclusive),
            replaceable=self.replaceable(intent),
        )

    def replaceable(self, intent: Intent) -> bool:
        """Whether a new key can be tried out no more, and the version before it still works."""
        row, able = self.rows.get(intent.address), self.able.get(intent.provider)
        current = row.current if row else None
        if current is None or able is None or not able.can_verify:
            return False
        live = self.live(current)
        works = live is not None and live.status is LiveStatus.ACTIVE
        return works and not self.matches.readback(intent.target.store)

    def key_of(self, intent: Intent) -> KeyId | None:
        """Give the id of the key that an operation is about, as far as it is known."""
        row = self.rows.get(intent.address)
        living = row.living if row and intent.kind is not IntentKind.CREATE else ()
        known = next((v.key_id for v in living if v.number == intent.number), None)
        return intent.key_id or known


def effect_on(tenant: Tenant | None, key_id: KeyId | None, *, gone: bool) -> Effect:
    """When an operation counts: a key that is there begins to, one that is gone stops to."""
    if tenant is None:
        return Effect.NOW
    return tenant.dying(key_id) if gone and key_id else tenant.effect(key_id)


def _asides(tenant: Tenant) -> Iterator[str]:
    if reach := tenant.view.reach:
        more = len(reach) - _REACH_SHOWN
        rest = f" and {more} more" if more > 0 else ""
        yield f"; it will also reach {', '.join(sorted(reach)[:_REACH_SHOWN])}{rest}"
    if tenant.toggle.off:
        yield "; it cannot be tried out while all keys are switched off"
    elif tenant.effect(None) is Effect.THEIR_DEPLOY:
        yield "; it counts only after a deploy, which the manifest leaves to somebody else"


def consumed(row: KeyRow | None) -> Version | None:
    """Give the version that consumers use, or used last; never a condemned one."""
    if row is None:
        return None
    if (current := row.current) is not None:
        return current
    usable = [v for v in row.living if not v.condemned]
    latest = [v for v in usable if not v.superseded] or usable
    return latest[-1] if latest else None


def latest(row: KeyRow | None) -> Version | None:
    """Give the newest version that is remembered of a key, be it gone."""
    return max(row.versions, key=lambda v: v.number, default=None) if row else None


def elders(row: KeyRow | None) -> tuple[Version, ...]:
    """Give the older versions of a key that are still there, and not condemned."""
    if row is None:
        return ()
    in_use = consumed(row)
    return tuple([v for v in row.living if v is not in_use and not v.condemned])


def next_number(row: KeyRow | None) -> int:
    """Give the number of a key's next version."""
    return max((v.number for v in row.versions), default=0) + 1 if row else 1


def situation_provider(key: DesiredKey | None, row: KeyRow | None) -> str:
    """Give the provider where a key's versions are; where it will be, if it has none."""
    version = consumed(row)
    if version is not None:
        return version.provider
    return key.provider if key else row.provider if row else ""


def fingerprint_of(live: LiveKey | None) -> str:
    """Name the observed state of one key, so that a change of it since is noticed."""
    if live is None:
        return ABSENT
    text = json.dumps([live.id, live.status, live.attributes.pairs], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
