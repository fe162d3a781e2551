"""Stories of keys whose versions follow each other, come back, or are taken away at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from reconciler.core.desired import Desired, Rotation, Verify
from reconciler.core.keys import SCOPES, After, Attributes, Stage
from reconciler.core.observed import LiveStatus
from reconciler.core.orders import NONE, Orders
from reconciler.core.recorded import Version
from reconciler.interfaces.driver import Refused, Unknown
from reconciler.providers.memory_traits import Off, Traits
from reconciler.stores.memory import Mishap
from tests.core.builders import DAY, STACK, desired, key, provider
from tests.engine.rotations import (
    HOUR,
    MAY_NOT,
    OVERLAP,
    ROTATE,
    UNDO,
    accuse,
    numbered,
    rotated,
    rotating,
    stack,
    stages,
)
from tests.engine.stories import Story
from tests.engine.studio_stories import studio
from tests.engine.worlds import Place, all_done, apply_to, run

AGED = replace(rotating(), rotation=Rotation(every=90 * DAY, overlap=OVERLAP, idle=timedelta(0)))
OTHER = replace(AGED, address=key("crm-b").address, name="crm-b", target=key("crm-b").target)
ENDING = replace(
    rotating(),
    lifetime=After(90 * DAY),
    rotation=Rotation(before_expiry=30 * DAY, overlap=OVERLAP, idle=timedelta(0)),
)
TOLD = stack(rotating(on_promoted="a command"))
CHECKED = stack(rotating(verify=Verify(denied=(MAY_NOT,))))
WITH_B = desired(rotating(), key("crm-b"))
PROVIDERS = (provider(), provider("other"))
FIXED = Traits(fixed=frozenset({SCOPES}))
FINAL, NEVER = Traits(off=Off.FINAL), Traits(off=Off.NEVER)
DEPLOYED = studio(rotating())
NOT_REPLACED = ("crm-a has no living current version", "still planned: hold crm-a revoked")
"""What is as it should be where a person revoked a key and wants no other."""


def scoped(*scopes: str) -> Desired:
    """Declare what the key may do."""
    return stack(replace(rotating(), attributes=Attributes.of({SCOPES: scopes})))


def made(place: Place, wanted: Desired | None = None, later: timedelta = HOUR) -> None:
    """Make a key, and let some time pass."""
    assert all_done(apply_to(place, wanted or stack()))
    place.clock.advance(later)


def lost(place: Place) -> None:
    """Let somebody remove the stored secret of the version in use."""
    made(place)
    version = numbered(place.row(), 1)
    place.lost.add(version.key_id)
    run(place.store.retire(version.target, f"{STACK}/crm-a", ()))


def over(place: Place, wanted: Desired | None = None) -> None:
    """Let the overlap of a rotation be over."""
    rotated(place, wanted)
    place.clock.advance(OVERLAP + HOUR)


def off(place: Place, wanted: Desired | None = None) -> None:
    """Let the former version be switched off."""
    over(place, wanted)
    assert all_done(apply_to(place, wanted or stack()))
    place.clock.advance(HOUR)


def deletable(place: Place) -> None:
    off(place)
    place.clock.advance(31 * DAY)


def vanished(place: Place) -> None:
    """Let somebody delete the version in use, while the former one works on."""
    place.api.remove(numbered(rotated(place), 2).key_id)


def away(place: Place, method: str) -> None:
    """Let the store be away in the middle of a rotation."""
    made(place)
    place.store.fail(method, Mishap.UNAVAILABLE_BEFORE, times=2)


def unheard(place: Place, answer: Refused | Unknown) -> None:
    """Let the first attempt at telling consumers come to nothing."""
    made(place, TOLD)
    place.notifier.fail_next(answer)


def accused(
    place: Place, number: int, wanted: Desired, *, versions: int = 1, renew: bool = True
) -> None:
    """Let a person have revoked a version, which works as yet."""
    (made if versions == 1 else rotated)(place, wanted)
    accuse(place, numbered(place.row(), number), renew=renew)


def not_revoked(place: Place) -> list[str]:
    """Say where a version still works that a person revoked, and what is still owed for it."""
    found: list[str] = []
    for incident in place.recorded().incidents:
        api, name = place.apis[incident.provider], f"v{incident.number}"
        live = api.find(incident.key_id)
        if live is not None and live.status is LiveStatus.ACTIVE:
            found.append(f"{name} was revoked, and works")
        held = [p.name for p in api.projects.values() if p.container]
        found += [
            f"{name} was revoked, and {project} holds it"
            for project in held
            if incident.key_id in api.projects[project].container.key_ids  # type: ignore[union-attr]
        ]
        if incident.settled_at is None:
            found.append(f"the incident of {name} is not settled")
        current = place.row().current
        if current is not None and current.key_id == incident.key_id:
            found.append(f"{name} was revoked, and is current")
    return found


def only_the_old_one(place: Place) -> list[str]:
    """Say so unless the version before is the only one that is left."""
    found = stages(place.row())
    return [] if found == {1: Stage.CURRENT} else [f"there are other versions: {found}"]


def untold(place: Place) -> list[str]:
    """Say so where consumers do not know of the version in use, or the overlap never ends."""
    row = place.row()
    return [
        *(f"v{v.number} never ends" for v in row.living if _endless(v)),
        *([] if row.current and row.current.announced_at else ["nobody was told"]),
    ]


def _endless(version: Version) -> bool:
    return version.stage is Stage.RETIRING and version.retire_at is None


def story(
    name: str,
    begin: Callable[[Place], object],
    wanted: Desired | None = None,
    *,
    lasting: tuple[int, ...] = (1,),
    always_works: bool = True,
    orders: Orders = NONE,
    amiss: Callable[[Place], list[str]] = lambda _: [],
    tolerated: tuple[str, ...] = (),
    **kind: Any,  # noqa: ANN401 - what a world is made with
) -> Story:
    """Tell of a key of which some versions, the first by default, must work at every moment."""
    return Story(
        name=name,
        begin=begin,
        wanted=wanted or stack(),
        always_works=always_works,
        lasting=lasting,
        orders=orders,
        kind=kind,
        amiss=amiss,
        tolerated=tolerated,
    )


AGE = story("due by age", partial(made, wanted=desired(AGED), later=91 * DAY), desired(AGED))
MINTING = (
    AGE,
    story(
        "two due at once",
        partial(made, wanted=desired(AGED, OTHER), later=91 * DAY),
        desired(AGED, OTHER),
    ),
    story("due by expiry", partial(made, wanted=stack(ENDING), later=65 * DAY), stack(ENDING)),
    story("asked", made, orders=ROTATE),
    story(
        "immutable field",
        partial(made, wanted=scoped("chat")),
        scoped("chat", "files"),
        traits=FIXED,
    ),
    story("the stored secret is gone", lost),
    story("the secret moves to another slot", made, stack(rotating(path="elsewhere"))),
    story(
        "the key moves to another provider",
        partial(made, wanted=desired(rotating(), providers=PROVIDERS)),
        desired(rotating(provider="other"), providers=PROVIDERS),
        providers=("agents", "other"),
    ),
    story("consumers are told", partial(made, wanted=TOLD), TOLD, orders=ROTATE, amiss=untold),
    story(
        "the new key may do too much",
        made,
        CHECKED,
        orders=ROTATE,
        amiss=only_the_old_one,
    ),
    story("the current version vanished", vanished, always_works=False),
    story("the store is away while staging", partial(away, method="stage"), orders=ROTATE),
    story("the store is away while promoting", partial(away, method="promote"), orders=ROTATE),
    story(
        "revoked, and replaced",
        partial(accused, number=1, wanted=stack()),
        lasting=(),
        always_works=False,
        amiss=not_revoked,
    ),
    story(
        "revoked where nothing can be switched off",
        partial(accused, number=1, wanted=stack()),
        lasting=(),
        always_works=False,
        amiss=not_revoked,
        traits=NEVER,
    ),
    story(
        "the current version revoked during an overlap",
        partial(accused, number=2, wanted=stack(), versions=2),
        always_works=False,
        amiss=not_revoked,
    ),
)
"""Stories in which a version is made: how stores and spools are matters."""
ENDINGS = (
    story("retire", over, lasting=(2,)),
    story("delete", deletable, lasting=(2,)),
    story("delete at once, off is final", over, lasting=(2,), traits=FINAL),
    story("delete at once, there is no off", over, lasting=(2,), traits=NEVER),
    story(
        "consumers refuse to be told",
        partial(unheard, answer=Refused("no")),
        TOLD,
        orders=ROTATE,
        amiss=untold,
    ),
    story(
        "consumers do not answer",
        partial(unheard, answer=Unknown("cut off")),
        TOLD,
        orders=ROTATE,
        amiss=untold,
    ),
    story("undo while both work", rotated, lasting=(1, 2), orders=UNDO),
    story("undo of what was switched off", off, lasting=(2,), orders=UNDO),
    story(
        "the former version revoked during its overlap",
        partial(accused, number=1, wanted=stack(), versions=2),
        lasting=(2,),
        amiss=not_revoked,
    ),
    story(
        "revoked, and not replaced",
        partial(accused, number=1, wanted=stack(), renew=False),
        lasting=(),
        always_works=False,
        amiss=not_revoked,
        tolerated=NOT_REPLACED,
    ),
    story(
        "revoked where nothing can be switched off, and not replaced",
        partial(accused, number=1, wanted=stack(), renew=False),
        lasting=(),
        always_works=False,
        amiss=not_revoked,
        tolerated=NOT_REPLACED,
        traits=NEVER,
    ),
    story(
        "undo, and consumers are told",
        partial(off, wanted=TOLD),
        TOLD,
        lasting=(2,),
        orders=UNDO,
        amiss=untold,
    ),
    story(
        "undeclared during its overlap",
        partial(rotated, wanted=WITH_B),
        desired(key("crm-b")),
        lasting=(),
    ),
)
"""Stories in which none is made, or in which that part is told elsewhere."""
DEPLOYED_AGE = studio(AGED)
DEPLOYED_STORIES = (
    story("deployed, due by age", partial(made, wanted=DEPLOYED_AGE, later=91 * DAY), DEPLOYED_AGE),
    story(
        "deployed, revoked, and replaced",
        partial(accused, number=1, wanted=DEPLOYED),
        DEPLOYED,
        lasting=(),
        always_works=False,
        amiss=not_revoked,
    ),
)
DEPLOYED_ENDINGS = (
    story("deployed, the overlap is over", partial(over, wanted=DEPLOYED), DEPLOYED, lasting=(2,)),
    story(
        "deployed, undo",
        partial(rotated, wanted=DEPLOYED),
        DEPLOYED,
        lasting=(1, 2),
        orders=UNDO,
    ),
    story(
        "deployed, the former version revoked",
        partial(accused, number=1, wanted=DEPLOYED, versions=2),
        DEPLOYED,
        lasting=(2,),
        amiss=not_revoked,
    ),
)
