"""Where checks work: throw-away keys that are always removed again, and looks at the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from reconciler.core.capabilities import Capabilities, FieldRule
from reconciler.core.keys import EXPIRES_AT, NAME, SCOPES, Attributes, KeyId, OpId, Value
from reconciler.core.observed import LiveKey, ProviderView
from reconciler.core.ownership import Mark, mark_name, mark_of
from reconciler.core.secret import Secret
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import Created, Done, KeyDriver, Outcome, Probe
from reconciler.interfaces.ids import Ids
from reconciler.providers.abilities import capabilities
from reconciler.providers.conformance.traces import Traces
from reconciler.providers.conformance.verdicts import BrokenError, UntoldError
from reconciler.providers.dialect.fields import InstantField
from reconciler.providers.dialect.model import Dialect

STACK: Final = "keywright-conformance"
LIFE: Final = timedelta(days=20)
PATIENCE: Final = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds between looks at something that takes its time."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the caller allows, and gives where an API cannot do without.

    `fields` are values for what the dialect demands and nobody can make up (a user's id). `deploy`
    allows the tenant's projects to be deployed, and its switch to be used. `sandbox`: nothing there
    is of any worth, so that what cannot be set back may be tried as well.
    """

    fields: Attributes
    deploy: bool = False
    sandbox: bool = False


class Bench:
    """One API under test. `open_driver` gives a driver for a changed copy of the dialect."""

    def __init__(
        self,
        dialect: Dialect,
        open_driver: Callable[[Dialect], KeyDriver],
        clock: Clock,
        ids: Ids,
        terms: Terms,
    ) -> None:
        self.dialect = dialect
        self.able: Capabilities = capabilities(dialect)
        self.clock = clock
        self.terms = terms
        self._open_driver = open_driver
        self._ids = ids
        self._drivers = [open_driver(dialect)]
        self.traces = Traces(self.driver, self.able.marker)

    @property
    def driver(self) -> KeyDriver:
        """The driver of the dialect itself."""
        return self._drivers[0]

    def drive(self, dialect: Dialect) -> KeyDriver:
        """Open a driver for a changed dialect; it is closed with the bench."""
        self._drivers.append(self._open_driver(dialect))
        return self._drivers[-1]

    def mark(self) -> tuple[OpId, Mark]:
        """Give a new operation and its mark."""
        op = self._ids.new_op()
        return op, mark_of(STACK, op)

    def demanded(self) -> dict[str, Value]:
        """Give a value for everything that a key cannot be made without."""
        fields = self.terms.fields.mapping()
        for rule in self.able.rules:
            if rule.required is not None and rule.field not in fields:
                fields[rule.field] = self._invent(rule)
        return fields

    async def make(self, fields: Mapping[str, Value] | None = None) -> Created:
        """Make a throw-away key."""
        op, mark = self.mark()
        wanted = {**self.demanded(), **(fields or {})}
        if NAME in self.able.fields and NAME not in wanted:
            wanted[NAME] = mark_name("{name}.{mark}", "conformance", mark, self.able.name_limit)
        outcome = await self.traces.create(op, Attributes.of(wanted), mark)
        return self.done(outcome, "a key was not made")

    async def survey(self, driver: KeyDriver | None = None) -> ProviderView:
        """List the keys; a list that cannot be read is a broken one."""
        view = await (driver or self.driver).survey(lambda _seen, _total: None)
        if view.problem is not None:
            raise BrokenError(view.problem)
        self.traces.arrive(view)
        return view

    async def find(self, key_id: KeyId) -> LiveKey | None:
        """Give a key as the list shows it."""
        view = await self.survey()
        return next((key for key in view.keys if key.id == key_id), None)

    async def show(self, key_id: KeyId) -> LiveKey:
        """Give a listed key, waiting as long as the dialect says that the list lags."""
        for wait in (*self._waits(), None):
            if key := await self.find(key_id):
                return key
            if wait is not None:
                await self.clock.sleep(wait)
        raise BrokenError(f"key {key_id} was made, and the list does not show it")

    async def remove(self, key_id: KeyId) -> None:
        """Delete a throw-away key."""
        self.done(await self.traces.remove(key_id), "a key was not deleted")

    async def expect(self, secret: Secret, probe: Probe, when: str) -> None:
        """Use a key until the API says what is expected of it, with bounded patience."""
        if not self.able.can_verify:
            raise UntoldError("the dialect has no `verify`")
        for wait in (*PATIENCE, None):
            answer = await self.driver.probe(secret)
            if answer is probe:
                return
            if wait is not None:
                await self.clock.sleep(wait)
        raise BrokenError(f"{when}, the key should be {probe}, and is {answer}")

    async def leave(self) -> tuple[str, ...]:
        """Take back whatever is left, look whether anything is, and close every driver."""
        left = await self.traces.take_back()
        await self.clock.sleep(self.able.list_lag.total_seconds())
        left = (*left, *await self.traces.look_back())
        for driver in self._drivers:
            await driver.close()
        return left

    def done(self, outcome: Outcome[T], otherwise: str) -> T:
        """Give what an outcome brought, or call it broken."""
        if isinstance(outcome, Done):
            return outcome.value
        raise BrokenError(f"{otherwise}: {outcome.reason}")

    def later(self, span: timedelta) -> datetime:
        """Give a time in the future that the API can keep exactly."""
        moment = (self.clock.now() + span).replace(minute=0, second=0, microsecond=0)
        field = self.dialect.fields.get(EXPIRES_AT)
        match field.format if isinstance(field, InstantField) else "":
            case "date":
                return moment.replace(hour=23, minute=59, second=59)
            case "date_start":
                return moment.replace(hour=0)
            case _:
                return moment

    def _waits(self) -> tuple[float, ...]:
        lag = self.able.list_lag.total_seconds()
        return (lag / 4, lag / 4, lag / 2) if lag else ()

    def _invent(self, rule: FieldRule) -> Value:
        if rule.field == EXPIRES_AT:
            return self.later(LIFE)
        if rule.field == SCOPES and rule.allowed:
            return (min(rule.allowed),)
        raise UntoldError(f"{rule.field} must be given: {rule.required}")
