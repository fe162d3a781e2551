"""Trying a key out: the new one must be accepted, a retired one rejected.

Propagation is waited for with bounded back-off, on the clock that was handed in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeVar

from reconciler.core.keys import KeyId
from reconciler.core.observed import LiveStatus
from reconciler.core.recorded import Version
from reconciler.core.secret import Secret
from reconciler.core.steps import Step
from reconciler.engine.transaction import Run
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import Done, Probe

A = TypeVar("A", bound=StrEnum)

PATIENCE = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""Seconds between tries: about 13 in all."""


async def insist(
    clock: Clock,
    ask: Callable[[], Awaitable[A]],
    expect: A,
    *,
    never: A | None = None,
    waiting: Callable[[A], None] = lambda _: None,
) -> A:
    """Ask until the answer is what is expected, or must `never` be, and give the last one."""
    for wait in PATIENCE:
        answer = await ask()
        if answer in {expect, never}:
            return answer
        waiting(answer)
        await clock.sleep(wait)
    return await ask()


async def prove(run: Run, step: Step, provider: str, secret: Secret, expect: Probe) -> Probe:
    """Use a key until the API says what is expected, and give its last word."""
    driver, reporter = run.driver(provider), run.world.reporter
    return await insist(
        run.world.clock,
        lambda: driver.probe(secret),
        expect,
        waiting=lambda said: reporter.waiting(step, f"key is {said}, should be {expect}"),
    )


async def prove_dead(run: Run, step: Step, version: Version, secret: Secret | None) -> str | None:
    """Confirm that a deleted key is gone and rejected; else say what speaks against it.

    The look-up by id counts everywhere; the secret only where we can still read it.
    """
    if complaint := await prove_gone(run, version.provider, version.key_id):
        return complaint
    return await prove_rejected(run, step, version.provider, secret)


async def prove_gone(run: Run, provider: str, key_id: KeyId) -> str | None:
    """Confirm that the API has a key no more; else say what speaks against it."""
    if not run.world.able[provider].can_get:
        return None
    match await run.driver(provider).get(key_id):
        case Done(None):
            return None
        case Done(_):
            return f"key {key_id} was deleted, and the API still shows it"
        case other:
            return f"key {key_id} was deleted, but not confirmed gone: {other.reason}"


async def prove_rejected(run: Run, step: Step, provider: str, secret: Secret | None) -> str | None:
    """Confirm that a key is refused; None also where there is no secret to try it with."""
    if secret is None or not run.world.able[provider].can_verify:
        return None
    answer = await prove(run, step, provider, secret, Probe.REJECTED)
    return None if answer is Probe.REJECTED else f"the key should be rejected, and is {answer}"


def is_provable(run: Run, provider: str) -> bool:
    """Whether a key can be tried out: not while all keys of its tenant are switched off."""
    tenant = run.tenants.get(provider)
    return run.world.able[provider].can_verify and not (tenant and tenant.toggle.off)


async def is_off(run: Run, provider: str, key_id: KeyId) -> bool:
    """Whether a key works no more, by the API's own word.

    Where time ran out, or there is no such key, an API may refuse to switch it off.
    """
    answer = await run.driver(provider).get(key_id)
    if not isinstance(answer, Done):
        return False
    return answer.value is None or answer.value.status is not LiveStatus.ACTIVE


async def is_absent(run: Run, provider: str, key_id: KeyId) -> bool:
    """Whether the API says that there is no such key."""
    answer = await run.driver(provider).get(key_id)
    return isinstance(answer, Done) and answer.value is None
