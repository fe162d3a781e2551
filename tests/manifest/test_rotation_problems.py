"""Each rotation that cannot be: where it is written, why, and what to write instead.

A triangle in a text is where a problem is expected; it is taken out before the text is loaded.
"""

from collections.abc import Callable

import pytest

from tests.marked import read_marked

Refuse = Callable[[str], list[str]]
HEAD = """\
version: 1
stack: acme
stores: {local: {type: age, path: secrets}}
providers:
  p: {dialect: clouisle, url: https://c.example.com}
  pins: {dialect: pinbridge, url: "sandbox:x.db"}
  short: {dialect: short, url: "sandbox:x.db"}
  studio: {dialect: studio, url: "sandbox:x.db", tenant: {workspace: w}}
"""
SHARED = "`defaults` or the environment"
CALL = "must be a call such as GET /admin/audit-logs"
METHOD = "must begin with GET or HEAD: any other call could change something"
HOST = "must be a path without a host, which begins with one slash, such as GET /admin/audit-logs"
SIGNS = "must be a path without `//`, `#`, spaces or special characters; encode them as in %20"
CLIMBS = "must not have a `.`, a `..` or a control character in its path"
LITERAL = "key 'a': a literal secret is not allowed here; write {env: NAME} or {file: PATH}"
ADDRESS = (
    "key 'a': 'on_promoted.webhook' must be an address such as"
    " https://deploy.example.com/hooks/crm, or {env: NAME} or {file: PATH} where the address itself"
    " is secret"
)
COMMAND = (
    "key 'a': 'on_promoted.command' must be a list of texts, the program and its arguments, as in"
    " [./reload.sh, crm]; no shell reads it"
)
ONE = "key 'a': 'on_promoted' must have exactly one of `webhook` and `command`"
HOW = (
    "key 'a': 'on_promoted' must say how, as in {webhook: {env: NAME}} or"
    " {command: [./reload.sh]}, or `none`"
)
DURATION = "must be a duration such as 90d, 48h, 30m or 1d12h"
FORWARD = "a key would be replaced again before its former version has gone"
NO_OVERLAP = "the old key would end while it is still to work beside the new one"
THIRD = "`rotate.before_expiry` begins in the last third of a lifetime, and the overlap has to fit"

