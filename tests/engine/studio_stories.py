"""Stories of a tenant whose keys have no name and no mark, and count once they are deployed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from reconciler.core.desired import Desired, DesiredKey, DesiredProvider
from reconciler.core.keys import KeyId
from reconciler.core.steps import Action as Do
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from reconciler.providers.memory_projects import Fate
from reconciler.providers.memory_traits import STUDIO
from tests.core.builders import DAY, desired, key, provider
from tests.engine.stories import Story, settled
from tests.engine.wires import When, Wire
from tests.engine.worlds import Place, all_done, apply_to, crash, new_place

FIRST, SECOND = STUDIO.projects
ON = provider(keys_enabled=True, deploy=(), exclusive=True)
OFF = provider(keys_enabled=False, deploy=(), exclusive=True)
A, B, C = key("crm-a"), key("crm-b"), key("crm-c")


def studio(
    *keys: DesiredKey, at: DesiredProvider = ON, providers: tuple[DesiredProvider, ...] = ()
) -> Desired:
    """Declare a stack of such keys."""
    return desired(*keys, providers=providers or (at,))


def new_studio(
    *, lasting: bool = True, hidden_staging: bool = True, readback: bool = True
) -> Place:
    """Make an empty world in which one project runs already, and somebody else has a key."""
    place = new_place(
        lasting=lasting, hidden_staging=hidden_staging, readback=readback, traits=STUDIO
    )
    place.stranger()
    place.api.start(FIRST)
    place.api.projects[FIRST].finish(place.clock.now())
    return place


def current(place: Place, address: str) -> KeyId:
    """Give the id of a key's current version."""
    version = place.row(address).current
    assert version is not None
    return version.key_id


def one(place: Place) -> None:
    settled(place, studio(A))


def two(place: Place) -> None:
    settled(place, studio(A, B))


def off(place: Place) -> None:
    settled(place, studio(A, B, at=OFF))


def vanished(place: Place) -> None:
    """Let somebody delete a key that every container still holds."""
    two(place)
    place.api.remove(current(place, "crm-a"))


def died(place: Place, method: str, wanted: Desired, when: When = When.AFTER) -> None:
    """Let a run die at the first call of a method."""
    assert crash(place, wanted, Wire(crash_at=method, when=when)), f"{method} was never called"


def lost(place: Place) -> None:
    """Let a create take effect without an answer."""
    one(place)
    place.api.fail_next(Action.CREATE, Fault.LOST_AFTER)
    apply_to(place, studio(A, B))


def landed_late(place: Place) -> None:
    """Give up a create whose answer was lost, and let it land only afterwards."""
    one(place)
    place.api.fail_next(Action.CREATE, Fault.LOST_BEFORE)
    apply_to(place, studio(A, B))
    settled(place, studio(A, B))
    place.clock.advance(-DAY / 2)
    late = place.api.add(place.api.live()[0].attributes)
    place.api.start(FIRST)
    place.api.projects[FIRST].finish(place.clock.now())
    assert late.key.id not in place.strangers


def secret_lost(place: Place) -> None:
    """Let the secret of a key be lost after its id was recorded, and let it be deployed."""
    one(place)
    died(place, "spool.put", studio(A, B), When.AFTER)
    place.bury_process()
    place.api.deploy_all()


def went_wrong(place: Place, fate: Fate, project: str = SECOND) -> None:
    """Let the deploy of a new key fail, or hang."""
    one(place)
    place.api.projects[project].arm(fate)
    apply_to(place, studio(A, B))
    place.api.projects[project].go_on()


def busy(place: Place) -> None:
    """Let somebody else deploy, without what we are about to make."""
    one(place)
    place.api.start(SECOND)


def left_before_it_counted(place: Place) -> None:
    """Let the deploy of a new key fail half-way, before the key leaves the manifest."""
    went_wrong(place, Fate.FAILS)


def begun(place: Place) -> dict[str, int]:
    """Count the deploys of each project so far."""
    return {name: project.begun for name, project in place.api.projects.items()}


def ids(place: Place) -> set[KeyId]:
    """Give the ids of our keys that live."""
    return {live.id for live in place.ours()}


def deploys(place: Place, wanted: Desired) -> list[int]:
    """Apply, and count how often each project was deployed for it."""
    before = begun(place)
    assert all_done(apply_to(place, wanted))
    return [after - before[name] for name, after in begun(place).items()]


def sentence_of(place: Place, action: Do, wanted: Desired) -> str:
    results = apply_to(place, wanted).results
    return next(result.sentence for result in results if result.step.action is action)


STUDIO_STORIES = (
    Story("make the first keys", lambda _: None, studio(A, B)),
    Story("make one more while somebody else deploys", busy, studio(A, B)),
    Story("delete one", two, studio(B)),
    Story("delete one and make one", two, studio(B, C)),
    Story("delete all", two, studio()),
    Story("switch all on", off, studio(A, B), always_works=False),
    Story("switch all on and make one", off, studio(A, B, C), always_works=False),
    Story("switch all off", two, studio(A, B, at=OFF), always_works=False),
    Story("switch all off, make one, delete one", two, studio(B, C, at=OFF), always_works=False),
    Story("make one while all are off", off, studio(A, B, C, at=OFF), always_works=False),
    Story("vanished", vanished, studio(A, B), always_works=False),
    Story("undo a lost create", lost, studio(A, B)),
    Story("late landing", landed_late, studio(A, B)),
    Story("replace a lost secret", secret_lost, studio(A, B)),
    Story("go on after a deploy that failed", partial(went_wrong, fate=Fate.FAILS), studio(A, B)),
    Story("go on after a deploy that hung", partial(went_wrong, fate=Fate.HANGS), studio(A, B)),
    Story("left the manifest before it counted", left_before_it_counted, studio(A)),
)
STUDIO_WORLDS: dict[str, Callable[[], Place]] = {
    "deployed, the spool outlives the process": new_studio,
    "deployed, the spool is lost": partial(new_studio, lasting=False),
    "deployed, writing is publishing, the spool lasts": partial(new_studio, hidden_staging=False),
    "deployed, writing is publishing, the spool is lost": partial(
        new_studio, lasting=False, hidden_staging=False
    ),
    "deployed, a write-only store, the spool is lost": partial(
        new_studio, lasting=False, readback=False
    ),
}
