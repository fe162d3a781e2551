"""Whose keys these are, by the API's own word, and whether it is who the manifest means."""

from __future__ import annotations

from reconciler.interfaces.driver import Refused, Unknown
from reconciler.providers.actions import Action
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.exchange import Exchange
from reconciler.providers.paths import compile_path
from reconciler.providers.rows import read_word
from reconciler.providers.templates import Values
from reconciler.providers.together import Broken
from reconciler.providers.verdicts import Absent, Accepted


class Tenancy:
    """Asks which tenant this is, where a call of its own tells it, and compares."""

    def __init__(self, dialect: Dialect, exchange: Exchange, given: Values) -> None:
        told = dialect.tenant.told
        self._dialect = dialect.dialect
        self._exchange = exchange
        self._given = given
        self._equals = told.equals if told else None
        self._call = exchange.prepare(Action.TENANT, told.call) if told and told.call else None
        self._path = compile_path(told.path if told else "@")

    async def ask(self) -> str | Broken | None:
        """Give what the call tells; None where there is no such call."""
        if self._call is None:
            return None
        match await self._exchange.do(self._call):
            case Accepted(data=data):
                tenant = read_word(self._path(data))
                return tenant or Broken(f"{self._call}: answered without the tenant")
            case Absent(reason) | Refused(reason) | Unknown(reason):
                return Broken(reason)

    def complain(self, told: str | None) -> str | None:
        """Say so when the manifest means another tenant; None where it says nothing."""
        meant = self._given.get(self._equals) if self._equals else None
        if meant is None or told is None or told == meant:
            return None
        return (
            f"these credentials belong to {told}, and the manifest says {meant}: correct"
            f" tenant.{self._equals} or the credentials"
        )
