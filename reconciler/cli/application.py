"""One apply, from the plan and the question to the outcome and the exit code.

Commands that ask for something of their own, such as a rotation by hand, are applies with orders.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta

import click

from reconciler.cli.options import Options
from reconciler.cli.terminal import reporting, width
from reconciler.core.guard import Approval
from reconciler.core.orders import NONE, Orders
from reconciler.core.steps import MINTS, Action, Plan
from reconciler.engine.run import Report, apply
from reconciler.engine.transaction import Stop
from reconciler.engine.wait import settle_overlaps
from reconciler.errors import InterruptedRunError, KeywrightError, RefusedError, UsageError
from reconciler.manifest import Manifest
from reconciler.render import (
    apply_exit_code,
    apply_summary,
    outcome_table,
    plan_json,
    plan_text,
    report_json,
)
from reconciler.render.jsonable import to_json_line
from reconciler.wiring import only_about, open_state, open_world

_PARTLY = 4
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def must_ask(options: Options, *, auto_approve: bool) -> None:
    """Refuse to go on where nobody could be asked, and nobody said that none need be."""
    if not auto_approve and (options.json or not sys.stdin.isatty()):
        raise UsageError(
            "apply asks before it acts, and there is no terminal to ask on",
            effect="Nothing was changed",
            remedy="Run it with --auto-approve",
        )


class Application:
    """One apply, from the question to the exit code."""

    def __init__(
        self,
        manifest: Manifest,
        options: Options,
        approval: Approval,
        *,
        ask: bool,
        verb: str = "apply",
        orders: Orders = NONE,
        wait: timedelta | None = None,
    ) -> None:
        self._verb = verb
        self._orders = orders
        self._wait = wait
        self._manifest = manifest
        self._options = options
        self._approval = approval
        self._ask = ask
        self._stop = Stop()
        self._report = Report()

    async def run(self) -> int:
        """Apply, tell the outcome whatever happened, and give the exit code."""
        interrupted = False
        try:
            await self._apply()
        except RefusedError as error:
            self._tell_refused(error)
            raise
        except asyncio.CancelledError:
            if self._report.plan is None:
                raise InterruptedRunError("Interrupted", effect="Nothing was changed") from None
            interrupted = True
        finally:
            self._tell_outcome()
        return self._exit_code(interrupted=interrupted or self._report.stopped)

    def _exit_code(self, *, interrupted: bool) -> int:
        """Give the code; where a provider could not be read, nothing there was made to match."""
        plan, results = self._report.plan, tuple(self._report.results)
        code = apply_exit_code(results, refused=False, interrupted=interrupted)
        if code or self._report.declined or plan is None:
            return code
        if self._not_obeyed():
            return _PARTLY if results else RefusedError.exit_code
        if plan.complete:
            return code
        return _PARTLY if results else KeywrightError.exit_code

    def _not_obeyed(self) -> bool:
        """Whether something that a person asked for by name was not done."""
        orders = self._orders
        obeyed = {
            result.step.address
            for result in self._report.results
            if result.step.action in {*MINTS, Action.RESTORE}
        }
        return not orders.rotate | orders.restore <= obeyed

    async def _apply(self) -> None:
        line = f"keywright {self._verb} -f {self._options.file}"
        manifest = await self._concerned()
        with reporting(self._options) as reporter:
            async with open_world(manifest, os.environ, reporter, line) as world:
                await apply(
                    world, self._approval, self._confirm, self._stop, self._report, self._orders
                )
                shown = self._report.plan
                if self._wait is not None and shown is not None and not self._report.declined:
                    await settle_overlaps(
                        world, shown, self._approval, self._stop, self._report, self._wait
                    )

    async def _concerned(self) -> Manifest:
        """Give the part of the manifest that a run about some keys needs; the rest may be down."""
        keys = self._orders.only
        if keys is None:
            return self._manifest
        backend = open_state(self._manifest)
        try:
            return only_about(self._manifest, await backend.read(), keys)
        finally:
            await backend.close()

    def _confirm(self, plan: Plan) -> bool:
        """Show the plan and get a yes; from then on signals end the run in an orderly way."""
        self._tell_plan(plan)
        if self._ask and not self._answered_yes():
            return False
        self._listen(asyncio.get_running_loop(), asyncio.current_task())
        return True

    def _listen(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[object] | None) -> None:
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._on_signal, task.cancel if task else lambda: None)

    def _on_signal(self, cancel: Callable[[], object]) -> None:
        if sys.stderr.isatty():
            click.echo(err=True)  # the bar, and the terminal's ^C, stand on this line
        if self._stop.asked:
            click.echo("Stopping now. What is open is finished by the next run.", err=True)
            cancel()
            return
        click.echo(
            "Interrupt received: finishing what is in flight. Once more stops at once.", err=True
        )
        self._stop.ask()

    def _tell_refused(self, error: RefusedError) -> None:
        """Show the plan that guards refused, unless something of it was done already."""
        plan = self._report.plan
        if plan is None or self._report.results:
            return
        self._report.plan = None
        # In a text the refusals follow as the error itself.
        self._tell_plan(plan, error.refusals if self._options.json else ())

    def _tell_outcome(self) -> None:
        """Write the table of outcomes: also after a failure, and after Ctrl-C."""
        report, color = self._report, self._options.coloured
        plan, results = report.plan, tuple(report.results)
        if plan is None:
            return
        if not plan.actions and not results:
            self._tell_plan(plan)
        if self._options.json:
            whole = report_json(plan, results, stopped=report.stopped, declined=report.declined)
            click.echo(to_json_line({"type": "report", **json.loads(whole)}))
        elif report.declined:
            click.echo("Apply cancelled. Nothing was changed.")
        elif plan.actions or results:
            table = outcome_table(results, width=width(), color=color)
            click.echo(f"\n{table}\n", color=color)
            click.echo(apply_summary(results), color=color)

    def _tell_plan(self, plan: Plan, refusals: tuple[str, ...] = ()) -> None:
        if self._options.json:
            whole = plan_json(plan, refusals)
            click.echo(to_json_line({"type": "plan", **json.loads(whole)}))
            return
        keys = {key.address: key for key in self._manifest.desired.keys}
        color = self._options.coloured
        click.echo(plan_text(plan, keys, refusals, width=width(), color=color), color=color)

    def _answered_yes(self) -> bool:
        click.echo("\nDo you want to perform these actions?")
        click.echo("  Only 'yes' will be accepted to approve.\n")
        # asyncio's own handler would only note a Ctrl-C, and go on waiting for the answer.
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        for number in _SIGNALS:
            signal.signal(number, signal.default_int_handler)
        try:
            answer = click.prompt("  Enter a value", default="", show_default=False)
        except click.Abort:
            self._report.plan = None
            click.echo()
            raise InterruptedRunError("Interrupted", effect="Nothing was changed") from None
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return bool(answer == "yes")
