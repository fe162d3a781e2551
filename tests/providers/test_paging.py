"""Every way in which a list goes on: what is asked for, where it ends, and what is not believed."""

import time
from typing import Any

import httpx
import pytest

from reconciler.errors import ProviderError
from tests.providers.paged_api import KINDS, SIZE, Pages
from tests.providers.small_api import (
    Row,
    Sent,
    SmallApi,
    always,
    ids_of,
    key,
    make_dialect,
    make_listing,
    open_driver,
    reply,
    survey,
    using,
)

SHIFTING = [kind for kind in KINDS if not kind.startswith("none")]
UNSTILL = "the list does not hold still or is not complete (3 tries)"


def rows_of(count: int) -> list[Row]:
    return [key(f"k{number}") for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE, 50])
@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_read_once(kind: str, count: int) -> None:
    pages = Pages(rows_of(count), kind)
    assert sorted(ids_of(survey(pages.api(), pages.dialect()))) == sorted(
        row["id"] for row in pages.rows
    )


@pytest.mark.parametrize("kind", KINDS)
def test_progress_only_grows_and_ends_with_everything(kind: str) -> None:
    pages, told = Pages(rows_of(30), kind), list[tuple[int, int]]()
    using(
        pages.api(),
        pages.dialect(),
        lambda driver: driver.survey(lambda seen, total: told.append((seen, total))),
    )
    assert told == sorted(told)
    assert told[-1] == (30, 30)


@pytest.mark.parametrize("kind", SHIFTING)
def test_a_key_that_is_made_while_pages_are_read_starts_it_again(kind: str) -> None:
    pages = Pages(rows_of(14), kind)

    def interfere(asked: int) -> None:
        if asked == 1:
            pages.rows.insert(0, key("new"))

    pages.before_page = interfere
    view = survey(pages.api(), pages.dialect())
    assert {row["id"] for row in rows_of(14)} <= set(ids_of(view))
    assert len({each.id for each in view.keys}) == len(view.keys)


@pytest.mark.parametrize(
    "kind", ["page", "page from 0", "offset", "offset without total", "none with total"]
)
def test_a_key_that_goes_while_pages_are_read_hides_no_other(kind: str) -> None:
    pages = Pages(rows_of(14), kind)

    def interfere(asked: int) -> None:
        if asked == 1:
            del pages.rows[0]

    pages.before_page = interfere
    assert {f"k{number}" for number in range(1, 14)} <= set(
        ids_of(survey(pages.api(), pages.dialect()))
    )


@pytest.mark.parametrize("kind", ["page", "offset", "page without total", "offset without total"])
def test_a_list_that_never_holds_still_is_a_problem(kind: str) -> None:
    pages = Pages(rows_of(14), kind)
    pages.before_page = lambda asked: pages.rows.insert(0, key(f"new{asked}"))
    assert survey(pages.api(), pages.dialect()).problem == f"GET /keys: {UNSTILL}"


@pytest.mark.parametrize("kind", ["none with total", "page", "offset"])
@pytest.mark.parametrize("total", [0, 11, 15])
def test_a_total_that_is_not_what_is_shown_is_a_problem(kind: str, total: int) -> None:
    pages = Pages(rows_of(14), kind, total=total)
    view = survey(pages.api(), pages.dialect())
    assert view.problem == f"GET /keys: {UNSTILL}"
    assert view.keys == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_comes_twice_is_a_problem(kind: str) -> None:
    pages = Pages([*rows_of(6), key("k0")], kind)
    assert UNSTILL in (survey(pages.api(), pages.dialect()).problem or "")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("none")])
def test_a_list_without_end_is_a_problem(kind: str) -> None:
    pages = Pages(rows_of(13), kind)
    paging = {**KINDS[kind], "max_pages": 3}
    view = survey(pages.api(), pages.dialect(paging=paging))
    assert (view.problem or "").endswith("/keys: the list has more than 3 pages")
    assert pages.asked <= 3
    pages.rows = rows_of(9)
    assert len(ids_of(survey(pages.api(), pages.dialect(paging=paging)))) == 9


