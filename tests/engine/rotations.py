"""What the tests of rotation begin with: a key with two versions, and ways to ask for a third."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from reconciler.backends.memory import MemoryBackend
from reconciler.core.desired import Call, Desired, DesiredKey, Rotation, Verify
from reconciler.core.keys import Address, OpId, Stage
from reconciler.core.orders import Orders
from reconciler.core.recorded import Incident, KeyRow, Version
from reconciler.core.secret import Secret
from tests.core.builders import NOW, STACK, desired, key, target
from tests.engine.wires import Wire
from tests.engine.worlds import Place, all_done, apply_to, at_once

HOUR = timedelta(hours=1)
OVERLAP = 48 * HOUR
MAY, MAY_NOT = Call("GET", "/models"), Call("GET", "/admin")
A = Address("crm-a")
ROTATE = Orders(rotate=frozenset({A}))
UNDO = Orders(restore=frozenset({A}))


def rotating(
    *,
    verify: Verify | None = None,
    on_promoted: str | None = None,
    overlap: timedelta = OVERLAP,
    delete_after: timedelta = timedelta(days=30),
    path: str = "crm-a",
    provider: str = "agents",
) -> DesiredKey:
    """Declare a key whose versions follow each other."""
    return replace(
        key("crm-a", slot=target(path), delete_after=delete_after, provider=provider),
        rotation=Rotation(overlap=overlap, idle=timedelta(0)),
        verify=verify or Verify(),
        on_promoted=on_promoted,
    )


def stack(declared: DesiredKey | None = None) -> Desired:
    return desired(declared or rotating())


def rotated(place: Place, wanted: Desired | None = None, wire: Wire | None = None) -> KeyRow:
    """Make a key, rotate it an hour later, and give its row."""
    wanted = wanted or stack()
    assert all_done(apply_to(place, wanted))
    place.clock.advance(HOUR)
    assert all_done(apply_to(place, wanted, orders=ROTATE, wire=wire))
    return place.row()


def numbered(row: KeyRow, number: int) -> Version:
    return next(version for version in row.versions if version.number == number)


def stages(row: KeyRow) -> dict[int, Stage]:
    return {version.number: version.stage for version in row.living}


def published(place: Place, path: str = "crm-a") -> Secret:
    secret = place.store.consume(target(path))
    assert secret is not None
    return secret


def accuse(
    place: Place,
    version: Version,
    *,
    settled: bool = False,
    revoked: bool = False,
    renew: bool = True,
) -> None:
    """Record that a person revoked a version, be it while a run holds the lock."""
    incident = Incident(
        id=OpId("f" * 32),
        case=OpId("e" * 32),
        address=A,
        provider=version.provider,
        number=version.number,
        key_id=version.key_id,
        at=NOW,
        by="mara",
        reason="it leaked",
        compromised=True,
        replace=renew,
        revoked_at=NOW if revoked else None,
        settled_at=NOW if settled else None,
    )
    at_once(MemoryBackend(place.state, STACK).write_incident(incident))
