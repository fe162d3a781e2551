"""A session: logs in when it is first needed, and once more when the token is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.core.secret import Secret
from reconciler.errors import ProviderError
from reconciler.http.answers import Answer, Result
from reconciler.http.calls import Call
from reconciler.http.client import HttpClient
from reconciler.interfaces.driver import Unknown
from reconciler.providers.actions import Action
from reconciler.providers.dialect.auth import Login
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.paths import compile_path
from reconciler.providers.tokens import read_claim
from reconciler.providers.verdicts import Accepted, Judge

_OK = (200,)
_PASSING = (None, 429)  # never sent, or throttled: neither says anything about the credentials


@dataclass(frozen=True, slots=True)
class NoAccess:
    """There is no token, so the call itself had no effect. `lasting`: trying again is useless."""

    reason: str
    lasting: bool


@dataclass(slots=True, eq=False)
class _Grant:
    token: Secret
    tenant: str | None
    worked: bool = False


class Session:
    """One login, shared by every call of a driver; many refused calls renew it only once."""

    def __init__(
        self, dialect: Dialect, client: HttpClient, credentials: Mapping[str, Secret], judge: Judge
    ) -> None:
        (scheme,) = (each for each in dialect.auth if isinstance(each, Login))
        self._auth = scheme
        self._claim = dialect.tenant.told.claim if dialect.tenant.told else None
        self._client = client
        self._judge = judge
        self._form = _pick(self._auth.send, credentials)
        self._token = compile_path(str(self._auth.token))
        self._obstacles = [(compile_path(each.when), each.say) for each in self._auth.obstacles]
        self._turn = asyncio.Lock()
        self._grant: _Grant | None = None
        self._denied: NoAccess | None = None

    @property
    def tenant(self) -> str | None:
        """Who we are there, once logged in."""
        return self._grant.tenant if self._grant else None

    async def send(self, call: Call) -> Result | NoAccess:
        """Make a call as us. A refused token is renewed and the call, which had no effect, redone.

        A token that never worked is not renewed: that would only log in for ever.
        """
        grant = await self._enter(None)
        if isinstance(grant, NoAccess):
            return grant
        result = await self._send_as(grant, call)
        if not self._refuses_token(result) or not grant.worked:
            return result
        renewed = await self._enter(grant)
        if isinstance(renewed, NoAccess):
            return renewed
        return await self._send_as(renewed, call)

    async def _send_as(self, grant: _Grant, call: Call) -> Result:
        result = await self._client.send(replace(call, bearer=grant.token))
        if isinstance(result, Answer) and not self._refuses_token(result):
            grant.worked = True
        return result

    def _refuses_token(self, result: Result) -> bool:
        if not isinstance(result, Answer):
            return False
        code = self._judge.code(result)
        return any(match.fits(result.status, code) for match in self._auth.again_on)

    async def _enter(self, refused: _Grant | None) -> _Grant | NoAccess:
        """Give the current token, logging in where there is none but the refused one."""
        async with self._turn:
            if self._denied is not None:
                return self._denied
            if self._grant is not None and self._grant is not refused:
                return self._grant
            entered = await self._log_in()
            if isinstance(entered, _Grant):
                self._grant = entered
            elif entered.lasting:  # asking again and again would lock the account
                self._denied = entered
            return entered

    async def _log_in(self) -> _Grant | NoAccess:
        call = Call(
            method="POST",
            template=self._auth.path,
            body=self._form,
            encoding="form",
            idempotent=True,
            throttled_untouched=True,
        )
        verdict = self._judge.judge(Action.LOGIN, call, _OK, await self._client.send(call))
        match verdict:
            case Accepted(data=data):
                return self._admit(data)
            case Unknown(reason=reason):
                return NoAccess(f"login failed: {reason}", lasting=False)
            case _:
                lasting = verdict.status not in _PASSING
                return NoAccess(f"login failed: {verdict.reason}", lasting=lasting)

    def _admit(self, data: object) -> _Grant | NoAccess:
        token = self._token(data)
        if isinstance(token, str) and token:
            tenant = read_claim(token, self._claim) if self._claim else None
            return _Grant(Secret(token), tenant)
        for is_in_the_way, saying in self._obstacles:
            if is_in_the_way(data) is True:
                return NoAccess(f"login failed: {saying}", lasting=True)
        return NoAccess("login failed: the API answered without a token", lasting=True)


def _pick(form: Mapping[str, str], credentials: Mapping[str, Secret]) -> dict[str, Secret]:
    missing = sorted({name for name in form.values() if name not in credentials})
    if missing:
        raise ProviderError(f"no {' and no '.join(missing)} given to log in with")
    return {field: credentials[name] for field, name in form.items()}
