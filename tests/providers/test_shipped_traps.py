"""What each shipped dialect must survive: the traps that its own documentation sets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest

from reconciler.core.capabilities import complaints
from reconciler.core.desired import DesiredKey
from reconciler.core.diff import differ, wanted
from reconciler.core.keys import After, Attributes, KeyId, Never, Value
from reconciler.core.observed import LiveKey, LiveStatus
from reconciler.core.recorded import Version
from reconciler.interfaces.driver import Refused, Unknown
from reconciler.manifest.checking import as_declared
from reconciler.providers import capabilities_of, load_dialect
from reconciler.providers.bodies import write_fields
from reconciler.providers.rows import RowReader
from reconciler.providers.templates import clock_values
from tests.core import builders
from tests.providers.small_api import SmallApi, always, survey, using

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
SPAN = After(timedelta(days=90))


def written(name: str, aim: Attributes, now: datetime) -> dict[str, object]:
    dialect = load_dialect(name)
    return write_fields({}, dialect.fields, aim.pairs, "create", now)


@pytest.mark.parametrize("name", ["clouisle", "itellico", "openrouter"])
def test_a_key_that_never_expires_can_be_made(name: str) -> None:
    declared = builders.key("crm-a", lifetime=Never())
    body = written(name, wanted(declared, "crm-a", MIDNIGHT, None), MIDNIGHT)
    assert body["expires_at"] is None


@pytest.mark.parametrize("limit", ["50", "50.0", "050", "12.50", "0.0000001", "999999.99"])
def test_an_amount_is_the_same_however_it_is_written(limit: str) -> None:
    able, dialect = capabilities_of("openrouter"), load_dialect("openrouter")
    declared = as_declared(limit, able.rule_of("options.limit"))
    body = written("openrouter", Attributes.of({"options.limit": declared}), MIDNIGHT)
    row = {"hash": "h", "name": "x", "disabled": False, "limit": body["limit"]}
    live = RowReader(dialect).read(row, MIDNIGHT)
    assert differ(Attributes.of({"options.limit": declared}), live, None, able) == ()


@pytest.mark.parametrize("limit", ["abc", "-1", "1e3", True, ("1",)])
def test_what_is_no_amount_is_refused_before_anything_is_sent(limit: Value) -> None:
    able = capabilities_of("openrouter")
    declared = as_declared(limit, able.rule_of("options.limit"))
    (found,) = complaints(builders.key("crm-a", also={"options.limit": declared}), able)
    assert found.predicate.startswith("must be a number")


def test_never_is_refused_where_the_api_has_no_word_for_it() -> None:
    able = capabilities_of("openrouter")
    (rule,) = (rule for rule in able.rules if rule.field == "expires_at")
    speechless = replace(able, rules=(replace(rule, has_none=False),))
    (found,) = complaints(builders.key("crm-a", lifetime=Never()), speechless)
    assert found.predicate == "cannot be `never`: openrouter has no word for that"
    limited = replace(rule, field="rate_limit", has_none=False)
    able = replace(able, fields=frozenset({"rate_limit"}), rules=(limited,))
    (found,) = complaints(builders.key("crm-a", rate_limit=None), able)
    assert found.predicate == "cannot be `unlimited`: openrouter has no word for that"


def granted(created_at: datetime) -> tuple[DesiredKey, LiveKey, Version]:
    """Make an AI Controller key at a moment, and remember what its answer granted."""
    declared = builders.key("crm-a", lifetime=SPAN, also={"options.user": "1"})
    aim = wanted(declared, "crm-a", created_at, None)
    sent = written("ai-controller", aim, created_at)["data"]
    assert isinstance(sent, dict)
    live = aic_key(**sent["attributes"])
    made = builders.version("crm-a", created_at=created_at, lifetime=SPAN.span)
    return declared, live, replace(made, expires_at=expiry_of(live))


def expiry_of(live: LiveKey) -> datetime:
    expiry = live.attributes.get("expires_at")
    assert isinstance(expiry, datetime)
    return expiry


def aic_key(now: datetime = MIDNIGHT, **fields: object) -> LiveKey:
    told = {"name": "crm-a", "userId": "1", "providerId": None, "expiry": "2027-01-01", **fields}
    row = {"id": "aic_1", "attributes": {**told, "deleted": False}}
    return RowReader(load_dialect("ai-controller")).read(row, now)


@pytest.mark.parametrize("hour", range(24))
def test_a_date_is_no_difference_at_any_hour(hour: int) -> None:
    able = capabilities_of("ai-controller")
    for minute, second in product((0, 59), repeat=2):
        made_at = MIDNIGHT + timedelta(hours=hour, minutes=minute, seconds=second)
        declared, live, version = granted(made_at)
        for recorded in (version, replace(version, expires_at=None, lifetime=None)):
            aim = wanted(declared, "crm-a", made_at, recorded)
            assert differ(aim, live, recorded, able) == ()
        assert made_at + SPAN.span <= expiry_of(live)


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(hours=-14), timedelta(hours=12)])
@pytest.mark.parametrize("second", [0, 1, 86_398])
def test_instant_expiry_is_over_at_once(second: int, offset: timedelta) -> None:
    now = (MIDNIGHT + timedelta(seconds=second)).astimezone(timezone(offset))
    live = aic_key(now, expiry=clock_values(now)["yesterday"])
    assert live.status is LiveStatus.EXPIRED
    assert aic_key(now, expiry=MIDNIGHT.date().isoformat()).status is LiveStatus.ACTIVE


@pytest.mark.parametrize(
    ("name", "row", "field"),
    [
        (
            "pinbridge",
            {"id": "k", "name": "x", "scopes": ["read"], "pinterest_account_ids": None},
            "options.pinterest_account_ids",
        ),
        (
            "pinbridge",
            {"id": "k", "name": "x", "scopes": ["read"], "pinterest_account_ids": []},
            "options.pinterest_account_ids",
        ),
        (
            "clouisle",
            {
                "id": "k",
                "name": "x",
                "scopes": ["chat"],
                "is_active": True,
                "rate_limit": 1,
                "expires_at": None,
                "agents": [],
                "workflows": [{"id": "w"}],
            },
            "options.agent_ids",
        ),
    ],
)
def test_a_restriction_that_is_gone_is_shown_as_wider(
    name: str, row: dict[str, object], field: str
) -> None:
    live = RowReader(load_dialect(name)).read(row, MIDNIGHT)
    (found,) = differ(Attributes.of({field: ("a",)}), live, None, capabilities_of(name))
    assert found.widens


@pytest.mark.parametrize("source", ["oauth", "something_new"])
def test_a_pinbridge_key_that_another_client_made_is_held_by_it(source: str) -> None:
    plain: dict[str, object] = {"id": "k", "scopes": [], "pinterest_account_ids": None}
    row = {**plain, "name": "crm-a.kw-0a1b2c-0a1b2c3d", "source": source}
    assert RowReader(load_dialect("pinbridge")).read(row, MIDNIGHT).held_by == source


VARIABLES = {"workspace": "w", "project": "p"}
SIMPLE = ["gitlab", "intellithing", "itellico", "openrouter", "pinbridge"]
TEXTS = ["API key not found", "找不到 API 密钥", "Clé introuvable"]


@pytest.mark.parametrize("name", SIMPLE)
@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 503])
def test_only_a_sure_answer_means_absent_whatever_its_words(name: str, status: int) -> None:
    for text in TEXTS:
        told = always({"error": {"code": "x", "message": text}, "detail": text}, status)
        api = SmallApi(on={f"{method} *": told for method in ("GET", "DELETE", "PATCH", "POST")})
        assert survey(api, load_dialect(name), variables=VARIABLES).problem
        for work in (lambda d: d.get(KeyId("k")), lambda d: d.delete(KeyId("k"))):
            outcome = using(api, load_dialect(name), work, variables=VARIABLES)
            assert isinstance(outcome, Refused | Unknown)
            assert text not in outcome.reason


@pytest.mark.parametrize("name", SIMPLE)
@pytest.mark.parametrize("data", [{"error": {"code": 500}}, {"detail": "x"}, {}, None, "ok"])
def test_a_list_with_an_error_inside_is_no_empty_list(name: str, data: object) -> None:
    view = survey(SmallApi(on={"GET *": always(data)}), load_dialect(name), variables=VARIABLES)
    assert view.problem
    assert view.absent == frozenset()


def test_an_error_in_the_clothes_of_a_success_deletes_nothing() -> None:
    told = {"error": {"code": 500, "message": "Internal error"}}
    outcome = using(
        SmallApi(on={"DELETE *": always(told)}),
        load_dialect("openrouter"),
        lambda driver: driver.delete(KeyId("k")),
    )
    assert isinstance(outcome, Unknown)


def test_a_full_plan_is_a_refusal_that_says_so() -> None:
    outcome = using(
        SmallApi(on={"POST *": always({"error": {"code": "plan_limit"}}, 402)}),
        load_dialect("pinbridge"),
        lambda driver: driver.create(
            builders.op(1), Attributes.of({"name": "x", "scopes": ("read",)}), "mark"
        ),
    )
    assert isinstance(outcome, Refused)
    assert "the plan has no room for another key" in outcome.reason
