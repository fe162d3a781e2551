"""All problems of a manifest are told in one go, each once, in the order of the file."""

from collections.abc import Callable

HEAD = """\
version: 1
stack: acme
stores: {local: {type: age, path: secrets}}
providers:
  agents: {dialect: clouisle, url: https://c.example.com/api, auth: {token: {env: T}}}
"""


def test_every_problem_is_told_at_once(refuse: Callable[[str], list[str]]) -> None:
    text = """\
version: 1
stack: acme
stores: {local: {type: age, path: secrets}, other: {type: vault, mount: kv}}
providers:
  agents: {dialect: clouisle, url: http://c.example.com, tennant: {w: 1}}
  pins: {dialect: pinbirdge}
environments: {prod: {owner: ""}}
keys:
  one: {provider: agents, scope: [x], environment: prd, options: {colour: red}}
  two: {provider: pin, secret: {store: other}}
  three: {provider: agents, secret: {store: local, path: x}}
  four: {provider: agents, secret: {store: local, path: x}, name: three}
"""
    assert refuse(text) == [
        "keys.yaml:3:59: store 'other': 'type' is not supported by this version yet: 'vault'",
        (
            "keys.yaml:5:36: provider 'agents': 'url' must be https;"
            " plain http is allowed only to this machine"
        ),
        ("keys.yaml:5:58: provider 'agents': unknown field 'tennant'; did you mean 'tenant'?"),
        "keys.yaml:6:3: provider 'pins': 'url' is missing",
        "keys.yaml:6:19: provider 'pins': unknown dialect 'pinbirdge'; did you mean 'pinbridge'?",
        (
            "keys.yaml:7:30: environment 'prod': 'owner' must be one line of text, not empty,"
            " without spaces around it"
        ),
        "keys.yaml:9:3: key 'one': 'secret.store' is missing: say which one ('local', 'other')",
        "keys.yaml:9:27: key 'one': unknown field 'scope'; did you mean 'scopes'?",
        "keys.yaml:9:52: key 'one': unknown environment 'prd'; did you mean 'prod'?",
        "keys.yaml:10:19: key 'two': unknown provider 'pin'; did you mean 'pins'?",
        (
            "keys.yaml:12:36: key 'four': 'secret' is the slot local:x#secret, which key 'three'"
            " has; give each its own"
        ),
        (
            "keys.yaml:12:67: key 'four': 'name' is 'three', which key 'three' of the same provider"
            " has"
        ),
    ]


def test_a_key_declared_twice(refuse: Callable[[str], list[str]]) -> None:
    text = f"{HEAD}keys:\n  a: {{provider: agents}}\n  a: {{provider: hunter2}}\n"
    assert refuse(text) == ["keys.yaml:8:3: key 'a' is written twice in the same mapping"]


def test_a_default_that_a_dialect_cannot_honour_is_told_at_the_key(
    refuse: Callable[[str], list[str]],
) -> None:
    text = f"{HEAD.replace('clouisle', 'pinbridge')}defaults: {{enabled: true}}\nkeys:\n"
    assert refuse(f"{text}  a: {{provider: agents}}\n") == [
        (
            "keys.yaml:8:3: key 'a': 'enabled' cannot be honoured: pinbridge keys have no switch of"
            " their own; remove `enabled` (it comes from `defaults` or the environment)"
        )
    ]


def test_fields_of_a_key_only(refuse: Callable[[str], list[str]]) -> None:
    assert refuse("version: 1\nstack: a\ndefaults: {name: x, verify: {name: x}, ownr: y}\n") == [
        "keys.yaml:3:12: defaults: 'name' can only be set on a key itself",
        ("keys.yaml:3:30: defaults: unknown field 'verify.name' (there is: allowed, denied)"),
        "keys.yaml:3:40: defaults: unknown field 'ownr'; did you mean 'owner'?",
    ]


def test_a_broken_section_does_not_make_every_name_in_it_unknown(
    refuse: Callable[[str], list[str]],
) -> None:
    keys = "keys: {a: {provider: p, secret: {store: s}}}\n"
    assert refuse(f"version: 1\nstack: a\nproviders: [p]\nstores: s\n{keys}") == [
        "keys.yaml:3:12: 'providers' must be a mapping",
        "keys.yaml:4:9: 'stores' must be a mapping",
    ]
    assert refuse(f"version: 1\nstack: a\n{keys}") == [
        "keys.yaml:3:22: key 'a': unknown provider 'p' (none is declared)",
        "keys.yaml:3:41: key 'a': unknown store 's' (none is declared)",
    ]
