"""What a provider declares is compared with what its dialect takes."""

from collections.abc import Callable

import pytest

from reconciler.manifest import Manifest
from tests.marked import read_marked

WITHOUT = "dialect: studio, url: https://s.example, auth: {token: {env: T}}"
STUDIO = f"{WITHOUT}, key_url: https://k.example"
TOLD = f"{STUDIO}, tenant: {{workspace: w}}"
NOWHERE = f"{WITHOUT}, tenant: {{workspace: w}}"
GATEWAY = "dialect: gateway, url: https://g.example"
LOGIN = "auth: {username: {env: U}, password: {env: P}}"
CLOUISLE = "dialect: clouisle, url: https://c.example"

PROVIDERS = {
    f"{NOWHERE}, key_url: ▸'http://app.example'": [
        "provider 'p': 'key_url' must be https; plain http is allowed only to this machine"
    ],
    f"{NOWHERE}, key_url: ▸'sandbox:x.db'": [
        (
            "provider 'p': 'key_url' must be an address such as https://app.example.com,"
            " not a sandbox"
        )
    ],
    f"{CLOUISLE}, ▸key_url: https://app.example": [
        (
            "provider 'p': 'key_url' cannot be honoured: clouisle keys are used where they are"
            " managed"
        )
    ],
    f"▸{NOWHERE}": ["provider 'p': 'key_url' is missing: say where studio keys are used"],
    f"▸{STUDIO}": ["provider 'p': 'tenant.workspace' is missing: the id of the workspace, a UUID"],
    f"▸{STUDIO}, tenant: {{▸workspce: w}}": [
        "provider 'p': 'tenant.workspace' is missing: the id of the workspace, a UUID",
        ("provider 'p': 'tenant.workspce' is unknown to studio; did you mean 'workspace'?"),
    ],
    f"{STUDIO}, tenant: {{workspace: w, ▸zone: x}}": [
        "provider 'p': 'tenant.zone' is unknown to studio (there is: region, workspace)"
    ],
    f"{STUDIO}, tenant: {{workspace: ▸''}}": [
        (
            "provider 'p': 'tenant.workspace' must be one line of text, not empty, without spaces"
            " around it"
        )
    ],
    f"{STUDIO}, tenant: {{workspace: ▸a/../b}}": [
        "provider 'p': 'tenant.workspace' cannot be this: it may go into addresses"
    ],
    f"{STUDIO}, tenant: {{workspace: ▸1e5}}": [
        (
            "provider 'p': 'tenant.workspace' must be one line of text, not empty, without spaces"
            " around it; put it in quotes"
        )
    ],
    f"{STUDIO}, tenant: {{workspace: ▸[a]}}": [
        (
            "provider 'p': 'tenant.workspace' must be one line of text, not empty, without spaces"
            " around it"
        )
    ],
    f"{STUDIO}, tenant: ▸w": ["provider 'p': 'tenant' must be a mapping"],
    f"{STUDIO}, tenant: {{▸workspace: }}": [
        "provider 'p': 'tenant.workspace' has no value; give it one, or leave it out"
    ],
    f"{CLOUISLE}, ▸tenant: {{workspace: w}}": [
        (
            "provider 'p': 'tenant' cannot be honoured: clouisle needs to be told nothing of the"
            " tenant"
        )
    ],
    f"{TOLD}, keys_enabled: ▸yes": ["provider 'p': 'keys_enabled' must be true or false"],
    f"{CLOUISLE}, ▸keys_enabled: false": [
        (
            "provider 'p': 'keys_enabled' cannot be honoured: clouisle has no switch for all keys"
            " of a tenant"
        )
    ],
    f"{TOLD}, deploy: ▸none": ["provider 'p': 'deploy' must be `all`, or a list of projects"],
    f"{TOLD}, deploy: ▸[]": [
        "provider 'p': 'deploy' must not be empty; leave it out where somebody else deploys"
    ],
    f"{TOLD}, deploy: ▸[a, b, a]": ["provider 'p': 'deploy' names 'a' twice"],
    f"{TOLD}, deploy: ▸[a, true]": ["provider 'p': 'deploy' must be `all`, or a list of projects"],
    f"{TOLD}, deploy: ▸[a, '']": ["provider 'p': 'deploy' must be `all`, or a list of projects"],
    f"{CLOUISLE}, ▸deploy: all": [
        "provider 'p': 'deploy' cannot be honoured: what changes at clouisle counts at once"
    ],
    f"{CLOUISLE}, ▸exclusive: true": [
        (
            "provider 'p': 'exclusive' cannot be honoured: clouisle keys carry our mark, which"
            " tells them apart"
        )
    ],
    f"{GATEWAY}, {LOGIN}, ▸exclusive: false": [
        (
            "provider 'p': 'exclusive' cannot be honoured: gateway keys carry our mark, which"
            " tells them apart"
        )
    ],
    f"{TOLD}, ▸name_template: 'x.{{mark}}'": [
        "provider 'p': 'name_template' cannot be honoured: studio keys have no name"
    ],
    f"{GATEWAY}, {LOGIN}, ▸name_template: 'x.{{mark}}'": [
        (
            "provider 'p': 'name_template' cannot be honoured: gateway has a field of its own for"
            " our mark"
        )
    ],
    f"▸{GATEWAY}": ["provider 'p': 'auth' is missing: gateway takes `password` and `username`"],
    f"{GATEWAY}, auth: ▸{{}}": [
        "provider 'p': 'auth' is missing: gateway takes `password` and `username`"
    ],
    f"{GATEWAY}, auth: ▸{{username: {{env: U}}}}": [
        "provider 'p': 'auth' has `username`, but gateway takes `password` and `username`"
    ],
    f"{GATEWAY}, auth: {{username: {{env: U}}, ▸pasword: {{env: P}}}}": [
        ("provider 'p': an entry of 'auth' is unknown to gateway; did you mean 'password'?")
    ],
    f"{GATEWAY}, auth: {{▸hunter2: {{env: U}}}}": [
        (
            "provider 'p': an entry of 'auth' is unknown to gateway; gateway takes `password` and"
            " `username`"
        )
    ],
    f"{GATEWAY}, auth: {{username: {{env: U}}, password: ▸hunter2}}": [
        "provider 'p': a literal secret is not allowed here; write {env: NAME} or {file: PATH}"
    ],
    "dialect: gateway, url: 'sandbox:x.db', auth: ▸{username: {env: U}}": [
        "provider 'p': 'auth' has `username`, but gateway takes `password` and `username`"
    ],
    "dialect: gateway, url: ▸'http://g.example'": [
        "provider 'p': 'url' must be https; plain http is allowed only to this machine"
    ],
}


