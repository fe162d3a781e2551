"""Each wrong field is told exactly: where it stands, whose it is, and what to write instead.

A triangle in a text is where a problem is expected; it is taken out before the text is loaded.
"""

from collections.abc import Callable

import pytest

from tests.marked import read_marked

HEAD = """\
version: 1
stack: acme
stores: {local: {type: age, path: secrets}}
providers:
  agents: {dialect: clouisle, url: https://c.example.com/api, auth: {token: {env: T}}}
"""

STATES = {
    "{backend: ▸postgres}": [
        (
            "state: 'backend' is not supported by this version yet: postgres; leave it"
            " out, or write `file`"
        )
    ],
    "{backend: ▸fiel}": ["state: 'backend' must be 'file'; did you mean 'file'?"],
    "{spool: ▸false}": ["state: 'spool' must be one of 'local' or 'off'"],
    "{identity: ▸hunter2}": [
        "state: a literal secret is not allowed here; write {env: NAME} or {file: PATH}"
    ],
    "{identity: ▸{env: KEY, file: x}}": [
        "state: a credential is written {env: NAME} or {file: PATH}"
    ],
    "▸[file]": ["'state' must be a mapping"],
}

STORES = {
    "a: {type: ▸vault, url: hunter2}": [
        "store 'a': 'type' is not supported by this version yet: 'vault'"
    ],
    "a: {type: ▸aeg, path: x}": ["store 'a': 'type' is unknown: 'aeg'; did you mean 'age'?"],
    "a: {type: ▸1, path: x}": ["store 'a': 'type' must be 'age'"],
    "▸a: {path: x}": ["store 'a': 'type' is missing"],
    "▸a: {type: age}": ["store 'a': 'path' is missing"],
    "a: {type: age, path: ▸''}": [
        "store 'a': 'path' must be one line of text, not empty, without spaces around it"
    ],
    "a: {type: age, path: x, identity: ▸hunter2}": [
        "store 'a': a literal secret is not allowed here; write {env: NAME} or {file: PATH}"
    ],
    "a: {type: age, path: x, identity: {▸hunter2}}": [
        "store 'a': a literal secret is not allowed here; write {env: NAME} or {file: PATH}"
    ],
    "a: {type: age, path: x, recipients: [age1qqqqqqqqqq, ▸hunter2]}": [
        "store 'a': 'recipients[1]' must be a public age recipient (age1…)"
    ],
    "▸A: {type: age, path: x}": [
        (
            "store 'A' is not a valid name: it must be 1 to 63 lower-case letters,"
            " digits, dots, dashes or underscores, and begin with a letter or digit"
        )
    ],
}

