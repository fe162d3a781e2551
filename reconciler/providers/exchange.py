"""From an operation of a dialect to a call that is made as us, and to what its answer means.

What an operation may send is checked when it is prepared, so that no call can lack a value later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from reconciler.core.secret import Secret
from reconciler.errors import ProviderError
from reconciler.http.answers import Answer
from reconciler.http.calls import Call, address
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import Refused
from reconciler.providers.actions import Action
from reconciler.providers.dialect.calls import Operation
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.dialect.parts import Match
from reconciler.providers.paths import compile_path
from reconciler.providers.sessions.session import NoAccess, Session
from reconciler.providers.templates import (
    Values,
    check_path,
    check_texts,
    clock_values,
    fill,
    known_names,
    names_in,
)
from reconciler.providers.verdicts import Judge, Terms, Verdict

_READS: Final = frozenset(
    {
        Action.LIST,
        Action.GET,
        Action.TENANT,
        Action.AUDIT,
        Action.PROJECTS,
        Action.DEPLOYMENT,
        Action.UPSTREAMS,
        Action.REACH,
    }
)
NOTHING: Final[Values] = {}


@dataclass(frozen=True, slots=True)
class Prepared:
    """One operation of a dialect, in which every {name} is known to get a value."""

    action: Action
    operation: Operation
    terms: Terms
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operation.method} {self.operation.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What one call has beside its operation. `body` replaces the operation's own, if any."""

    body: object = field(default=None, repr=False)
    query: Mapping[str, str | int] | None = None
    headers: Mapping[str, str | Secret] | None = None
    target: str | None = None
    idempotent: bool = False


_PLAIN: Final = Extras()


class Exchange:
    """All calls of one driver, aside from its login and from trying keys out."""

    def __init__(
        self,
        dialect: Dialect,
        session: Session,
        judge: Judge,
        clock: Clock,
        variables: Values,
        base_url: str,
    ) -> None:
        self._dialect = dialect
        self._session = session
        self._judge = judge
        self._clock = clock
        self._variables = variables
        self._base_url = base_url
        self.clock_ahead: timedelta | None = None

    @property
    def variables(self) -> Values:
        """What is known of the tenant."""
        return self._variables

    @property
    def now(self) -> datetime:
        """Our own time."""
        return self._clock.now()

    def prepare(
        self,
        action: Action,
        operation: Operation,
        *names: str,
        busy: tuple[Match, ...] = (),
    ) -> Prepared:
        """Check an operation, whose texts may also have these names."""
        known = known_names(self._variables, *names)
        optional = frozenset(self._dialect.tenant.variables)
        try:
            check_path(operation.path, known)
            check_texts([operation.query, operation.body], known, optional)
        except ProviderError as error:
            place = f"{self._dialect.dialect}: {operation.method} {operation.path}"
            raise ProviderError(error.what, where=place) from None
        terms = Terms(
            ok=operation.ok,
            already=operation.already,
            busy=busy,
            data=compile_path(operation.data) if operation.data else None,
        )
        return Prepared(action, operation, terms, names_in(operation.path))

    def body(self, prepared: Prepared, values: Values) -> object:
        """Give the body that the operation itself has."""
        return fill(prepared.operation.body, self._all(values))

    def write(self, prepared: Prepared, values: Values = NOTHING, extras: Extras = _PLAIN) -> Call:
        """Give the call of an operation."""
        operation, every = prepared.operation, self._all(values)
        body = fill(operation.body, every) if extras.body is None else extras.body
        safe = operation.idempotent or operation.method == "GET" or prepared.action in _READS
        return Call(
            method=operation.method,
            template=operation.path,
            values={name: every[name] for name in prepared.names},
            query={**self.query(prepared, values), **(extras.query or {})},
            body=body,
            encoding=operation.encoding,
            headers=extras.headers or {},
            target=extras.target,
            idempotent=safe or extras.idempotent,
            throttled_untouched=self._dialect.throttling.untouched,
        )

    def query(self, prepared: Prepared, values: Values) -> dict[str, str | int | bool]:
        """Give what an operation always asks for."""
        filled = fill(prepared.operation.query, self._all(values))
        return dict(filled) if isinstance(filled, dict) else {}

    def locate(self, call: Call) -> str:
        """Give the whole address of a call, which a relative link in its answer continues."""
        return address(call, self._base_url)

    async def ask(self, prepared: Prepared, call: Call) -> Verdict:
        """Make a call as us, and say what its answer means."""
        result = await self._session.send(call)
        if isinstance(result, NoAccess):
            return Refused(result.reason)
        if self.clock_ahead is None and isinstance(result, Answer) and result.date:
            self.clock_ahead = result.date - self._clock.now()
        return self._judge.judge(prepared.action, call, prepared.terms, result)

    async def do(
        self, prepared: Prepared, values: Values = NOTHING, extras: Extras = _PLAIN
    ) -> Verdict:
        """Carry an operation out."""
        return await self.ask(prepared, self.write(prepared, values, extras))

    def _all(self, values: Values) -> dict[str, str]:
        return {**self._variables, **clock_values(self._clock.now()), **values}
