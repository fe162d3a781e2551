"""How the GitLab server lists tokens: pages told in headers, the dead among the living."""

import httpx
import pytest

from tests.servers.clients import connect
from tests.servers.gitlab import ADMIN_TOKEN, TOKEN, TOKENS, GitLabServer
from tests.servers.gitlab_calls import LIST


def test_pages_are_told_in_headers(gitlab: GitLabServer, tokens: httpx.Client) -> None:
    ids = [gitlab.add_token() for _ in range(5)]
    first = tokens.get(LIST, params={"per_page": 2})
    assert [row["id"] for row in first.json()] == ids[:2]
    here = f"{gitlab.url}{LIST}"
    assert first.headers["link"] == (
        f'<{here}?per_page=2&page=2>; rel="next", <{here}?per_page=2&page=1>; rel="first", '
        f'<{here}?per_page=2&page=3>; rel="last"'
    )
    assert paging_of(first) == ("1", "2", "", "2", "5", "3")
    last = tokens.get(LIST, params={"per_page": 2, "page": 3})
    assert [row["id"] for row in last.json()] == ids[4:]
    assert "next" not in last.links
    assert paging_of(last) == ("3", "2", "2", "", "5", "3")


def paging_of(answer: httpx.Response) -> tuple[str | None, ...]:
    names = ("page", "per-page", "prev-page", "next-page", "total", "total-pages")
    return tuple(answer.headers.get(f"x-{name}") for name in names)


def test_following_the_links_reads_every_token(gitlab: GitLabServer, tokens: httpx.Client) -> None:
    ids = [gitlab.add_token() for _ in range(45)]
    seen: list[int] = []
    url: str | None = LIST
    while url:
        answer = tokens.get(url)
        seen += [row["id"] for row in answer.json()]
        url = answer.links.get("next", {}).get("url")
    assert seen == ids
    assert gitlab.count("GET", TOKENS) == 3  # 20 to a page
    assert gitlab.count("GET", TOKEN) == 0


def test_a_page_holds_at_most_100(gitlab: GitLabServer, tokens: httpx.Client) -> None:
    for _ in range(101):
        gitlab.add_token()
    assert len(tokens.get(LIST, params={"per_page": 500}).json()) == 100
    assert tokens.get(LIST, params={"per_page": 100, "page": 3}).json() == []


def test_an_empty_list_is_an_empty_array(tokens: httpx.Client) -> None:
    answer = tokens.get(LIST)
    assert answer.json() == []
    assert paging_of(answer) == ("1", "20", "", "", "0", "1")


def test_too_many_rows_are_not_counted() -> None:
    with (
        GitLabServer(most_counted=3) as gitlab,
        connect(gitlab, private_token=ADMIN_TOKEN) as client,
    ):
        for _ in range(4):
            gitlab.add_token()
        answer = client.get(LIST, params={"per_page": 2})
    assert paging_of(answer) == ("1", "2", "", "2", None, None)
    assert set(answer.links) == {"next", "first"}


def test_a_project_is_named_by_id_or_by_encoded_path(
    gitlab: GitLabServer, tokens: httpx.Client
) -> None:
    token_id = gitlab.add_token()
    by_path = tokens.get(TOKENS.format(project="acme%2Fapp"), params={"per_page": 1})
    assert [row["id"] for row in by_path.json()] == [token_id]
    assert "/acme%2Fapp/access_tokens?" in by_path.headers["link"]
    elsewhere = tokens.get(TOKENS.format(project=8))
    assert (elsewhere.status_code, elsewhere.json()) == (404, {"message": "404 Project Not Found"})


def test_dead_tokens_stay_in_the_list(gitlab: GitLabServer, tokens: httpx.Client) -> None:
    alive, expired, revoked = (gitlab.add_token(days=days) for days in (30, 0, 30))
    gitlab.revoke_token(revoked)
    told = {row["id"]: (row["active"], row["revoked"]) for row in tokens.get(LIST).json()}
    assert told == {alive: (True, False), expired: (False, False), revoked: (False, True)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"state": "active"}, [0]),
        ({"state": "inactive"}, [1, 2]),
        ({"revoked": "true"}, [2]),
        ({"revoked": "false"}, [0, 1]),
        ({"search": "LIV"}, [0]),
    ],
)
def test_a_list_can_be_filtered(
    gitlab: GitLabServer, tokens: httpx.Client, query: dict[str, str], expected: list[int]
) -> None:
    ids = [gitlab.add_token("living"), gitlab.add_token("old", days=0), gitlab.add_token("gone")]
    gitlab.revoke_token(ids[2])
    found = [row["id"] for row in tokens.get(LIST, params=query).json()]
    assert found == [ids[number] for number in expected]


def test_a_filter_that_is_missing_here_says_so(tokens: httpx.Client) -> None:
    assert tokens.get(LIST, params={"sort": "created_desc"}).status_code == 501
