"""Which live key is which? By recorded id first, then by mark, and never by name alone.

Where an API carries no marks, a key that nobody recorded may still be what a lost create made: it
is then put where it could belong, as a suspect and no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.keys import Address, KeyId, OpId, Target
from reconciler.core.observed import Head, LiveKey, Observed, ProviderView, StoreView
from reconciler.core.ownership import op_tag, read_mark, stack_tag
from reconciler.core.recorded import Intent, IntentKind, Recorded, RetiredOp
from reconciler.core.steps import Foreign
from reconciler.core.strays import could_be_late, could_be_of


@dataclass(frozen=True, slots=True)
class Late:
    """A create that had been given up, and landed after all."""

    retired: RetiredOp
    live: LiveKey


@dataclass(frozen=True, slots=True)
class Suspect:
    """A live key with our mark whose operation the state does not know: the state is stale."""

    provider: str
    live: LiveKey


@dataclass(frozen=True, slots=True)
class Matches:
    """Every live key, put where it belongs, and look-ups into what was observed."""

    views: Mapping[str, ProviderView]
    live: Mapping[tuple[str, KeyId], LiveKey]
    candidates: Mapping[OpId, tuple[LiveKey, ...]]
    late: tuple[Late, ...]
    suspects: tuple[Suspect, ...]
    foreign: tuple[Foreign, ...]
    heads: Mapping[Target, Head]
    stores: Mapping[str, StoreView] = field(default_factory=dict)

    def unread(self, provider: str) -> str | None:
        """Why nothing can be concluded from absence at this provider; None when it can."""
        view = self.views.get(provider)
        return view.problem if view else f"provider '{provider}' was not read"

    def absent(self, provider: str, key_id: KeyId) -> bool:
        """Whether this id is confirmed gone."""
        view = self.views.get(provider)
        return view is not None and key_id in view.absent

    def revoked(self, provider: str, key_id: KeyId) -> bool:
        """Whether this id is gone, and still shown as revoked."""
        view = self.views.get(provider)
        return view is not None and key_id in view.revoked

    def readback(self, store: str) -> bool:
        """Whether values can be read from this store, here."""
        view = self.stores.get(store)
        return view is not None and view.readback

    def store_unread(self, store: str) -> str | None:
        """Why nothing is known of this store's slots; None when it is."""
        view = self.stores.get(store)
        problem = view.problem if view else "it was not read"
        return f"store '{store}': {problem}" if problem else None


def match_live(
    observed: Observed,
    recorded: Recorded,
    twins: Mapping[tuple[str, str], Address],
    markless: frozenset[str] = frozenset(),
) -> Matches:
    """Sort live keys into ours, left over, late, suspect and foreign.

    `twins` maps (provider, name) to the address that declares this very name. `markless` are the
    providers whose keys carry no mark.
    """
    known = _known_ids(recorded)
    copied = _settled_marks(recorded)
    intents = {(i.provider, op_tag(i.op)): i for i in recorded.intents if i.key_id is None}
    retired = {(r.provider, op_tag(r.op)): r for r in recorded.retired}
    tag = stack_tag(recorded.meta.stack)
    sorter = _Sorter(known, copied, intents, retired, tag, twins)
    for view in observed.providers:
        if view.provider in markless:
            sorter.place_markless(view, _Open.of(recorded, view.provider))
            continue
        for live in view.keys:
            sorter.place(view.provider, live)
    return Matches(
        views={view.provider: view for view in observed.providers},
        live=sorter.live,
        candidates={op: tuple(found) for op, found in sorter.candidates.items()},
        late=tuple(sorter.late),
        suspects=tuple(sorter.suspects),
        foreign=tuple(sorter.foreign),
        heads={head.target: head for store in observed.stores for head in store.heads},
        stores={store.store: store for store in observed.stores},
    )


def _known_ids(recorded: Recorded) -> frozenset[KeyId]:
    """Give every recorded id, whatever its provider is called now or besides."""
    versions = {v.key_id for row in recorded.keys for v in row.living}
    return frozenset(versions | {i.key_id for i in recorded.intents if i.key_id})


def _settled_marks(recorded: Recorded) -> frozenset[str]:
    """Give the operation tags that prove nothing on an unknown key: somebody copied a name."""
    recorded_ops = {op_tag(v.op) for row in recorded.keys for v in row.living}
    return frozenset(recorded_ops | {op_tag(r.op) for r in recorded.retired if r.released})


@dataclass(frozen=True, slots=True)
class _Open:
    """The creates at one provider whose keys may turn up, the oldest first."""

    intents: tuple[Intent, ...]
    retired: tuple[RetiredOp, ...]

    @classmethod
    def of(cls, recorded: Recorded, provider: str) -> _Open:
        intents = (
            intent
            for intent in recorded.intents
            if intent.provider == provider
            and intent.kind is IntentKind.CREATE
            and intent.key_id is None
        )
        retired = (op for op in recorded.retired if op.provider == provider)
        return cls(
            tuple(sorted(intents, key=lambda intent: (intent.started_at, intent.op))),
            tuple(sorted(retired, key=lambda op: (op.retired_at, op.op))),
        )


@dataclass(slots=True)
class _Sorter:
    known: frozenset[KeyId]
    copied: frozenset[str]
    intents: Mapping[tuple[str, str], Intent]
    retired: Mapping[tuple[str, str], RetiredOp]
    tag: str
    twins: Mapping[tuple[str, str], Address]
    live: dict[tuple[str, KeyId], LiveKey] = field(default_factory=dict)
    candidates: dict[OpId, list[LiveKey]] = field(default_factory=dict)
    late: list[Late] = field(default_factory=list)
    suspects: list[Suspect] = field(default_factory=list)
    foreign: list[Foreign] = field(default_factory=list)

    def place(self, provider: str, live: LiveKey) -> None:
        self.live[provider, live.id] = live
        if live.id in self.known:
            return
        mark = None if live.held_by else read_mark(live.mark_text)
        if mark is None or mark.stack != self.tag or mark.op in self.copied:
            self.set_aside(provider, live)
        elif intent := self.intents.get((provider, mark.op)):
            self.candidates.setdefault(intent.op, []).append(live)
        elif retired := self.retired.get((provider, mark.op)):
            self.late.append(Late(retired, live))
        else:
            self.suspects.append(Suspect(provider, live))

    def place_markless(self, view: ProviderView, open_ones: _Open) -> None:
        """Put each unrecorded key with every open create that may have made it.

        Of those that were given up, a key goes to the one that has the fewest so far: as many late
        keys as operations are explained, and one more is not.
        """
        late: dict[OpId, int] = dict.fromkeys((op.op for op in open_ones.retired), 0)
        for live in sorted(view.keys, key=lambda key: key.id):
            self.live[view.provider, live.id] = live
            if live.id in self.known:
                continue
            mine = [intent for intent in open_ones.intents if could_be_of(intent, live)]
            for intent in mine:
                self.candidates.setdefault(intent.op, []).append(live)
            given_up = [op for op in open_ones.retired if could_be_late(op, live)]
            if not mine and given_up:
                retired = min(given_up, key=lambda op: late[op.op])
                late[retired.op] += 1
                self.late.append(Late(retired, live))
            elif not mine:
                self.set_aside(view.provider, live)

    def set_aside(self, provider: str, live: LiveKey) -> None:
        twin = self.twins.get((provider, live.name))
        self.foreign.append(Foreign(provider, live.id, live.name, live.last_used_at, twin))
