"""The generic driver: any key API that a dialect describes, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from reconciler.core.desired import Call
from reconciler.core.keys import Attributes, KeyId, OpId
from reconciler.core.observed import Deployment, LiveKey, ProviderView, Upstream
from reconciler.core.secret import Secret
from reconciler.http.client import HttpClient
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import (
    AuditRecord,
    Created,
    Done,
    Outcome,
    Probe,
    Refused,
    Said,
    Unknown,
)
from reconciler.providers.actions import Action
from reconciler.providers.asking import Asking
from reconciler.providers.audits import Audits
from reconciler.providers.creation import Creation, Token
from reconciler.providers.deploys import Deploys
from reconciler.providers.dialect.calls import Operation
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.exchange import Exchange, Prepared
from reconciler.providers.finding import KeyFinder
from reconciler.providers.key_list import KeyList, KeyLookup
from reconciler.providers.paths import compile_path
from reconciler.providers.probing import Probing
from reconciler.providers.rows import RowReader, is_key_id
from reconciler.providers.sessions.opening import open_session
from reconciler.providers.sessions.session import common_headers
from reconciler.providers.surveys import Reaching, Survey
from reconciler.providers.templates import Values, settle_variables
from reconciler.providers.tenancy import Tenancy
from reconciler.providers.together import Broken
from reconciler.providers.updates import Updates
from reconciler.providers.upstreams import Upstreams
from reconciler.providers.verdicts import Absent, Accepted, Judge, Verdict, as_outcome

_NONE_GIVEN: Final[Values] = MappingProxyType({})
_NO_ID: Final = Refused("not sent: this cannot be the id of a key")


class HttpDriver:
    """A `KeyDriver` for one provider. Writes are sent once, unless the dialect allows more.

    `variables` are what the manifest says of the tenant. `key_client` leads to where keys are used,
    where that is elsewhere. `token` makes random texts of at least so many bytes.
    """

    def __init__(  # noqa: PLR0913 - a driver is made of this much of the world
        self,
        *,
        provider: str,
        origin: str,
        dialect: Dialect,
        client: HttpClient,
        credentials: Mapping[str, Secret],
        clock: Clock,
        variables: Values = _NONE_GIVEN,
        key_client: HttpClient | None = None,
        token: Token | None = None,
    ) -> None:
        settled = settle_variables(dialect.tenant.variables, variables)
        judge = Judge(dialect)
        session = open_session(dialect, client, credentials, judge, settled)
        exchange = Exchange(dialect, session, judge, clock, settled, client.base_url)
        rows = RowReader(dialect)
        lookup = KeyLookup(dialect, exchange, rows)
        keys = KeyList(dialect, exchange, rows, lookup)
        finder = KeyFinder(dialect, keys, lookup)
        self._dialect = dialect
        self._exchange = exchange
        self._clients = [client, key_client] if key_client else [client]
        self._finder = finder
        self._creation = Creation(dialect, exchange, rows, lookup, token)
        self._updates = Updates(dialect, exchange, rows, finder)
        self._switches = _prepare_switches(dialect, exchange)
        self._toggle = _prepare_toggle(dialect, exchange)
        self._deploys = _open_deploys(dialect, exchange)
        self._upstreams = Upstreams(dialect.gateway, exchange) if dialect.gateway else None
        self._audits = _open_audits(dialect, exchange)
        headers = common_headers(dialect, settled)
        self._probing = _open_probing(dialect, exchange, judge, client, key_client, headers)
        self._asking = Asking(dialect.operations.verify, key_client or client, judge, headers)
        self._survey = Survey(
            provider=provider,
            origin=origin,
            exchange=exchange,
            session=session,
            keys=keys,
            tenancy=Tenancy(dialect, exchange, variables),
            switch=compile_path(dialect.toggle.read) if dialect.toggle else None,
            deploys=self._deploys,
            reaching=Reaching(dialect.reach, exchange) if dialect.reach else None,
        )

    async def survey(self, progress: Callable[[int, int], None]) -> ProviderView:
        """See every key and what hangs on them; what goes wrong is the view's `problem`."""
        return await self._survey.look(progress)

    async def get(self, key_id: KeyId) -> Outcome[LiveKey | None]:
        """Look one key up by its id; a key that is only remembered does not exist."""
        if not is_key_id(key_id):
            return _NO_ID
        found = await self._finder.find(key_id)
        if isinstance(found, Done):
            return Done(found.value.key if found.value else None)
        return found

    async def create(self, op: OpId, wanted: Attributes, mark: str) -> Outcome[Created]:
        """Create a key, whose secret is in the answer or made by us."""
        return await self._creation.create(op, wanted, mark)

    async def update(self, key_id: KeyId, changes: Attributes) -> Outcome[LiveKey | None]:
        """Change fields in place; Done(None) where no answer shows the key."""
        return await self._updates.update(key_id, changes) if is_key_id(key_id) else _NO_ID

    async def enable(self, key_id: KeyId) -> Outcome[None]:
        """Switch a key on."""
        return await self._switch(Action.ENABLE, key_id)

    async def disable(self, key_id: KeyId) -> Outcome[None]:
        """Switch a key off, which may be for good."""
        return await self._switch(Action.DISABLE, key_id)

    async def delete(self, key_id: KeyId) -> Outcome[None]:
        """Delete a key; one that is already gone is done."""
        return await self._switch(Action.DELETE, key_id)

    async def probe(self, secret: Secret) -> Probe:
        """Use a key once."""
        return await self._probing.probe(secret) if self._probing else Probe.UNKNOWN

    async def ask(self, secret: Secret, call: Call) -> Said:
        """Make a call of the manifest's own with a key."""
        return await self._asking.ask(secret, call)

    async def upstreams(self) -> Outcome[tuple[Upstream, ...]]:
        """List the upstreams of a gateway."""
        if self._upstreams is None:
            return self._cannot("list upstreams")
        read = await self._upstreams.read_all()
        return Unknown(read.problem) if isinstance(read, Broken) else Done(read)

    async def deployment(self, project: str) -> Outcome[Deployment]:
        """Look at what one project runs."""
        return await self._deploys.read(project) if self._deploys else self._cannot("deploy")

    async def switch_all(self, *, on: bool) -> Outcome[None]:
        """Set the tenant-wide switch."""
        if not self._toggle:
            return self._cannot("switch all keys")
        return _conclude(await self._exchange.do(self._toggle[on]))

    async def deploy(self, project: str) -> Outcome[None]:
        """Start a deploy; Refused with its status while another one runs."""
        return await self._deploys.start(project) if self._deploys else self._cannot("deploy")

    async def put_upstream(
        self, upstream_id: str | None, name: str, fields: Attributes, secret: Secret
    ) -> Outcome[Upstream]:
        """Set the secret of an upstream, or make the upstream."""
        if self._upstreams is None:
            return self._cannot("set the secret of an upstream")
        return await self._upstreams.put(upstream_id, name, fields, secret)

    async def audit(self, key_id: KeyId) -> Outcome[tuple[AuditRecord, ...]]:
        """Read the API's own log about one key."""
        if self._audits is None:
            return self._cannot("show a log")
        return await self._audits.read(key_id) if is_key_id(key_id) else _NO_ID

    async def close(self) -> None:
        """Give the connections back."""
        for client in self._clients:
            await client.close()

    async def _switch(self, action: Action, key_id: KeyId) -> Outcome[None]:
        prepared = self._switches.get(action)
        if prepared is None:
            return self._cannot(f"{action} a key")
        if not is_key_id(key_id):
            return _NO_ID
        verdict = await self._exchange.do(prepared, {"id": key_id})
        if isinstance(verdict, Absent) and action is Action.DELETE:
            return Done(None)
        return _conclude(verdict)

    def _cannot(self, what: str) -> Refused:
        return Refused(f"not sent: {self._dialect.dialect} cannot {what}")


