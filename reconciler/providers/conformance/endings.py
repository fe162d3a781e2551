"""Checks of using keys and ending them: accepted, switched off and on, deleted, known as gone."""

from __future__ import annotations

from typing import Final

from reconciler.core.keys import EXPIRES_AT, KeyId
from reconciler.core.observed import LiveStatus
from reconciler.core.secret import Secret
from reconciler.interfaces.driver import Created, Done, Probe
from reconciler.providers.conformance.bench import PATIENCE, Bench
from reconciler.providers.conformance.verdicts import BrokenError, NoneError, UntoldError

_NOBODY: Final = "keywright-conformance-key-of-nobody"


async def new_key_works(bench: Bench) -> str:
    """A new key is accepted where keys are used, and one of nobody is rejected."""
    _demand_use(bench)
    made = await bench.make()
    await bench.expect(made.secret, Probe.ACCEPTED, "after it was made")
    if await bench.driver.probe(Secret(_NOBODY)) is Probe.ACCEPTED:
        raise BrokenError("the call of `verify` is accepted with a key of nobody as well")
    return "a new key is accepted, one of nobody is not"


async def use_is_told(bench: Bench) -> str:
    """After a key was used, the API says when."""
    if not bench.able.tells_last_use:
        raise NoneError("the API does not tell the last use")
    _demand_use(bench)
    made = await bench.make()
    if made.key.last_used_at is not None:
        raise BrokenError("a new key is said to have been used")
    await bench.expect(made.secret, Probe.ACCEPTED, "after it was made")
    for wait in (*PATIENCE, None):
        if (await bench.show(made.key.id)).last_used_at is not None:
            return "the last use is told"
        if wait is not None:
            await bench.clock.sleep(wait)
    raise BrokenError("a key was used, and its last use is not told")


async def switching(bench: Bench) -> str:
    """A key that is switched off is shown so and rejected; on again it works; twice is harmless."""
    if not bench.able.can_disable:
        raise NoneError("a single key cannot be switched off")
    made = await bench.make()
    await _switch_off(bench, made)
    if not bench.able.can_enable:
        return "switched off for good, and rejected"
    for _ in range(2):
        bench.done(await bench.driver.enable(made.key.id), "a key was not switched on")
    shown = await bench.show(made.key.id)
    if shown.status is not LiveStatus.ACTIVE:
        raise BrokenError(f"a key was switched on, and is shown as {shown.status}")
    await _try(bench, made, Probe.ACCEPTED, "switched on again")
    return "off and on, twice each; shown, and rejected while it was off"


async def deletion(bench: Bench) -> str:
    """A deleted key is gone from the list, from look-ups, and rejected; deleting twice is done."""
    made = await bench.make()
    await bench.show(made.key.id)
    await bench.remove(made.key.id)
    again = await bench.driver.delete(made.key.id)
    if not isinstance(again, Done):
        raise BrokenError(f"a key that is gone already was not taken as deleted: {again.reason}")
    await _is_gone(bench, made.key.id)
    if bench.able.can_verify and not bench.able.on_deploy:
        await bench.expect(made.secret, Probe.REJECTED, "after it was deleted")
    return "gone from the list and from look-ups, and rejected; twice is done"


async def dead_rows(bench: Bench) -> str:
    """A key that stays listed after its end is known to be dead."""
    identity = bench.dialect.identity
    if identity.dead is None and "dead" not in identity.statuses.values():
        raise NoneError("nothing dead is listed")
    made = await bench.make()
    await bench.remove(made.key.id)
    view = await bench.survey()
    if made.key.id in {key.id for key in view.keys}:
        raise BrokenError("a deleted key is listed as if it lived")
    if made.key.id not in view.absent:
        raise UntoldError("the list does not show the dead here")
    return "a deleted key stays listed, and counts as gone"


async def absence(bench: Bench) -> str:
    """Changing a key that does not exist is refused, not done and not unknown."""
    made = await bench.make()
    await bench.remove(made.key.id)
    if not bench.able.mutable:
        raise NoneError("nothing of a key can be changed")
    outcome = await bench.driver.get(made.key.id)
    if outcome != Done(None):
        reason = "it is still shown" if isinstance(outcome, Done) else outcome.reason
        raise BrokenError(f"a deleted key is not told as absent: {reason}")
    return "a key that is gone is told as absent"


async def _switch_off(bench: Bench, made: Created) -> None:
    for _ in range(2):
        bench.done(await bench.driver.disable(made.key.id), "a key was not switched off")
    shown = await bench.show(made.key.id)
    final = not bench.able.can_enable
    off = {LiveStatus.DISABLED, LiveStatus.EXPIRED} if final else {LiveStatus.DISABLED}
    if shown.status not in off:
        raise BrokenError(f"a key was switched off, and is shown as {shown.status}")
    if final and shown.status is LiveStatus.EXPIRED and EXPIRES_AT not in shown.attributes:
        raise BrokenError("a key was expired, and its expiry is not shown")
    await _try(bench, made, Probe.REJECTED, "switched off")


async def _try(bench: Bench, made: Created, probe: Probe, when: str) -> None:
    if bench.able.can_verify and not bench.able.on_deploy:
        await bench.expect(made.secret, probe, when)


async def _is_gone(bench: Bench, key_id: KeyId) -> None:
    if await bench.find(key_id) is not None:
        raise BrokenError("a deleted key is listed as if it lived")
    match await bench.driver.get(key_id):
        case Done(None):
            return
        case Done(_):
            raise BrokenError("a deleted key is still found by its id")
        case other:
            raise BrokenError(f"a deleted key is not told as absent: {other.reason}")


def _demand_use(bench: Bench) -> None:
    if not bench.able.can_verify:
        raise UntoldError("the dialect has no `verify`")
    if bench.able.on_deploy:
        raise UntoldError("keys work only after a deploy: see the check of deploys")
