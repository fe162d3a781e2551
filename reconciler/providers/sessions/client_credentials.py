"""OAuth 2.0 client credentials (RFC 6749, section 4.4): a token for an id and a secret."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.secret import Secret
from reconciler.http.calls import Call
from reconciler.providers.actions import Action
from reconciler.providers.dialect.auth import ClientCredentials
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.dialect.parts import Envelope
from reconciler.providers.sessions.login import explain_refusal, read_tenant
from reconciler.providers.sessions.renewed import Entry
from reconciler.providers.sessions.session import Access, NoAccess, Send, fill_texts
from reconciler.providers.templates import Values, check_path
from reconciler.providers.verdicts import Accepted, Judge

_OK = (200,)


class ClientCredentialsEntrance:
    """Asks the token endpoint, which answers as the RFC says, whatever the API's own envelope."""

    def __init__(
        self,
        auth: ClientCredentials,
        dialect: Dialect,
        send: Send,
        credentials: Mapping[str, Secret],
        variables: Values,
    ) -> None:
        check_path(auth.path, frozenset(variables))
        body: dict[str, object] = {"grant_type": "client_credentials"}
        body.update((name, credentials[name]) for name in auth.credentials)
        if auth.scope is not None:
            body["scope"] = fill_texts(auth.scope, dialect, variables)
        self._call = Call(
            method="POST",
            template=auth.path,
            values=variables,
            body=body,
            encoding="form",
            idempotent=True,
            throttled_untouched=True,
        )
        self._send = send
        self._told = dialect.tenant.told
        self._judge = Judge(dialect.model_copy(update={"envelope": Envelope(code="error")}))

    async def enter(self) -> Entry | NoAccess:
        """Ask for a token."""
        result = await self._send(self._call)
        verdict = self._judge.judge(Action.LOGIN, self._call, _OK, result)
        if not isinstance(verdict, Accepted):
            return explain_refusal(verdict)
        answer = verdict.data if isinstance(verdict.data, dict) else {}
        token, kind = answer.get("access_token"), answer.get("token_type", "bearer")
        if not isinstance(token, str) or not token:
            return NoAccess("login failed: the API answered without a token", lasting=True)
        if not isinstance(kind, str) or kind.lower() != "bearer":
            return NoAccess("login failed: the API gave a token that is no bearer", lasting=True)
        bearer = Secret(token)
        return Entry(access=Access(bearer=bearer), tenant=read_tenant(bearer, self._told))

    async def renew(self, _: Entry, /) -> Entry | None:
        """Give nothing: the RFC has no renewal, only another token."""
        return None