def _conclude(verdict: Verdict) -> Outcome[None]:
    return Done(None) if isinstance(verdict, Accepted) else as_outcome(verdict)


def _prepare_switches(dialect: Dialect, exchange: Exchange) -> Mapping[Action, Prepared]:
    operations = dialect.operations
    there: dict[Action, Operation | None] = {
        Action.ENABLE: operations.enable,
        Action.DISABLE: operations.disable,
        Action.DELETE: operations.delete,
    }
    return {
        action: exchange.prepare(action, operation, "id")
        for action, operation in there.items()
        if operation is not None
    }


def _prepare_toggle(dialect: Dialect, exchange: Exchange) -> Mapping[bool, Prepared]:
    toggle = dialect.toggle
    if toggle is None:
        return {}
    there = {True: toggle.on, False: toggle.off}
    return {on: exchange.prepare(Action.SWITCH_ALL, each) for on, each in there.items()}


def _open_deploys(dialect: Dialect, exchange: Exchange) -> Deploys | None:
    return Deploys(dialect.deploy, dialect.identity.times, exchange) if dialect.deploy else None


def _open_audits(dialect: Dialect, exchange: Exchange) -> Audits | None:
    audit = dialect.operations.audit
    return Audits(audit, dialect.identity.times, exchange) if audit else None


def _open_probing(
    dialect: Dialect,
    exchange: Exchange,
    judge: Judge,
    client: HttpClient,
    key_client: HttpClient | None,
    headers: dict[str, str],
) -> Probing | None:
    verify = dialect.operations.verify
    if verify is None:
        return None
    there = key_client if verify.at == "key_url" and key_client else client
    return Probing(verify, exchange, there, judge, headers)