FIELDS = {
    "rotate: {every: ▸0s, before_expiry: ▸0d, overlap: ▸never, idle: ▸7, hold_at_most: ▸soon}": [
        "key 'a': 'rotate.every' must be longer than nothing",
        "key 'a': 'rotate.before_expiry' must be longer than nothing",
        f"key 'a': 'rotate.overlap' {DURATION}",
        f"key 'a': 'rotate.idle' {DURATION}",
        f"key 'a': 'rotate.hold_at_most' {DURATION}, or `never`",
    ],
    "rotate: {every: ▸5300w, ▸evry: 1d, ▸before_expiry: }": [
        "key 'a': 'rotate.every' must not be longer than 100 years",
        ("key 'a': unknown field 'rotate.evry'; did you mean 'every'?"),
        "key 'a': 'rotate.before_expiry' has no value; write `never`, or leave it out",
    ],
    "unused_after: ▸0s, on_unused: ▸disabel": [
        "key 'a': 'unused_after' must be longer than nothing",
        "key 'a': 'on_unused' must be one of 'report' or 'disable'; did you mean 'disable'?",
    ],
    "on_external_disable: ▸hodl": [
        (
            "key 'a': 'on_external_disable' must be one of 'hold', 'rotate' or 'reactivate';"
            " did you mean 'hold'?"
        )
    ],
    "verify: ▸[GET /x]": ["key 'a': 'verify' must be a mapping"],
    "verify: {▸denid: [GET /x]}": ["key 'a': unknown field 'verify.denid'; did you mean 'denied'?"],
    "verify: {denied: ▸GET /x}": ["key 'a': 'verify.denied' must be a list"],
    "verify: ▸{allowed: [GET /x, HEAD /x], denied: [HEAD /x]}": [
        "key 'a': 'verify' has 'HEAD /x' as allowed and as denied; a key cannot be both"
    ],
    "verify: ▸{denied: [GET /x, GET /y, GET /x]}": ["key 'a': 'verify' names 'GET /x' twice"],
    "on_promoted: ▸{}": [ONE],
    "on_promoted: ▸{webhook: {env: HOOK}, command: [./x]}": [ONE],
    "on_promoted: ▸https://deploy.example.com/hunter2": [HOW],
    "on_promoted: ▸[./reload.sh]": [HOW],
    "on_promoted: {▸https://deploy.example.com/hunter2}": [LITERAL],
    "on_promoted: {▸https://deploy.example.com/hunter2: 1}": [
        "key 'a': an entry of 'on_promoted' is unknown; what stands there is not repeated"
    ],
    "on_promoted: {▸webhok: x}": [
        "key 'a': unknown field 'on_promoted.webhok'; did you mean 'webhook'?"
    ],
    "▸on_promoted: ": ["key 'a': 'on_promoted' has no value; write `none`, or leave it out"],
    "on_promoted: {webhook: ▸7}": [ADDRESS],
    "on_promoted: {webhook: ▸deploy.example.com}": [ADDRESS],
    "on_promoted: {webhook: ▸'https://'}": [ADDRESS],
    "on_promoted: {webhook: ▸'https://x.example.com:99999/hunter2'}": [ADDRESS],
    "on_promoted: {webhook: ▸'https://x.example.com/hunter2 x'}": [ADDRESS],
    "on_promoted: {webhook: ▸'https://[hunter2'}": [ADDRESS],
    "on_promoted: {webhook: ▸'ftp://x.example.com/hunter2'}": [ADDRESS],
    "on_promoted: {webhook: ▸'sandbox:x'}": [ADDRESS],
    "on_promoted: {webhook: ▸http://x.example.com/hunter2}": [
        ("key 'a': 'on_promoted.webhook' must be https; plain http is allowed only to this machine")
    ],
    "on_promoted: {webhook: ▸'https://x.example.com/a#hunter2'}": [
        "key 'a': 'on_promoted.webhook' must not have a `#`: that part is never sent"
    ],
    "on_promoted: {webhook: ▸{env: 'hunter2!'}}": [
        "key 'a': `env` takes the name of an environment variable, not a value"
    ],
    "on_promoted: {webhook: ▸{url: hunter2}}": [
        "key 'a': a credential is written {env: NAME} or {file: PATH}"
    ],
    "on_promoted: {webhook: {▸hunter2}}": [LITERAL],
    "on_promoted: {command: ▸./reload.sh crm}": [COMMAND],
    "on_promoted: {command: ▸[]}": [COMMAND],
    "on_promoted: {command: ▸[sleep, 5]}": [COMMAND],
    "on_promoted: {command: ▸['', x]}": [
        "key 'a': 'on_promoted.command' must begin with the name of a program"
    ],
}

CALLS = {
    "'7'": CALL,
    "7": CALL,
    "GET": CALL,
    "/x": CALL,
    "''": CALL,
    "POST /x": METHOD,
    "get /x": METHOD,
    "'GET  /x'": HOST,
    "GET x": HOST,
    "GET https://evil.example/x": HOST,
    "GET //evil.example/x": HOST,
    "GET evil.example/x": HOST,
    "GET /x#y": SIGNS,
    "GET /x//y": SIGNS,
    "GET /x y": SIGNS,
    "GET /x\\y": SIGNS,
    "GET /%zz": SIGNS,
    "GET /é": SIGNS,
    '"GET /x\\nHost: y"': SIGNS,
    f"GET /{'x' * 2048}": SIGNS,
    "GET /..": CLIMBS,
    "GET /x/../y": CLIMBS,
    "GET /x/./y?z": CLIMBS,
    "GET /x/%2e%2E/y": CLIMBS,
    "GET /x/..%2fy": CLIMBS,
    "GET /x/%252e%252e/y": CLIMBS,
    "GET /x/..%5cy": CLIMBS,
    "GET /x%0d%0ay": CLIMBS,
}

SECRET_ADDRESSES = (
    "https://user:hunter2@x.example.com/a",
    "https://hunter2@x.example.com/a",
    "https://x.example.com/a?token=hunter2",
    "https://x.example.com/a?x=1&apiKey=hunter2",
    "https://x.example.com/a?api-key=hunter2",
    "https://x.example.com/a?code=hunter2",
    "https://x.example.com/a?X-Hub-Signature=hunter2",
    "https://x.example.com/a?auth=hunter2",
    "https://x.example.com/a?hunter2hunter2hunter2",
    "https://x.example.com/a?id=hunter2hunter2hunter2",
    "https://x.example.com/a?id=hunter2-3f0e1c9a-7b2d-4e5f-8a6b-0c1d2e3f4a5b",
    "https://x.example.com/hooks/hunter2hunter2hunter2/run",
    "https://x.example.com/hooks/hunter2%68unter2hunter2",
    "https://x.example.com/hooks/hunter2-3F0E1C9A-7B2D-4E5F-8A6B-0C1D2E3F4A5B",
    "https://hooks.slack.com/services/T0/B0/hunter2",
    "https://HOOKS.slack.com./services/T0/B0/hunter2",
    "https://discord.com/api/webhooks/1/hunter2",
    "https://acme.webhook.office.com/webhookb2/hunter2",
)

