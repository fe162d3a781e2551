"""Logging in with a form or a JSON body, for a bearer token or for cookies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.core.secret import Secret, join
from reconciler.errors import ProviderError
from reconciler.http.answers import Answer, Content, Result
from reconciler.http.calls import Call
from reconciler.interfaces.driver import Refused, Unknown
from reconciler.providers.actions import Action
from reconciler.providers.dialect.auth import Login
from reconciler.providers.dialect.effects import Told
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.paths import MISSING, compile_path
from reconciler.providers.sessions.renewed import Entry
from reconciler.providers.sessions.session import Access, NoAccess, Send, fill_texts
from reconciler.providers.templates import Values, check_path
from reconciler.providers.tokens import read_claim
from reconciler.providers.verdicts import Absent, Accepted, Judge, Verdict

_PASSING: Final = (None, 429)  # never sent, or throttled: neither says anything about credentials
_NO_CONTENT: Final = 204


class LoginEntrance:
    """One login of a dialect, with our credentials."""

    def __init__(
        self,
        auth: Login,
        dialect: Dialect,
        send: Send,
        credentials: Mapping[str, Secret],
        variables: Values,
    ) -> None:
        self._auth = auth
        self._send = send
        self._variables = variables
        known = frozenset(variables)
        check_path(auth.path, known)
        check_path(auth.renew.path if auth.renew else "", known)
        self._body = _write_body(auth, credentials, fill_texts(auth.fixed, dialect, variables))
        self._renewal = fill_texts(auth.renew.body if auth.renew else None, dialect, variables)
        self._judge = _judge_of(dialect)
        self._data = compile_path(dialect.envelope.data)
        self._token = compile_path(auth.token) if auth.token else None
        self._told = dialect.tenant.told or Told()
        self._tenant = compile_path(self._told.login) if self._told.login else None
        self._obstacles = [(compile_path(each.when), each.say) for each in auth.obstacles]
        renewing = auth.renew.cookies if auth.renew else ()
        self._cookies = tuple(dict.fromkeys((*auth.cookies, *renewing)))
        others = tuple(name for name in auth.cookies if name not in renewing)
        self._own = others if others or auth.token else auth.cookies

    async def enter(self) -> Entry | NoAccess:
        """Log in with the credentials."""
        call = self._write(self._auth.path, self._body, idempotent=True)
        result = await self._send(call)
        verdict = self._read(call, self._auth.ok, result)
        if not isinstance(verdict, Accepted):
            return explain_refusal(verdict)
        data = self._unwrap(verdict.data)
        entry = self._admit(data, _cookies_of(result))
        blocked = next((saying for blocks, saying in self._obstacles if blocks(data) is True), None)
        if isinstance(entry, str) or (blocked and not self._token):
            return NoAccess(f"login failed: {blocked or entry}", lasting=True)
        return entry

    async def renew(self, entry: Entry, /) -> Entry | None:
        """Ask for a longer session with the cookies that are meant for it, and no others."""
        renewal = self._auth.renew
        if renewal is None:
            return None
        call = self._write(renewal.path, self._renewal, idempotent=False)
        access = Access(headers=_write_cookies(renewal.cookies, entry.cookies))
        result = await self._send(access.add_to(call))
        verdict = self._read(call, (*self._auth.ok, _NO_CONTENT), result)
        given = _cookies_of(result)
        if not isinstance(verdict, Accepted):
            return None
        if self._token is None and not given.keys() & self._own:
            return None  # nothing new to come in with
        renewed = self._admit(self._unwrap(verdict.data), {**entry.cookies, **given})
        if isinstance(renewed, str):
            return None
        renewed.renewed, renewed.tenant = True, renewed.tenant or entry.tenant
        return renewed

    def _write(self, path: str, body: object, *, idempotent: bool) -> Call:
        return Call(
            method="POST",
            template=path,
            values=self._variables,
            body=body,
            encoding=self._auth.encoding,
            idempotent=idempotent,
            throttled_untouched=True,
        )

    def _read(self, call: Call, ok: tuple[int, ...], result: Result) -> Verdict:
        """Judge an answer; where cookies are all that is wanted, its body may be anything."""
        match result:
            case Answer(status=status, content=content) if status in ok and not self._token:
                if content is not Content.JSON:
                    return Accepted(None)
        return self._judge.judge(Action.LOGIN, call, ok, result)

    def _unwrap(self, whole: object) -> object:
        data = self._data(whole)
        return whole if data is MISSING else data

    def _admit(self, data: object, cookies: Mapping[str, Secret]) -> Entry | str:
        """Give what an answer lets us in with, or say what it lacks."""
        token = self._token(data) if self._token else None
        if self._token and not (isinstance(token, str) and token):
            return "the API answered without a token"
        absent = [name for name in self._cookies if name not in cookies]
        if absent:
            return f"the API answered without its cookie {' and '.join(absent)}"
        bearer = Secret(token) if isinstance(token, str) else None
        return Entry(
            access=Access(bearer=bearer, headers=_write_cookies(self._own, cookies)),
            tenant=read_tenant(bearer, self._told) or self._tell_tenant(data),
            cookies={name: cookies[name] for name in self._cookies},
        )

    def _tell_tenant(self, data: object) -> str | None:
        told = self._tenant(data) if self._tenant else None
        if isinstance(told, int) and not isinstance(told, bool):
            return str(told)
        return told if isinstance(told, str) and told else None


def explain_refusal(verdict: Absent | Refused | Unknown) -> NoAccess:
    """Say why a login failed, and whether another try could go better."""
    lasting = not isinstance(verdict, Unknown) and verdict.status not in _PASSING
    return NoAccess(f"login failed: {verdict.reason}", lasting)


def read_tenant(token: Secret | None, told: Told | None) -> str | None:
    """Give who a token says that we are, where the dialect says which claim tells it."""
    if token is None or told is None or told.claim is None:
        return None
    return read_claim(token, told.claim)


def _judge_of(dialect: Dialect) -> Judge:
    """Give a judge who looks at the whole answer: one that only brings cookies may have no data."""
    envelope = dialect.envelope.model_copy(update={"data": "@"})
    return Judge(dialect.model_copy(update={"envelope": envelope}))


def _cookies_of(result: Result) -> dict[str, Secret]:
    return dict(result.cookies) if isinstance(result, Answer) else {}


def _write_cookies(names: tuple[str, ...], cookies: Mapping[str, Secret]) -> dict[str, Secret]:
    if not names:
        return {}
    parts = [part for name in names for part in ("; ", f"{name}=", cookies[name])]
    return {"cookie": join(parts[1:])}


def _write_body(auth: Login, credentials: Mapping[str, Secret], fixed: object) -> dict[str, object]:
    """Give the body of the login; the names of a JSON body are paths, joined by dots."""
    body: dict[str, object] = {}
    parts = dict(fixed) if isinstance(fixed, dict) else {}
    parts.update((path, credentials[name]) for path, name in auth.send.items())
    for path, value in parts.items():
        _place(body, path.split(".") if auth.encoding == "json" else [path], value)
    return body


def _place(body: dict[str, object], names: list[str], value: object) -> None:
    *outer, last = names
    for name in outer:
        inner = body.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ProviderError(f"the dialect puts two things at {'.'.join(names)} of its login")
        body = inner
    body[last] = value