PROVIDERS = {
    "dialect: ▸clousle, url: https://x.example": [
        "provider 'p': unknown dialect 'clousle'; did you mean 'clouisle'?"
    ],
    "dialect: ▸zzz, url: https://x.example": [
        (
            "provider 'p': unknown dialect 'zzz'"
            " (there is: clouisle, gateway, pinbridge, short, studio)"
        )
    ],
    "dialect: clouisle, url: ▸http://x.example": [
        "provider 'p': 'url' must be https; plain http is allowed only to this machine"
    ],
    "dialect: clouisle, url: ▸'https://u:hunter2@x.example'": [
        "provider 'p': 'url' must not hold a user name or a password; they belong in `auth`"
    ],
    "dialect: clouisle, url: https://x.example, auth: ▸hunter2": [
        "provider 'p': a literal secret is not allowed here; write {env: NAME} or {file: PATH}"
    ],
    "dialect: clouisle, url: https://x.example, auth: ▸[hunter2]": [
        "provider 'p': a literal secret is not allowed here; write {env: NAME} or {file: PATH}"
    ],
    "dialect: clouisle, url: https://x.example, auth: {t: ▸hunter2}": [
        "provider 'p': a literal secret is not allowed here; write {env: NAME} or {file: PATH}"
    ],
    "dialect: clouisle, url: https://x.example, auth: {▸hunter2}": [
        "provider 'p': a literal secret is not allowed here; write {env: NAME} or {file: PATH}"
    ],
    "dialect: clouisle, url: https://x.example, auth: {t: {▸hunter2}}": [
        "provider 'p': a literal secret is not allowed here; write {env: NAME} or {file: PATH}"
    ],
    "dialect: clouisle, url: https://x.example, auth: {t: ▸{env: 'hunter2!'}}": [
        "provider 'p': `env` takes the name of an environment variable, not a value"
    ],
    "dialect: clouisle, url: https://x.example, auth: {t: ▸{store: s, path: p, field: f}}": [
        (
            "provider 'p': a reference into a store is not supported by this version"
            " yet; write {env: NAME} or {file: PATH}"
        )
    ],
    "dialect: clouisle, url: https://x.example, auth: {▸hunter2: {env: A}, ▸hunter2: {env: B}}": [
        (
            "provider 'p': an entry of 'auth' is unknown to clouisle;"
            " clouisle takes none, or `token`, or `password` and `username`"
        ),
        "provider 'p': an entry of 'auth' is written twice in the same mapping",
    ],
    "dialect: clouisle, url: https://x.example, unmanaged: ▸wran": [
        (
            "provider 'p': 'unmanaged' must be one of 'ignore', 'warn' or 'fail'; did"
            " you mean 'warn'?"
        )
    ],
    "dialect: clouisle, url: https://x.example, name_template: ▸'{name}'": [
        (
            "provider 'p': 'name_template' must hold {mark} once, {name} at most once,"
            " and no other braces"
        )
    ],
    "dialect: clouisle, url: https://x.example, name_template: ▸'{mark.op}{mark}'": [
        (
            "provider 'p': 'name_template' must hold {mark} once, {name} at most once,"
            " and no other braces"
        )
    ],
    "dialect: clouisle, url: https://x.example, name_template: ▸'{name}{mark}'": [
        (
            "provider 'p': 'name_template' must keep {mark} apart from letters and"
            " digits, as in {name}.{mark}"
        )
    ],
    "dialect: clouisle, url: https://x.example, limits: {concurrency: ▸0}": [
        "provider 'p': 'limits.concurrency' must be at least 1"
    ],
    "dialect: clouisle, url: https://x.example, limits: {concurrency: ▸257}": [
        "provider 'p': 'limits.concurrency' must be at most 256"
    ],
    "dialect: clouisle, url: https://x.example, limits: {concurrency: ▸'8', ▸rates: 1/s}": [
        "provider 'p': 'limits.concurrency' must be a whole number",
        "provider 'p': unknown field 'limits.rates'; did you mean 'rate'?",
    ],
    "dialect: clouisle, url: https://x.example, limits: {rate: ▸10}": [
        "provider 'p': 'limits.rate' must be a rate such as 600/min or 10/s"
    ],
    "dialect: clouisle, url: https://x.example, ▸tls: {}": ["provider 'p': 'tls.ca' is missing"],
}

