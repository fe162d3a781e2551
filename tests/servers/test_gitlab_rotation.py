"""How the GitLab server rotates: at once, for a week, and never twice."""

from datetime import timedelta

import httpx
import pytest

from tests.http.fake_clock import FakeClock
from tests.servers.clients import connect
from tests.servers.gitlab import ADMIN_TOKEN, ROTATE, SELF, GitLabServer
from tests.servers.gitlab_calls import (
    ABSENT,
    LIST,
    UNAUTHORIZED,
    create,
    in_days,
    look_at_itself,
    read,
    rotate,
)


@pytest.mark.parametrize(("administrator", "status"), [(True, 404), (False, 401)])
def test_rotations_and_personal_tokens_tell_absence_to_administrators_only(
    administrator: bool, status: int
) -> None:
    with (
        GitLabServer(administrator=administrator) as gitlab,
        connect(gitlab, private_token=ADMIN_TOKEN) as client,
    ):
        assert rotate(client, ABSENT).status_code == status
        assert client.get(SELF.format(token_id=ABSENT)).status_code == status
        others = client.get(SELF.format(token_id=gitlab.add_token()))
        assert others.status_code == (200 if administrator else 401)
        assert client.get(SELF.format(token_id=1)).status_code == 200


def test_a_rotation_revokes_at_once_and_makes_a_successor(
    gitlab: GitLabServer, tokens: httpx.Client, clock: FakeClock
) -> None:
    old = create(tokens, name="ci", scopes=["read_api"], access_level=20, description="for CI")
    assert look_at_itself(gitlab, old["token"]).status_code == 200
    clock.time += timedelta(hours=1)
    answer = rotate(tokens, old["id"])
    assert answer.status_code == 200
    new = answer.json()
    changed = {name for name in new if new[name] != old[name]}
    assert changed == {"id", "token", "created_at", "expires_at"}
    assert (new["expires_at"], new["last_used_at"]) == (in_days(7), None)
    assert read(tokens, old["id"])["revoked"] is True
    assert look_at_itself(gitlab, old["token"]).status_code == 401
    assert look_at_itself(gitlab, new["token"]).status_code == 200


def test_a_rotation_takes_an_expiry_within_the_limit(
    gitlab: GitLabServer, tokens: httpx.Client
) -> None:
    token_id = gitlab.add_token()
    refused = rotate(tokens, token_id, expires_at=in_days(366))
    assert refused.status_code == 400
    assert read(tokens, token_id)["revoked"] is False
    rotated = rotate(tokens, token_id, expires_at=in_days(365))
    assert rotated.json()["expires_at"] == in_days(365)


@pytest.mark.parametrize("administrator", [True, False])
def test_rotating_a_revoked_token_revokes_its_family(administrator: bool) -> None:
    with (
        GitLabServer(administrator=administrator) as gitlab,
        connect(gitlab, private_token=ADMIN_TOKEN) as client,
    ):
        first, stranger = gitlab.add_token(), gitlab.add_token()
        second = rotate(client, first).json()
        third = rotate(client, second["id"]).json()
        assert read(client, third["id"])["active"] is True
        answer = rotate(client, first)
        assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
        assert read(client, third["id"])["revoked"] is True
        assert read(client, stranger)["active"] is True
        assert look_at_itself(gitlab, third["token"]).status_code == 401


def test_a_lost_rotation_that_is_repeated_kills_the_successor(
    gitlab: GitLabServer, tokens: httpx.Client
) -> None:
    token_id = gitlab.add_token()
    gitlab.cut_next("POST", "/rotate")
    with pytest.raises(httpx.TransportError):
        rotate(tokens, token_id)
    assert rotate(tokens, token_id).status_code == 401
    assert [row["active"] for row in tokens.get(LIST).json()] == [False, False]
    assert gitlab.count("POST", ROTATE) == 2


def test_an_expired_token_cannot_be_rotated(gitlab: GitLabServer, tokens: httpx.Client) -> None:
    token_id = gitlab.add_token(days=0)
    assert rotate(tokens, token_id).status_code == 401
    assert read(tokens, token_id)["revoked"] is False


@pytest.mark.parametrize(
    ("scope", "status"), [("api", 200), ("self_rotate", 200), ("read_api", 403)]
)
def test_a_token_rotates_itself_if_its_scopes_allow(
    gitlab: GitLabServer, scope: str, status: int
) -> None:
    secret = gitlab.secret_of(gitlab.add_token(scopes=[scope]))
    with connect(gitlab, private_token=secret) as client:
        assert rotate(client, "self").status_code == status


def test_using_a_rotated_token_to_rotate_again_revokes_its_family(gitlab: GitLabServer) -> None:
    secret = gitlab.secret_of(gitlab.add_token())
    with connect(gitlab, private_token=secret) as client:
        new = rotate(client, "self").json()
        assert look_at_itself(gitlab, new["token"]).status_code == 200
        assert client.get(LIST).status_code == 401
        assert look_at_itself(gitlab, new["token"]).status_code == 200
        assert rotate(client, "self").status_code == 401
    assert look_at_itself(gitlab, new["token"]).status_code == 401


def test_a_personal_token_has_no_self_to_rotate_here(tokens: httpx.Client) -> None:
    assert rotate(tokens, "self").status_code == 405
