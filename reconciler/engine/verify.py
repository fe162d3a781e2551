"""Trying a version out: the API's own probe, then what the manifest says it may and may not do.

Every call that was made is evidence, and is kept with its answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.core.desired import Call, Verify
from reconciler.core.keys import Address
from reconciler.core.observed import LiveStatus
from reconciler.core.recorded import Proof, Version
from reconciler.core.secret import Secret
from reconciler.core.steps import Result, Step
from reconciler.engine.prove import insist, is_provable, prove
from reconciler.engine.transaction import Run, done, failed, with_version
from reconciler.interfaces.driver import Probe, Said

PROBE = "probe"
"""How the call without effect is named among proofs, which the API's dialect says how to make."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of trying a version out. `complaint` is None where all was as it should be.

    `unclear`: the API gave no answer that says anything of the key. `refused`: the key as such is
    not what it should be, whatever it may do.
    """

    proofs: tuple[Proof, ...] = ()
    complaint: str | None = None
    unclear: bool = False
    refused: bool = False


NOT_TRIED = Tried()


async def try_out(run: Run, step: Step, version_at: str, secret: Secret, expect: Probe) -> Tried:
    """Use a key of the provider `version_at`: accepted ones also as the manifest says."""
    said = await prove(run, step, version_at, secret, expect)
    proofs: tuple[Proof, ...] = (_proof(run, PROBE, said),)
    if said is not expect:
        complaint = f"the key should be {expect}, and is {said}"
        return Tried(proofs, complaint, unclear=said is Probe.UNKNOWN, refused=True)
    if expect is Probe.REJECTED:
        return Tried(proofs)
    for call, wanted in _calls(_declared(run, step.address)):
        answer = await _ask(run, step, version_at, secret, call, wanted)
        proofs = (*proofs, _proof(run, str(call), answer))
        if answer is not wanted:
            complaint = f"{call} should be {wanted} to it, and is {answer}"
            return Tried(proofs, complaint, unclear=answer is Said.UNKNOWN)
    return Tried(proofs)


async def try_rejected(run: Run, step: Step, version: Version) -> Tried:
    """See that a version is rejected that was switched off, where we can read its secret."""
    secret = await run.stored_secret(version)
    if secret is None or not run.world.able[version.provider].can_verify:
        return NOT_TRIED
    return await try_out(run, step, version.provider, secret, Probe.REJECTED)


async def try_accepted(run: Run, step: Step, version: Version) -> Tried:
    """See that a version is accepted, where that can be told and we can read its secret."""
    secret = await run.stored_secret(version)
    if secret is None or not is_provable(run, version.provider):
        return NOT_TRIED
    return await try_out(run, step, version.provider, secret, Probe.ACCEPTED)


async def verify(run: Run, step: Step) -> Result:
    """Try a version out whose proof is outstanding: accepted where it is on, else rejected."""
    row, version = run.subject(step)
    live = run.live.get((version.provider, version.key_id))
    on = live is not None and live.status is LiveStatus.ACTIVE
    expect = Probe.ACCEPTED if on else Probe.REJECTED
    secret = await run.stored_secret(version)
    if secret is None:
        return failed(step, "its stored secret cannot be read from here")
    tried = await try_out(run, step, version.provider, secret, expect)
    await run.save(with_version(row, proven(run, version, tried)))
    if tried.complaint is not None:
        return failed(step, f"v{version.number}: {tried.complaint}")
    return done(step, f"v{version.number} is {expect}, as it should be")


def proven(run: Run, version: Version, tried: Tried) -> Version:
    """Give a version with what came of trying it out; unproven where something is wrong."""
    if tried.complaint is not None:
        return replace(version, verified_at=None, proofs=merged(version.proofs, tried.proofs))
    if not tried.proofs:
        return version
    now = run.world.clock.now()
    return replace(version, verified_at=now, proofs=merged(version.proofs, tried.proofs))


def merged(before: tuple[Proof, ...], fresh: tuple[Proof, ...]) -> tuple[Proof, ...]:
    """Keep the latest answer to each call."""
    latest = {proof.call: proof for proof in (*before, *fresh)}
    return tuple(latest.values())


def _declared(run: Run, address: Address) -> Verify:
    key = run.keys.get(address)
    return key.verify if key else Verify()


def _calls(declared: Verify) -> Iterator[tuple[Call, Said]]:
    for call in declared.allowed:
        yield call, Said.ALLOWED
    for call in declared.denied:
        yield call, Said.DENIED


async def _ask(
    run: Run, step: Step, provider: str, secret: Secret, call: Call, wanted: Said
) -> Said:
    """Make one call until the answer is right; a denied one that is allowed is wrong at once."""
    driver, reporter = run.driver(provider), run.world.reporter
    return await insist(
        run.world.clock,
        lambda: driver.ask(secret, call),
        wanted,
        never=Said.ALLOWED if wanted is Said.DENIED else None,
        waiting=lambda said: reporter.waiting(step, f"{call} is {said}, should be {wanted}"),
    )


def _proof(run: Run, call: str, answer: str) -> Proof:
    return Proof(call=call, answer=str(answer), at=run.world.clock.now())