KEYS = {
    "a: {provider: ▸agnts}": ["key 'a': unknown provider 'agnts'; did you mean 'agents'?"],
    "▸a: {}": ["key 'a': 'provider' is missing"],
    "▸a:": ["key 'a' has no value; give it one, or leave it out"],
    "▸a: agents": ["key 'a' must be a mapping"],
    "▸A b: {provider: agents}": [
        (
            "key 'A b' is not a valid name: it must be 1 to 128 lower-case letters,"
            " digits, dots, dashes or underscores, and begin with a letter or digit"
        )
    ],
    '▸▸"a\\u0001b": {provider: agents}': [
        "key 'a�b' holds the control character U+0001; remove it",
        (
            "key 'a�b' is not a valid name: it must be 1 to 128 lower-case letters,"
            " digits, dots, dashes or underscores, and begin with a letter or digit"
        ),
    ],
    "a: {provider: agents, ▸scope: [x]}": [
        "key 'a': unknown field 'scope'; did you mean 'scopes'?"
    ],
    "a: {provider: agents, ▸scope: [x], expires: ▸soon, rate_limit: ▸fast}": [
        "key 'a': unknown field 'scope'; did you mean 'scopes'?",
        (
            "key 'a': 'expires' must be `{after: 120d}`, a date such as 2027-05-02, a"
            " time such as 2027-05-02T12:00:00Z, or `never`"
        ),
        "key 'a': 'rate_limit' must be a rate such as 600/min or 10/s, or `unlimited`",
    ],
    "a: {provider: agents, ▸provider: other}": [
        "key 'a': 'provider' is written twice in the same mapping"
    ],
    "a: {▸<<: {provider: agents}, provider: agents}": [
        "key 'a': '<<' is a YAML merge key, which is not supported; use `defaults`"
    ],
    "a: {provider: ▸!!python/name:os.system agents}": [
        "key 'a': 'provider' has a YAML tag; write the plain value"
    ],
    "a: ▸!mine {provider: agents}": ["key 'a' has a YAML tag; write the plain value"],
    "a: {provider: agents, ▸expires: ~}": [
        "key 'a': 'expires' has no value; write `never`, or leave it out"
    ],
    "a: {provider: agents, ▸rate_limit: null}": [
        "key 'a': 'rate_limit' has no value; write `unlimited`, or leave it out"
    ],
    "a: {provider: agents, ▸scopes: , ▸owner: }": [
        "key 'a': 'scopes' has no value; write `[]`, or leave it out",
        "key 'a': 'owner' has no value; give it one, or leave it out",
    ],
    "a: {provider: agents, scopes: [x, ▸~]}": [
        "key 'a': 'scopes[1]' has no value; give it one, or leave it out"
    ],
    "a: {provider: agents, scopes: ▸chat}": [
        "key 'a': 'scopes' must be a list of texts, none of them empty"
    ],
    "a: {provider: agents, scopes: ▸[chat, '']}": [
        "key 'a': 'scopes' must be a list of texts, none of them empty"
    ],
    "a: {provider: agents, owner: ▸12}": ["key 'a': 'owner' must be text; put it in quotes"],
    "a: {provider: agents, owner: ▸[x]}": ["key 'a': 'owner' must be text"],
    'a: {provider: agents, owner: ▸"x\\e[31m"}': [
        "key 'a': 'owner' holds the control character U+001B; remove it"
    ],
    'a: {provider: agents, name: ▸"x\\ny"}': [
        "key 'a': 'name' must be one line of text, not empty, without spaces around it"
    ],
    "a: {provider: agents, name: ▸crm.kw-0a1b2c-0a1b2c3d}": [
        "key 'a': 'name' holds an ownership mark; leave the mark to Keywright"
    ],
    "a: {provider: agents, labels: {n: ▸1}}": [
        "key 'a': 'labels.n' must be text; put it in quotes"
    ],
    "a: {provider: agents, enabled: ▸yes}": ["key 'a': 'enabled' must be true or false"],
    "a: {provider: agents, expires: ▸2027-02-30}": [
        "key 'a': 'expires' is a day or a time that does not exist"
    ],
    "a: {provider: agents, expires: ▸{after: 0s}}": [
        "key 'a': 'expires' must be longer than nothing"
    ],
    "a: {provider: agents, rate_limit: ▸600}": [
        "key 'a': 'rate_limit' must be a rate such as 600/min or 10/s, or `unlimited`"
    ],
    "a: {provider: agents, rate_limit: ▸7/h}": [
        "key 'a': 'rate_limit' must come to a whole number per minute"
    ],
    "a: {provider: agents, rotate: {delete_after: ▸101w5300w}}": [
        "key 'a': 'rotate.delete_after' must be a duration such as 90d, 48h, 30m or 1d12h"
    ],
    "a: {provider: agents, rotate: {delete_after: ▸5300w}}": [
        "key 'a': 'rotate.delete_after' must not be longer than 100 years"
    ],
    "a: {provider: agents, secret: ▸hunter2}": [
        (
            "key 'a': 'secret' must name a slot, as in {store: prod, path: crm/agents};"
            " it never holds a value"
        )
    ],
    "a: {provider: agents, secret: ▸[{path: x}]}": [
        (
            "key 'a': 'secret' as a list of targets is not supported by this version"
            " yet; write one target"
        )
    ],
    "a: {provider: agents, secret: {store: ▸locla}}": [
        "key 'a': unknown store 'locla'; did you mean 'local'?"
    ],
    "a: {provider: agents, secret: {path: ▸../x}}": [
        (
            "key 'a': 'secret.path' must be a relative path such as crm/agents, without"
            " empty parts or `..`"
        )
    ],
    "a: {provider: agents, secret: {path: ▸/etc/x}}": [
        (
            "key 'a': 'secret.path' must be a relative path such as crm/agents, without"
            " empty parts or `..`"
        )
    ],
    "a: {provider: agents, secret: {path: ▸'a\\b'}}": [
        "key 'a': 'secret.path' must be a path of at most 512 visible characters"
    ],
    "a: {provider: agents, secret: {path: ▸'a /b'}}": [
        "key 'a': 'secret.path' must not have spaces at the ends of its parts"
    ],
    "a: {provider: agents, options: {agent_id: ▸[x]}}": [
        (
            "key 'a': 'options.agent_id' cannot be honoured: clouisle knows no such"
            " option (it has: agent_ids)"
        )
    ],
    "a: {provider: agents, options: {agent_ids: ▸[1]}}": [
        (
            "key 'a': 'options.agent_ids' must be text, a whole number, true, false, or"
            " a list of texts"
        )
    ],
    "a: {provider: agents, options: {agent_ids: ▸12345678901234567890}}": [
        (
            "key 'a': 'options.agent_ids' is too long for a number; if it is an"
            " identifier, put it in quotes"
        )
    ],
}