@pytest.mark.parametrize("text", PROVIDERS)
def test_providers(refuse: Callable[[str], list[str]], text: str) -> None:
    entry = f"▸p: {{{text[1:]}}}" if text.startswith("▸") else f"p: {{{text}}}"
    marked, expected = read_marked(
        f"version: 1\nstack: a\nproviders:\n  {entry}\n", PROVIDERS[text]
    )
    assert refuse(marked) == expected


def test_the_alternatives_of_credentials_are_named(refuse: Callable[[str], list[str]]) -> None:
    both = STUDIO.replace("{token:", "▸{client_id: {env: C}, token:")
    marked, expected = read_marked(
        f"version: 1\nstack: a\nproviders:\n  p: {{{both}, tenant: {{workspace: w}}}}\n",
        [
            (
                "provider 'p': 'auth' has `client_id` and `token`, but studio takes `token`,"
                " or `client_id` and `client_secret`"
            )
        ],
    )
    assert refuse(marked) == expected


def test_a_name_has_to_fit(refuse: Callable[[str], list[str]]) -> None:
    long = "x" * 90
    text = f"dialect: short, url: https://x.example, name_template: ▸'{long}.{{name}}.{{mark}}'"
    marked, expected = read_marked(
        f"version: 1\nstack: a\nproviders:\n  p: {{{text}}}\n",
        ["provider 'p': 'name_template' leaves no room for a name: short takes 100 characters"],
    )
    assert refuse(marked) == expected


@pytest.mark.parametrize(
    ("deploy", "projects"),
    [("", None), ("deploy: all", ()), ("deploy: [shop, 7]", ("shop", "7"))],
)
def test_what_reaches_the_planner(
    load: Callable[[str], Manifest], deploy: str, projects: tuple[str, ...] | None
) -> None:
    manifest = load(
        f"version: 1\nstack: a\nproviders: {{p: {{{STUDIO}, tenant: {{workspace: 7}}, {deploy}}}}}"
    )
    (provider,) = manifest.desired.providers
    assert (provider.deploy, provider.keys_enabled, provider.exclusive) == (projects, None, False)


def test_all_of_it(load: Callable[[str], Manifest]) -> None:
    manifest = load(
        f"""\
version: 1
stack: a
providers:
  p:
    {{{NOWHERE}, key_url: https://App.example:443/x/, keys_enabled: false, exclusive: true}}
"""
    )
    (provider,), (settings,) = manifest.desired.providers, manifest.providers
    assert (provider.keys_enabled, provider.exclusive) == (False, True)
    assert settings.key_url == "https://app.example/x"
    assert settings.tenant == (("workspace", "w"),)


def test_a_sandbox_brings_its_own_credentials(load: Callable[[str], Manifest]) -> None:
    manifest = load(
        "version: 1\nstack: a\nproviders: {p: {dialect: gateway, url: 'sandbox:x.db'}}\n"
    )
    assert manifest.providers[0].auth == ()