def test_a_total_of_billions_is_refused_at_once() -> None:
    pages = Pages(rows_of(1), "page", total=10**15)
    assert (survey(pages.api(), pages.dialect()).problem or "").endswith("more than 1000 pages")


@pytest.mark.parametrize("kind", ["page", "offset"])
def test_a_server_with_smaller_pages_than_asked_for_is_understood(kind: str) -> None:
    pages = Pages(rows_of(25), kind, size=3)
    assert len(ids_of(survey(pages.api(), pages.dialect()))) == 25


def test_a_server_that_does_not_go_on_is_noticed() -> None:
    for kind in ("page without total", "offset without total"):
        api = SmallApi(on={"GET /keys": always({"keys": rows_of(SIZE)})})
        view = survey(api, make_dialect({"list": make_listing(KINDS[kind])}))
        assert view.problem == f"GET /keys: {UNSTILL}"
        assert len(api.sent) == 6


def test_what_is_asked_for_on_every_page() -> None:
    for kind in KINDS:
        pages = Pages(rows_of(9), kind)
        api = pages.api()
        survey(api, pages.dialect(query={"all": True, "user": "me"}))
        assert all(each.query["all"] == "true" for each in api.sent), kind
        assert all(each.query["user"] == "me" for each in api.sent), kind


def test_a_cursor_in_the_body_leaves_the_rest_of_it() -> None:
    pages = Pages(rows_of(9), "cursor in the body")
    api = pages.api()
    survey(api, pages.dialect())
    assert [each.body for each in api.sent] == [
        {"paging": {"size": SIZE}, "all": True},
        {"paging": {"size": SIZE, "cursor": "c4"}, "all": True},
        {"paging": {"size": SIZE, "cursor": "c8"}, "all": True},
    ]


def test_a_list_that_is_asked_for_with_a_body_may_be_asked_for_again() -> None:
    pages = Pages(rows_of(9), "cursor in the body")

    def stumble(sent: Sent) -> httpx.Response:
        return reply({}, 503) if len(api.sent) % 2 else pages.answer(sent)

    api = SmallApi(on={"POST /keys": stumble})
    assert len(ids_of(survey(api, pages.dialect(), attempts=2))) == 9
    assert len(api.sent) == 6


def test_a_cursor_that_is_a_number_is_one() -> None:
    def answer(sent: Sent) -> Any:  # noqa: ANN401
        return reply({"keys": [key("b")]} if sent.query else {"keys": [key("a")], "next": 7})

    api = SmallApi(on={"GET /keys": answer})
    assert ids_of(survey(api, make_dialect({"list": make_listing(KINDS["cursor"])}))) == ["a", "b"]
    assert api.sent[1].query == {"cursor": "7"}


