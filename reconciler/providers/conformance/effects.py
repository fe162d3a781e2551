"""Checks of what hangs on keys: deploys, the switch for all, gateways, and the API's own log."""

from __future__ import annotations

from reconciler.core.keys import Attributes, KeyId
from reconciler.core.observed import Deployment
from reconciler.core.secret import Secret
from reconciler.interfaces.driver import Done, Probe, Refused
from reconciler.providers.conformance.bench import Bench
from reconciler.providers.conformance.verdicts import BrokenError, NoneError, UntoldError

_LOOKS = 120
_PAUSE = 0.5


async def toggle(bench: Bench) -> str:
    """The switch for all is shown, and can be set to what it is."""
    if bench.dialect.toggle is None:
        raise NoneError("there is no switch for all keys")
    shown = (await bench.survey()).enabled
    if shown is None:
        raise BrokenError("the list does not tell the switch where the dialect looks")
    if not bench.terms.deploy:
        raise UntoldError("it is shown; to set it needs leave (--deploy)")
    others = bench.traces.others
    # Off stops every key at once, and on again counts only after a deploy.
    for on in (shown,) if others else (not shown, shown):
        done = await bench.traces.switch(on=on, before=shown)
        bench.done(done, "the switch was not set")
        if (await bench.survey()).enabled is not on:
            raise BrokenError(f"the switch was set to {on}, and is shown otherwise")
    if others:
        return f"shown, and set to what it is; no other way, since {others} other keys hang on it"
    return "shown, set, and set back"


async def deploys(bench: Bench) -> str:
    """A key works after a deploy that carries it, and no sooner; deleted, it goes with the next."""
    if bench.dialect.deploy is None:
        raise NoneError("changes count at once")
    projects = (await bench.survey()).deployments
    if not projects:
        raise BrokenError("no project is told where the dialect looks")
    if not bench.terms.deploy:
        told = f"{len(projects)} projects are told"
        raise UntoldError(f"{told}; to deploy them needs leave (--deploy)")
    await _all_on(bench)
    made = await bench.make()
    if await bench.driver.probe(made.secret) is Probe.ACCEPTED:
        raise BrokenError("`on_deploy` is said, and a key is accepted before a deploy")
    await _deploy_all(bench, projects, made.key.id, there=True)
    await bench.expect(made.secret, Probe.ACCEPTED, "after a deploy")
    await bench.remove(made.key.id)
    await _deploy_all(bench, projects, made.key.id, there=False)
    await bench.expect(made.secret, Probe.REJECTED, "after it was deleted and deployed")
    return f"carried by deploys of {', '.join(each.project for each in projects)}"


async def upstreams(bench: Bench) -> str:
    """The upstreams of a gateway are told, and none of their secrets."""
    if bench.dialect.gateway is None:
        raise NoneError("no secrets go into it")
    found = bench.done(await bench.driver.upstreams(), "the upstreams were not told")
    ids = {upstream.id for upstream in found}
    if len(ids) != len(found):
        raise BrokenError("several upstreams have one id")
    if not found:
        raise UntoldError("the gateway has no upstream to look at")
    if any(not upstream.name for upstream in found):
        raise BrokenError("an upstream has no name where the dialect looks")
    told = f"told: {', '.join(sorted(upstream.name for upstream in found))}"
    if not bench.terms.sandbox:
        return f"{told}; none was given a secret, since nobody could give the old one back"
    first, bad = found[0], Secret("x")
    outcome = await bench.driver.put_upstream(first.id, first.name, Attributes(), bad)
    if bench.dialect.gateway.checked and not isinstance(outcome, Refused):
        raise BrokenError("`checked` is said, and a secret that cannot work was taken")
    return told


async def audit(bench: Bench) -> str:
    """What was done to a key is in the API's own log."""
    if bench.dialect.operations.audit is None:
        raise NoneError("the dialect has no `audit`")
    made = await bench.make()
    outcome = await bench.driver.audit(made.key.id)
    if not isinstance(outcome, Done):  # it is often for the eyes of few
        raise UntoldError(f"the log was not read: {outcome.reason}")
    entries = outcome.value
    if not entries:
        raise BrokenError("the log has no entry about a key that was just made")
    if not entries[0].action:
        raise BrokenError("an entry of the log does not tell what was done")
    return f"the log tells: {entries[0].action}"


async def rotation(bench: Bench) -> str:
    """A rotation of the API's own is described, and never called."""
    rotate = bench.dialect.operations.rotate
    if rotate is None:
        raise NoneError("the API has no rotation of its own")
    raise UntoldError(f"never called, since a second call can do harm; {rotate.say}")


async def _all_on(bench: Bench) -> None:
    """See to it that keys can work at all."""
    shown = (await bench.survey()).enabled
    if shown is not False:
        return
    if others := bench.traces.others:
        raise UntoldError(
            f"all keys are switched off, {others} of others too, perhaps for a reason"
        )
    bench.done(await bench.traces.switch(on=True, before=False), "the switch was not set")


async def _deploy_all(
    bench: Bench, projects: tuple[Deployment, ...], key_id: KeyId, *, there: bool
) -> None:
    for each in projects:
        if there:
            bench.traces.carry(each.project, key_id)
        bench.done(await bench.driver.deploy(each.project), f"{each.project} was not deployed")
        await _wait(bench, each.project, key_id, there=there)
        if not there:
            bench.traces.carry(each.project, None)


async def _wait(bench: Bench, project: str, key_id: KeyId, *, there: bool) -> None:
    for _ in range(_LOOKS):
        match await bench.driver.deployment(project):
            case Done(state) if state.failed:
                raise BrokenError(f"the deploy of {project} failed: {state.stage}")
            case Done(state) if state.running and (key_id in state.key_ids) is there:
                return
            case Done(_):
                await bench.clock.sleep(_PAUSE)
            case other:
                raise BrokenError(f"the deploy of {project} could not be followed: {other.reason}")
    raise BrokenError(f"the deploy of {project} did not carry the change in {_LOOKS * _PAUSE:g} s")
