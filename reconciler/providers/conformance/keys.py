"""Checks of keys themselves: secrets, names, marks, and every field that can be set."""

from __future__ import annotations

from datetime import timedelta

from reconciler.core.capabilities import Kind, Marker
from reconciler.core.keys import (
    ENABLED,
    EXPIRES_AT,
    NAME,
    RATE_LIMIT,
    SCOPES,
    Attributes,
    Value,
)
from reconciler.core.observed import LiveKey
from reconciler.core.ownership import mark_name, read_mark
from reconciler.core.secret import Secret, fingerprint
from reconciler.interfaces.driver import Refused
from reconciler.providers.conformance.bench import LIFE, Bench
from reconciler.providers.conformance.verdicts import BrokenError, NoneError, UntoldError

_DAY = timedelta(days=1)
_SALT = b"conformance"


async def secrets_differ(bench: Bench) -> str:
    """Two keys have two secrets, and neither is what the list shows of its key."""
    one, two = await bench.make(), await bench.make()
    if one.key.id == two.key.id:
        raise BrokenError("two new keys have one id")
    secret = fingerprint(one.secret, _SALT)
    if secret == fingerprint(two.secret, _SALT):
        raise BrokenError("two new keys have one secret: the path leads to something else")
    listed = await bench.show(one.key.id)
    shown = (listed.id, listed.name, *map(str, listed.attributes.mapping().values()))
    if any(fingerprint(Secret(text), _SALT) == secret for text in shown):
        raise BrokenError("what the path calls the secret is shown in the list as well")
    return "each key has a secret of its own"


async def names_may_repeat(bench: Bench) -> str:
    """Whether a second key may have the name of a first one is as the dialect says."""
    if NAME not in bench.able.fields:
        raise NoneError("keys have no name")
    made = await bench.make()
    op, mark = bench.mark()
    again = {**bench.demanded(), NAME: made.key.name}
    unique = bench.dialect.capacity.unique_names
    outcome = await bench.traces.create(op, Attributes.of(again), mark)
    if isinstance(outcome, Refused):
        if not unique:
            raise BrokenError(f"a second key of one name was refused: {outcome.reason}")
        return "a second key of one name is refused"
    twin = bench.done(outcome, "a second key of one name")
    await bench.remove(twin.key.id)
    if unique:
        raise BrokenError("`unique_names` is said, and a second key of one name was made")
    return "names may repeat"


async def marks_come_back(bench: Bench) -> str:
    """Our mark is found again in the list, also on the longest name that may be."""
    if bench.able.marker is Marker.NONE:
        raise NoneError("keys carry no mark; only the state knows them")
    op, mark = bench.mark()
    long = mark_name("{name}.{mark}", "k" * 300, mark, bench.able.name_limit or 60)
    name = long if bench.able.marker is Marker.NAME else "conformance"
    wanted = {**bench.demanded(), **({NAME: name} if NAME in bench.able.fields else {})}
    outcome = await bench.traces.create(op, Attributes.of(wanted), mark)
    made = bench.done(outcome, f"a name of {len(name)} characters")
    listed = await bench.show(made.key.id)
    if read_mark(listed.mark_text) != mark:
        raise BrokenError("the mark of a new key is not found in the list")
    if bench.able.marker is Marker.FIELD:
        return "the mark comes back, in a field of its own"
    return f"the mark comes back, in names of up to {len(name)} characters"


async def fields_are_set(bench: Bench) -> str:
    """Every field that a creation may set is shown as it was set."""
    wanted = {f: values[0] for f, values in _samples(bench).items() if f in bench.able.fields}
    made = await bench.make(wanted)
    listed = await bench.show(made.key.id)
    _compare(bench, listed, wanted, "was set")
    return f"set and shown: {', '.join(sorted(wanted)) or 'nothing can be set'}"


