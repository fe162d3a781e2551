"""Who sees and does what: administrators everything, users their own keys, viewers nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.aicontroller.conftest import NEXT_YEAR, Person
from tests.sandbox_process import SandboxProcess

FORBIDDEN = (403, "ForbiddenException")


def test_a_user_has_only_their_own_keys(
    admin: Person,
    member: Person,
    person: Callable[[str], Person],
    number_of: Callable[[Person], str],
) -> None:
    other, key = person("member"), admin.create(name="the admin's")
    own = member.create()
    for stranger_to in (key, own):
        path = f"/apikeys/{stranger_to['id']}"
        assert other.refused("GET", path) == FORBIDDEN
        assert other.refused("PATCH", path, name="mine") == FORBIDDEN
        assert other.refused("DELETE", path) == FORBIDDEN
    assert other.ask("GET", "/apikeys", params={"includeDeleted": "true"})["data"] == []
    assert [one["id"] for one in member.ask("GET", "/apikeys")["data"]] == [own["id"]]
    given: dict[str, Any] = {"name": "a key", "expiry": NEXT_YEAR, "userId": number_of(other)}
    assert member.refused("POST", "/apikeys", **given) == FORBIDDEN
    given["userId"] = "999999"
    assert member.refused("POST", "/apikeys", **given) == FORBIDDEN
    gift = f"/apikeys/{own['id']}"
    assert member.refused("PATCH", gift, userId=number_of(other)) == FORBIDDEN


def test_an_administrator_manages_the_keys_of_everybody(
    admin: Person, member: Person, number_of: Callable[[Person], str]
) -> None:
    key = admin.create(userId=number_of(member))
    assert key["attributes"]["userId"] == number_of(member)
    assert member.key(key["id"])["name"] == "a key"
    admin.ask("PATCH", f"/apikeys/{key['id']}", name="renamed")
    assert member.key(key["id"])["name"] == "renamed"
    admin.ask("DELETE", f"/apikeys/{key['id']}")
    assert member.key(key["id"])["deleted"] is True


def test_a_viewer_manages_nothing(person: Callable[[str], Person], member: Person) -> None:
    viewer, key_id = person("viewer"), member.create()["id"]
    assert viewer.refused("GET", "/apikeys") == FORBIDDEN
    assert viewer.refused("POST", "/apikeys", name="x", expiry=NEXT_YEAR) == FORBIDDEN
    for method in ("GET", "PATCH", "DELETE"):
        assert viewer.refused(method, f"/apikeys/{key_id}") == FORBIDDEN
    assert member.key(key_id)["deleted"] is False


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_only_administrators_have_users_providers_and_the_audit_log(
    person: Callable[[str], Person], provider: str, role: str
) -> None:
    somebody = person(role)
    for method, path in (
        ("GET", "/users"),
        ("GET", "/audit"),
        ("GET", "/providers"),
        ("POST", "/providers"),
        ("GET", f"/providers/{provider}"),
        ("PATCH", f"/providers/{provider}"),
        ("DELETE", f"/providers/{provider}"),
    ):
        assert somebody.refused(method, path) == FORBIDDEN


def test_users_have_small_numbers_and_the_built_in_administrator_is_the_first(
    admin: Person, person: Callable[[str], Person]
) -> None:
    made = {role: person(role) for role in ("superuser", "member", "viewer")}
    first = admin.ask("GET", "/users", params={"pageSize": 1})
    assert first["data"] == [
        {
            "id": "1",
            "attributes": {
                "userName": "sandbox-admin",
                "role": "Administrator",
                "deleted": False,
            },
        }
    ]
    total = first["meta"]["total"]
    pages = range(1, -(-total // 100) + 1)
    everybody = [
        user
        for page in pages
        for user in admin.ask("GET", "/users", params={"pageSize": 100, "page": page})["data"]
    ]
    numbers = [int(user["id"]) for user in everybody]
    assert numbers == sorted(set(numbers))
    roles = {user["attributes"]["userName"]: user["attributes"]["role"] for user in everybody}
    assert [roles[one.username] for one in made.values()] == ["Administrator", "User", "Viewer"]


def test_users_who_never_logged_in_are_numbered_by_name_and_can_own_keys(
    admin: Person, sandbox: SandboxProcess, number_of: Callable[[Person], str]
) -> None:
    ghosts = [Person(name, "", admin.client) for name in ("z-ghost", "a-ghost")]
    for ghost in ghosts:
        sandbox.add_user(ghost.username, None, "member")
    last, first = map(number_of, ghosts)
    assert int(last) == int(first) + 1
    assert [number_of(ghost) for ghost in ghosts] == [last, first]
    assert admin.create(userId=last)["attributes"]["userId"] == last
