"""Secrets that go into a gateway: where they are put, and that they never come out."""

from typing import Any

import httpx
import pytest

from reconciler.core.keys import Attributes
from reconciler.core.observed import Upstream
from reconciler.core.secret import Secret
from reconciler.interfaces.driver import Done, Outcome, Refused, Unknown
from reconciler.providers.dialect.model import Dialect
from tests.providers.small_api import (
    SECRET,
    Answer,
    Sent,
    SmallApi,
    always,
    key,
    make_dialect,
    reply,
    survey,
    using,
)

GATEWAY: dict[str, Any] = {
    "list": {
        "method": "GET",
        "path": "/providers",
        "items": "data",
        "paging": {
            "kind": "offset",
            "offset": "offset",
            "limit": "limit",
            "page_size": 2,
            "total": "total",
        },
    },
    "id": "id",
    "name": "attributes.name",
    "create": {"method": "POST", "path": "/providers", "ok": [201]},
    "create_name": "data.attributes.name",
    "update": {
        "method": "PATCH",
        "path": "/providers/{id}",
        "body": {"data": {"id": "{id}"}},
        "ok": [200, 204],
    },
    "row": "data",
    "secret": "data.attributes.apiKey",
    "checked": True,
    "fields": {
        "options.url": {
            "codec": "string",
            "read": "attributes.url",
            "create": "data.attributes.url",
            "update": "data.attributes.url",
        },
        "options.kind": {
            "codec": "enum",
            "values": {"bearer": "Bearer", "none": "None"},
            "read": "attributes.authType",
            "create": "data.attributes.authType",
            "optional": True,
        },
    },
}
FIELDS = Attributes.of({"options.url": "https://x", "options.kind": "bearer"})


def upstream(number: int, **more: object) -> dict[str, Any]:
    return {"id": number, "attributes": {"name": f"u{number}", "url": "https://x", **more}}


def make(**parts: Any) -> Dialect:  # noqa: ANN401
    return make_dialect(gateway={**GATEWAY, **parts})


def put(
    api: SmallApi,
    upstream_id: str | None,
    fields: Attributes = FIELDS,
    dialect: Dialect | None = None,
) -> Outcome[Upstream]:
    return using(
        api,
        dialect or make(),
        lambda driver: driver.put_upstream(upstream_id, "openai", fields, Secret(SECRET)),
    )


def listed(*rows: dict[str, Any]) -> Any:  # noqa: ANN401
    def answer(sent: Sent) -> httpx.Response:
        start = int(sent.query["offset"])
        return reply({"data": rows[start : start + 2], "total": len(rows)})

    return answer


def test_upstreams_are_listed_whole() -> None:
    rows = [upstream(n, authType="Bearer") for n in (3, 1, 2)]
    api = SmallApi([key("k")], on={"GET /providers": listed(*rows)})
    outcome = using(api, make(), lambda driver: driver.upstreams())
    assert isinstance(outcome, Done)
    assert [each.id for each in outcome.value] == ["1", "2", "3"]
    assert outcome.value[0] == Upstream(id="1", name="u1", attributes=FIELDS)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (always({}, 500), "GET /providers answered 500"),
        (listed({"id": 1}), "GET /providers: answered with an upstream that has no usable id and "),
        (
            listed({"id": 1, "attributes": {"name": "n"}}),
            "GET /providers: answered with an upstream that does not tell its options.url",
        ),
        (listed(upstream(1, authType="?")), "GET /providers: answered with an upstream whose opt"),
        (listed(upstream(1), upstream(1)), "GET /providers: the list does not hold still"),
    ],
)
def test_upstreams_that_cannot_be_read_are_unknown(
    answer: Answer,
    problem: str,
) -> None:
    api = SmallApi([key("k")], on={"GET /providers": answer})
    outcome = using(api, make(), lambda driver: driver.upstreams())
    assert isinstance(outcome, Unknown)
    assert outcome.reason.startswith(problem)
    api.sent.clear()
    assert survey(api, make()).problem is None
    assert api.calls() == ["GET /keys"]


