"""Lists whose rows do not tell everything, or remember what is dead."""

from typing import Any

import pytest

from reconciler.core.keys import KeyId
from reconciler.core.observed import LiveStatus
from reconciler.errors import ProviderError
from reconciler.interfaces.driver import Done
from tests.providers.small_api import (
    ABSENT,
    GET,
    LISTING,
    Sent,
    SmallApi,
    always,
    ids_of,
    key,
    make_dialect,
    open_driver,
    reply,
    survey,
    using,
)

REVOKED = {"id": "id", "dead": "revoked_at != null"}
STANDING = {
    "id": "id",
    "status": "status",
    "statuses": {"on": "active", "off": "disabled", "over": "expired", "gone": "dead"},
}


def listing(rows: str) -> dict[str, Any]:
    return {"list": {**LISTING, "rows": rows}, "get": GET}


def test_a_summary_is_completed_by_the_keys_own_call() -> None:
    api = SmallApi([key(f"k{n}", scopes=["a"]) for n in range(25)])
    api.on["GET /keys"] = lambda _: reply({"keys": [{"id": row["id"]} for row in api.keys]})
    view = survey(api, make_dialect(listing("summary")))
    assert ids_of(view) == [f"k{n}" for n in range(25)]
    assert view.keys[3].attributes.mapping() == {"name": "name of k3", "scopes": ("a",)}
    assert api.calls().count("GET /keys/k3") == 1
    assert len(api.sent) == 26


@pytest.mark.parametrize("rows", [["k0", "k1"], [{"id": "k0"}, {"id": "k1"}]])
def test_ids_alone_are_looked_up(rows: list[Any]) -> None:
    api = SmallApi([key("k0"), key("k1")], on={"GET /keys": always({"keys": rows})})
    assert ids_of(survey(api, make_dialect(listing("ids")))) == ["k0", "k1"]


def test_ids_that_are_numbers_are_texts_to_us() -> None:
    api = SmallApi([key(7), key(8)])  # type: ignore[arg-type]
    api.on["GET /keys"] = always({"keys": [7, 8]})
    view = survey(api, make_dialect(listing("ids")))
    assert ids_of(view) == ["7", "8"]


def test_progress_is_that_of_the_looking_up() -> None:
    told: list[tuple[int, int]] = []
    api = SmallApi([key(f"k{n}") for n in range(5)])
    using(
        api,
        make_dialect(listing("summary")),
        lambda driver: driver.survey(lambda seen, total: told.append((seen, total))),
    )
    assert told == [(n, 5) for n in range(1, 6)]


def test_a_row_that_is_gone_meanwhile_is_left_out() -> None:
    api = SmallApi([key("k0")], on={"GET /keys": always({"keys": ["k0", "k1"]})})
    dialect = make_dialect(listing("ids"), errors=[ABSENT])
    assert ids_of(survey(api, dialect)) == ["k0"]


def test_a_look_up_that_fails_is_a_problem() -> None:
    api = SmallApi([key(f"k{n}") for n in range(40)])
    api.on["GET /keys/k3"] = always({"code": 1}, 500)
    view = survey(api, make_dialect(listing("summary")))
    assert view.problem == "GET /keys/{id} answered 500"
    assert view.keys == ()
    assert len(api.sent) < 20


def test_another_key_than_the_one_looked_up_is_a_problem() -> None:
    api = SmallApi([key("k0")], on={"GET /keys/k0": always(key("other"))})
    view = survey(api, make_dialect(listing("summary")))
    assert view.problem == "GET /keys/{id} answered with something else than this key"


def test_poor_rows_need_a_call_to_look_them_up() -> None:
    with pytest.raises(ProviderError, match="small lists ids and has no `get`"):
        open_driver(SmallApi(), make_dialect({"list": {**LISTING, "rows": "ids"}}))


def test_dead_rows_are_no_keys_and_confirmed_to_be_gone() -> None:
    api = SmallApi(
        [
            key("k0", revoked_at=None),
            key("k1"),
            {"id": "k2", "revoked_at": "yes", "name": 5, "scopes": "nonsense"},
            {"id": "../odd", "revoked_at": "yes"},
            {"id": "k3", "revoked_at": "yes"},
        ]
    )
    view = survey(api, make_dialect(identity=REVOKED))
    assert ids_of(view) == ["k0", "k1"]
    assert view.absent == {"k2", "k3"}


