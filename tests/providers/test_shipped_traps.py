"""What each shipped dialect must survive: the traps that its own documentation sets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.capabilities import complaints
from reconciler.core.diff import differ, wanted
from reconciler.core.keys import After, Attributes, Never, Value
from reconciler.manifest.checking import as_declared
from reconciler.providers import capabilities_of, load_dialect
from reconciler.providers.bodies import write_fields
from reconciler.providers.rows import RowReader
from tests.core import builders

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
