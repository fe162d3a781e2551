"""Changes in place, in every style in which APIs take them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.core.keys import Attributes, KeyId, Value
from reconciler.core.observed import LiveKey
from reconciler.errors import ProviderError
from reconciler.interfaces.driver import Done, Outcome, Refused, Unknown
from reconciler.providers.dialect.model import Dialect
from tests.http.fake_clock import FakeClock
from tests.providers.small_api import (
    ABSENT,
    GET,
    PLAIN,
    UPDATE,
    Answer,
    SmallApi,
    always,
    key,
    make_dialect,
    open_driver,
    reply,
    using,
)

ID = KeyId("k")
LIMIT = {"codec": "rate", "read": "limit", "create": "limit", "update": "limit"}
FIELDS: dict[str, Any] = {**PLAIN["fields"], "rate_limit": LIMIT}
RATE_ALONE = {"method": "PUT", "path": "/keys/{id}/limit", "body": {"why": "x"}}
NOTE_ALONE = {"method": "POST", "path": "/notes", "body": {"key": "{id}"}, "ok": [200, 204]}
ALONE: dict[str, Any] = {
    **PLAIN["fields"],
    "rate_limit": {**LIMIT, "update": "per.minute", "update_by": RATE_ALONE},
    "options.note": {"codec": "string", "read": "note", "create": "note", "update_by": NOTE_ALONE},
}


def update(
    api: SmallApi,
    dialect: Dialect,
    changes: dict[str, Value],
    **more: Any,  # noqa: ANN401
) -> Outcome[LiveKey | None]:
    return using(api, dialect, lambda driver: driver.update(ID, Attributes.of(changes)), **more)


def styled(style: str, fields: dict[str, Any] = FIELDS, **parts: Any) -> Dialect:  # noqa: ANN401
    operation = {**UPDATE, "style": style, **parts.pop("update", {})}
    operations = {"update": operation, "get": GET, **parts.pop("operations", {})}
    return make_dialect(operations, fields=fields, errors=[ABSENT], **parts)


def test_merge_sends_what_changes_beside_the_operation_s_own() -> None:
    dialect = styled("merge", update={"body": {"data": {"id": "{id}"}}})
    api = SmallApi([key("k", limit=5, scopes=["a"])])
    outcome = update(api, dialect, {"rate_limit": 7, "enabled": False})
    assert isinstance(outcome, Done)
    assert outcome.value is not None
    assert outcome.value.attributes.get("rate_limit") == 7
    assert [each.body for each in api.sent] == [{"data": {"id": "k"}, "limit": 7}]


def test_the_key_is_read_from_where_the_answer_has_it() -> None:
    row = key("k", limit=9)
    api = SmallApi([key("k")], on={"PATCH /keys/k": always({"data": {"key": row}})})
    outcome = update(api, styled("merge", update={"row": "data.key"}), {"rate_limit": 9})
    assert isinstance(outcome, Done)
    assert outcome.value is not None
    assert outcome.value.attributes.get("rate_limit") == 9


@pytest.mark.parametrize(
    "answer",
    [
        always(status=204),
        always(),
        always({}),
        always({"id": "k"}),
        always(key("other", limit=1)),
        always([1]),
    ],
)
def test_an_answer_that_does_not_show_the_key_is_a_yes_all_the_same(answer: Answer) -> None:
    dialect = styled("merge", update={"ok": [200, 204]})
    api = SmallApi([key("k")], on={"PATCH /keys/k": answer})
    assert update(api, dialect, {"rate_limit": 9}) == Done(None)


@pytest.mark.parametrize("style", ["merge", "replace", "json_patch"])
@pytest.mark.parametrize("changes", [{}, {"enabled": False}])
def test_nothing_is_sent_where_nothing_changes(style: str, changes: dict[str, Value]) -> None:
    api = SmallApi([key("k")])
    assert update(api, styled(style), changes) == Done(None)
    assert api.sent == []


def test_json_patch_replaces_at_paths() -> None:
    fields = {
        **FIELDS,
        "options.note": {
            "codec": "string",
            "read": "meta.note",
            "create": "note",
            "update": "meta.note",
            "clear": {"value": None},
            "optional": True,
        },
    }
    api = SmallApi([key("k", limit=1)], on={"PATCH /keys/k": always(key("k", limit=2))})
    dialect = styled("json_patch", fields)
    assert isinstance(update(api, dialect, {"rate_limit": 2, "options.note": None}), Done)
    assert api.sent[0].body == [
        {"op": "replace", "path": "/meta/note", "value": None},
        {"op": "replace", "path": "/limit", "value": 2},
    ]


def test_replace_sends_everything_as_it_is_and_what_changes() -> None:
    fields = {
        **FIELDS,
        "enabled": {"codec": "bool", "inverted": True, "read": "off", "update": "disabled"},
        "options.agents": {
            "codec": "set",
            "read": "agents[].id",
            "create": "agents",
            "update": "agent_ids",
        },
        "options.fixed": {"codec": "string", "read": "fixed", "create": "fixed"},
    }
    row = key("k", scopes=["b", "a", "b"], limit=5, off=True, agents=[{"id": "y"}, {"id": "x"}])
    api = SmallApi([row | {"fixed": "f", "tags": ["kw-1", "theirs"]}])
    dialect = styled(
        "replace",
        fields,
        update={"method": "PUT", "body": {"type": "key"}},
        marker={"kind": "tag", "read": "tags", "create": "tags"},
    )
    assert isinstance(update(api, dialect, {"rate_limit": 7}), Done)
    assert api.calls() == ["GET /keys/k", "PUT /keys/k"]
    assert api.sent[1].body == {
        "type": "key",
        "name": "name of k",
        "scopes": ["a", "b"],
        "limit": 7,
        "disabled": True,
        "agent_ids": ["x", "y"],
        "tags": ["kw-1", "theirs"],
    }


def test_replace_reads_the_list_where_there_is_no_other_call() -> None:
    api = SmallApi([key("j", limit=1), key("k", limit=5)])
    dialect = styled("replace", operations={"get": None})
    assert isinstance(update(api, dialect, {"name": "new"}), Done)
    assert api.calls() == ["GET /keys", "PATCH /keys/k"]
    assert api.sent[1].body == {"name": "new", "limit": 5}


@pytest.mark.parametrize("mark", ["kw-1", None])
def test_replace_keeps_a_mark_that_is_text(mark: str | None) -> None:
    marker = {"kind": "text", "read": "meta.note", "create": "meta.note"}
    api = SmallApi([key("k", limit=5, meta={"note": mark})])
    assert isinstance(update(api, styled("replace", marker=marker), {"name": "new"}), Done)
    kept = {"meta": {"note": mark}} if mark else {}
    assert api.sent[1].body == {"name": "new", "limit": 5, **kept}


def test_none_is_said_by_leaving_it_out_of_a_replacement_where_that_grants_nothing() -> None:
    instant = {"codec": "instant", "read": "until", "create": "until", "update": "until"}
    for more, sent in (({}, True), ({"omitted": "2099-01-01T00:00:00Z"}, False)):
        fields = {**FIELDS, "expires_at": {**instant, **more}}
        api = SmallApi([key("k", limit=5, until="2030-01-01T00:00:00Z")])
        outcome = update(api, styled("replace", fields), {"expires_at": None})
        assert isinstance(outcome, Done) is sent
        if sent:
            assert api.sent[1].body == {"name": "name of k", "limit": 5}
        else:
            assert api.calls() == ["GET /keys/k"]


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ({"codec": "string", "create": "x", "update": "x"}, "does not tell its options.x"),
        (
            {
                "codec": "set",
                "read": "x",
                "create": "x",
                "update": "x",
                "optional": True,
                "omission_widens": True,
            },
            "does not tell its options.x",
        ),
    ],
)
def test_replace_loses_nothing_that_it_cannot_read(field: dict[str, Any], problem: str) -> None:
    api = SmallApi([key("k", limit=5)])
    dialect = styled("replace", {**FIELDS, "options.x": field})
    outcome = update(api, dialect, {"name": "new"})
    assert isinstance(outcome, Refused)
    assert problem in outcome.reason
    assert api.calls() == ["GET /keys/k"]


def test_an_empty_set_is_not_left_out_where_that_would_widen() -> None:
    field = {
        "codec": "set",
        "read": "x",
        "create": "x",
        "update": "x",
        "null_is_empty": True,
        "omission_widens": True,
    }
    api = SmallApi([key("k", limit=5, x=None)])
    outcome = update(api, styled("replace", {**FIELDS, "options.x": field}), {"name": "new"})
    assert outcome == Refused("not sent: small has no such options.x")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (always({}, 404), "not sent: there is no such key"),
        (always({}, 500), "not sent: the key could not be read before: GET /keys/{id} answered"),
        (always({"id": "k"}), "not sent: the key could not be read before: GET /keys/{id} answ"),
    ],
)
def test_replace_without_knowing_what_is_there_is_not_tried(answer: Answer, reason: str) -> None:
    api = SmallApi(on={"GET /keys/k": answer})
    outcome = update(api, styled("replace"), {"name": "new"})
    assert isinstance(outcome, Refused)
    assert outcome.reason.startswith(reason)
    assert api.calls() == ["GET /keys/k"]


def alone(answers: dict[str, Any]) -> SmallApi:
    yes = always(status=204)
    return SmallApi(
        [key("k", limit=1, note="n")],
        on={"PUT /keys/k/limit": always({}), "POST /notes": yes, **answers},
    )


CHANGES: dict[str, Value] = {"name": "new", "rate_limit": 7, "options.note": "x"}


def test_a_field_may_have_an_operation_of_its_own() -> None:
    api = alone({})
    assert update(api, styled("merge", ALONE), CHANGES) == Done(None)
    assert [(str(each), each.body) for each in api.sent] == [
        ("PATCH /keys/k", {"name": "new"}),
        ("POST /notes", {"key": "k", "note": "x"}),
        ("PUT /keys/k/limit", {"why": "x", "per": {"minute": 7}}),
    ]


def test_only_the_last_answer_shows_the_key_as_it_is() -> None:
    last = always(key("k", limit=7, note="x"))
    outcome = update(alone({"PUT /keys/k/limit": last}), styled("merge", ALONE), CHANGES)
    assert isinstance(outcome, Done)
    assert outcome.value is not None
    assert outcome.value.attributes.get("rate_limit") == 7


def test_fields_with_operations_of_their_own_need_no_other() -> None:
    api = alone({})
    dialect = make_dialect(fields=ALONE)
    assert update(api, dialect, {"rate_limit": 7}) == Done(None)
    assert api.calls() == ["PUT /keys/k/limit"]
    outcome = update(api, dialect, {"name": "new", "rate_limit": 7})
    assert outcome == Refused("not sent: small cannot update name")
    assert len(api.sent) == 1


def test_the_first_no_is_a_no_and_a_later_one_is_half_a_yes() -> None:
    first = {"PATCH /keys/k": always({}, 409)}
    outcome = update(alone(first), styled("merge", ALONE), CHANGES)
    assert isinstance(outcome, Refused)
    assert outcome.status == 409
    for status in (404, 409, 500):
        later = alone({"POST /notes": always({}, status)})
        outcome = update(later, styled("merge", ALONE), CHANGES)
        assert isinstance(outcome, Unknown)
        assert outcome.reason.startswith(f"changed in part: POST /notes answered {status}")
        assert later.calls() == ["PATCH /keys/k", "POST /notes"]


def test_everything_is_written_before_anything_is_sent() -> None:
    api = alone({})
    outcome = update(api, styled("merge", ALONE), {**CHANGES, "options.note": 5})
    assert outcome == Refused("not sent: small has no such options.note")
    assert api.sent == []


def test_an_operation_of_its_own_needs_a_place_for_the_value() -> None:
    field = {"codec": "string", "read": "note", "update_by": NOTE_ALONE}
    with pytest.raises(ProviderError, match=r"options\.note has an operation of its own"):
        open_driver(SmallApi(), make_dialect(fields={"options.note": field}))


@pytest.mark.parametrize("style", ["merge", "replace", "json_patch"])
def test_what_the_dialect_cannot_change_is_not_sent(style: str) -> None:
    fields = {**FIELDS, "options.fixed": {"codec": "string", "read": "fixed", "create": "fixed"}}
    for name in ("options.fixed", "options.unknown"):
        api = SmallApi([key("k", limit=5, fixed="f")])
        outcome = update(api, styled(style, fields), {name: "x"})
        assert outcome == Refused(f"not sent: small cannot update {name}")
        assert [call for call in api.calls() if not call.startswith("GET")] == []


def test_a_span_counts_from_now_also_where_it_is_only_kept() -> None:
    now = datetime(2029, 12, 31, tzinfo=UTC)
    fields = {
        **FIELDS,
        "expires_at": {
            "codec": "instant",
            "read": "until",
            "create": "ttl",
            "update": "ttl",
            "writes": "ttl_s",
        },
    }
    api = SmallApi([key("k", limit=5, until="2030-01-01T00:00:00Z")])
    outcome = update(api, styled("replace", fields), {"name": "new"}, clock=FakeClock(now))
    assert isinstance(outcome, Done)
    assert api.sent[1].body == {"name": "new", "limit": 5, "ttl": 86400}


def test_absent_is_a_refusal_to_whoever_wanted_a_change() -> None:
    api = SmallApi(on={"PATCH /keys/k": lambda _: reply({}, 404)})
    outcome = update(api, styled("merge"), {"name": "new"})
    assert isinstance(outcome, Refused)
    assert outcome.status == 404
