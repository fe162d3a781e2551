"""The table of checks, and running it: one after the other, each leaving nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from reconciler.core.findings import Answer, Finding
from reconciler.providers.conformance import effects, endings, keys, listing
from reconciler.providers.conformance.bench import Bench
from reconciler.providers.conformance.verdicts import BrokenError, NoneError, UntoldError

Check: TypeAlias = Callable[[Bench], Awaitable[str]]

CHECKS: Final[dict[str, Check]] = {
    "access": listing.access,
    "tenant": listing.tenant,
    "list": listing.new_key_is_listed,
    "paging": listing.pages,
    "look-up": listing.look_up,
    "secret": keys.secrets_differ,
    "marker": keys.marks_come_back,
    "names": keys.names_may_repeat,
    "create": keys.fields_are_set,
    "update": keys.fields_are_changed,
    "expiry": keys.expiry_is_kept,
    "verify": endings.new_key_works,
    "last use": endings.use_is_told,
    "switching": endings.switching,
    "delete": endings.deletion,
    "dead rows": endings.dead_rows,
    "absence": endings.absence,
    "toggle": effects.toggle,
    "deploy": effects.deploys,
    "provider keys": effects.upstreams,
    "reach": listing.reach,
    "audit": effects.audit,
    "rotation": effects.rotation,
}


@dataclass(slots=True)
class Report:
    """What was found, filled as it goes; `left` names what could not be taken back."""

    findings: list[Finding]
    left: tuple[str, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether anything does not work, or was left behind."""
        return bool(self.left) or any(f.answer is Answer.BROKEN for f in self.findings)


async def run_checks(bench: Bench, report: Report, told: Callable[[Finding], None]) -> None:
    """Run every check; whatever happens, what was made is removed and the drivers are closed."""
    try:
        for name, check in CHECKS.items():
            finding = await _run(bench, name, check)
            report.findings.append(finding)
            told(finding)
            report.left = await bench.traces.take_back()
            if name == "access" and finding.answer is Answer.BROKEN:
                for skipped in _unreached():
                    report.findings.append(skipped)
                    told(skipped)
                return
    finally:
        await _to_the_end(_leave(bench, report))


async def _leave(bench: Bench, report: Report) -> None:
    report.left = await bench.leave()


async def _to_the_end(work: Awaitable[None]) -> None:
    """Finish cleaning up, also when somebody presses Ctrl-C meanwhile."""
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            continue


def _unreached() -> Iterator[Finding]:
    for name in CHECKS:
        if name != "access":
            why = "the list did not open"
            yield Finding(check=name, answer=Answer.UNTOLD, sentence=why)


async def _run(bench: Bench, name: str, check: Check) -> Finding:
    try:
        return Finding(check=name, answer=Answer.WORKS, sentence=await check(bench))
    except BrokenError as error:
        return Finding(check=name, answer=Answer.BROKEN, sentence=str(error))
    except UntoldError as error:
        return Finding(check=name, answer=Answer.UNTOLD, sentence=str(error))
    except NoneError as error:
        return Finding(check=name, answer=Answer.NONE, sentence=str(error))