@pytest.mark.parametrize("text", STATES)
def test_state(refuse: Callable[[str], list[str]], text: str) -> None:
    marked, expected = read_marked(f"version: 1\nstack: a\nstate:\n  {text}\n", STATES[text])
    assert refuse(marked) == expected


@pytest.mark.parametrize("text", STORES)
def test_stores(refuse: Callable[[str], list[str]], text: str) -> None:
    marked, expected = read_marked(f"version: 1\nstack: a\nstores:\n  {text}\n", STORES[text])
    assert refuse(marked) == expected


@pytest.mark.parametrize("text", PROVIDERS)
def test_providers(refuse: Callable[[str], list[str]], text: str) -> None:
    manifest = f"version: 1\nstack: a\nproviders:\n  p: {{{text}}}\n"
    marked, expected = read_marked(manifest, PROVIDERS[text])
    assert refuse(marked) == expected


@pytest.mark.parametrize("text", KEYS)
def test_keys(refuse: Callable[[str], list[str]], text: str) -> None:
    marked, expected = read_marked(f"{HEAD}keys:\n  {text}\n", KEYS[text])
    assert refuse(marked) == expected


def test_a_name_that_is_too_long(refuse: Callable[[str], list[str]]) -> None:
    text = f"{HEAD}keys:\n  a: {{provider: agents, name: ▸{'x' * 256}}}\n"
    marked, expected = read_marked(text, ["key 'a': 'name' must have at most 255 characters"])
    assert refuse(marked) == expected


def test_what_is_missing_is_told_at_whatever_should_have_it(
    refuse: Callable[[str], list[str]],
) -> None:
    text = "version: 1\nstack: a\nproviders:\n  ▸▸p: {auth: {}}\n"
    marked, expected = read_marked(
        text, ["provider 'p': 'dialect' is missing", "provider 'p': 'url' is missing"]
    )
    assert refuse(marked) == expected
