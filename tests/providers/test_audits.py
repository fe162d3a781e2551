"""An API's own log about a key, and what else its keys reach."""

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.core.keys import KeyId
from reconciler.core.observed import REACH_UNTOLD
from reconciler.interfaces.driver import AuditRecord, Done, Refused, Unknown
from tests.providers.small_api import (
    Answer,
    SmallApi,
    always,
    key,
    make_dialect,
    reply,
    survey,
    using,
)

ID = KeyId("k")
AUDIT: dict[str, Any] = {
    "method": "GET",
    "path": "/logs",
    "query": {"category": "security"},
    "items": "items",
    "paging": {"kind": "cursor", "cursor": "cursor", "next": "next", "max_pages": 3},
    "when": "at",
    "actor": "who",
    "action": "what",
    "key": "about",
    "request_id": "request",
}
REACH: dict[str, Any] = {
    "list": {
        "method": "GET",
        "path": "/accounts",
        "items": "items",
        "paging": {
            "kind": "offset",
            "offset": "offset",
            "limit": "limit",
            "page_size": 2,
            "total": "count",
        },
    },
    "name": "name",
    "say": "it also reaches the accounts",
}


def entry(day: int, about: str = "k", **more: object) -> dict[str, Any]:
    at = f"2027-01-{day:02}T00:00:00Z"
    return {"at": at, "who": "ann", "what": f"did {day}", "about": about, "request": "r", **more}


def audit(answer: Answer, **parts: Any) -> Any:  # noqa: ANN401
    dialect = make_dialect({"audit": {**AUDIT, **parts}})
    return using(
        SmallApi(on={"GET /logs": answer, "GET /keys/k/logs": answer}),
        dialect,
        lambda driver: driver.audit(ID),
    )


def test_the_entries_about_one_key_the_newest_first() -> None:
    entries = [entry(1), entry(3, who=None), entry(2, about="other"), entry(2, request=7)]
    outcome = audit(always({"items": entries}))
    assert outcome == Done(
        (
            AuditRecord(
                at=datetime(2027, 1, 3, tzinfo=UTC), actor=None, action="did 3", request_id="r"
            ),
            AuditRecord(
                at=datetime(2027, 1, 2, tzinfo=UTC), actor="ann", action="did 2", request_id="7"
            ),
            AuditRecord(
                at=datetime(2027, 1, 1, tzinfo=UTC), actor="ann", action="did 1", request_id="r"
            ),
        )
    )


def test_a_log_may_be_asked_for_one_key() -> None:
    outcome = audit(always({"items": [entry(1), entry(1)]}), path="/keys/{id}/logs", key=None)
    assert len(outcome.value) == 2


def test_an_endless_log_is_cut() -> None:
    page = {"count": 0}

    def answer(_: object) -> Any:  # noqa: ANN401
        page["count"] += 1
        return reply({"items": [entry(page["count"])], "next": f"c{page['count']}"})

    assert len(audit(answer).value) == 3
    assert page["count"] == 3


def test_the_same_entry_on_two_pages_is_no_problem() -> None:
    assert len(audit(always({"items": [entry(1)] * 3})).value) == 3


def test_what_an_entry_does_not_tell_is_left_open() -> None:
    outcome = audit(always({"items": [{"what": "x", "about": "k", "at": "soon"}]}))
    assert outcome == Done((AuditRecord(at=None, actor=None, action="x"),))


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (always({}, 403), "GET /logs answered 403: these credentials may not do this"),
        (always({}), "GET /logs: answered without a list of entries"),
        (
            always({"items": [{"at": None}]}),
            "GET /logs: answered with an entry that does not tell its action",
        ),
    ],
)
def test_a_log_that_cannot_be_read_is_none(answer: Answer, problem: str) -> None:
    assert audit(answer) == Unknown(problem)


def test_where_there_is_no_log_nothing_is_sent() -> None:
    api = SmallApi()
    outcome = using(api, make_dialect(), lambda driver: driver.audit(ID))
    assert outcome == Refused("not sent: small cannot show a log")
    dialect = make_dialect({"audit": AUDIT})
    outcome = using(api, dialect, lambda driver: driver.audit(KeyId("..")))
    assert isinstance(outcome, Refused)
    assert api.sent == []


def test_what_keys_reach_is_named() -> None:
    names = ["b", "a", "c", "a"]

    def answer(sent: Any) -> Any:  # noqa: ANN401
        start = int(sent.query["offset"])
        rows = [{"name": name} for name in names[start : start + 2]]
        return reply({"items": rows, "count": len(names)})

    view = survey(SmallApi([key("k")], on={"GET /accounts": answer}), make_dialect(reach=REACH))
    assert view.problem is None
    assert view.reach == ("a", "b", "c")


@pytest.mark.parametrize(
    "answer", [always({}, 403), always({}, 500), always({"items": [{}], "count": 1})]
)
def test_keys_can_be_managed_without_knowing_what_they_reach(answer: Answer) -> None:
    view = survey(SmallApi([key("k")], on={"GET /accounts": answer}), make_dialect(reach=REACH))
    assert view.problem is None
    assert view.reach == (REACH_UNTOLD,)
    assert len(view.keys) == 1


def test_one_problem_of_everything_is_told_once() -> None:
    call = {"method": "GET", "path": "/keys"}
    dialect = make_dialect(tenant={"told": {"call": call}})
    view = survey(SmallApi(on={"GET *": always({}, 401)}), dialect)
    assert view.problem == "GET /keys answered 401: the credentials were refused"
