"""Trying a key out: one call made with it, which says only what the API itself said."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from reconciler.core.secret import Secret
from reconciler.http.answers import Answer, Content
from reconciler.http.client import HttpClient
from reconciler.interfaces.driver import Probe
from reconciler.providers.actions import Action
from reconciler.providers.dialect.calls import VerifyOperation
from reconciler.providers.exchange import Exchange
from reconciler.providers.verdicts import Judge

_TELLING: Final = frozenset({Content.JSON, Content.EMPTY})


class Probing:
    """Uses keys once, at the address where they are used. Nothing of ours goes with it."""

    def __init__(
        self,
        operation: VerifyOperation,
        exchange: Exchange,
        client: HttpClient,
        judge: Judge,
        headers: dict[str, str],
    ) -> None:
        self._operation = operation
        self._prepared = exchange.prepare(Action.VERIFY, operation)
        self._exchange = exchange
        self._client = client
        self._judge = judge
        self._headers = headers

    async def probe(self, secret: Secret) -> Probe:
        """Use a key once; a page of some proxy says nothing about it."""
        operation, call = self._operation, self._exchange.write(self._prepared)
        if operation.header:
            call = replace(call, headers={**self._headers, operation.header: secret})
        else:
            call = replace(call, headers=self._headers, bearer=secret)
        answer = await self._client.send(call)
        if not isinstance(answer, Answer) or answer.content not in _TELLING:
            return Probe.UNKNOWN
        code = self._judge.code(answer)
        if any(match.fits(answer.status, code) for match in operation.accepted):
            return Probe.ACCEPTED
        if any(match.fits(answer.status, code) for match in operation.rejected):
            return Probe.REJECTED
        return Probe.UNKNOWN
