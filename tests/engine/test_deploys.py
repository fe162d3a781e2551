"""Where keys count only once they are deployed: how often, and in which order."""

from __future__ import annotations

import pytest

from reconciler.providers.memory_projects import Fate
from tests.core.builders import provider, target
from tests.engine.studio_stories import (
    FIRST,
    SECOND,
    A,
    B,
    C,
    deploys,
    new_studio,
    studio,
    two,
)
from tests.engine.wires import Call, Wire
from tests.engine.worlds import (
    apply_to,
    complaints,
)


def test_many_keys_need_one_deploy_of_each_project() -> None:
    place = new_studio()
    assert deploys(place, studio(A, B, C)) == [1, 1]
    assert complaints(place, studio(A, B, C)) == []


def test_a_second_run_deploys_nothing() -> None:
    place = new_studio()
    two(place)
    assert deploys(place, studio(A, B)) == [0, 0]
    assert apply_to(place, studio(A, B)).results == []


def test_what_is_made_is_deployed_before_what_goes_and_that_once_more() -> None:
    place = new_studio()
    two(place)
    assert deploys(place, studio(B, C)) == [2, 2]
    assert complaints(place, studio(B, C)) == []


def test_deleting_alone_needs_one_deploy() -> None:
    place = new_studio()
    two(place)
    assert deploys(place, studio(B)) == [1, 1]


def test_a_project_that_holds_all_already_is_not_deployed() -> None:
    place = new_studio()
    place.api.projects[SECOND].arm(Fate.FAILS)
    apply_to(place, studio(A))
    assert deploys(place, studio(A)) == [0, 1]
    assert complaints(place, studio(A)) == []


def test_a_secret_is_published_only_once_every_project_accepts_it() -> None:
    place = new_studio()
    published: list[frozenset[str]] = []

    def watch(_: Call) -> None:
        secret = place.store.consume(target("crm-a"))
        if secret is not None:
            published.append(place.api.accepted_by(secret))

    apply_to(place, studio(A), wire=Wire(listener=watch))
    assert published
    assert set(published) == {frozenset({FIRST, SECOND})}


@pytest.mark.parametrize("hidden", [True, False])
def test_where_writing_is_publishing_nothing_is_written_before_the_deploy(*, hidden: bool) -> None:
    place, wire = new_studio(hidden_staging=hidden), Wire()
    apply_to(place, studio(A), wire=wire)
    staged, deployed = wire.names.index("store.stage"), wire.names.index("driver.deploy")
    assert (staged < deployed) is hidden
    assert deployed < wire.names.index("driver.probe") < wire.names.index("store.promote")


def test_projects_are_deployed_one_after_another_in_their_order() -> None:
    place, wire = new_studio(), Wire()
    backwards = provider(keys_enabled=True, deploy=(SECOND, FIRST))
    apply_to(place, studio(A, at=backwards), wire=wire)
    order = [call.arguments[0] for call in wire.calls if call.name == "driver.deploy"]
    assert order == [SECOND, FIRST]
    looks = [str(call.arguments[0]) for call in wire.calls if call.name == "driver.deployment"]
    assert looks == sorted(looks)


def test_the_order_of_deploys_among_the_other_steps() -> None:
    place, wire = new_studio(), Wire()
    two(place)
    apply_to(place, studio(B, C), wire=wire)
    kinds = {"driver.create", "driver.deploy", "store.promote", "driver.delete"}
    order = [name for name in wire.names if name in kinds]
    assert order == [
        "driver.create",
        "driver.deploy",
        "driver.deploy",
        "store.promote",
        "driver.delete",
        "driver.deploy",
        "driver.deploy",
    ]
