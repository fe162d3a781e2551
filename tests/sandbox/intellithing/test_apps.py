"""Using a deployed app: which keys it accepts, and each way in which it rejects one."""

from collections.abc import Callable

import httpx
import pytest

from tests.sandbox.intellithing.conftest import STAGE, StoppedClock, Studio
from tests.sandbox_process import SandboxProcess

Use = Callable[[dict[str, str]], int]


def test_a_deployed_key_is_accepted_and_its_use_noted(
    anonymous: httpx.Client, studio: Studio, sandbox: SandboxProcess
) -> None:
    key, idle = studio.create(), studio.create()
    studio.switch(on=True)
    studio.deploy()
    headers = {"Authorization": f"Bearer {key['security_key']}"}
    path = f"/apps/{studio.first}/status"
    assert anonymous.head(path, headers=headers).status_code == 200
    sandbox.control.put("/time", json={"fixed": "2099-01-01T00:00:00Z"})
    answer = anonymous.get(path, headers=headers)
    sandbox.control.put("/time", json={})
    assert (answer.status_code, answer.json()) == (200, {"project": studio.first, "ok": True})
    used = {one["key_id"]: one["last_used_at"] for one in studio.stored()}
    assert used == {key["key_id"]: "2099-01-01T00:00:00.000000Z", idle["key_id"]: None}


def test_what_was_never_deployed_is_404_for_everybody(
    anonymous: httpx.Client, studio: Studio, use: Use
) -> None:
    key = studio.create()
    studio.switch(on=True)
    assert use(key) == 404
    answer = anonymous.get(f"/apps/{studio.first}/status")
    assert (answer.status_code, answer.json()) == (404, {"detail": "The project is not deployed"})
    assert anonymous.get("/apps/nothing/status").json() == {"detail": "Project not found"}


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer junk", "Basic {}", "Bearer {}x"])
def test_without_a_key_that_it_knows_it_is_401(
    anonymous: httpx.Client, studio: Studio, header: str | None
) -> None:
    key = studio.create()
    studio.switch(on=True)
    studio.deploy()
    headers = {"Authorization": header.format(key["security_key"])} if header else {}
    answer = anonymous.get(f"/apps/{studio.first}/status", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert isinstance(answer.json()["detail"], str)
    assert studio.stored()[0]["last_used_at"] is None


def test_a_person_is_no_key(studio: Studio) -> None:
    studio.switch(on=True)
    studio.deploy()
    assert studio.person.call("GET", f"/apps/{studio.first}/status").status_code == 401


def test_a_new_key_works_from_the_next_deployment_on(
    studio: Studio, use: Use, clock: StoppedClock
) -> None:
    studio.switch(on=True)
    studio.deploy()
    clock.move(4 * STAGE)
    key = studio.create()
    assert use(key) == 401
    studio.deploy()
    clock.move(4 * STAGE - 0.001)
    assert use(key) == 401
    clock.move(0.001)
    assert use(key) == 200


def test_a_deleted_key_works_until_the_next_deployment_has_ended(
    studio: Studio, use: Use, clock: StoppedClock
) -> None:
    key, other = studio.create(), studio.create()
    studio.switch(on=True)
    studio.deploy()
    clock.move(4 * STAGE)
    studio.delete(key)
    assert use(key) == 200
    assert [one["key_id"] for one in studio.stored()] == [other["key_id"]]
    assert studio.stored()[0]["last_used_at"] is None
    studio.deploy()
    clock.move(4 * STAGE - 0.001)
    assert use(key) == 200
    clock.move(0.001)
    assert (use(key), use(other)) == (401, 200)


def test_a_failed_deployment_takes_nothing_away(
    studio: Studio, use: Use, control: httpx.Client
) -> None:
    key = studio.create()
    studio.switch(on=True)
    studio.deploy()
    studio.delete(key)
    control.put(f"/projects/{studio.first}/next-deployment", json={"fails_in": "deploying"})
    studio.deploy()
    assert use(key) == 200


def test_switching_off_counts_at_once_and_on_only_where_it_was_frozen_on(
    studio: Studio, use: Use
) -> None:
    key = studio.create()
    studio.deploy()
    assert use(key) == 401
    studio.switch(on=True)
    assert use(key) == 401
    studio.deploy()
    assert use(key) == 200
    studio.switch(on=False)
    assert use(key) == 401
    studio.deploy()
    studio.switch(on=True)
    assert use(key) == 401
    studio.deploy()
    assert use(key) == 200


def test_a_switch_that_was_off_for_a_while_finds_the_container_as_it_was(
    studio: Studio, use: Use
) -> None:
    key = studio.create()
    studio.switch(on=True)
    studio.deploy()
    studio.switch(on=False)
    studio.switch(on=True)
    assert use(key) == 200


def test_a_key_works_in_every_project_of_its_workspace_and_in_no_other(
    anonymous: httpx.Client, studio: Studio, neighbour: Studio
) -> None:
    key = studio.create()
    for one in (studio, neighbour):
        one.switch(on=True)
        one.ask("POST", f"/projects/{one.second}/deployments", 202)
    headers = {"Authorization": f"Bearer {key['security_key']}"}
    assert anonymous.get(f"/apps/{studio.second}/status", headers=headers).status_code == 200
    assert anonymous.get(f"/apps/{neighbour.second}/status", headers=headers).status_code == 401


def test_a_key_that_is_used_too_often_has_to_wait(
    anonymous: httpx.Client, studio: Studio, use: Use, control: httpx.Client, clock: StoppedClock
) -> None:
    key, other = studio.create(), studio.create()
    studio.switch(on=True)
    control.put("/settings", json={"stage_seconds": 0, "calls_per_minute": 2})
    studio.deploy()
    assert use(key) == 200
    clock.move(19.5)
    assert [use(key), use(key), use(other)] == [200, 429, 200]
    used = studio.stored()[0]["last_used_at"]
    headers = {"Authorization": f"Bearer {key['security_key']}"}
    clock.move(0.1)
    refused = anonymous.get(f"/apps/{studio.first}/status", headers=headers)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "41")
    assert refused.json() == {"detail": "Too many requests"}
    assert studio.stored()[0]["last_used_at"] == used
    clock.move(40.3)
    assert use(key) == 429
    clock.move(0.1)
    assert [use(key), use(key), use(key)] == [200, 200, 429]
    clock.move(-120)
    assert use(key) == 200
    clock.move(120)
    assert [use(key), use(key), use(key)] == [200, 200, 429]
    control.put("/settings", json={})
    assert use(key) == 200
