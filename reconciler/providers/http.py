"""The generic driver: any key API that a dialect describes, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from reconciler.core.keys import Attributes, KeyId, OpId
from reconciler.core.observed import Deployment, LiveKey, ProviderView, Upstream
from reconciler.core.secret import Secret
from reconciler.http.answers import Answer, Content
from reconciler.http.calls import Call
from reconciler.http.client import HttpClient
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import (
    AuditRecord,
    Created,
    Done,
    Outcome,
    Probe,
    Refused,
    Unknown,
)
from reconciler.providers.actions import Action
from reconciler.providers.dialect.calls import Operation
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.listing import Broken, Listing
from reconciler.providers.paths import compile_path
from reconciler.providers.rows import (
    RowReader,
    UnreadableKeyError,
    UnwritableKeyError,
    is_key_id,
    write_body,
)
from reconciler.providers.sessions.opening import open_session
from reconciler.providers.sessions.session import NoAccess
from reconciler.providers.verdicts import Absent, Accepted, Judge, Verdict

_TELLING: Final = frozenset({Content.JSON, Content.EMPTY})


class HttpDriver:
    """A `KeyDriver` for one provider. Writes are sent once, unless the dialect allows more."""

    def __init__(
        self,
        *,
        provider: str,
        origin: str,
        dialect: Dialect,
        client: HttpClient,
        credentials: Mapping[str, Secret],
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._origin = origin
        self._dialect = dialect
        self._operations = dialect.operations
        self._client = client
        self._clock = clock
        self._judge = Judge(dialect)
        self._session = open_session(dialect, client, credentials, self._judge)
        self._rows = RowReader(dialect)
        self._secret = compile_path(str(dialect.operations.create.secret))
        self._listing = Listing(dialect.operations.list, self._rows, self._ask, clock.now)
        self._clock_ahead: timedelta | None = None

    async def survey(self, progress: Callable[[int, int], None]) -> ProviderView:
        """List every key; what goes wrong is the view's `problem`."""
        self._clock_ahead = None
        read = await self._listing.read(progress)
        return ProviderView(
            provider=self._provider,
            origin=self._origin,
            keys=() if isinstance(read, Broken) else read,
            tenant=self._session.tenant,
            clock_ahead=self._clock_ahead,
            problem=read.problem if isinstance(read, Broken) else None,
        )

    async def get(self, key_id: KeyId) -> Outcome[LiveKey | None]:
        """Look one key up by its id."""
        verdict = await self._ask_of(key_id, Action.GET, self._operations.get)
        match verdict:
            case Absent():
                return Done(None)
            case Accepted(data=data):
                key = self._read(data)
                if key is None or key.id != key_id:
                    return Unknown("the API answered with something else than this key")
                return Done(key)
            case _:
                return verdict

    async def create(self, op: OpId, wanted: Attributes, mark: str) -> Outcome[Created]:  # noqa: ARG002
        """Create a key. `op` is in its marked name: no dialect has an idempotency key yet."""
        operation = self._operations.create
        try:
            body = write_body(self._dialect, wanted, "create", self._clock.now())
        except UnwritableKeyError as error:
            return Refused(f"not sent: {error.what}")
        call = self._write(operation, {}, body)
        verdict = await self._ask(Action.CREATE, operation, call)
        if not isinstance(verdict, Accepted):
            return _as_outcome(verdict)
        key, secret = self._read(verdict.data), self._secret(verdict.data)
        if key is None or not isinstance(secret, str) or not secret:
            return Unknown(f"{call} was answered without a usable key and secret")
        return Done(Created(key, Secret(secret)))

    async def update(self, key_id: KeyId, changes: Attributes) -> Outcome[LiveKey | None]:
        """Change fields in place; Done(None) where the answer does not show the key."""
        try:
            body = write_body(self._dialect, changes, "update", self._clock.now())
        except UnwritableKeyError as error:
            return Refused(f"not sent: {error.what}")
        verdict = await self._ask_of(key_id, Action.UPDATE, self._operations.update, body)
        if isinstance(verdict, Accepted):
            return Done(self._read(verdict.data))
        return _as_outcome(verdict)

    async def enable(self, key_id: KeyId) -> Outcome[None]:
        """Switch a key on."""
        verdict = await self._ask_of(key_id, Action.ENABLE, self._operations.enable)
        return Done(None) if isinstance(verdict, Accepted) else _as_outcome(verdict)

    async def disable(self, key_id: KeyId) -> Outcome[None]:
        """Switch a key off."""
        verdict = await self._ask_of(key_id, Action.DISABLE, self._operations.disable)
        return Done(None) if isinstance(verdict, Accepted) else _as_outcome(verdict)

    async def delete(self, key_id: KeyId) -> Outcome[None]:
        """Delete a key; one that is already gone is done."""
        verdict = await self._ask_of(key_id, Action.DELETE, self._operations.delete)
        return Done(None) if isinstance(verdict, Accepted | Absent) else verdict

    async def probe(self, secret: Secret) -> Probe:
        """Use a key once; a page of some proxy says nothing about it."""
        verify = self._operations.verify
        if verify is None:
            return Probe.UNKNOWN
        result = await self._client.send(self._write(verify, {}, None, bearer=secret))
        if not isinstance(result, Answer) or result.content not in _TELLING:
            return Probe.UNKNOWN
        code = self._judge.code(result)
        if any(match.fits(result.status, code) for match in verify.accepted):
            return Probe.ACCEPTED
        if any(match.fits(result.status, code) for match in verify.rejected):
            return Probe.REJECTED
        return Probe.UNKNOWN

    async def upstreams(self) -> Outcome[tuple[Upstream, ...]]:
        """List the upstreams of a gateway."""
        return self._cannot("list upstreams")

    async def deployment(self, project: str) -> Outcome[Deployment]:  # noqa: ARG002
        """Look at what one project runs."""
        return self._cannot("deploy")

    async def switch_all(self, *, on: bool) -> Outcome[None]:  # noqa: ARG002
        """Set the tenant-wide switch."""
        return self._cannot("switch all keys")

    async def deploy(self, project: str) -> Outcome[None]:  # noqa: ARG002
        """Start a deploy."""
        return self._cannot("deploy")

    async def put_upstream(
        self,
        upstream_id: str | None,  # noqa: ARG002
        name: str,  # noqa: ARG002
        fields: Attributes,  # noqa: ARG002
        secret: Secret,  # noqa: ARG002
    ) -> Outcome[Upstream]:
        """Set the secret of an upstream."""
        return self._cannot("set the secret of an upstream")

    async def audit(self, key_id: KeyId) -> Outcome[tuple[AuditRecord, ...]]:  # noqa: ARG002
        """Read the API's own log about one key."""
        return self._cannot("show a log")

    def _cannot(self, what: str) -> Refused:
        return Refused(f"not sent: {self._dialect.dialect} cannot {what}")

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()

    async def _ask_of(
        self,
        key_id: KeyId,
        action: Action,
        operation: Operation | None,
        body: object = None,
    ) -> Verdict:
        if operation is None:
            return Refused(f"not sent: {self._dialect.dialect} cannot {action} a key")
        if not is_key_id(key_id):
            return Refused("not sent: this cannot be the id of a key")
        return await self._ask(action, operation, self._write(operation, {"id": key_id}, body))

    async def _ask(self, action: Action, operation: Operation, call: Call) -> Verdict:
        result = await self._session.send(call)
        if isinstance(result, NoAccess):
            return Refused(result.reason)
        if self._clock_ahead is None and isinstance(result, Answer) and result.date:
            self._clock_ahead = result.date - self._clock.now()
        return self._judge.judge(action, call, operation.ok, result)

    def _write(
        self,
        operation: Operation,
        values: Mapping[str, str],
        body: object,
        bearer: Secret | None = None,
    ) -> Call:
        return Call(
            method=operation.method,
            template=operation.path,
            values=values,
            query=operation.query,
            body=operation.body if body is None else body,
            bearer=bearer,
            idempotent=operation.idempotent or operation.method == "GET",
            throttled_untouched=self._dialect.throttling.untouched,
        )

    def _read(self, row: object) -> LiveKey | None:
        try:
            return self._rows.read(row, self._clock.now())
        except UnreadableKeyError:
            return None


def _as_outcome(verdict: Absent | Refused | Unknown) -> Refused | Unknown:
    return Refused(verdict.reason, verdict.status) if isinstance(verdict, Absent) else verdict
