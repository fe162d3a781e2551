"""Whatever the text: a manifest, or a list of one-line problems. Never another error."""

import copy
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.capabilities import Capabilities
from reconciler.errors import ManifestError
from reconciler.manifest import Manifest, load_manifest

Load = Callable[[str | bytes], Manifest]
PATIENCE = 5.0

GOOD: dict[str, Any] = {
    "version": 1,
    "stack": "acme",
    "state": {"backend": "file", "path": ".kw", "spool": "off", "identity": {"file": "age.txt"}},
    "stores": {"local": {"type": "age", "path": "secrets", "identity": {"env": "AGE"}}},
    "providers": {
        "agents": {
            "dialect": "clouisle",
            "url": "https://c.example.com",
            "auth": {"username": {"env": "USER"}, "password": {"env": "PASSWORD"}},
            "limits": {"concurrency": 2, "rate": "10/s", "max_rotations": 5},
        },
        "studio": {
            "dialect": "studio",
            "url": "sandbox:x.db",
            "key_url": "https://app.example.com",
            "tenant": {"workspace": 7, "region": "eu"},
            "keys_enabled": True,
            "deploy": ["app", 7],
            "exclusive": True,
        },
        "gateway": {
            "dialect": "gateway",
            "url": "https://g.example.com",
            "auth": {"username": {"env": "USER"}, "password": {"file": "password"}},
        },
    },
    "defaults": {
        "rotate": {"delete_after": "10d", "every": "90d", "overlap": "1d", "hold_at_most": "never"},
        "secret": {"store": "local"},
        "verify": {"allowed": ["GET /a"], "denied": ["HEAD /b?c=d"]},
        "on_promoted": {"webhook": "https://deploy.example.com/crm"},
    },
    "environments": {"prod": {"owner": "team"}},
    "keys": {
        "one": {
            "provider": "agents",
            "environment": "prod",
            "labels": {"a": "b"},
            "scopes": ["chat"],
            "expires": {"after": "120d"},
            "rotate": {"before_expiry": "7d", "idle": "1h"},
            "verify": {},
            "on_promoted": {"webhook": {"env": "HOOK"}},
            "on_external_disable": "reactivate",
            "unused_after": "90d",
            "on_unused": "disable",
            "rate_limit": "unlimited",
            "secret": {"path": "a/b", "field": "X"},
            "options": {"agent_ids": ["x"]},
        },
        "two": {"provider": "agents", "expires": "2030-01-01"},
        "three": {
            "provider": "gateway",
            "expires": {"after": "30d"},
            "options": {"user": 7},
            "rotate": {"every": "never"},
            "on_promoted": {"command": ["./reload.sh", "x"]},
        },
    },
    "provider_keys": {
        "of-key": {"provider": "gateway", "upstream": "agents", "value": {"key": "one"}},
        "of-slot": {
            "provider": "gateway",
            "upstream": "openai",
            "value": {"store": "local", "path": "openai/main", "field": "KEY"},
            "adopt": True,
            "options": {"url": "https://api.example.com", "auth_type": "bearer"},
        },
    },
}
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**17,
    "",
    "~",
    "x" * 300,
    "never",
    "9999-12-31T23:59:59-05:00",
    "0001-01-01T00:00:00+05:00",
    "99999999999s",
    "\u202eabc",
    "a\nb",
    "https://[::1",
    "http://[::1]:99999/",
    "sandbox:",
    "{mark}{name}{",
    [],
    [None],
    [[["x"]]],
    {},
    {"": ""},
    {"env": "X"},
    {"keys": {"a": 1}},
    {"[key]": 1},
    {"after": None},
    {"webhook": "https://u:p@x.example", "command": []},
    {"webhook": {"a b": None}},
    {"https://x.example": "x"},
    ["GET /..", "POST /", 7],
    "GET //x",
    "none",
    "1s",
    {"key": "one"},
    {"key": "three"},
    {"path": "a/b"},
    {"path": "../a", "store": 1},
]


