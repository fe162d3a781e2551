"""Dialect files: the table, the checks, and what is derived from them."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import yaml

from reconciler.core.capabilities import Capabilities, Kind, Marker
from reconciler.errors import ProviderError
from reconciler.providers import capabilities_of, dialect_names, load_dialect
from reconciler.providers.abilities import capabilities
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.dialect_files import parse_dialect

FIELDS = frozenset(
    {
        "name",
        "scopes",
        "enabled",
        "rate_limit",
        "expires_at",
        "options.agent_ids",
        "options.workflow_ids",
    }
)


def test_the_table() -> None:
    assert dialect_names() == (
        "ai-controller",
        "clouisle",
        "gitlab",
        "intellithing",
        "itellico",
        "openrouter",
        "pinbridge",
    )
    assert load_dialect("clouisle") is load_dialect("clouisle")
    with pytest.raises(
        ProviderError, match=r"no dialect 'cloudisle'.*Shipped: ai-controller, clouisle"
    ):
        load_dialect("cloudisle")


def test_capabilities_follow_from_the_dialect() -> None:
    found = capabilities_of("clouisle")
    assert replace(found, rules=()) == Capabilities(
        dialect="clouisle",
        fields=FIELDS,
        mutable=FIELDS,
        name_limit=100,
        credentials=(("password", "username"),),
    )
    assert {rule.field: rule.kind for rule in found.rules}["scopes"] is Kind.SET


def test_an_operation_that_is_missing_is_an_ability_that_is_missing() -> None:
    dialect = load_dialect("clouisle")
    absent = dict.fromkeys(("get", "update", "enable", "disable", "verify"))
    poor = capabilities(
        dialect.model_copy(
            update={
                "operations": dialect.operations.model_copy(update=absent),
                "identity": dialect.identity.model_copy(update={"last_used_at": None}),
                "marker": None,
            }
        )
    )
    assert replace(poor, rules=(), credentials=()) == Capabilities(
        dialect="clouisle",
        fields=FIELDS - {"enabled"},
        mutable=frozenset(),
        name_limit=100,
        marker=Marker.NONE,
        can_disable=False,
        can_enable=False,
        can_verify=False,
        tells_last_use=False,
    )


def test_expiry_step() -> None:
    changed = _changed(fields={"expires_at": {"rounding": "second"}})
    assert capabilities(changed).expiry_step == timedelta(seconds=1)


def test_every_problem_of_a_file_is_told_and_no_value_of_it() -> None:
    with pytest.raises(ProviderError) as caught:
        parse_dialect(b"dialect: x\nauth: {kind: magic, token: hunter2}\nsurprise: 1", "x")
    problems = str(caught.value)
    for part in ("auth", "operations", "identity", "fields", "surprise"):
        assert part in problems
    assert "hunter2" not in problems


def test_a_file_that_is_not_yaml_is_told() -> None:
    with pytest.raises(ProviderError, match="x:2:1: this is not YAML"):
        parse_dialect(b"a: [", "x")


@pytest.mark.parametrize(
    "path", ["api-keys", "/a?b", "/a b", "https://elsewhere/a", "/a#b", "/{}", "/{id.x}"]
)
def test_a_path_stays_below_the_base_url(path: str) -> None:
    with pytest.raises(ProviderError, match=r"operations\.get\.path"):
        _changed(operations={"get": {"path": path}})


def test_importing_the_family_loads_nothing_heavy() -> None:
    heavy = "{'httpx', 'pydantic', 'yaml', 'jmespath', 'tenacity'}"
    code = f"import sys, reconciler.providers; print({heavy} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert shown.stdout.strip() == b"set()"


def test_capabilities_load_no_http() -> None:
    code = (
        "import sys; from reconciler.providers import capabilities_of; capabilities_of('clouisle');"
        "print({'httpx', 'jmespath', 'tenacity'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert shown.stdout.strip() == b"set()"


def _changed(**changes: dict[str, dict[str, Any]]) -> Dialect:
    data = load_dialect("clouisle").model_dump(mode="json", by_alias=True)
    for part, entries in changes.items():
        for name, fields in entries.items():
            data[part][name].update(fields)
    return parse_dialect(yaml.safe_dump(data).encode(), "changed")
