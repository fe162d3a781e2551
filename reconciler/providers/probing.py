"""Trying a key out: one call made with it, which says only what the API itself said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from reconciler.core.secret import Secret
from reconciler.http.answers import Answer, Content
from reconciler.http.calls import Call
from reconciler.http.client import HttpClient
from reconciler.interfaces.driver import Probe
from reconciler.providers.actions import Action
from reconciler.providers.dialect.calls import VerifyOperation
from reconciler.providers.exchange import Exchange
from reconciler.providers.verdicts import Judge

_TELLING: Final = frozenset({Content.JSON, Content.EMPTY})


def present(call: Call, secret: Secret, headers: Mapping[str, str], header: str | None) -> Call:
    """Give a call that shows a key as its users do: in this header, else as the bearer token."""
    if header is None:
        return replace(call, headers=headers, bearer=secret)
    return replace(call, headers={**headers, header: secret})


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
        answer = await self._client.send(present(call, secret, self._headers, operation.header))
        if not isinstance(answer, Answer) or answer.content not in _TELLING:
            return Probe.UNKNOWN
        code = self._judge.code(answer)
        if any(match.fits(answer.status, code) for match in operation.accepted):
            return Probe.ACCEPTED
        if any(match.fits(answer.status, code) for match in operation.rejected):
            return Probe.REJECTED
        return Probe.UNKNOWN
