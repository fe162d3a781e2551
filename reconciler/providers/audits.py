"""An API's own log of what was done to a key, for incidents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from reconciler.core.keys import KeyId
from reconciler.errors import ProviderError
from reconciler.interfaces.driver import AuditRecord, Done, Outcome, Unknown
from reconciler.providers.actions import Action
from reconciler.providers.dialect.calls import AuditOperation
from reconciler.providers.dialect.fields import TimeFormat
from reconciler.providers.exchange import Exchange
from reconciler.providers.listing import Listing, tell_nobody
from reconciler.providers.moments import UnusableValueError, read_moment
from reconciler.providers.paths import Reader, compile_path
from reconciler.providers.rows import read_word
from reconciler.providers.together import Broken

_NO_TIME: Final = datetime.min.replace(tzinfo=UTC)


class Audits:
    """Reads the log, which need not be whole: it may be endless."""

    def __init__(self, operation: AuditOperation, times: TimeFormat, exchange: Exchange) -> None:
        self._times = times
        self._when = _compile(operation.when)
        self._actor = _compile(operation.actor)
        self._action = compile_path(operation.action)
        self._key = _compile(operation.key)
        self._request = _compile(operation.request_id)
        self._listing = Listing[tuple[str | None, AuditRecord]](
            exchange,
            Action.AUDIT,
            operation,
            self._take,
            what="entries",
            names=("id",),
            whole=False,
        )

    async def read(self, key_id: KeyId) -> Outcome[tuple[AuditRecord, ...]]:
        """Give what was done to one key, the newest first."""
        listed = await self._listing.read(tell_nobody, {"id": key_id})
        if isinstance(listed, Broken):
            return Unknown(listed.problem)
        records = [r for key, r in listed.rows if self._key is None or key == key_id]
        return Done(tuple(sorted(records, key=lambda r: r.at or _NO_TIME, reverse=True)))

    def _take(self, row: object) -> tuple[None, tuple[str | None, AuditRecord]]:
        action = read_word(self._action(row))
        if action is None:
            raise ProviderError("answered with an entry that does not tell its action")
        record = AuditRecord(
            at=self._read_time(row),
            actor=_read(self._actor, row),
            action=action,
            request_id=_read(self._request, row),
        )
        return None, (_read(self._key, row), record)

    def _read_time(self, row: object) -> datetime | None:
        try:
            return read_moment(self._when(row), self._times) if self._when else None
        except UnusableValueError:
            return None


def _read(reader: Reader | None, row: object) -> str | None:
    return read_word(reader(row)) if reader else None


def _compile(path: str | None) -> Reader | None:
    return compile_path(path) if path else None
