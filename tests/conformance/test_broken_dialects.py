"""A dialect that is wrong in one place fails the check of that place, for that reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import reconciler.providers
from reconciler.core.findings import Answer
from reconciler.providers.conformance.suite import CHECKS
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.dialect_files import parse_dialect
from tests.conformance.worlds import (
    World,
    add_upstream,
    answers,
    gitlab_world,
    in_pages_of,
    live_keys,
    openrouter_world,
    run_suite,
    sandbox,
    sandbox_world,
    words,
)
from tests.sandbox_process import SandboxProcess

NOTHING = "nothing_of_this_name"


@dataclass(frozen=True)
class Broken:
    """What is changed in a shipped dialect, which check must fail, and what it must say."""

    check: str
    dialect: str
    changes: dict[str, Any]
    says: str

    def __str__(self) -> str:
        return f"{self.check}-{self.dialect}-{next(iter(self.changes))}"


BROKEN = (
    Broken("access", "clouisle", {"auth.0.token": NOTHING}, "without a token"),
    Broken("access", "clouisle", {"envelope.ok": "code == `1`"}, "no success"),
    Broken("access", "itellico", {"auth.0.kind": "basic"}, "401"),
    Broken("tenant", "pinbridge", {"tenant.told": {"row": NOTHING}}, "tenant"),
    Broken("list", "clouisle", {"identity.created_at": NOTHING}, "when the key was made"),
    Broken("list", "itellico", {"operations.list.query": {"status": "revoked"}}, "not show it"),
    Broken("paging", "clouisle", {"operations.list.paging.page": "pg"}, "hold still"),
    Broken("paging", "itellico", {"operations.list.paging.offset": "skip"}, "hold still"),
    Broken("look-up", "clouisle", {"errors": []}, "not told as absent"),
    Broken("secret", "pinbridge", {"operations.create.secret": "workspace_id"}, "one secret"),
    Broken("secret", "clouisle", {"operations.create.secret": "id"}, "shown in the list"),
    Broken("marker", "clouisle", {"name_limit": 200}, "a name of 200 characters"),
    Broken("marker", "gitlab", {"marker.read": "name"}, "not found in the list"),
    Broken("names", "clouisle", {"capacity": {"unique_names": True}}, "`unique_names` is said"),
    Broken("create", "clouisle", {"fields.scopes.create": NOTHING}, "scopes was set to"),
    Broken("create", "openrouter", {"fields.expires_at.create": NOTHING}, "expires_at was set"),
    Broken("update", "clouisle", {"operations.update.method": "PATCH"}, "was not changed"),
    Broken("update", "itellico", {"fields.expires_at.update": NOTHING}, "expires_at"),
    Broken("expiry", "openrouter", {"fields.expires_at.rounding": "microsecond"}, "further off"),
    Broken("verify", "pinbridge", {"operations.verify.header": "X-Nothing"}, "is rejected"),
    Broken("verify", "itellico", {"operations.create.secret": "id"}, "is rejected"),
    Broken("last use", "clouisle", {"identity.last_used_at": "updated_at"}, "to have been used"),
    Broken("last use", "itellico", {"identity.last_used_at": NOTHING}, "is not told"),
    Broken("switching", "clouisle", {"operations.disable.body": {"is_active": True}}, "as active"),
    Broken("switching", "itellico", {"identity.statuses": {"active": "active"}}, "status"),
    Broken("switching", "openrouter", {"fields.enabled.inverted": False}, "is shown as"),
    Broken(
        "delete",
        "itellico",
        {
            "operations.delete": {
                "method": "POST",
                "path": "/v1/accounts/{account}/api-keys/{id}/revoke",
            }
        },
        "as if it lived",
    ),
    Broken("dead rows", "gitlab", {"identity.dead": "name == 'nobody'"}, "as if it lived"),
    Broken("absence", "itellico", {"errors": []}, "not told as absent"),
    Broken("access", "intellithing", {"toggle.read": NOTHING}, "the switch for all is not told"),
    Broken("toggle", "intellithing", {"toggle.switch_off.body": {"enabled": True}}, "otherwise"),
    Broken(
        "deploy",
        "intellithing",
        {"deploy.state.running": ["live"], "deploy.state.failed": ["deployed"]},
        "failed",
    ),
    Broken("provider keys", "ai-controller", {"gateway.name": NOTHING}, "upstream"),
    Broken("reach", "itellico", {"reach.list.items": NOTHING}, "could not be read"),
    Broken("audit", "pinbridge", {"operations.audit.key": "request_id"}, "no entry"),
)


@pytest.fixture(scope="module")
def box() -> Iterator[SandboxProcess]:
    with sandbox() as running:
        add_upstream(sandbox_world(running, "ai-controller"))
        yield running


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_a_broken_dialect_fails_its_check(broken: Broken, box: SandboxProcess) -> None:
    with opened(broken.dialect, box) as world:
        before = live_keys(world)
        report = run_suite(world.changed(break_dialect(broken, world.dialect)))
        found = words(report, Answer.BROKEN)
        assert broken.check in found, answers(report)
        assert broken.says in found[broken.check]
        if broken.check != "delete":
            assert live_keys(world) == before


def test_every_check_that_can_fail_has_a_broken_dialect() -> None:
    assert set(CHECKS) - {broken.check for broken in BROKEN} == {"rotation"}, "never called"


@contextmanager
def opened(name: str, box: SandboxProcess) -> Iterator[World]:
    if name == "gitlab":
        with gitlab_world() as world:
            yield world
    elif name == "openrouter":
        with openrouter_world() as world:
            yield world
    else:
        yield sandbox_world(box, name)


def break_dialect(broken: Broken, whole: Dialect) -> Dialect:
    folder = Path(reconciler.providers.__file__).parent / "dialects"
    data = yaml.safe_load((folder / f"{broken.dialect}.yaml").read_text())
    for path, value in broken.changes.items():
        *outer, last = path.split(".")
        part: Any = data
        for name in outer:
            part = part[int(name)] if isinstance(part, list) else part.setdefault(name, {})
        part[last] = value
    if "auth.0.kind" in broken.changes:
        data["auth"] = [{"kind": "basic", "username": "token", "password": "token"}]
    changed = parse_dialect(yaml.safe_dump(data).encode(), broken.dialect)
    size = getattr(whole.operations.list.paging, "page_size", None)
    return in_pages_of(changed, size) if broken.dialect == "openrouter" and size else changed
