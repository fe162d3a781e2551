"""What a dialect demands of single fields of a key, each told at its place and in its words."""

from collections.abc import Callable

import pytest

from reconciler.manifest import Manifest
from tests.marked import read_marked

HEAD = """\
version: 1
stack: acme
stores: {local: {type: age, path: secrets}}
providers:
  g:
    dialect: gateway
    url: https://g.example
    auth: {username: {env: U}, password: {env: P}}
  s: {dialect: studio, url: "sandbox:x.db", tenant: {workspace: w}}
"""
GOOD = "expires: {after: 30d}, options: {user: u"

KEYS = {
    "▸▸x: {provider: g}": [
        "key 'x': `expires` must be declared: every gateway key expires",
        "key 'x': `options.user` must be declared: a key belongs to somebody",
    ],
    "▸x: {provider: g, expires: {after: 30d}, options: {tier: gold}}": [
        "key 'x': `options.user` must be declared: a key belongs to somebody"
    ],
    "x: {provider: g, expires: ▸never, options: {user: u}}": [
        "key 'x': 'expires' cannot be `never`: every gateway key expires"
    ],
    "x: {provider: g, expires: ▸{after: 91d}, options: {user: u}}": [
        "key 'x': 'expires' cannot be later than 90d after creation"
    ],
    "x: {provider: g, expires: ▸{after: 12h}, options: {user: u}}": [
        "key 'x': 'expires' cannot be sooner than 1d after creation"
    ],
    f"x: {{provider: g, {GOOD}, tier: ▸silver}}}}": [
        "key 'x': 'options.tier' cannot be 'silver'; it takes 1, 2, gold"
    ],
    f"x: {{provider: g, {GOOD}, tier: ▸3}}}}": [
        "key 'x': 'options.tier' cannot be '3'; it takes 1, 2, gold"
    ],
    f"x: {{provider: g, {GOOD}, deep: ▸1, n: ▸true, models: ▸gpt}}}}": [
        "key 'x': 'options.deep' must be true or false",
        "key 'x': 'options.n' must be a whole number",
        "key 'x': 'options.models' must be a list of texts",
    ],
    f"x: {{provider: g, {GOOD}, models: ▸[]}}}}": [
        "key 'x': 'options.models' must not be empty: the gateway reads none as all of them"
    ],
    "x: {provider: g, expires: {after: 30d}, options: {user: ▸true}}": [
        "key 'x': 'options.user' must be text"
    ],
    f"x: {{provider: g, scopes: ▸[read, execute], {GOOD}}}}}": [
        "key 'x': 'scopes' cannot be 'execute'; it takes read, write"
    ],
    f"x: {{provider: g, rate_limit: ▸10/s, enabled: ▸true, {GOOD}}}}}": [
        (
            "key 'x': 'rate_limit' cannot be honoured: gateway keys have no rate limit: limits are"
            " the gateway's own; remove `rate_limit`"
        ),
        (
            "key 'x': 'enabled' cannot be honoured: gateway keys have no switch of their own;"
            " remove `enabled`"
        ),
    ],
    f"x: {{provider: g, name: ▸{'n' * 31}, {GOOD}}}}}": [
        "key 'x': 'name' must have at most 30 characters: gateway takes no more"
    ],
    "x: {provider: s, name: ▸My key}": [
        (
            "key 'x': 'name' cannot be honoured: studio keys have no name: the address tells them"
            " apart"
        )
    ],
    "x: {provider: s, name: ▸x}": [
        (
            "key 'x': 'name' cannot be honoured: studio keys have no name: the address tells them"
            " apart"
        )
    ],
}


@pytest.mark.parametrize("text", KEYS)
def test_keys(refuse: Callable[[str], list[str]], text: str) -> None:
    text, expected = read_marked(f"{HEAD}keys:\n  {text}\n", KEYS[text])
    assert refuse(text) == expected


def test_what_is_missing_everywhere_is_told_at_each_key(
    refuse: Callable[[str], list[str]],
) -> None:
    text, expected = read_marked(
        f"{HEAD}defaults: {{provider: g, expires: {{after: 30d}}, options: {{tier: gold}}}}\n"
        "keys:\n  ▸x: {}\n  ▸y:\n    owner: team\n",
        [
            f"key '{name}': `options.user` must be declared: a key belongs to somebody"
            for name in ("x", "y")
        ],
    )
    assert refuse(text) == expected


def test_a_default_that_breaks_a_rule_is_told_at_the_key(
    refuse: Callable[[str], list[str]],
) -> None:
    text, expected = read_marked(
        f"{HEAD}defaults: {{provider: g, expires: {{after: 91d}}, options: {{user: u}}}}\n"
        "keys:\n  ▸x: {}\n",
        [
            (
                "key 'x': 'expires' cannot be later than 90d after creation"
                " (it comes from `defaults` or the environment)"
            )
        ],
    )
    assert refuse(text) == expected


def test_a_number_is_text_where_text_is_meant(load: Callable[[str], Manifest]) -> None:
    (key,) = load(
        f"{HEAD}keys: {{x: {{provider: g, expires: {{after: 30d}},"
        " options: {user: 7, tier: 2, n: 3, deep: false, models: [b, a]}}}\n"
    ).desired.keys
    assert key.attributes.mapping() == {
        "options.user": "7",
        "options.tier": "2",
        "options.n": 3,
        "options.deep": False,
        "options.models": ("a", "b"),
    }


def test_without_names_the_address_is_only_our_own_label(load: Callable[[str], Manifest]) -> None:
    (key,) = load(f"{HEAD}keys: {{x: {{provider: s}}}}\n").desired.keys
    assert key.name == "x"


def test_a_name_that_fits_stays_plain(load: Callable[[str], Manifest]) -> None:
    (key,) = load(f"{HEAD}keys: {{x: {{provider: g, name: N (1), {GOOD}}}}}}}\n").desired.keys
    assert key.name == "N (1)"
