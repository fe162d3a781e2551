"""What goes wrong on demand: lost answers, refusals, and lists that move under the reader."""

from contextlib import closing
from http.client import HTTPConnection

import httpx
import pytest
from starlette.responses import Response
from starlette.routing import Route

from tests.servers.clients import connect
from tests.servers.gitlab import ADMIN_TOKEN, PROJECT, TOKENS, GitLabServer
from tests.servers.openrouter import KEY, KEYS, OpenRouterServer
from tests.servers.serving import LiveServer

LIST = TOKENS.format(project=PROJECT)
BODY = {"name": "a token", "scopes": ["api"]}


def read_keys(client: httpx.Client, offset: int) -> list[str]:
    rows = client.get(KEYS, params={"offset": offset}).json()["data"]
    return [row["hash"] for row in rows]


def read_tokens(client: httpx.Client, page: int) -> list[int]:
    return [row["id"] for row in client.get(LIST, params={"page": page, "per_page": 2}).json()]


@pytest.mark.parametrize(("after", "made"), [(False, 0), (True, 1)])
def test_a_status_comes_instead_of_the_effect_or_after_it(
    openrouter: OpenRouterServer, keys: httpx.Client, after: bool, made: int
) -> None:
    openrouter.fail_next("POST", "/keys", 429, after=after, headers={"retry-after": "7"})
    answer = keys.post(KEYS, json={"name": "a key"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json() == {"error": {"code": 429, "message": "Rate limit exceeded"}}
    assert len(openrouter.hashes()) == made
    assert keys.post(KEYS, json={"name": "a key"}).status_code == 201
    assert openrouter.count("POST", KEYS) == 2


@pytest.mark.parametrize(("after", "made"), [(False, 0), (True, 1)])
def test_a_cut_connection_gives_no_answer(
    gitlab: GitLabServer, tokens: httpx.Client, after: bool, made: int
) -> None:
    gitlab.cut_next("POST", "/access_tokens", after=after)
    with pytest.raises(httpx.TransportError):
        tokens.post(LIST, json=BODY)
    assert len(tokens.get(LIST).json()) == made
    assert tokens.post(LIST, json=BODY).status_code == 201
    assert gitlab.count("POST", TOKENS) == 2


def test_a_cut_spares_the_connections_of_others(
    openrouter: OpenRouterServer, keys: httpx.Client
) -> None:
    other = HTTPConnection(openrouter.url.removeprefix("http://"), timeout=10)
    with closing(other):
        assert status_of(other) == 401
        openrouter.cut_next("GET", KEYS)
        with pytest.raises(httpx.TransportError):
            keys.get(KEYS)
        assert status_of(other) == 401


def status_of(connection: HTTPConnection) -> int:
    """Ask on this very connection: httpx would quietly open another."""
    connection.request("GET", KEYS)
    with connection.getresponse() as answer:
        answer.read()
        return answer.status


def test_a_deletion_whose_answer_is_lost_has_happened(
    openrouter: OpenRouterServer, keys: httpx.Client
) -> None:
    key_hash = openrouter.add_key()
    openrouter.cut_next("DELETE", key_hash)
    with pytest.raises(httpx.TransportError):
        keys.delete(f"{KEYS}/{key_hash}")
    assert openrouter.hashes() == []


def test_a_fault_waits_for_its_method_and_its_path(
    openrouter: OpenRouterServer, keys: httpx.Client
) -> None:
    first, second = openrouter.add_key(), openrouter.add_key()
    openrouter.fail_next("GET", second, 500)
    assert keys.get(f"{KEYS}/{first}").status_code == 200
    assert keys.patch(f"{KEYS}/{second}", json={"name": "x"}).status_code == 200
    assert [keys.get(f"{KEYS}/{second}").status_code for _ in range(2)] == [500, 200]
    assert openrouter.count("GET", KEY) == 3


def test_gitlab_words_a_fault_in_its_own_way(gitlab: GitLabServer, tokens: httpx.Client) -> None:
    gitlab.fail_next("GET", "/access_tokens", 503)
    assert tokens.get(LIST).json() == {"message": "503 Service Unavailable"}
    assert tokens.get(LIST).json() == []


def test_a_key_created_between_two_pages_shows_a_row_twice(
    openrouter: OpenRouterServer, keys: httpx.Client
) -> None:
    for _ in range(4):
        openrouter.add_key()
    openrouter.after_next_page(openrouter.add_key)
    first, second = read_keys(keys, 0), read_keys(keys, 3)
    assert first[-1] == second[0]
    assert len(openrouter.hashes()) == 5


def test_a_key_deleted_between_two_pages_hides_a_row(
    openrouter: OpenRouterServer, keys: httpx.Client
) -> None:
    oldest, hidden, _, _, newest = [openrouter.add_key() for _ in range(5)]
    openrouter.after_next_page(lambda: openrouter.remove_key(newest))
    seen = read_keys(keys, 0) + read_keys(keys, 3)
    assert oldest in seen
    assert hidden not in seen
    assert hidden in openrouter.hashes()


def test_tokens_in_ascending_order_move_only_when_a_row_is_forgotten(
    gitlab: GitLabServer, tokens: httpx.Client
) -> None:
    ids = [gitlab.add_token() for _ in range(4)]
    gitlab.after_next_page(gitlab.add_token)
    assert read_tokens(tokens, 1) + read_tokens(tokens, 2) == ids
    gitlab.after_next_page(lambda: gitlab.forget_token(ids[0]))
    assert read_tokens(tokens, 1) + read_tokens(tokens, 2) == [ids[0], ids[1], ids[3], ids[3] + 1]


def test_tokens_with_the_newest_first_move_when_one_is_created() -> None:
    with (
        GitLabServer(newest_first=True) as server,
        connect(server, private_token=ADMIN_TOKEN) as client,
    ):
        ids = [server.add_token() for _ in range(3)]
        server.after_next_page(server.add_token)
        assert read_tokens(client, 1) + read_tokens(client, 2) == [*ids[:0:-1], ids[1], ids[0]]


def test_scopes_can_be_told_in_another_order_and_with_what_they_imply(
    gitlab: GitLabServer, tokens: httpx.Client
) -> None:
    gitlab.show_scopes(lambda scopes: [*reversed(scopes), "read_api"])
    made = tokens.post(LIST, json=BODY | {"scopes": ["api", "read_repository"]}).json()
    told = ["read_repository", "api", "read_api"]
    assert made["scopes"] == told
    assert tokens.get(LIST).json()[0]["scopes"] == told
    assert tokens.get(f"{LIST}/{made['id']}").json()["scopes"] == told


def test_what_is_not_an_endpoint_cannot_be_counted(openrouter: OpenRouterServer) -> None:
    with pytest.raises(KeyError, match="is no endpoint"):
        openrouter.count("GET", "/api/v1/keys/{id}")


class BrokenServer(LiveServer):
    def routes(self) -> list[Route]:
        return [Route("/", self._break)]

    def refuse(self, status: int) -> Response:
        return Response(status_code=status)

    async def _break(self, _: object) -> Response:
        raise LookupError("a defect of the server")


def test_a_defect_of_a_server_fails_the_test_that_met_it() -> None:
    with (
        pytest.raises(LookupError, match="a defect of the server"),
        BrokenServer() as server,
        connect(server) as client,
    ):
        assert client.get("/").status_code == 500
