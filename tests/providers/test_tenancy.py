"""Which tenant this is by the API's own word, and whether it is the one that was meant."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from reconciler.core.observed import ProviderView
from reconciler.core.secret import Secret
from tests.providers.small_api import (
    GET,
    LISTING,
    SmallApi,
    always,
    key,
    make_dialect,
    survey,
)

SAY = {"variables": {"workspace": {"say": "the id of the workspace", "optional": True}}}
CALL = {"method": "GET", "path": "/me"}
ME = {"GET /me": always({"account": {"id": "w1"}})}


def look(told: dict[str, Any], api: SmallApi, operations: Any = None, **more: Any) -> ProviderView:  # noqa: ANN401
    return survey(api, make_dialect(operations, tenant={**SAY, "told": told}), **more)


def in_workspaces(*names: object) -> SmallApi:
    return SmallApi([key(f"k{n}", workspace=name) for n, name in enumerate(names)])


def test_every_row_tells_it() -> None:
    view = look({"row": "workspace"}, in_workspaces("w1", "w1"))
    assert view.problem is None
    assert view.tenant == "w1"


def test_a_number_is_a_tenant_too() -> None:
    assert look({"row": "workspace"}, in_workspaces(5, 5)).tenant == "5"


def test_without_rows_nobody_tells_it() -> None:
    view = look({"row": "workspace"}, SmallApi())
    assert view.problem is None
    assert view.tenant is None


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("w2", "w1"), "GET /keys: answered with keys of several tenants (w1, w2)"),
        (("w1", None), "GET /keys: answered with a key that does not tell its tenant"),
        (("", "w1"), "GET /keys: answered with a key that does not tell its tenant"),
        (({},), "GET /keys: answered with a key that does not tell its tenant"),
    ],
)
def test_rows_that_do_not_agree_are_a_problem(names: tuple[object, ...], problem: str) -> None:
    view = look({"row": "workspace"}, in_workspaces(*names))
    assert view.problem == problem
    assert view.tenant is None
    assert view.keys == ()


def test_rows_that_are_looked_up_tell_it_as_well() -> None:
    api = in_workspaces("w1", "w1")
    api.on["GET /keys"] = always({"keys": ["k0", "k1"]})
    operations = {"list": {**LISTING, "rows": "ids"}, "get": GET}
    assert look({"row": "workspace"}, api, operations).tenant == "w1"


def test_a_call_of_its_own_tells_it() -> None:
    view = look({"call": CALL, "path": "account.id"}, SmallApi([key("k")], on=dict(ME)))
    assert view.tenant == "w1"
    assert view.problem is None
    assert len(view.keys) == 1


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (always({}, 403), "GET /me answered 403: these credentials may not do this"),
        (always({}, 500), "GET /me answered 500"),
        (always({}), "GET /me: answered without the tenant"),
        (always({"account": {"id": None}}), "GET /me: answered without the tenant"),
    ],
)
def test_a_call_that_does_not_tell_it_is_a_problem(answer: Any, problem: str) -> None:  # noqa: ANN401
    api = SmallApi([key("k")], on={"GET /me": answer})
    view = look({"call": CALL, "path": "account.id"}, api)
    assert view.problem == problem
    assert view.tenant is None


def test_a_token_tells_it() -> None:
    part = urlsafe_b64encode(json.dumps({"org": "w1"}).encode()).decode().rstrip("=")
    dialect = make_dialect(tenant={**SAY, "told": {"claim": "org"}})
    view = survey(SmallApi(), dialect, credentials={"token": Secret(f"e30.{part}.x")})
    assert view.tenant == "w1"


def test_the_answer_to_a_login_tells_it() -> None:
    login = {"kind": "login", "path": "/login", "send": {"user": "user"}, "token": "token"}
    dialect = make_dialect(auth=[login], tenant={**SAY, "told": {"login": "workspace.id"}})
    answer = always({"token": "t", "workspace": {"id": "w1"}})
    api = SmallApi(on={"POST /login": answer})
    view = survey(api, dialect, credentials={"user": Secret("me")})
    assert view.tenant == "w1"


@pytest.mark.parametrize("told", [{"row": "workspace"}, {"call": CALL, "path": "account.id"}])
def test_another_tenant_than_the_one_that_was_meant_is_a_problem(told: dict[str, Any]) -> None:
    told = {**told, "equals": "workspace"}

    def api() -> SmallApi:
        return SmallApi([key("k", workspace="w1")], on=dict(ME))

    view = look(told, api(), variables={"workspace": "w2"})
    assert view.problem == (
        "these credentials belong to w1, and the manifest says w2:"
        " correct tenant.workspace or the credentials"
    )
    assert view.tenant == "w1"
    assert view.keys == ()
    same = look(told, api(), variables={"workspace": "w1"})
    assert same.problem is None
    assert len(same.keys) == 1
    assert look(told, api()).problem is None


def test_a_default_was_not_said_by_anybody() -> None:
    variables = {"workspace": {"say": "the workspace", "default": "w2"}}
    tenant = {"variables": variables, "told": {"row": "workspace", "equals": "workspace"}}
    view = survey(in_workspaces("w1"), make_dialect(tenant=tenant))
    assert view.problem is None
    assert view.tenant == "w1"


def test_nobody_tells_it_where_the_dialect_says_so() -> None:
    assert survey(SmallApi([key("k")]), make_dialect()).tenant is None
