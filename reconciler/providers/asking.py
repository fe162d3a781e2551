"""Calls of the manifest's own that are made with a key: what the API says to whoever holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from reconciler.core.capabilities import climbs
from reconciler.core.desired import Call
from reconciler.core.secret import Secret
from reconciler.http.answers import Answer, Content, Result
from reconciler.http.calls import Call as Request
from reconciler.http.client import HttpClient
from reconciler.interfaces.driver import Said
from reconciler.providers.dialect.calls import VerifyOperation
from reconciler.providers.dialect.parts import Match
from reconciler.providers.probing import present
from reconciler.providers.verdicts import Judge

_METHODS: Final = frozenset({"GET", "HEAD"})
# No space, no fragment, and no backslash, which some servers take for a slash.
_PATH: Final = re.compile(r"/[!-\"$-\[\]-~]*")
_LARGEST: Final = 1024 * 1024  # only the status and a short code matter
_GOOD: Final = range(200, 300)
_UNAUTHORISED, _FORBIDDEN = 401, 403


class Asking:
    """Makes read-only calls where keys are used, and shows keys as the dialect's own call does.

    Where the dialect has no such call, a key is the bearer token. Nothing of ours goes with it.
    """

    def __init__(
        self,
        verify: VerifyOperation | None,
        client: HttpClient,
        judge: Judge,
        headers: Mapping[str, str],
    ) -> None:
        self._header = verify.header if verify else None
        self._rejected = verify.rejected if verify else ()
        self._client = client
        self._judge = judge
        self._headers = headers

    async def ask(self, secret: Secret, call: Call) -> Said:
        """Make one call; what cannot be sent to this very address stays unsent, and unknown."""
        if not _may_be_sent(call, self._client.base_url):
            return Said.UNKNOWN
        request = Request(
            method=call.method, template=call.path, idempotent=True, max_bytes=_LARGEST
        )
        request = present(request, secret, self._headers, self._header)
        return self._read(await self._client.send(request))

    def _read(self, result: Result) -> Said:
        """Say what an answer means; a page of HTML is some proxy's or a log-in's, and no word."""
        if not isinstance(result, Answer) or result.content is Content.HTML:
            return Said.UNKNOWN
        match result.status:
            case status if status in _GOOD:
                return self._believe(result)
            case status if status == _UNAUTHORISED:
                return Said.REJECTED
            case status if status == _FORBIDDEN:
                return Said.REJECTED if self._rejects(result, self._rejected) else Said.DENIED
            case _:
                return Said.UNKNOWN

    def _believe(self, answer: Answer) -> Said:
        """Look into an answer with a good status, where only its code can tell of a failure."""
        if self._rejects(answer, [match for match in self._rejected if match.code is not None]):
            return Said.REJECTED
        return Said.UNKNOWN if self._judge.denies_itself(answer) else Said.ALLOWED

    def _rejects(self, answer: Answer, matches: list[Match] | tuple[Match, ...]) -> bool:
        code = self._judge.code(answer)
        return any(match.fits(answer.status, code) for match in matches)


def _may_be_sent(call: Call, base_url: str) -> bool:
    """Whether a call only reads, and stays below the address that it is for."""
    path = call.path.partition("?")[0]
    if call.method not in _METHODS or not _PATH.fullmatch(call.path) or climbs(unquote(path)):
        return False
    try:
        here, there = urlsplit(base_url), urlsplit(base_url + call.path)
    except ValueError:
        return False
    return (here.scheme, here.netloc) == (there.scheme, there.netloc)