def entries(data: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - YAML is anything
    """Every container with one of its keys or indices."""
    inner = data.items() if isinstance(data, dict) else enumerate(data)
    found: list[tuple[Any, Any]] = []
    for step, value in inner:
        found.append((data, step))
        if isinstance(value, (dict, list)):
            found += entries(value)
    return found


def damage(seed: int) -> str:
    """Replace, remove, repeat or rename a few things of a good manifest."""
    chance = random.Random(seed)
    data = copy.deepcopy(GOOD)
    for _ in range(chance.randint(1, 6)):
        places = entries(data)
        if not places:
            break
        container, step = chance.choice(places)
        match chance.randint(0, 4):
            case 0:
                del container[step]
            case 1 if isinstance(container, dict):
                container[step + "x"] = container.pop(step)
            case 2 if isinstance(container, dict):
                container[
                    chance.choice(
                        ["scope", "tenant", "every", "auth", "keys", "value", "deploy", "url"]
                    )
                ] = 1
            case 3:
                other, name = chance.choice(places)
                container[step] = copy.deepcopy(other.get(name) if isinstance(other, dict) else 1)
            case _:
                container[step] = copy.deepcopy(chance.choice(ODD))
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def problems_of(load: Load, text: str | bytes) -> ManifestError | None:
    try:
        load(text)
    except ManifestError as error:
        return error
    return None


def check(load: Load, folder: Path, text: str | bytes) -> None:
    began = time.process_time()
    refused = problems_of(load, text)
    assert time.process_time() - began < PATIENCE
    if refused is None:
        return
    assert refused.problems
    assert refused.__cause__ is None
    for problem in refused.problems:
        assert problem.startswith(f"{folder}/keys.yaml:")
        assert problem.isprintable()
        assert len(problem) < 600


def test_the_good_one_is_good(load: Load) -> None:
    load(yaml.safe_dump(GOOD))


@given(st.integers(0, 2**32))
@settings(deadline=None, database=None, max_examples=500)
def test_damaged_manifests(load: Load, folder: Path, seed: int) -> None:
    check(load, folder, damage(seed))


@given(st.binary(max_size=60) | st.text(max_size=80).map(str.encode))
@settings(deadline=None, database=None, max_examples=300)
def test_any_bytes(load: Load, folder: Path, content: bytes) -> None:
    check(load, folder, content)


@given(st.integers(0, 400), st.text("ab1:{}[],-&*!<\n '\"#|>?%@\t\x00\x85", max_size=12))
@settings(deadline=None, database=None, max_examples=300)
def test_good_text_with_something_in_between(
    load: Load, folder: Path, offset: int, extra: str
) -> None:
    text = yaml.safe_dump(GOOD, sort_keys=False)
    check(load, folder, text[:offset] + extra + text[offset:])


@given(st.integers(0, 2**32), st.sampled_from(["username", "password"]), st.booleans())
@settings(deadline=None, database=None, max_examples=200)
def test_what_stands_for_a_credential_is_never_repeated(
    load: Load, seed: int, name: str, in_braces: bool
) -> None:
    planted = "Tr0ub4dor3x"
    good = yaml.safe_load(damage(seed)) or {}
    providers = good.get("providers") if isinstance(good, dict) else None
    agents = providers.get("agents") if isinstance(providers, dict) else None
    if not isinstance(agents, dict):
        return
    agents["auth"] = {name: {planted: None} if in_braces else planted}
    refused = problems_of(load, yaml.safe_dump(good))
    assert refused is not None
    assert planted not in str(refused)
    assert "a literal secret is not allowed here" in str(refused)


def test_a_large_hostile_text_ends_soon(load: Load, folder: Path) -> None:
    check(load, folder, "[" * 1_000_000)
    check(load, folder, "{a: " * 300_000)
    check(load, folder, "? " * 300_000)
    check(load, folder, ".sk-" * 300_000)
    check(load, folder, "a: " + "&a " * 100_000)
    check(load, folder, "- " * 100_000 + "x")


def test_ten_times_the_keys_take_about_ten_times_as_long(tmp_path: Path) -> None:
    able = Capabilities(
        dialect="clouisle",
        fields=frozenset({"scopes"}),
        mutable=frozenset(),
        credentials=((),),
    )

    def seconds(count: int) -> float:
        rows = "".join(f"  key-{n}: {{provider: p, scopes: [a, b]}}\n" for n in range(count))
        file = tmp_path / "keys.yaml"
        file.write_text(
            "version: 1\nstack: a\nstores: {s: {type: age, path: x}}\n"
            f"providers: {{p: {{dialect: clouisle, url: https://x.example}}}}\nkeys:\n{rows}"
        )
        best = float("inf")
        for _ in range(3):
            began = time.process_time()
            load_manifest(file, lambda _: able, tuple)
            best = min(best, time.process_time() - began)
        return best

    assert seconds(4000) < 25 * seconds(400)
