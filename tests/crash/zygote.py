"""Runs one apply after another, each in a forked process that may be killed in the middle.

Jobs come as JSON lines on standard input, an answer goes out for each. Forking from a process that
has imported everything already makes thousands of real, killable runs affordable.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from functools import cache
from pathlib import Path
from typing import Any

import anyio._backends._asyncio
import deepdiff
import jmespath
import platformdirs
import pyrage
import sniffio

import reconciler.http.client
import reconciler.http.proxies
import reconciler.providers.http
import reconciler.stores.age
import reconciler.stores.spool
from reconciler.backends import rows
from reconciler.core.guard import Approval
from reconciler.core.keys import ENABLED, Address
from reconciler.core.observed import LiveStatus
from reconciler.core.orders import Orders
from reconciler.core.recorded import Recorded
from reconciler.core.steps import Plan
from reconciler.engine.run import Report, apply, look
from reconciler.engine.transaction import Stop
from reconciler.engine.world import World
from reconciler.http.tls import trust
from reconciler.interfaces.driver import Done, Probe
from reconciler.manifest import Manifest
from reconciler.providers import load_dialect
from reconciler.wiring import load, open_outlook, open_world
from tests.crash.killpoints import Tracer, traced

APPROVAL = Approval(allow_revoke=100, attended=True)
LOADED = (
    anyio._backends._asyncio,
    jmespath,
    sniffio,
    deepdiff,
    platformdirs,
    pyrage,
    reconciler.http.client,
    reconciler.providers.http,
    reconciler.stores.age,
    reconciler.stores.spool,
)


class Quiet:
    """A reporter for nobody."""

    def reading(self, *_: object) -> None: ...
    def applying(self, *_: object) -> None: ...
    def started(self, *_: object) -> None: ...
    def finished(self, *_: object) -> None: ...
    def waiting(self, *_: object) -> None: ...


class Monitor:
    """At every instant: what consumers would read now must be accepted by the API."""

    def __init__(self, world: World, violations: list[str]) -> None:
        self._world = world
        self._violations = violations

    async def look(self) -> None:
        """Try every stored current secret of a key that is declared and on."""
        for key in self._world.desired.keys:
            if key.attributes.get(ENABLED) is False:
                continue
            store = self._world.stores[key.target.store]
            view = await store.heads((key.target,))
            head = view.heads[0] if view.heads else None
            if head is None or head.current is None:
                continue
            driver = self._world.drivers[key.provider]
            live = await driver.get(head.current.key_id)
            if isinstance(live, Done) and (
                live.value is None or live.value.status is LiveStatus.DISABLED
            ):
                continue  # deleted or switched off by the scenario's people, not by us
            secret = await store.fetch(key.target, head.current)
            if secret is not None and await driver.probe(secret) is not Probe.ACCEPTED:
                self._violations.append(f"{key.address}: the stored secret is rejected")


async def _apply(job: dict[str, Any], manifest: Manifest) -> dict[str, Any]:
    tracer = Tracer(Path(job["log"]), tuple(job["kill"]) if job.get("kill") else None)
    violations: list[str] = []
    report = Report()
    async with open_world(manifest, os.environ, Quiet(), "crash test") as world:
        if job.get("monitor"):
            tracer.look = Monitor(world, violations).look
        orders = Orders(rotate=frozenset(map(Address, job.get("rotate", ()))))
        await apply(traced(world, tracer), APPROVAL, lambda _: True, Stop(), report, orders)
    results = [[r.step.action, r.step.address, r.outcome, r.sentence] for r in report.results]
    return {"results": results, "violations": violations}


async def _plan(manifest: Manifest) -> dict[str, Any]:
    async with open_outlook(manifest, os.environ, Quiet()) as outlook:
        seen = await look(outlook, APPROVAL)
    return {
        "plan": [f"{s.action} {s.address}: {s.sentence}" for s in seen.plan.steps],
        "refusals": list(seen.refusals),
        "rows": _rows(seen.recorded),
        "intents": len(seen.recorded.intents),
        "complete": _complete(seen.plan),
    }


def _rows(recorded: Recorded) -> dict[str, list[list[str]]]:
    return {
        row.address: [[str(v.stage), str(v.key_id)] for v in row.living] for row in recorded.keys
    }


def _complete(plan: Plan) -> bool:
    return plan.complete


def _run(job: dict[str, Any]) -> None:
    manifest = load(Path(job["manifest"]))
    answer = asyncio.run(_apply(job, manifest))
    if job["then_plan"]:
        answer |= asyncio.run(_plan(manifest))
    Path(job["answer"]).write_text(json.dumps(answer))


def _fork(job: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    code = 1
    try:
        os.environ.update(job.get("environ", {}))
        _run(job)
        code = 0
    except BaseException:  # noqa: BLE001 - the answer file says what went wrong
        Path(job["answer"]).write_text(json.dumps({"error": traceback.format_exc()}))
    finally:
        os._exit(code)


@cache
def _load_once() -> None:
    load_dialect("clouisle")
    trust()
    for kind in rows.Kind:
        rows._adapter(kind)


def warm_up(manifest: Path) -> None:
    """Build once, before any fork, what every run would build anew: models and dialects."""
    _load_once()
    load(manifest)


def main() -> None:
    """Answer each job with the exit status of its process."""
    for line in sys.stdin:
        warm_up(Path(json.loads(line)["manifest"]))
        sys.stdout.write(f"{_fork(json.loads(line))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