ABLE = {
    "pins, rotate: {before_expiry: ▸7d}": [
        (
            "key 'a': 'rotate.before_expiry' cannot be honoured: pinbridge keys have no expiry;"
            " write `rotate.every` instead"
        )
    ],
    "pins, on_external_disable: ▸reactivate": [
        (
            "key 'a': 'on_external_disable' cannot be honoured: pinbridge has no way to switch a"
            " key on again; write `rotate` or `hold`"
        )
    ],
    "studio, unused_after: ▸90d, on_unused: ▸disable": [
        (
            "key 'a': 'unused_after' cannot be honoured: studio does not tell when a key was last"
            " used; remove `unused_after`"
        ),
        (
            "key 'a': 'on_unused' cannot be honoured: studio does not tell when a key was last"
            " used; remove `on_unused`"
        ),
    ],
    "studio, on_unused: ▸disable": [
        (
            "key 'a': 'on_unused' cannot be honoured: studio does not tell when a key was last"
            " used; remove `on_unused`"
        )
    ],
    "short, unused_after: 90d, on_unused: ▸disable": [
        (
            "key 'a': 'on_unused' cannot be honoured: short has no way to switch a key off;"
            " write `report`"
        )
    ],
}

CLASHES = {
    "rotate: {every: 2d, overlap: ▸48h}": [
        f"key 'a': `rotate.overlap` (48h) must be shorter than `rotate.every` (48h): {FORWARD}"
    ],
    "rotate: {every: ▸1d12h}": [
        (
            f"key 'a': `rotate.overlap` (48h) must be shorter than `rotate.every` (36h): {FORWARD}"
            " (`rotate.overlap` has its default)"
        )
    ],
    "rotate: {before_expiry: ▸47h59m}": [
        (
            "key 'a': `rotate.before_expiry` (47h59m) must not be shorter than `rotate.overlap`"
            f" (48h): {NO_OVERLAP} (`rotate.overlap` has its default)"
        )
    ],
    "expires: ▸{after: 20d}, rotate: {before_expiry: 7d, overlap: 7d}": [
        (
            "key 'a': `expires` (20d) must be at least 3 times `rotate.overlap` (7d):"
            f" {THIRD} into that; write 21d or more, or a shorter overlap"
        )
    ],
    "expires: {after: 90d}, rotate: {every: ▸90d, overlap: 1h}": [
        (
            "key 'a': `rotate.every` (90d) and `rotate.overlap` (1h) are together longer than"
            " `expires` (90d): the key would end before its replacement has taken over; set"
            " `rotate.before_expiry`, or a longer `expires`"
        )
    ],
    "expires: never, rotate: {before_expiry: ▸7d, every: 90d}": [
        (
            "key 'a': `rotate.before_expiry` has no effect: `expires` is `never`; write"
            " `expires: {after: 90d}`, or `rotate.every` instead of `rotate.before_expiry`"
        )
    ],
    "expires: 2099-01-01, rotate: {before_expiry: ▸7d}": [
        (
            "key 'a': `rotate.before_expiry` has no effect: `expires` is an absolute date, which"
            " never triggers a rotation; write `expires: {after: 90d}`, or `rotate.every` instead"
            " of `rotate.before_expiry`"
        )
    ],
    "on_unused: ▸disable": [
        (
            "key 'a': `on_unused` is `disable`, but nothing says after how long without use; write"
            " it, as in `unused_after: 90d`"
        )
    ],
    "rotate: {every: 1d, overlap: ▸soon}": [f"key 'a': 'rotate.overlap' {DURATION}"],
    "expires: ▸soon, rotate: {every: 90d}": [
        (
            "key 'a': 'expires' must be `{after: 120d}`, a date such as 2027-05-02, a time such as"
            " 2027-05-02T12:00:00Z, or `never`"
        )
    ],
}


def check(refuse: Refuse, text: str, sentences: list[str]) -> None:
    marked, expected = read_marked(text, sentences)
    found = refuse(marked)
    assert found == expected
    assert "hunter2" not in "\n".join(found)


@pytest.mark.parametrize("text", FIELDS)
def test_fields(refuse: Refuse, text: str) -> None:
    check(refuse, f"{HEAD}keys:\n  a: {{provider: p, {text}}}\n", FIELDS[text])


