"""The {names} in what is sent: where each value comes from, and that no brace is ever sent."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from reconciler.core.keys import Attributes, KeyId
from reconciler.errors import ProviderError
from reconciler.interfaces.driver import Done
from tests.http.fake_clock import FakeClock
from tests.providers.small_api import (
    GET,
    LISTING,
    MARK,
    OP,
    OP_UUID,
    PLAIN,
    SmallApi,
    always,
    key,
    make_dialect,
    open_driver,
    reply,
    survey,
    using,
)

WANTED = Attributes.of({"name": "crm"})
TENANT: dict[str, Any] = {
    "variables": {
        "workspace": {"say": "the id of the workspace"},
        "region": {"say": "where it is", "default": "eu"},
        "team": {"say": "a team, if any", "optional": True},
    }
}


def listing(**parts: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"list": {**LISTING, **parts}}


def creation(body: object) -> dict[str, Any]:
    return {"create": {**PLAIN["operations"]["create"], "body": body}}


def test_tenant_variables_are_put_into_paths_queries_and_headers() -> None:
    path = "/workspaces/{workspace}/{region}/keys"
    dialect = make_dialect(
        listing(path=path, query={"w": "{workspace}", "both": "{region}:{workspace}", "n": 5}),
        tenant=TENANT,
        headers={"X-Workspace": "ws-{workspace}"},
    )
    api = SmallApi(on={"GET *": always({"keys": []})})
    assert survey(api, dialect, variables={"workspace": "a/b c"}).problem is None
    (sent,) = api.sent
    assert sent.path == "/workspaces/a%2Fb%20c/eu/keys"
    assert sent.query == {"w": "a/b c", "both": "eu:a/b c", "n": "5"}
    assert sent.headers["x-workspace"] == "ws-a/b c"


def test_what_was_given_comes_before_a_default() -> None:
    dialect = make_dialect(listing(query={"r": "{region}"}), tenant=TENANT)
    api = SmallApi()
    survey(api, dialect, variables={"workspace": "w", "region": "us", "unknown": "x"})
    assert api.sent[0].query == {"r": "us"}


def test_what_consists_of_an_optional_variable_is_left_out_with_it() -> None:
    operations = {
        **listing(query={"team": "{team}", "all": True}),
        **creation({"team": "{team}", "tags": ["a", "{team}", "b"], "deep": {"team": "{team}"}}),
    }
    dialect = make_dialect(operations, tenant=TENANT)
    for given, left in (({}, {"tags": ["a", "b"], "deep": {}}), ({"team": "t1"}, None)):
        api = SmallApi()
        variables = {"workspace": "w", **given}
        using(api, dialect, lambda d: d.create(OP, WANTED, MARK), variables=variables)
        survey(api, dialect, variables=variables)
        full = {"team": "t1", "tags": ["a", "t1", "b"], "deep": {"team": "t1"}}
        assert api.sent[0].body == {"name": "crm", **(left or full)}
        assert api.sent[1].query == {**given, "all": "true"}


def test_the_operation_and_the_clock_have_names_too() -> None:
    now = datetime(2027, 3, 1, 1, 30, 15, 999999, tzinfo=timezone(timedelta(hours=2)))
    body = {"op": "{op}", "uuid": "{op_uuid}", "at": "{now}", "day": "since {yesterday}", "n": 1}
    api = SmallApi()
    dialect = make_dialect(creation(body))
    using(api, dialect, lambda d: d.create(OP, WANTED, MARK), clock=FakeClock(now))
    assert api.sent[0].body == {
        "op": OP,
        "uuid": OP_UUID,
        "at": "2027-02-28T23:30:15Z",
        "day": "since 2027-02-27",
        "n": 1,
        "name": "crm",
    }


def test_the_id_of_the_key_is_put_into_bodies() -> None:
    disable = {"method": "POST", "path": "/revoke", "body": {"ids": ["{id}"]}}
    api = SmallApi(on={"POST /revoke": always({})})
    outcome = using(api, make_dialect({"disable": disable}), lambda d: d.disable(KeyId("a:b+c")))
    assert outcome == Done(None)
    assert api.sent[0].body == {"ids": ["a:b+c"]}


@pytest.mark.parametrize(
    "operations",
    [
        listing(path="/keys/{workspac}"),
        listing(path="/keys/{id}"),
        listing(path="/keys/{team}"),
        listing(query={"x": "{op}"}),
        listing(query={"x": "prefix {team}"}),
        listing(query={"x": "{"}),
        listing(query={"x": "a } b"}),
        listing(query={"x": "{{region}}"}),
        listing(query={"x": "{re gion}"}),
        creation({"deep": [{"x": "{id}"}]}),
        creation({"x": "{}"}),
        creation({"{region}": "x"}),
        {"get": {**GET, "query": {"x": "{project}"}}},
    ],
)
def test_a_brace_that_would_be_sent_is_an_error_before_anything_is(
    operations: dict[str, Any],
) -> None:
    with pytest.raises(ProviderError, match=r"has no value here|belongs to no name"):
        open_driver(
            SmallApi(), make_dialect(operations, tenant=TENANT), variables={"workspace": "w"}
        )


def test_a_header_with_a_brace_is_an_error() -> None:
    with pytest.raises(ProviderError, match=r"\{now\} has no value here"):
        open_driver(SmallApi(), make_dialect(headers={"X-Now": "{now}"}))


def test_a_variable_that_is_missing_is_named_and_explained() -> None:
    with pytest.raises(
        ProviderError, match=r"tenant\.workspace is missing: the id of the workspace"
    ):
        open_driver(SmallApi(), make_dialect(tenant=TENANT))


CLIMBING = ["../admin", "a/../b", "a/..", "a/./b", "..\\b", "a\\..\\b"]


@pytest.mark.parametrize("value", ["", ".", "..", "a\nb", "a\x00", "x" * 501, *CLIMBING])
def test_a_variable_that_would_lead_elsewhere_is_refused(value: str) -> None:
    with pytest.raises(ProviderError, match=r"tenant\.workspace cannot be this"):
        open_driver(SmallApi(), make_dialect(tenant=TENANT), variables={"workspace": value})


def test_static_headers_go_on_every_call_that_is_made() -> None:
    verify = {
        "method": "GET",
        "path": "/me",
        "accepted": [{"status": 200}],
        "rejected": [{"status": 401}],
    }
    api = SmallApi([key("k")], on={"GET /me": lambda _: reply({})})
    dialect = make_dialect({"get": GET, "verify": verify}, headers={"X-Api-Version": "2027-01"})

    async def work(driver: Any) -> None:  # noqa: ANN401
        await driver.survey(lambda _seen, _total: None)
        await driver.get(KeyId("k"))
        created = await driver.create(OP, WANTED, MARK)
        await driver.probe(created.value.secret)
        await driver.delete(KeyId("k"))

    using(api, dialect, work)
    assert len(api.sent) == 5
    assert {each.headers["x-api-version"] for each in api.sent} == {"2027-01"}


def test_utc_is_what_yesterday_is_told_in() -> None:
    late = datetime(2027, 3, 1, 23, 59, tzinfo=UTC)
    api = SmallApi()
    clock = FakeClock(late)
    body = {"x": "{yesterday}"}
    using(api, make_dialect(creation(body)), lambda d: d.create(OP, WANTED, MARK), clock=clock)
    assert api.sent[0].body["x"] == "2027-02-28"
