"""Secrets that go into gateways: what is declared, and what does not fit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.core.desired import DesiredProviderKey
from reconciler.core.keys import Address, Attributes, Target
from reconciler.manifest import Manifest
from tests.marked import read_marked

LOGIN = "auth: {username: {env: U}, password: {env: P}}"
HEAD = f"""\
version: 1
stack: acme
stores: {{local: {{type: age, path: a}}, prod: {{type: age, path: b}}}}
providers:
  agents: {{dialect: clouisle, url: https://c.example}}
  one: {{dialect: gateway, url: https://one.example, {LOGIN}}}
  two: {{dialect: gateway, url: https://two.example, {LOGIN}}}
  three: {{dialect: gateway, url: https://three.example, {LOGIN}}}
defaults: {{secret: {{store: prod}}, expires: {{after: 30d}}}}
keys:
  a: {{provider: agents}}
  of-one: {{provider: one, options: {{user: u}}}}
  of-two: {{provider: two, options: {{user: u}}}}
  of-three: {{provider: three, options: {{user: u}}, secret: {{path: x/three, field: KEY}}}}
"""


def test_all_of_it(load: Callable[[str], Manifest], folder: Path) -> None:
    manifest = load(
        f"""{HEAD}
provider_keys:
  of-slot:
    provider: one
    upstream: openai
    value: {{store: local, path: openai/main, field: OPENAI_API_KEY}}
    adopt: true
    options: {{url: https://api.example, auth_type: bearer}}
  of-key: {{provider: one, upstream: Agents (prod), value: {{key: a}}}}
  of-its-slot: {{provider: one, upstream: three, value: {{store: prod, path: x/three, field: KEY}}}}
"""
    )
    file = folder / "keys.yaml"
    assert manifest.desired.provider_keys == (
        DesiredProviderKey(
            address=Address("provider_keys/of-its-slot"),
            provider="one",
            upstream="three",
            source=Target("prod", "x/three", "KEY"),
            of_key=Address("of-three"),
            fields=Attributes(),
            adopt=False,
            place=f"{file}:24:3",
        ),
        DesiredProviderKey(
            address=Address("provider_keys/of-key"),
            provider="one",
            upstream="Agents (prod)",
            source=Target("prod", "a", "secret"),
            of_key=Address("a"),
            fields=Attributes(),
            adopt=False,
            place=f"{file}:23:3",
        ),
        DesiredProviderKey(
            address=Address("provider_keys/of-slot"),
            provider="one",
            upstream="openai",
            source=Target("local", "openai/main", "OPENAI_API_KEY"),
            of_key=None,
            fields=Attributes((("auth_type", "bearer"), ("url", "https://api.example"))),
            adopt=True,
            place=f"{file}:17:3",
        ),
    )


def test_the_only_store_need_not_be_named(load: Callable[[str], Manifest]) -> None:
    manifest = load(
        f"""\
version: 1
stack: acme
stores: {{local: {{type: age, path: a}}}}
providers: {{one: {{dialect: gateway, url: https://one.example, {LOGIN}}}}}
provider_keys: {{x: {{provider: one, upstream: u, value: {{path: p}}, options: {{url: 7}}}}}}
"""
    )
    (key,) = manifest.desired.provider_keys
    assert key.source == Target("local", "p", "secret")
    assert key.fields.mapping() == {"url": "7"}


HOW = "{store: NAME, path: PATH, field: NAME} or {key: ADDRESS}"
LITERAL = f"provider key 'x': a literal secret is not allowed here; write {HOW}"
SHAPE = f"provider key 'x': a value is written {HOW}"
ENTRIES = {
    "provider: ▸onee, upstream: u, value: {key: a}": [
        "provider key 'x': unknown provider 'onee'; did you mean 'one'?"
    ],
    "provider: ▸agents, upstream: u, value: {key: a}": [
        (
            "provider key 'x': 'provider' cannot be honoured: clouisle is no gateway that takes"
            " secrets"
        )
    ],
    "provider: one, upstream: ▸7, value: {key: a}": [
        "provider key 'x': 'upstream' must be text; put it in quotes"
    ],
    "provider: one, upstream: u, value: {key: a}, ▸adpot: true": [
        "provider key 'x': unknown field 'adpot'; did you mean 'adopt'?"
    ],
    "provider: one, upstream: u, value: ▸hunter2": [LITERAL],
    "provider: one, upstream: u, value: ▸[hunter2]": [LITERAL],
    "provider: one, upstream: u, value: {path: p, ▸store: }": [LITERAL],
    "provider: one, upstream: u, value: ▸{env: HUNTER2}": [SHAPE],
    "provider: one, upstream: u, value: ▸{store: prod}": [SHAPE],
    "provider: one, upstream: u, value: ▸{path: p, hunter2: p}": [SHAPE],
    "provider: one, upstream: u, value: ▸{key: a, path: p}": [SHAPE],
    "provider: one, upstream: u, value: ▸{key: Hunter2}": [
        "provider key 'x': `key` takes the address of a key, not a value"
    ],
    "provider: one, upstream: u, value: ▸{store: Hunter2, path: p}": [
        "provider key 'x': `store` takes the name of a store, not a value"
    ],
    "provider: one, upstream: u, value: ▸{path: 7}": [
        "provider key 'x': `path` takes the path of a slot, not a value"
    ],
    "provider: one, upstream: u, value: ▸{path: ../hunter2}": [
        (
            "provider key 'x': `path` must be a relative path such as crm/agents, without empty"
            " parts or `..`"
        )
    ],
    "provider: one, upstream: u, value: ▸{path: p, store: prod, field: 'a b'}": [
        "provider key 'x': `field` takes the name of a field, not a value"
    ],
    "provider: one, upstream: u, value: ▸{path: p}": [
        "provider key 'x': `value.store` is missing: say which one ('local', 'prod')"
    ],
    "provider: one, upstream: u, value: ▸{path: p, store: pord}": [
        "provider key 'x': unknown store 'pord'; did you mean 'prod'?"
    ],
    "provider: one, upstream: u, value: ▸{key: of-tow}": [
        "provider key 'x': unknown key 'of-tow'; did you mean 'of-two'?"
    ],
    "provider: one, upstream: u, value: {key: a},"
    " options: {ulr: ▸x, auth_type: ▸basic, url: ▸[x]}": [
        (
            "provider key 'x': 'options.ulr' cannot be honoured: gateway knows no such option"
            " (it has: auth_type, url)"
        ),
        "provider key 'x': 'options.auth_type' cannot be 'basic'; it takes bearer, header",
        "provider key 'x': 'options.url' must be text",
    ],
}


@pytest.mark.parametrize("text", ENTRIES)
def test_entries(refuse: Callable[[str], list[str]], text: str) -> None:
    text, expected = read_marked(f"{HEAD}provider_keys:\n  x: {{{text}}}\n", ENTRIES[text])
    assert refuse(text) == expected
    assert "hunter2" not in "".join(refuse(text)).lower()


def test_what_is_missing_is_told_and_the_rest_still_checked(
    refuse: Callable[[str], list[str]],
) -> None:
    text, expected = read_marked(
        f"{HEAD}provider_keys:\n  ▸▸▸x: {{}}\n  ▸y: {{provider: ▸tow, value: ▸{{key: b}}}}\n",
        [
            "provider key 'x': 'provider' is missing",
            "provider key 'x': 'upstream' is missing",
            "provider key 'x': 'value' is missing",
            "provider key 'y': 'upstream' is missing",
            "provider key 'y': unknown provider 'tow'; did you mean 'two'?",
            "provider key 'y': unknown key 'b' (there is: a, of-one, of-three, of-two)",
        ],
    )
    assert refuse(text) == expected


def test_an_upstream_is_fed_once(refuse: Callable[[str], list[str]]) -> None:
    text, expected = read_marked(
        f"""{HEAD}provider_keys:
  x: {{provider: one, upstream: u, value: {{key: a}}}}
  y: {{provider: one, upstream: ▸u, value: {{store: prod, path: p}}}}
  z: {{provider: two, upstream: u, value: {{key: a}}}}
""",
        [("provider key 'y': 'upstream' is 'u', which provider key 'x' of the same provider has")],
    )
    assert refuse(text) == expected


def test_a_gateway_cannot_be_fed_by_itself(refuse: Callable[[str], list[str]]) -> None:
    text, expected = read_marked(
        f"""{HEAD}provider_keys:
  x: {{provider: one, upstream: a, value: ▸{{key: of-one}}}}
  y: {{provider: one, upstream: b, value: ▸{{store: prod, path: of-one, field: secret}}}}
""",
        [
            (
                f"provider key '{name}': a gateway cannot live on a key that it feeds:"
                " 'one' issues key 'of-one', which goes into 'one'"
            )
            for name in ("x", "y")
        ],
    )
    assert refuse(text) == expected


def test_a_longer_circle_is_spelled_out_where_it_closes(refuse: Callable[[str], list[str]]) -> None:
    text, expected = read_marked(
        f"""{HEAD}provider_keys:
  w: {{provider: one, upstream: a, value: {{key: a}}}}
  x: {{provider: two, upstream: one, value: {{key: of-one}}}}
  y: {{provider: three, upstream: two, value: {{key: of-two}}}}
  z: {{provider: one, upstream: three, value: ▸{{key: of-three}}}}
""",
        [
            (
                "provider key 'z': a gateway cannot live on a key that it feeds: 'one' issues key"
                " 'of-one', which goes into 'two', which issues key 'of-two', which goes into"
                " 'three', which issues key 'of-three', which goes into 'one'"
            )
        ],
    )
    assert refuse(text) == expected


def test_a_very_long_circle_is_not_spelled_out_to_the_end(
    refuse: Callable[[str], list[str]],
) -> None:
    count = 50
    providers = "".join(
        f"  p{n}: {{dialect: gateway, url: 'https://p{n}.example', {LOGIN}}}\n"
        for n in range(count)
    )
    keys = "".join(f"  k{n}: {{provider: p{n}, options: {{user: u}}}}\n" for n in range(count))
    into = "".join(
        f"  x{n:02}: {{provider: p{(n + 1) % count}, upstream: u, value: {{key: k{n}}}}}\n"
        for n in range(count)
    )
    (told,) = refuse(
        "version: 1\nstack: a\nstores: {s: {type: age, path: x}}\n"
        f"defaults: {{expires: {{after: 30d}}}}\n"
        f"providers:\n{providers}keys:\n{keys}provider_keys:\n{into}"
    )
    assert "provider key 'x49': a gateway cannot live on a key that it feeds: 'p0' issues" in told
    assert "which … 45 more …, which issues key 'k49', which goes into 'p0'" in told
    assert len(told) < 600


def test_broken_sections_do_not_make_every_name_unknown(
    refuse: Callable[[str], list[str]],
) -> None:
    entry = "provider_keys: {x: {provider: p, upstream: u, value: {key: k}}}\n"
    assert refuse(f"version: 1\nstack: a\nproviders: [p]\nkeys: [k]\n{entry}") == [
        "keys.yaml:3:12: 'providers' must be a mapping",
        "keys.yaml:4:7: 'keys' must be a mapping",
    ]
