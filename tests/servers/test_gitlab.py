"""The GitLab server does what its references say, over a socket."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.http.fake_clock import FakeClock
from tests.servers.clients import connect
from tests.servers.gitlab import ADMIN_TOKEN, SELF, GitLabServer
from tests.servers.gitlab_calls import (
    ABSENT,
    LIST,
    NOW,
    UNAUTHORIZED,
    create,
    in_days,
    look_at_itself,
    read,
    rotate,
    send,
    token_path,
)

NOT_FOUND = {"message": "404 project Access Token Not Found"}


def test_a_token_is_created_with_its_secret_once(tokens: httpx.Client) -> None:
    made = create(
        tokens, name="ci", scopes=["read_repository", "api"], access_level=30, description="for CI"
    )
    secret = made.pop("token")
    assert secret.startswith("glpat-")
    assert made == {
        "id": made["id"],
        "name": "ci",
        "description": "for CI",
        "revoked": False,
        "active": True,
        "created_at": "2026-11-24T12:30:00.000Z",
        "expires_at": in_days(30),
        "last_used_at": None,
        "scopes": ["read_repository", "api"],
        "user_id": made["user_id"],
        "access_level": 30,
    }
    assert type(made["id"]) is int
    assert read(tokens, made["id"]) == made
    assert tokens.get(LIST).json() == [made]


def test_what_is_left_out_has_these_values(tokens: httpx.Client) -> None:
    made = create(tokens, access_level=None, description=None, expires_at=None)
    assert (made["access_level"], made["description"]) == (40, None)
    assert made["expires_at"] == in_days(365)


def test_names_are_not_unique_and_each_token_has_its_own_user(tokens: httpx.Client) -> None:
    first, second = create(tokens), create(tokens)
    assert first["name"] == second["name"]
    assert first["user_id"] != second["user_id"]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": None}, "name is missing"),
        ({"name": 7}, "name is invalid"),
        ({"scopes": None}, "scopes is missing"),
        ({"scopes": "api"}, "scopes is invalid"),
        ({"scopes": ["api", "sudo"]}, "scopes does not have a valid value"),
        ({"scopes": [1]}, "scopes does not have a valid value"),
        ({"access_level": 45}, "access_level does not have a valid value"),
        ({"access_level": "40"}, "access_level is invalid"),
        ({"description": 1}, "description is invalid"),
        ({"expires_at": "2027-01-01T00:00:00Z"}, "expires_at is invalid"),
        ({"expires_at": "2027-02-30"}, "expires_at is invalid"),
        ({"expires_at": "2027-W01-1"}, "expires_at is invalid"),
        ({"expires_at": "20270101"}, "expires_at is invalid"),
        ({"expires_at": 1}, "expires_at is invalid"),
    ],
)
def test_a_wrong_parameter_is_an_error_by_name(
    tokens: httpx.Client, fields: dict[str, object], error: str
) -> None:
    answer = send(tokens, **fields)
    assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert tokens.get(LIST).json() == []


@pytest.mark.parametrize("fields", [{"name": " "}, {"scopes": []}, {"expires_at": in_days(366)}])
def test_a_value_that_does_not_hold_is_a_message(
    tokens: httpx.Client, fields: dict[str, object]
) -> None:
    answer = send(tokens, **fields)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("400 Bad request - ")
    assert tokens.get(LIST).json() == []


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_object_is_refused(tokens: httpx.Client, body: bytes) -> None:
    assert tokens.post(LIST, content=body).status_code == 400


def test_a_token_may_live_for_365_days_and_may_be_born_dead(
    gitlab: GitLabServer, tokens: httpx.Client
) -> None:
    assert create(tokens, expires_at=in_days(365))["active"] is True
    dead = create(tokens, expires_at=in_days(0))
    assert (dead["active"], dead["revoked"]) == (False, False)
    assert look_at_itself(gitlab, dead["token"]).status_code == 401


def test_an_expiry_can_be_required_and_its_limit_moved(clock: FakeClock) -> None:
    with (
        GitLabServer(expiry_required=True, max_days=10, now=clock.now) as gitlab,
        connect(gitlab, private_token=ADMIN_TOKEN) as client,
    ):
        assert send(client, expires_at=None).json() == {"error": "expires_at is missing"}
        assert send(client, expires_at=in_days(11)).status_code == 400
        assert send(client, expires_at=in_days(10)).status_code == 201


def test_nobody_gives_a_higher_level_than_their_own() -> None:
    with (
        GitLabServer(access_level=40) as gitlab,
        connect(gitlab, private_token=ADMIN_TOKEN) as client,
    ):
        made = client.post(LIST, json={"name": "x", "scopes": ["api"], "access_level": 50})
        assert made.status_code == 400
        assert client.post(LIST, json={"name": "x", "scopes": ["api"]}).status_code == 201


def test_a_token_ends_as_its_last_day_begins(
    gitlab: GitLabServer, tokens: httpx.Client, clock: FakeClock
) -> None:
    made = create(tokens, expires_at=in_days(1))
    clock.time = datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC)
    assert look_at_itself(gitlab, made["token"]).status_code == 200
    clock.time += timedelta(seconds=1)
    answer = look_at_itself(gitlab, made["token"])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert read(tokens, made["id"])["active"] is False


def test_a_revoked_token_stays_as_a_tombstone(gitlab: GitLabServer, tokens: httpx.Client) -> None:
    made = create(tokens)
    answer = tokens.delete(token_path(made["id"]))
    assert (answer.status_code, answer.content) == (204, b"")
    row = read(tokens, made["id"])
    assert (row["revoked"], row["active"]) == (True, False)
    assert [one["id"] for one in tokens.get(LIST).json()] == [made["id"]]
    dead = look_at_itself(gitlab, made["token"])
    assert (dead.status_code, dead.json()["error"]) == (401, "invalid_token")


@pytest.mark.parametrize("status", [404, 204])
def test_a_second_deletion_is_answered_as_chosen(status: int) -> None:
    with (
        GitLabServer(delete_again=status) as gitlab,
        connect(gitlab, private_token=ADMIN_TOKEN) as client,
    ):
        path = token_path(gitlab.add_token())
        assert [client.delete(path).status_code for _ in range(2)] == [204, status]


@pytest.mark.parametrize("administrator", [True, False])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("token_id", [ABSENT, "no-number", 1])
def test_an_absent_token_is_404_whoever_asks(
    administrator: bool, method: str, token_id: object
) -> None:
    with (
        GitLabServer(administrator=administrator) as gitlab,
        connect(gitlab, private_token=ADMIN_TOKEN) as client,
    ):
        answer = client.request(method, token_path(token_id))
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST"])
def test_a_token_cannot_be_changed(gitlab: GitLabServer, tokens: httpx.Client, method: str) -> None:
    path = token_path(gitlab.add_token())
    assert tokens.request(method, path, json={"name": "x"}).status_code == 405


def test_a_project_token_manages_little(gitlab: GitLabServer) -> None:
    mine, other = gitlab.add_token(), gitlab.add_token()
    with connect(gitlab, private_token=gitlab.secret_of(mine)) as client:
        assert send(client).status_code == 400
        assert rotate(client, other).status_code == 401
        assert client.get(SELF.format(token_id=other)).status_code == 401
        assert len(client.get(LIST).json()) == 2
        assert client.delete(token_path(other)).status_code == 204


def test_scopes_are_enforced(gitlab: GitLabServer) -> None:
    secret = gitlab.secret_of(gitlab.add_token(scopes=["read_api"]))
    with connect(gitlab, private_token=secret) as client:
        assert client.get(LIST).status_code == 200
        refused = client.delete(token_path(ABSENT))
        assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")
    secret = gitlab.secret_of(gitlab.add_token(scopes=["read_repository"]))
    assert look_at_itself(gitlab, secret).status_code == 200
    with connect(gitlab, private_token=secret) as client:
        assert client.get(LIST).status_code == 403


def test_a_token_tells_about_itself(gitlab: GitLabServer, tokens: httpx.Client) -> None:
    made = create(tokens)
    answer = look_at_itself(gitlab, made["token"])
    shown = answer.json()
    assert (shown["id"], shown["scopes"], shown["active"]) == (made["id"], ["api"], True)
    assert {"access_level", "token"}.isdisjoint(shown)
    assert tokens.get(SELF.format(token_id="self")).json()["name"] == "management"


def test_the_last_use_is_noted_every_ten_minutes(
    gitlab: GitLabServer, tokens: httpx.Client, clock: FakeClock
) -> None:
    made = create(tokens)
    noted = []
    for minutes in (0, 9, 10):
        clock.time = NOW + timedelta(minutes=minutes)
        look_at_itself(gitlab, made["token"])
        noted.append(read(tokens, made["id"])["last_used_at"][11:16])
    assert noted == ["12:30", "12:30", "12:40"]


@pytest.mark.parametrize(
    "headers", [{}, {"private_token": "glpat-unknown"}, {"authorization": "Bearer glpat-unknown"}]
)
def test_nobody_else_may_do_anything(gitlab: GitLabServer, headers: dict[str, str]) -> None:
    token_id = gitlab.add_token()
    with connect(gitlab, **headers) as client:
        answers = [
            client.get(LIST),
            send(client),
            client.get(token_path(token_id)),
            client.delete(token_path(token_id)),
            rotate(client, token_id),
            client.get(SELF.format(token_id="self")),
        ]
    assert {(one.status_code, one.text) for one in answers} == {(401, answers[0].text)}
    assert answers[0].json() == UNAUTHORIZED


def test_a_bearer_is_as_good_as_a_private_token(gitlab: GitLabServer) -> None:
    with connect(gitlab, authorization=f"Bearer {ADMIN_TOKEN}") as client:
        assert client.get(LIST).status_code == 200