@pytest.mark.parametrize("call", CALLS)
def test_calls(refuse: Refuse, call: str) -> None:
    said = [f"key 'a': 'verify.denied[1]' {CALLS[call]}"]
    key = f"    provider: p\n    verify:\n      denied:\n        - GET /\n        - ▸{call}\n"
    check(refuse, f"{HEAD}keys:\n  a:\n{key}", said)


@pytest.mark.parametrize("address", SECRET_ADDRESSES)
def test_an_address_that_holds_a_secret(refuse: Refuse, address: str) -> None:
    key = f"a: {{provider: p, on_promoted: {{webhook: ▸'{address}'}}}}"
    check(refuse, f"{HEAD}keys:\n  {key}\n", [LITERAL])


@pytest.mark.parametrize("text", ABLE)
def test_what_a_dialect_cannot_honour(refuse: Refuse, text: str) -> None:
    check(refuse, f"{HEAD}keys:\n  a: {{provider: {text}}}\n", ABLE[text])


@pytest.mark.parametrize("text", CLASHES)
def test_what_does_not_fit_together(refuse: Refuse, text: str) -> None:
    check(refuse, f"{HEAD}keys:\n  a: {{provider: p, {text}}}\n", CLASHES[text])


def test_what_a_key_takes_over_is_said_to_come_from_there(refuse: Refuse) -> None:
    text = f"""{HEAD}
defaults: {{rotate: {{before_expiry: 7d, every: 90d}}, unused_after: 90d}}
environments: {{prod: {{rotate: {{overlap: 100d}}, on_unused: disable}}}}
keys:
  ▸one: {{provider: p, environment: prod}}
  two: {{provider: p, expires: ▸never}}
  three: {{provider: p, rotate: {{overlap: ▸8d}}}}
  ▸four: {{provider: pins}}
  five: {{provider: pins, ▸rotate: {{every: 30d}}, unused_after: never}}
  ▸six: {{provider: studio, rotate: {{before_expiry: never}}}}
"""
    check(
        refuse,
        text,
        [
            (
                f"key 'one': `rotate.overlap` (100d) must be shorter than `rotate.every` (90d):"
                f" {FORWARD} (`rotate.overlap` comes from {SHARED},"
                f" `rotate.every` comes from {SHARED})"
            ),
            (
                "key 'two': `rotate.before_expiry` has no effect: `expires` is `never`; write"
                " `expires: {after: 90d}`, or `rotate.every` instead of `rotate.before_expiry`"
                f" (`rotate.before_expiry` comes from {SHARED})"
            ),
            (
                "key 'three': `rotate.before_expiry` (7d) must not be shorter than"
                f" `rotate.overlap` (8d): {NO_OVERLAP}"
                f" (`rotate.before_expiry` comes from {SHARED})"
            ),
            (
                "key 'four': 'rotate.before_expiry' cannot be honoured: pinbridge keys have no"
                f" expiry; write `rotate.every` instead (it comes from {SHARED})"
            ),
            (
                "key 'five': 'rotate.before_expiry' cannot be honoured: pinbridge keys have no"
                f" expiry; write `rotate.every` instead (it comes from {SHARED})"
            ),
            (
                "key 'six': 'unused_after' cannot be honoured: studio does not tell when a key was"
                f" last used; remove `unused_after` (it comes from {SHARED})"
            ),
        ],
    )


def test_what_is_wrong_in_the_defaults_is_told_there_only(refuse: Refuse) -> None:
    text = f"{HEAD}defaults: {{rotate: {{overlap: ▸soon}}}}\n"
    keys = "keys: {a: {provider: p, rotate: {every: 1d}}}\n"
    check(refuse, text + keys, [f"defaults: 'rotate.overlap' {DURATION}"])


def test_a_secret_in_the_defaults_is_not_repeated_either(refuse: Refuse) -> None:
    for hook in ("{▸https://x.example.com/hunter2}", "{webhook: {▸hunter2}}"):
        check(
            refuse,
            f"{HEAD}defaults: {{on_promoted: {hook}}}\n",
            ["defaults: a literal secret is not allowed here; write {env: NAME} or {file: PATH}"],
        )


def test_the_bound_of_a_run_is_at_least_one(refuse: Refuse) -> None:
    check(
        refuse,
        "version: 1\nstack: a\nproviders:\n  p: {dialect: clouisle, url: https://x.example,"
        " limits: {max_rotations: ▸0}}\n",
        ["provider 'p': 'limits.max_rotations' must be at least 1"],
    )
