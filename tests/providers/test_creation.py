"""Creations: what is asked for, where the secret comes from, and that it is never thrown away."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest

from reconciler.core.keys import Attributes
from reconciler.core.observed import LiveStatus
from reconciler.errors import ProviderError
from reconciler.interfaces.driver import Created, Done, Outcome, Refused, Unknown
from reconciler.providers.dialect.model import Dialect
from tests.providers.small_api import (
    GET,
    MARK,
    OP,
    OP_UUID,
    PLAIN,
    SECRET,
    Sent,
    SmallApi,
    always,
    key,
    make_dialect,
    open_driver,
    reply,
    using,
)

WANTED = Attributes.of({"name": "crm", "scopes": ("a", "b"), "enabled": False})
EXPIRY = {"codec": "instant", "read": "expires", "create": "expires", "optional": True}
UNTIL = datetime(2030, 1, 1, tzinfo=UTC)


def creation(**parts: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"create": {**PLAIN["operations"]["create"], **parts}}


def create(
    api: SmallApi,
    dialect: Dialect,
    wanted: Attributes = WANTED,
    **more: Any,  # noqa: ANN401
) -> Outcome[Created]:
    return using(api, dialect, lambda driver: driver.create(OP, wanted, MARK), **more)


def created(api: SmallApi, dialect: Dialect, wanted: Attributes = WANTED, **more: Any) -> Created:  # noqa: ANN401
    outcome = create(api, dialect, wanted, **more)
    assert isinstance(outcome, Done), outcome
    return outcome.value


def answering(data: object) -> SmallApi:
    return SmallApi(on={"POST /keys": always(data, 201)})


def test_the_body_has_what_was_wanted_beside_the_operation_s_own() -> None:
    dialect = make_dialect(
        creation(body={"kind": "key", "data": {"type": "api_keys"}}),
        fields={
            "name": {"codec": "string", "read": "name", "create": "data.attributes.name"},
            "scopes": {"codec": "set", "read": "scopes", "create": "data.attributes.scopes"},
        },
    )
    api = answering({"id": "k", "name": "crm", "scopes": ["a", "b"], "secret": SECRET})
    made = created(api, dialect)
    assert made.secret.reveal() == SECRET
    assert made.key.attributes.mapping() == {"name": "crm", "scopes": ("a", "b")}
    assert api.sent[0].body == {
        "kind": "key",
        "data": {"type": "api_keys", "attributes": {"name": "crm", "scopes": ["a", "b"]}},
    }


def test_a_body_may_be_a_form() -> None:
    api = answering({"id": "k", "name": "crm", "secret": SECRET})
    created(api, make_dialect(creation(encoding="form")), Attributes.of({"name": "c r&m"}))
    assert api.sent[0].body == {"name": "c r&m"}
    assert api.sent[0].headers["content-type"] == "application/x-www-form-urlencoded"


def test_the_row_and_the_secret_may_be_anywhere_in_the_answer() -> None:
    dialect = make_dialect(creation(row="data", secret="key", data="@"), envelope={"data": "data"})
    made = created(answering({"data": key("k"), "key": SECRET}), dialect)
    assert made.key.id == "k"
    assert made.secret.reveal() == SECRET


def test_a_secret_of_several_parts_is_one_json_object() -> None:
    parts = {"secret": "keys.secret", "id": "keys.public", "number": "id"}
    answer = {"id": 7, "name": "x", "keys": {"secret": "säcret", "public": "pk"}}
    made = created(answering(answer), make_dialect(creation(secret=parts)))
    text = made.secret.reveal()
    assert text == '{"id":"pk","number":7,"secret":"s\\u00e4cret"}'
    assert json.loads(text)["secret"] == "säcret"


@pytest.mark.parametrize("missing", [{}, {"secret": None}, {"secret": ""}, {"secret": True}])
def test_a_part_that_is_missing_makes_no_secret(missing: dict[str, object]) -> None:
    parts = {"secret": "keys.secret", "id": "keys.public"}
    answer = {"id": "k", "name": "x", "keys": {"public": "pk", **missing}}
    outcome = create(answering(answer), make_dialect(creation(secret=parts)))
    assert outcome == Unknown("POST /keys was answered without a usable key and secret")


@pytest.mark.parametrize(
    "answer", [{"id": "k"}, {"id": "k", "secret": 5}, {"secret": SECRET}, {"id": "a/b"}, [], None]
)
def test_without_an_id_or_a_secret_nobody_knows_what_there_is(answer: object) -> None:
    outcome = create(answering(answer), make_dialect({"get": GET}))
    assert isinstance(outcome, Unknown)
    assert SECRET not in repr(outcome)


SUPPLIED = {"secret": None, "supplied": {"path": "data.key", "prefix": "sk-", "size": 40}}


def test_a_secret_that_we_make_is_put_into_the_body() -> None:
    asked: list[int] = []

    def token(size: int) -> str:
        asked.append(size)
        return "made-by-us"

    api = answering(key("k"))
    made = created(api, make_dialect(creation(**SUPPLIED)), token=token)
    assert made.secret.reveal() == "sk-made-by-us"
    assert api.sent[0].body["data"] == {"key": "sk-made-by-us"}
    assert asked == [40]
    assert "made-by-us" not in repr(made)


def test_what_the_api_shows_of_our_secret_is_what_counts() -> None:
    dialect = make_dialect(creation(**{**SUPPLIED, "secret": "shown"}))
    made = created(answering({**key("k"), "shown": "full"}), dialect, token=lambda _: "x")
    assert made.secret.reveal() == "full"
    made = created(answering(key("k")), dialect, token=lambda _: "x")
    assert made.secret.reveal() == "sk-x"


def test_somebody_has_to_make_the_secret() -> None:
    with pytest.raises(ProviderError, match="nobody makes the secret"):
        open_driver(SmallApi(), make_dialect(creation(secret=None)))
    with pytest.raises(ProviderError, match="nothing to make secrets from"):
        open_driver(SmallApi(), make_dialect(creation(**SUPPLIED)))


def test_a_create_that_is_told_apart_may_be_sent_again() -> None:
    answers = [httpx.Response(503), reply({**key("k"), "secret": SECRET}, 201)]
    for header, tries in (("Idempotency-Key", 2), (None, 1)):
        left = iter(answers)
        api = SmallApi(on={"POST /keys": partial(_next_of, left)})
        outcome = create(api, make_dialect(creation(idempotency_key=header)), attempts=3)
        assert isinstance(outcome, Done if header else Unknown)
        assert len(api.sent) == tries
        keys = {each.headers.get("idempotency-key") for each in api.sent}
        assert keys == {OP_UUID if header else None}


@pytest.mark.parametrize(
    ("marker", "body", "placed"),
    [
        ({"kind": "name"}, None, {}),
        ({"kind": "text", "read": "note", "create": "note"}, None, {"note": MARK}),
        (
            {"kind": "text", "read": "m.n", "create": "m.n"},
            {"m": {"a": 1}},
            {"m": {"a": 1, "n": MARK}},
        ),
        ({"kind": "tag", "read": "tags", "create": "tags"}, None, {"tags": [MARK]}),
        (
            {"kind": "tag", "read": "tags", "create": "tags"},
            {"tags": ["ours"]},
            {"tags": ["ours", MARK]},
        ),
    ],
)
def test_our_mark_is_put_where_the_dialect_says(
    marker: dict[str, Any],
    body: object,
    placed: dict[str, Any],
) -> None:
    api = SmallApi()
    made = created(api, make_dialect(creation(body=body), marker=marker))
    assert api.sent[0].body == {"name": "crm", "scopes": ["a", "b"], **placed}
    assert (MARK in made.key.mark_text) is (marker["kind"] != "name")


def test_a_mark_that_the_answer_does_not_show_is_there_all_the_same() -> None:
    marker = {"kind": "text", "read": "note", "create": "note"}
    made = created(
        answering({"id": "k", "name": "crm", "secret": SECRET}), make_dialect(marker=marker)
    )
    assert made.key.marked == MARK


def test_where_keys_have_no_name_none_is_sent() -> None:
    dialect = make_dialect(fields={})
    api = answering({"id": "k", "secret": SECRET})
    made = created(api, dialect, Attributes.of({"name": "crm"}))
    assert api.sent[0].body == {}
    assert made.key.name == ""
    assert made.key.attributes == Attributes()


@pytest.mark.parametrize("answer", [{"id": "k"}, {"id": "k", "name": 5}])
def test_what_the_answer_lacks_is_looked_up_once(answer: dict[str, Any]) -> None:
    api = answering({**answer, "secret": SECRET})
    api.keys = [key("k", scopes=["a", "b"], extra=1)]
    made = created(api, make_dialect({"get": GET}))
    assert made.key.name == "name of k"
    assert made.secret.reveal() == SECRET
    assert api.calls() == ["POST /keys", "GET /keys/k"]


def test_something_wanted_that_is_not_told_is_looked_up_too() -> None:
    fields = {**PLAIN["fields"], "expires_at": EXPIRY}
    dialect = make_dialect({"get": GET}, fields=fields)
    api = answering({**key("k"), "secret": SECRET})
    api.keys = [key("k", expires="2029-01-01T00:00:00Z")]
    wanted = Attributes.of({"name": "crm", "expires_at": UNTIL})
    made = created(api, dialect, wanted)
    assert made.key.attributes.get("expires_at") == datetime(2029, 1, 1, tzinfo=UTC)
    api.sent.clear()
    assert created(api, dialect, Attributes.of({"name": "crm"})).key.name == "name of k"
    assert api.calls() == ["POST /keys"]


@pytest.mark.parametrize(
    "lookup",
    [always({}, 404), always({}, 500), always({"id": "other"}), always(["?"]), always({"id": "k"})],
)
def test_a_look_up_that_fails_loses_no_secret(lookup: Any) -> None:  # noqa: ANN401
    api = answering({"id": "k", "secret": SECRET})
    api.on["GET /keys/k"] = lookup
    made = created(api, make_dialect({"get": GET}))
    assert made.secret.reveal() == SECRET
    assert made.key.id == "k"
    assert made.key.name == "crm"
    assert made.key.status is LiveStatus.ACTIVE
    assert made.key.attributes.mapping() == {"name": "crm", "scopes": ("a", "b")}
    assert len(api.sent) == 2


def test_without_a_look_up_what_was_wanted_has_to_do() -> None:
    api = answering({"id": "k", "secret": SECRET})
    made = created(api, make_dialect())
    assert made.key.attributes.mapping() == {"name": "crm", "scopes": ("a", "b")}
    assert api.calls() == ["POST /keys"]


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ({"status": 403, "code": "limit", "during": ["create"], "means": "quota"}, 403),
        ({"status": 409, "code": "limit", "means": "quota"}, 409),
        ({"status": 500, "code": "limit", "means": "quota"}, 500),
        ({"status": 201, "code": "limit", "means": "quota"}, 201),
    ],
)
def test_no_room_is_a_refusal_that_says_so(rule: dict[str, Any], status: int) -> None:
    dialect = make_dialect(errors=[rule], envelope={"ok": "code == null", "code": "code"})
    api = SmallApi(on={"POST /keys": always({"code": "limit"}, status)})
    outcome = create(api, dialect)
    assert isinstance(outcome, Refused)
    assert outcome.status == status
    assert "there is no room for another one" in outcome.reason


def test_no_room_is_not_said_of_anything_but_a_creation() -> None:
    rule = {"status": 403, "means": "quota"}
    api = SmallApi(on={"GET /keys": always({}, 403)})
    outcome = using(
        api, make_dialect(errors=[rule]), lambda d: d.survey(lambda _seen, _total: None)
    )
    assert outcome.problem == "GET /keys answered 403: these credentials may not do this"


def test_a_success_with_an_error_inside_is_neither() -> None:
    dialect = make_dialect(envelope={"ok": "ok", "code": "code"})
    outcome = create(answering({"ok": False, "code": "boom", "id": "k", "secret": SECRET}), dialect)
    assert outcome == Unknown("POST /keys answered 201, code boom, which is no success")


@pytest.mark.parametrize("fields", [{"rate_limit": 5}, {"scopes": 5}, {"name": None}])
def test_what_cannot_be_said_is_not_sent(fields: dict[str, Any]) -> None:
    api = SmallApi()
    outcome = create(api, make_dialect(), Attributes.of(fields))
    assert isinstance(outcome, Refused)
    assert outcome.reason.startswith("not sent: small ")
    assert api.sent == []


def _next_of(left: Iterator[httpx.Response], _: Sent) -> httpx.Response:
    return next(left)


def test_nothing_of_it_is_shown() -> None:
    made = create(SmallApi(), make_dialect(creation(**SUPPLIED)), token=lambda _: SECRET)
    assert SECRET not in repr(made)


def test_write_only_fields_are_sent_and_remembered_as_asked() -> None:
    fields = {**PLAIN["fields"], "options.note": {"codec": "string", "create": "note"}}
    api = SmallApi()
    made = created(
        api, make_dialect({"get": GET}, fields=fields), WANTED.merge({"options.note": "x"})
    )
    assert api.sent[0].body["note"] == "x"
    assert made.key.attributes.get("options.note") == "x"
    assert len(api.sent) == 1