async def fields_are_changed(bench: Bench) -> str:
    """Every field that can be changed in place is, and no other one with it."""
    changes = {
        field: values[1]
        for field, values in _samples(bench).items()
        if field in bench.able.mutable and len(values) > 1
    }
    if not bench.able.mutable - {ENABLED}:
        raise NoneError("nothing of a key can be changed")
    if not changes and NAME not in bench.able.mutable:
        raise UntoldError("no second value is known for anything that can be changed")
    first = {f: v[0] for f, v in _samples(bench).items() if f in bench.able.fields}
    made = await bench.make(first)
    if NAME in bench.able.mutable:
        changes[NAME] = f"{made.key.name[:-1]}x"
    for field, value in sorted(changes.items()):
        before = await bench.show(made.key.id)
        await _change_one(bench, before, field, value)
    return f"changed one by one, and nothing else with them: {', '.join(sorted(changes))}"


async def expiry_is_kept(bench: Bench) -> str:
    """An odd expiry comes back rounded no further than the dialect says, and can be cleared."""
    if EXPIRES_AT not in bench.able.fields:
        raise NoneError("keys have no expiry")
    odd = bench.clock.now() + LIFE + timedelta(seconds=3, microseconds=123456)
    made = await bench.make({EXPIRES_AT: odd})
    shown = (await bench.show(made.key.id)).attributes.get(EXPIRES_AT)
    kept = getattr(shown, "timestamp", lambda: 0.0)()
    step = bench.able.expiry_step.total_seconds()
    if abs(kept - odd.timestamp()) >= step:
        raise BrokenError(f"an expiry of {odd} was kept as {shown}, further off than {step:g} s")
    clears = bench.dialect.fields[EXPIRES_AT].clear is not None
    if clears and EXPIRES_AT in bench.able.mutable:
        await _change_one(bench, await bench.show(made.key.id), EXPIRES_AT, None)
    return f"kept to {step:g} s" + (", and cleared" if clears else "")


async def _change_one(bench: Bench, before: LiveKey, field: str, value: Value) -> None:
    outcome = await bench.driver.update(before.id, Attributes.of({field: value}))
    bench.done(outcome, f"{field} was not changed")
    after = await bench.show(before.id)
    _compare(bench, after, {field: value}, "was changed")
    others = set(before.attributes.mapping()) - {field}
    lost = sorted(n for n in others if before.attributes.get(n) != after.attributes.get(n))
    if lost:
        raise BrokenError(f"changing {field} changed {', '.join(lost)} as well")


def _compare(bench: Bench, shown: LiveKey, wanted: dict[str, Value], how: str) -> None:
    for field, value in wanted.items():
        if field in bench.able.write_only:
            continue
        told = shown.attributes.get(field)
        if field not in shown.attributes or told != value:
            raise BrokenError(f"{field} {how} to {value}, and is shown as {told}")


def _samples(bench: Bench) -> dict[str, tuple[Value, ...]]:
    """Give values for what can be tried without knowing the tenant."""
    found: dict[str, tuple[Value, ...]] = {}
    given = bench.terms.fields
    rules = {rule.field: rule for rule in bench.able.rules}
    for field in sorted(bench.able.fields - {NAME, ENABLED}):
        rule = rules.get(field)
        if field == EXPIRES_AT:
            found[field] = (bench.later(LIFE), bench.later(LIFE + _DAY))
        elif field == RATE_LIMIT:
            found[field] = (60, 120)
        elif rule and rule.kind is Kind.SET and rule.allowed:
            found[field] = (tuple(sorted(rule.allowed)[:1]), tuple(sorted(rule.allowed)))
        elif field == SCOPES and field in given:
            scopes = given.get(field)
            found[field] = (scopes, scopes[:1] if isinstance(scopes, tuple) else scopes)
        elif field in given and rule and rule.allowed:
            found[field] = (given.get(field), *rule.allowed[:1])
        elif field in given:
            found[field] = (given.get(field),)
    return found