def test_a_secret_is_set_at_its_place() -> None:
    api = SmallApi(on={"PATCH /providers/7": always({"data": upstream(7)})})
    outcome = put(api, "7", Attributes.of({"options.url": "https://y", "options.kind": "none"}))
    expected = Upstream(id="7", name="u7", attributes=Attributes.of({"options.url": "https://x"}))
    assert outcome == Done(expected)
    assert api.sent[0].body == {
        "data": {"id": "7", "attributes": {"url": "https://y", "apiKey": SECRET}}
    }
    assert SECRET not in repr(outcome)


def test_an_upstream_is_made_with_its_name() -> None:
    api = SmallApi(on={"POST /providers": always({"data": upstream(7, authType="Bearer")}, 201)})
    assert put(api, None) == Done(Upstream(id="7", name="u7", attributes=FIELDS))
    assert api.sent[0].body == {
        "data": {
            "attributes": {
                "name": "openai",
                "url": "https://x",
                "authType": "Bearer",
                "apiKey": SECRET,
            }
        }
    }


@pytest.mark.parametrize("answer", [always(status=204), always({}), always({"data": {"id": 7}})])
def test_an_answer_that_tells_nothing_is_a_yes_where_the_id_is_known(answer: Answer) -> None:
    fields = Attributes.of({"options.url": "https://y"})
    outcome = put(SmallApi(on={"PATCH /providers/7": answer}), "7", fields)
    assert outcome == Done(Upstream(id="7", name="openai", attributes=fields))


@pytest.mark.parametrize("answer", [{}, {"data": {"attributes": {}}}, {"data": {"id": "\n"}}])
def test_one_that_was_made_without_an_id_is_unknown(answer: Answer) -> None:
    outcome = put(SmallApi(on={"POST /providers": always(answer, 201)}), None)
    assert isinstance(outcome, Unknown)


def test_another_upstream_than_the_one_that_was_meant_is_unknown() -> None:
    api = SmallApi(on={"PATCH /providers/7": always({"data": upstream(8)})})
    assert isinstance(put(api, "7", Attributes()), Unknown)


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_no_is_a_refusal(status: int) -> None:
    outcome = put(SmallApi(on={"POST /providers": always({}, status)}), None)
    assert isinstance(outcome, Refused)
    assert outcome.status == status
    assert SECRET not in repr(outcome)


def test_no_clear_answer_is_unknown() -> None:
    api = SmallApi(on={"POST /providers": always({}, 502)})
    assert isinstance(put(api, None), Unknown)
    assert len(api.sent) == 1


@pytest.mark.parametrize(
    ("upstream_id", "fields", "reason"),
    [
        ("7", {"options.nothing": "x"}, "not sent: an upstream cannot update options.nothing"),
        (None, {"options.nothing": "x"}, "not sent: an upstream cannot create options.nothing"),
        (None, {"options.kind": "magic"}, "not sent: an upstream has no such options.kind"),
        ("..", {}, "not sent: this cannot be the id of an upstream"),
    ],
)
def test_what_cannot_be_said_is_not_sent(
    upstream_id: str | None, fields: dict[str, Any], reason: str
) -> None:
    api = SmallApi()
    assert put(api, upstream_id, Attributes.of(fields)) == Refused(reason)
    assert api.sent == []


def test_where_none_can_be_made_none_is() -> None:
    api = SmallApi()
    assert put(api, None, dialect=make(create=None)) == Refused(
        "not sent: no upstream can be made here"
    )
    assert api.sent == []


def test_where_there_is_no_gateway_nothing_is_sent() -> None:
    api = SmallApi()
    assert isinstance(put(api, None, dialect=make_dialect()), Refused)
    outcome = using(api, make_dialect(), lambda driver: driver.upstreams())
    assert outcome == Refused("not sent: small cannot list upstreams")
    assert api.sent == []
