"""Deploys: which projects there are, what each one's container holds, and starting a new one."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Final

from reconciler.core.keys import KeyId
from reconciler.core.observed import Deployment
from reconciler.errors import ProviderError
from reconciler.interfaces.driver import Done, Outcome, Refused, Unknown
from reconciler.providers.actions import Action
from reconciler.providers.dialect.effects import Deploy
from reconciler.providers.dialect.fields import TimeFormat
from reconciler.providers.exchange import Exchange
from reconciler.providers.listing import Listing, tell_nobody
from reconciler.providers.moments import UnusableValueError, read_moment
from reconciler.providers.paths import MISSING, Reader, compile_path
from reconciler.providers.rows import is_word, read_id, read_word
from reconciler.providers.together import Broken, read_each
from reconciler.providers.verdicts import Accepted, as_outcome

_AT_ONCE: Final = 4


class StateReader:
    """Reads what one project runs. What is not told is not taken for nothing."""

    def __init__(self, deploy: Deploy, times: TimeFormat) -> None:
        state = deploy.state
        self._state = state
        self._times = times
        self._stage = compile_path(state.stage)
        self._keys = compile_path(state.keys)
        self._at = compile_path(state.deployed_at) if state.deployed_at else None
        self._enabled = compile_path(state.enabled) if state.enabled else None

    def read(self, project: str, data: object) -> Deployment:
        """Give one project's deployment; ProviderError says what is wrong with the answer."""
        stage = self._stage(data)
        if not isinstance(stage, str) or not stage:
            raise ProviderError("answered without the stage of the project")
        return Deployment(
            project=project,
            stage=stage,
            running=stage in self._state.running,
            failed=stage in self._state.failed,
            deployed_at=self._read_time(data),
            key_ids=self._read_keys(stage, self._keys(data)),
            enabled=self._read_switch(stage, data),
        )

    def _read_keys(self, stage: str, value: object) -> frozenset[KeyId]:
        never_ran = stage in self._state.idle
        if value is None or (value is MISSING and never_ran):
            value = [] if stage not in self._state.running else value
        if not isinstance(value, list):
            raise ProviderError("answered without the keys that the project holds")
        return frozenset(map(read_id, value))

    def _read_switch(self, stage: str, data: object) -> bool | None:
        value = self._enabled(data) if self._enabled else None
        if isinstance(value, bool):
            return value
        if self._enabled is None or stage not in self._state.running:
            return None
        raise ProviderError("answered without the switch that the project holds")

    def _read_time(self, data: object) -> datetime | None:
        value = self._at(data) if self._at else MISSING
        try:
            return None if value is MISSING else read_moment(value, self._times)
        except UnusableValueError:
            raise ProviderError("answered with an unusable time of the deploy") from None


class Deploys:
    """The deploys of one tenant's projects."""

    def __init__(self, deploy: Deploy, times: TimeFormat, exchange: Exchange) -> None:
        self._exchange = exchange
        self._project: Reader = compile_path(deploy.project)
        self._reader = StateReader(deploy, times)
        self._start = exchange.prepare(Action.DEPLOY, deploy.start, "project", busy=deploy.busy)
        self._state = exchange.prepare(Action.DEPLOYMENT, deploy.state, "project")
        self._listing = Listing[str](
            exchange, Action.PROJECTS, deploy.projects, self._take, what="projects"
        )

    async def read_all(self) -> tuple[Deployment, ...] | Broken:
        """Look at every project."""
        listed = await self._listing.read(tell_nobody)
        if isinstance(listed, Broken):
            return listed
        read = await read_each(sorted(listed.rows), self._read_one, _AT_ONCE)
        return read if isinstance(read, Broken) else tuple(read)

    async def read(self, project: str) -> Outcome[Deployment]:
        """Look at one project."""
        if not is_word(project):
            return Refused("not sent: this cannot be a project")
        verdict = await self._exchange.do(self._state, {"project": project})
        if isinstance(verdict, Accepted):
            return self._understand(project, verdict.data)
        return as_outcome(verdict)

    async def start(self, project: str) -> Outcome[None]:
        """Start a deploy of one project."""
        if not is_word(project):
            return Refused("not sent: this cannot be a project")
        verdict = await self._exchange.do(self._start, {"project": project})
        return Done(None) if isinstance(verdict, Accepted) else as_outcome(verdict)

    def _take(self, row: object) -> tuple[Hashable, str]:
        project = read_word(self._project(row))
        if project is None:
            raise ProviderError("answered with a project that has no usable id")
        return project, project

    async def _read_one(self, project: str) -> Deployment | Broken:
        match await self.read(project):
            case Done(deployment):
                return deployment
            case Refused(reason) | Unknown(reason):
                return Broken(reason)

    def _understand(self, project: str, data: object) -> Outcome[Deployment]:
        try:
            return Done(self._reader.read(project, data))
        except ProviderError as error:
            return Unknown(f"{self._state}: {error.what}")
