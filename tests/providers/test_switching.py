"""Switching keys on and off, one or all, and deleting them."""

from typing import Any

import httpx
import pytest

from reconciler.core.keys import KeyId
from reconciler.interfaces.driver import Done, Outcome, Refused, Unknown
from reconciler.providers.http import HttpDriver
from tests.providers.small_api import (
    LISTING,
    Answer,
    Sent,
    SmallApi,
    always,
    key,
    make_dialect,
    survey,
    using,
)

ID = KeyId("k")
ALREADY = [{"status": 400, "code": "already"}, {"status": 200, "code": "was_so"}]
OPERATIONS: dict[str, Any] = {
    "enable": {"method": "POST", "path": "/keys/{id}/on", "already": ALREADY},
    "disable": {"method": "POST", "path": "/keys/{id}/off", "already": ALREADY},
    "delete": {"method": "DELETE", "path": "/keys/{id}", "already": ALREADY},
}
PATHS = {"enable": "POST /keys/k/on", "disable": "POST /keys/k/off", "delete": "DELETE /keys/k"}
TOGGLE = {
    "read": "enabled",
    "switch_on": {"method": "PUT", "path": "/toggle", "body": {"on": True}, "already": ALREADY},
    "switch_off": {"method": "PUT", "path": "/toggle", "body": {"on": False}, "already": ALREADY},
}
each_switch = pytest.mark.parametrize("switch", PATHS)


def do(api: SmallApi, switch: str, **parts: Any) -> Outcome[None]:  # noqa: ANN401
    async def work(driver: HttpDriver) -> Outcome[None]:
        result: Outcome[None] = await getattr(driver, switch)(ID)
        return result

    return using(api, make_dialect(OPERATIONS, envelope={"code": "code"}, **parts), work)


@each_switch
@pytest.mark.parametrize(
    "answer", [always({}), always({"code": 0}), always(status=200), always("done")]
)
def test_a_yes_needs_no_words(switch: str, answer: Answer) -> None:
    api = SmallApi(on={PATHS[switch]: answer})
    assert do(api, switch) == Done(None)
    assert api.calls() == [PATHS[switch]]


@each_switch
def test_a_yes_without_data_is_one_also_in_an_envelope(switch: str) -> None:
    envelope = {"data": "data", "ok": "code == `200`", "code": "code"}
    answer = always({"code": 200, "message": "API key deleted"})
    dialect = make_dialect(OPERATIONS, envelope=envelope)

    async def work(driver: HttpDriver) -> Outcome[None]:
        result: Outcome[None] = await getattr(driver, switch)(ID)
        return result

    assert using(SmallApi(on={PATHS[switch]: answer}), dialect, work) == Done(None)
    for other in (always({"code": 404}), always(status=200), always({})):
        outcome = using(SmallApi(on={PATHS[switch]: other}), dialect, work)
        assert isinstance(outcome, Unknown)


@each_switch
@pytest.mark.parametrize(("status", "code"), [(400, "already"), (200, "was_so")])
def test_what_is_so_already_is_done(switch: str, status: int, code: str) -> None:
    assert do(SmallApi(on={PATHS[switch]: always({"code": code}, status)}), switch) == Done(None)


@each_switch
@pytest.mark.parametrize(("status", "code"), [(400, "other"), (409, "already"), (400, None)])
def test_anything_else_that_is_no_is_a_refusal(switch: str, status: int, code: str) -> None:
    outcome = do(SmallApi(on={PATHS[switch]: always({"code": code}, status)}), switch)
    assert isinstance(outcome, Refused)
    assert outcome.status == status


def test_absent_is_done_for_a_deletion_and_for_nothing_else() -> None:
    absent = {"status": 404, "code": "gone", "means": "absent"}
    for switch, path in PATHS.items():
        api = SmallApi(on={path: always({"code": "gone"}, 404)})
        outcome = do(api, switch, errors=[absent])
        assert isinstance(outcome, Done if switch == "delete" else Refused)