def test_dead_rows_count_where_a_total_is_told() -> None:
    rows = [key("k0"), {"id": "k1", "revoked_at": "x"}, {"revoked_at": "y"}, {"revoked_at": "z"}]
    paging = {"kind": "none", "total": "total"}
    dialect = make_dialect({"list": {**LISTING, "paging": paging}}, identity=REVOKED)
    for total, problem in ((4, False), (3, True), (1, True)):
        api = SmallApi(on={"GET /keys": always({"keys": rows, "total": total})})
        assert (survey(api, dialect).problem is not None) is problem


def test_the_api_s_own_word_says_how_a_key_stands() -> None:
    words = ["on", "off", "over", "gone"]
    api = SmallApi([key(word, status=word) for word in words])
    view = survey(api, make_dialect(identity=STANDING))
    assert [each.status for each in view.keys] == [
        LiveStatus.ACTIVE,
        LiveStatus.DISABLED,
        LiveStatus.EXPIRED,
    ]
    assert view.absent == {"gone"}


@pytest.mark.parametrize("status", ["new", None, 5])
def test_a_word_that_the_dialect_does_not_know_may_mean_anything(status: object) -> None:
    api = SmallApi([key("k0", status=status)])
    view = survey(api, make_dialect(identity=STANDING))
    assert view.problem == ("GET /keys: answered with a key whose status is unknown to the dialect")


def test_the_dead_are_told_apart_in_summaries_and_when_looked_up() -> None:
    rows = [{"id": "k0", "revoked_at": "x"}, {"id": "k1"}, {"id": "k2"}]
    api = SmallApi([key("k1"), {"id": "k2", "revoked_at": "x"}])
    api.on["GET /keys"] = always({"keys": rows})
    view = survey(api, make_dialect(listing("summary"), identity=REVOKED))
    assert ids_of(view) == ["k1"]
    assert view.absent == {"k0", "k2"}
    assert "GET /keys/k0" not in api.calls()


def test_a_summary_need_not_tell_how_a_key_stands() -> None:
    api = SmallApi([key("k0", status="gone"), key("k1", status="off")])
    api.on["GET /keys"] = always({"keys": [{"id": "k0"}, {"id": "k1"}]})
    view = survey(api, make_dialect(listing("summary"), identity=STANDING))
    assert ids_of(view) == ["k1"]
    assert view.absent == {"k0"}


def test_a_dead_key_does_not_exist_to_whoever_asks_for_it() -> None:
    api = SmallApi([{"id": "k0", "revoked_at": "x"}, key("k1"), {"revoked_at": "x", "id": "k9"}])
    api.on["GET /keys/k5"] = lambda _: reply({"revoked_at": "x"})
    dialect = make_dialect({"get": GET}, identity=REVOKED, errors=[ABSENT])

    async def work(driver: Any) -> list[Any]:  # noqa: ANN401
        return [await driver.get(KeyId(each)) for each in ("k0", "k1", "k2", "k5")]

    dead, alive, absent, nameless = using(api, dialect, work)
    assert dead == absent == nameless == Done(None)
    assert alive.value.id == "k1"


def test_what_somebody_else_holds_and_where_our_mark_is() -> None:
    def answer(_: Sent) -> Any:  # noqa: ANN401
        return reply(
            {
                "keys": [
                    key("k0", source="oauth", tags=["kw-1", 5, "x"]),
                    key("k1", source="manual", tags=[]),
                    key("k2"),
                ]
            }
        )

    dialect = make_dialect(
        identity={"id": "id", "held_by": "source == 'oauth' && 'an OAuth client' || null"},
        marker={"kind": "tag", "read": "tags", "create": "tags"},
    )
    view = survey(SmallApi(on={"GET /keys": answer}), dialect)
    assert [each.held_by for each in view.keys] == ["an OAuth client", None, None]
    assert [each.marked for each in view.keys] == ["kw-1 x", "", ""]
