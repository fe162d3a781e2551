"""`keywright revoke`: keys out of service at once; what replaces them comes after.

Needs no lock, no listing, and only the part of the manifest that reaches the API in question. What
it could not do itself, the next apply settles.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import click

from reconciler.cli.application import Application, must_ask
from reconciler.cli.options import Options, auto_approve_option, current, shared_options
from reconciler.cli.selecting import choose, selection_options
from reconciler.cli.terminal import SilentReporter, set_up_logging, width
from reconciler.core.guard import Approval
from reconciler.core.keys import KeyId, Stage
from reconciler.core.orders import Orders
from reconciler.core.recorded import Incident, Recorded
from reconciler.core.selection import Selection
from reconciler.engine.emergency import Case, revoke_now
from reconciler.engine.world import World
from reconciler.errors import KeywrightError, StateLockedError, UsageError
from reconciler.manifest import Manifest
from reconciler.render import clean, incident_json, incident_text
from reconciler.render.values import plural
from reconciler.wiring import (
    load_for_emergency,
    make_holder,
    only_for,
    open_state,
    open_world,
)
from reconciler.wiring.reaching import abilities

_DONE, _PARTLY = 0, 4


@click.command("revoke")
@shared_options
@selection_options
@click.option("--compromised", is_flag=True, help="The secret is in wrong hands.")
@click.option("--reason", default="", metavar="TEXT", help="Why; it is kept in the record.")
@click.option("--no-replace", is_flag=True, help="Make no new version.")
@click.option(
    "--from-report",
    "report",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Every key whose secret a gitleaks or trufflehog report (JSON) has found.",
)
@auto_approve_option
def command(
    *,
    selection: Selection,
    compromised: bool,
    reason: str,
    no_replace: bool,
    report: Path | None,
    auto_approve: bool,
) -> None:
    """Take keys out of service now: first that, then new versions of them.

    Works while another run holds the lock, with other parts of the manifest broken, and with the
    store down.
    """
    options = current()
    set_up_logging(options)
    must_ask(options, auto_approve=auto_approve)
    if report is not None and not selection.empty:
        raise UsageError(
            "a report says by itself which keys are meant",
            effect="Nothing was changed",
            remedy="Give either --from-report, or keys and the options that choose them",
        )
    manifest = load_for_emergency(options.file)
    found = f"found in {report.name}" if report else "no reason given"
    emergency = Emergency(
        manifest,
        options,
        reason=clean(reason) or found,
        compromised=compromised or report is not None,
        replace=not no_replace,
        ask=not auto_approve,
    )
    click.get_current_context().exit(asyncio.run(emergency.run(selection, report)))


def _off_for_good(recorded: Recorded) -> frozenset[tuple[str, KeyId]]:
    """Name the versions that an earlier report or person had revoked, and that are off since."""
    revoked = {(i.provider, i.key_id) for i in recorded.incidents if i.revoked_at is not None}
    versions = (version for row in recorded.keys for version in row.living)
    off = {(v.provider, v.key_id) for v in versions if v.stage is Stage.DISABLED}
    return frozenset(revoked & off)


def _unsettled(incident: Incident) -> bool:
    """Whether a version may still work, or lacks a replacement that was asked for."""
    owing = incident.replace and incident.settled_at is None and incident.replaced_by is None
    return incident.revoked_at is None or owing


class Emergency:
    """One revocation, from the question to what is still owed."""

    def __init__(
        self,
        manifest: Manifest,
        options: Options,
        *,
        reason: str,
        compromised: bool,
        replace: bool,
        ask: bool,
    ) -> None:
        self._manifest = manifest
        self._options = options
        self._reason = reason
        self._compromised = compromised
        self._replace = replace
        self._ask = ask

    async def run(self, selection: Selection, report: Path | None) -> int:
        """Revoke, show what came of it, and replace; gives the exit code."""
        recorded = await self._recorded()
        cases = self._from_report(report, recorded) if report else self._chosen(selection, recorded)
        if not cases:
            click.echo("None of these keys has a version that still works. Nothing was changed.")
            return _DONE
        if self._ask and not self._answered_yes(cases):
            click.echo("Cancelled. Nothing was changed.")
            return _DONE
        incidents = await self._revoke(cases, recorded)
        self._tell(incidents)
        code = await self._settle(incidents)
        fresh = await self._fresh(incidents)
        self._show(fresh)
        return _PARTLY if code == KeywrightError.exit_code or any(map(_unsettled, fresh)) else code

    async def _recorded(self) -> Recorded:
        backend = open_state(self._manifest)
        try:
            return await backend.read()
        finally:
            await backend.close()

    def _chosen(self, selection: Selection, recorded: Recorded) -> tuple[Case, ...]:
        """Give every version of the chosen keys that may still work."""
        now = datetime.now(UTC)
        addresses = set(choose(selection, self._manifest.desired, recorded, now))
        return tuple(
            Case(
                address=row.address,
                provider=version.provider,
                number=version.number,
                key_id=version.key_id,
            )
            for row in recorded.keys
            if row.address in addresses
            for version in row.living
            if version.stage is not Stage.DISABLED
        )

    def _from_report(self, report: Path, recorded: Recorded) -> tuple[Case, ...]:
        from reconciler.core.leaks import match_leaks  # noqa: PLC0415 - seldom used
        from reconciler.core.secret import fingerprint  # noqa: PLC0415
        from reconciler.documents.leak_reports import read_leak_report  # noqa: PLC0415

        leaks = read_leak_report(report)
        salt = recorded.meta.salt
        prints = (
            (leak.where, tuple(fingerprint(secret, salt) for secret in leak.secrets))
            for leak in leaks.findings
        )
        matched = match_leaks(prints, recorded)
        for each in matched.leaked:
            where = ", ".join(each.where)
            self._say(f"{each.address} v{each.number} was found at {where}")
        self._say(f"{plural(matched.unmatched, 'finding')} of no key of this stack.")
        if leaks.redacted:
            self._say(
                f"{plural(leaks.redacted, 'finding')} redacted, which cannot be matched: make the "
                "report without redaction."
            )
        off = _off_for_good(recorded)
        return tuple(
            Case(
                address=each.address,
                provider=each.provider,
                number=each.number,
                key_id=each.key_id,
            )
            for each in matched.leaked
            if (each.provider, each.key_id) not in off
        )

    def _say(self, sentence: str) -> None:
        click.echo(clean(sentence), err=self._options.json)

    def _answered_yes(self, cases: Sequence[Case]) -> bool:
        click.echo(f"\nThese {len(cases)} versions stop working at once:\n")
        for case in cases:
            click.echo(clean(f"  {case.address} v{case.number} at {case.provider} ({case.key_id})"))
        click.echo("\nWhoever uses them fails until he has the new secret.")
        click.echo("  Only 'yes' will be accepted to approve.\n")
        answer = click.prompt("  Enter a value", default="", show_default=False)
        return bool(answer == "yes")

    async def _revoke(self, cases: tuple[Case, ...], recorded: Recorded) -> tuple[Incident, ...]:
        providers = {case.provider for case in cases}
        unknown = providers - {provider.name for provider in self._manifest.providers}
        if unknown:
            raise UsageError(
                f"provider '{min(unknown)}' cannot be reached, since the manifest does not "
                "describe it as it should",
                effect="Nothing was changed",
                remedy="; ".join(self._manifest.problems) or "Put it back into the manifest",
            )
        revoked = {(case.provider, case.key_id) for case in cases}
        stores = {
            version.target.store
            for row in recorded.keys
            for version in row.living
            if (version.provider, version.key_id) in revoked
        }
        by = make_holder(os.environ, "revoke", datetime.now(UTC)).who
        async with AsyncExitStack() as closing:
            world = await self._open(providers, stores, closing)
            return await revoke_now(
                world,
                cases,
                by,
                self._reason,
                compromised=self._compromised,
                replace=self._replace,
            )

    async def _open(self, providers: set[str], stores: set[str], closing: AsyncExitStack) -> World:
        """Open what reaches the keys; without the stores, where these stand in the way."""
        reporter = SilentReporter()
        try:
            small = only_for(self._manifest, providers, stores)
            return await closing.enter_async_context(
                open_world(small, os.environ, reporter, "revoke")
            )
        except KeywrightError:
            small = only_for(self._manifest, providers, ())
            return await closing.enter_async_context(
                open_world(small, os.environ, reporter, "revoke")
            )

    def _tell(self, incidents: Sequence[Incident]) -> None:
        """Say at once what an on-call person wants to know first."""
        for incident in incidents:
            name = f"{incident.address} v{incident.number}"
            click.echo(clean(f"{name} {self._fate(incident)}."), err=True)

    def _fate(self, incident: Incident) -> str:
        if incident.revoked_at is None:
            return "is NOT known to be off: it is tried again"
        if incident.rejected_at is not None:
            return "is revoked, and rejected"
        able = abilities(self._manifest)[incident.provider]
        if not able.on_deploy:
            return "is revoked"
        sooner = "; `keys_enabled: false` and an apply refuse every key before" * able.has_toggle
        return f"is deleted, and works on until the deploy that comes next{sooner}"

    async def _fresh(self, incidents: Sequence[Incident]) -> tuple[Incident, ...]:
        """Read the incidents again, with what became of them since."""
        backend = open_state(self._manifest)
        try:
            found = {incident.id: incident for incident in await backend.incidents()}
        finally:
            await backend.close()
        return tuple(found.get(incident.id, incident) for incident in incidents)

    def _show(self, incidents: Sequence[Incident]) -> None:
        if self._options.json:
            click.echo(incident_json(incidents))
            return
        color = self._options.coloured
        click.echo(incident_text(incidents, width=width(), color=color), color=color)

    async def _settle(self, incidents: Sequence[Incident]) -> int:
        """Replace what was revoked, as far as that can be done now; the rest is a debt."""
        if self._manifest.problems:
            self._owe(f"the manifest has problems: {self._manifest.problems[0]}")
            return _PARTLY
        addresses = frozenset(incident.address for incident in incidents)
        application = Application(
            self._manifest,
            self._options,
            Approval(allow_revoke=len(incidents)),
            ask=False,
            verb="revoke",
            orders=Orders(only=addresses),
        )
        try:
            return await application.run()
        except StateLockedError as error:
            self._owe(f"another run holds the stack ({error.what})")
        except KeywrightError as error:
            self._owe(str(error))
        return _PARTLY

    def _owe(self, why: str) -> None:
        click.echo(
            clean(
                f"Revoked, and not replaced yet: {why.rstrip('.')}. The next `keywright apply` "
                "settles it."
            ),
            err=True,
        )