def test_absent_may_be_said_in_the_clothes_of_a_success() -> None:
    absent = {"status": 200, "code": "gone", "means": "absent"}
    envelope = {"ok": "code == null", "code": "code"}
    dialect = make_dialect(
        {"delete": {"method": "DELETE", "path": "/keys/{id}"}}, errors=[absent], envelope=envelope
    )
    for code, kind in (("gone", Done), ("boom", Unknown)):
        api = SmallApi(on={"DELETE /keys/k": always({"code": code})})
        assert isinstance(using(api, dialect, lambda driver: driver.delete(ID)), kind)


@each_switch
def test_what_a_proxy_says_is_no_yes(switch: str) -> None:
    api = SmallApi(on={PATHS[switch]: lambda _: httpx.Response(200, html="<html>")})
    assert isinstance(do(api, switch), Unknown)


@pytest.mark.parametrize("switch", ["enable", "disable"])
def test_what_the_dialect_does_not_have_is_not_sent(switch: str) -> None:
    async def work(driver: HttpDriver) -> Outcome[None]:
        result: Outcome[None] = await getattr(driver, switch)(ID)
        return result

    api = SmallApi()
    assert using(api, make_dialect(), work) == Refused(f"not sent: small cannot {switch} a key")
    assert api.sent == []


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("answer", [always({}), always(status=200), always({"code": "was_so"})])
def test_the_switch_for_all_is_set(on: bool, answer: Answer) -> None:
    api = SmallApi(on={"PUT /toggle": answer})
    dialect = make_dialect(toggle=TOGGLE, envelope={"code": "code"})
    assert using(api, dialect, lambda driver: driver.switch_all(on=on)) == Done(None)
    assert api.sent[0].body == {"on": on}


def test_the_switch_for_all_may_be_refused_or_not_be_there() -> None:
    api = SmallApi(on={"PUT /toggle": always({}, 403)})
    outcome = using(api, make_dialect(toggle=TOGGLE), lambda driver: driver.switch_all(on=True))
    assert isinstance(outcome, Refused)
    assert outcome.status == 403
    outcome = using(api, make_dialect(), lambda driver: driver.switch_all(on=True))
    assert outcome == Refused("not sent: small cannot switch all keys")


@pytest.mark.parametrize("enabled", [True, False])
def test_the_list_tells_how_the_switch_stands(enabled: bool) -> None:
    dialect = make_dialect(toggle=TOGGLE, envelope={"data": "data"})
    api = SmallApi(on={"GET /keys": always({"data": {"keys": [key("k")], "enabled": enabled}})})
    view = survey(api, dialect)
    assert view.problem is None
    assert view.enabled is enabled
    assert len(view.keys) == 1


def test_the_first_page_tells_how_the_switch_stands() -> None:
    paging = {"kind": "cursor", "cursor": "c", "next": "next"}
    dialect = make_dialect({"list": {**LISTING, "paging": paging}}, toggle=TOGGLE)
    first = {"keys": [key("a")], "next": "x", "enabled": False}

    def answer(sent: Sent) -> httpx.Response:
        return always({"keys": [key("b")]} if sent.query else first)(sent)

    view = survey(SmallApi(on={"GET /keys": answer}), dialect)
    assert view.enabled is False
    assert len(view.keys) == 2


@pytest.mark.parametrize("told", [{}, {"enabled": None}, {"enabled": "yes"}])
def test_a_switch_that_is_not_told_is_a_problem(told: dict[str, object]) -> None:
    api = SmallApi(on={"GET /keys": always({"keys": [key("k")], **told})})
    view = survey(api, make_dialect(toggle=TOGGLE))
    assert view.problem == "GET /keys: the switch for all is not told"
    assert view.enabled is None


def test_without_a_switch_there_is_none_to_tell() -> None:
    assert survey(SmallApi(), make_dialect()).enabled is None