@pytest.mark.parametrize(
    ("kind", "answer", "problem"),
    [
        ("cursor", {"next": "c0"}, "the list goes round in circles"),
        ("cursor", {"next": True}, "does not tell whether the list goes on"),
        ("cursor", {"next": {}}, "does not tell whether the list goes on"),
        ("cursor", {"next": "c" * 5000}, "the next page's name is too long"),
        ("cursor with more", {"more": True}, "says that the list goes on, and not where"),
        ("cursor with more", {"more": True, "next": ""}, "says that the list goes on, and not"),
        ("cursor with more", {}, "does not tell whether the list goes on"),
        ("cursor with more", {"more": None, "next": None}, "does not tell whether the list goes"),
        ("last id", {"more": True, "last": "k0"}, "the list goes round in circles"),
        ("last id", {"last": "k0"}, "does not tell whether the list goes on"),
        ("last id", {"more": True}, "does not tell whether the list goes on"),
        ("next url", {"links": {"next": "/api/keys?again"}}, "the list goes round in circles"),
        ("next url", {"links": {"next": 5}}, "does not tell whether the list goes on"),
        (
            "next url",
            {"links": {"next": "https://evil.example/api/keys"}},
            "the next page is at another origin (https://evil.example)",
        ),
        (
            "next url",
            {"links": {"next": "http://small.example/api/keys"}},
            "the next page is at another origin (http://small.example)",
        ),
        (
            "next url",
            {"links": {"next": "https://you@small.example/api/keys"}},
            "the next page is at another origin",
        ),
    ],
)
def test_a_list_that_says_nonsense_about_its_end_is_a_problem(
    kind: str, answer: dict[str, Any], problem: str
) -> None:
    count = 0

    def page(_: Sent) -> Any:  # noqa: ANN401
        nonlocal count
        count += 1
        return reply({"keys": [key(f"k{count}")], **answer})

    api = SmallApi(on={"GET /keys": page})
    view = survey(api, make_dialect({"list": make_listing(KINDS[kind])}))
    assert (view.problem or "").startswith(f"GET /keys: {problem}")
    assert view.keys == ()
    assert all(each.headers["host"] == "small.example" for each in api.sent)


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ('<https://evil.example/keys>; rel="next"', "the next page is at another origin"),
        ("</api/keys?p=2> rel=next", "the Link header cannot be read"),
        ('</api/keys?p=2>; rel="next", </api/keys?p=3>; rel="next"', "the Link header names sever"),
        ('</api/keys?p=2>; rel="next"', "the list goes round in circles"),
    ],
)
def test_a_link_that_cannot_be_followed_is_a_problem(link: str, problem: str) -> None:
    count = 0

    def page(_: Sent) -> Any:  # noqa: ANN401
        nonlocal count
        count += 1
        return reply({"keys": [key(f"k{count}")]}, link=link)

    api = SmallApi(on={"GET /keys": page})
    view = survey(api, make_dialect({"list": make_listing(KINDS["link"])}))
    assert (view.problem or "").startswith(f"GET /keys: {problem}")


def test_a_page_that_fails_is_a_problem_and_not_the_end() -> None:
    for kind in SHIFTING:
        pages = Pages(rows_of(14), kind)
        api = pages.api()

        def fail(sent: Sent, pages: Pages = pages) -> Any:  # noqa: ANN401
            return reply({"code": 1}, 500) if pages.asked else pages.answer(sent)

        api.on = {"GET /keys": fail, "POST /keys": fail}
        view = survey(api, pages.dialect())
        assert (view.problem or "").endswith("/keys answered 500"), kind
        assert view.keys == ()


def test_rows_that_a_page_does_not_have_are_a_problem() -> None:
    for kind in KINDS:
        api = SmallApi(on={"GET *": always({"data": []}), "POST *": always({"data": []})})
        problem = survey(api, Pages([], kind).dialect()).problem or ""
        assert "/keys: answered without a list of keys" in problem


def test_overlapping_pages_of_one_row_would_never_end() -> None:
    paging = {**KINDS["offset without total"], "page_size": 1}
    with pytest.raises(ProviderError, match="need at least two rows"):
        open_driver(SmallApi(), make_dialect({"list": make_listing(paging)}))


@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_rows_take_no_more_than_ten_times_a_thousand(kind: str) -> None:
    def measure(count: int) -> float:
        pages = Pages(rows_of(count), kind, size=200)
        paging = {**KINDS[kind], **({"page_size": 200} if "page_size" in KINDS[kind] else {})}
        dialect = pages.dialect(paging=paging)
        started = time.process_time()
        assert len(ids_of(survey(pages.api(), dialect))) == count
        return time.process_time() - started

    measure(100)
    few, many = min(measure(1000) for _ in range(3)), measure(10_000)
    assert many < 30 * few + 0.5
