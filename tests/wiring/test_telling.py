"""From the hooks of a manifest to whoever tells consumers; nothing of it is there for a plan."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cli.terminal import SilentReporter
from reconciler.core.keys import Address
from reconciler.core.recorded import StackMeta
from reconciler.errors import ManifestError
from reconciler.interfaces.driver import Done, KeyReader, Outcome
from reconciler.manifest import EnvReference, FileReference, Manifest
from reconciler.manifest.settings import HookSettings
from reconciler.wiring import load, open_outlook, open_state, open_world
from reconciler.wiring.telling import named_variables, open_notifier, without_credentials
from tests.hooks.builders import MESSAGE, NEWS
from tests.http.fake_clock import FakeClock
from tests.http.hostile_server import HostileServer, answer, reply

IDENTITY = frozenset({"KEYWRIGHT_AGE_IDENTITY"})
LOGIN = {"U": "root", "P": "root-password", "STATE_ID": "x", "STORE_ID": "y"}
AGE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
TEXT = """version: 1
stack: crm
state: {backend: file, identity: {env: STATE_ID}}
stores: {s: {type: age, path: secrets, identity: {env: STORE_ID}}}
providers:
  p: {dialect: clouisle, url: https://s.example, auth: {username: {env: U}, password: {env: P}}}
"""
KEEP = "import json, os; json.dump(dict(os.environ), open('kept.json', 'w'))"


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    file = tmp_path / "keys.yaml"
    file.write_text(TEXT)
    return load(file)


def hook(
    webhook: str | EnvReference | FileReference | None = None,
    command: tuple[str, ...] = (),
    key: str = NEWS.address,
) -> HookSettings:
    return HookSettings(
        address=Address(key), webhook=webhook, command=command, place=f"keys.yaml:{key}"
    )


def announce(manifest: Manifest, environ: Mapping[str, str], *hooks: HookSettings) -> Outcome[None]:
    notifier = open_notifier(replace(manifest, hooks=hooks), environ, FakeClock(), IDENTITY)
    return asyncio.run(notifier.announce(NEWS))


def test_nobody_has_to_be_told(manifest: Manifest) -> None:
    assert announce(manifest, {}) == Done(None)


@pytest.mark.parametrize("kind", ["literal", "env", "file"])
def test_a_webhook_is_where_the_manifest_says(manifest: Manifest, kind: str) -> None:
    with HostileServer(answer(reply(200))) as server:
        url = f"{server.url}/hook"
        (manifest.folder / "url.txt").write_text(f"{url}\n")
        written: dict[str, str | EnvReference | FileReference] = {
            "literal": url,
            "env": EnvReference("HOOK"),
            "file": FileReference("url.txt"),
        }
        environ = {"HOOK": url, "HTTPS_PROXY": "http://127.0.0.1:1"}
        assert announce(manifest, environ, hook(written[kind])) == Done(None)
    (arrival,) = server.arrivals
    assert arrival.target == "/hook"
    assert json.loads(arrival.body) == MESSAGE


def test_a_command_gets_no_credential_of_ours(manifest: Manifest) -> None:
    secret = "a-long-credential"
    environ = {
        "U": "root",
        "USER": "root",
        "P": secret,
        "COPY_OF_P": secret,
        "STATE_ID": "x",
        "STORE_ID": "y",
        "HOOK": "https://hooks.example/x",
        "KEYWRIGHT_AGE_IDENTITY": "z",
        "OTHER": "kept",
    }
    others = hook(EnvReference("HOOK"), key="crm-test")
    argv = (sys.executable, "-c", KEEP)
    assert announce(manifest, environ, others, hook(command=argv)) == Done(None)
    kept = json.loads((manifest.folder / "kept.json").read_text())
    assert {name: kept.get(name) for name in environ} == {
        **dict.fromkeys(environ),
        "USER": "root",
        "OTHER": "kept",
    }
    assert kept["KEYWRIGHT_KEY"] == NEWS.address


def test_all_hooks_that_are_wrong_are_told_at_once_without_their_urls(manifest: Manifest) -> None:
    hooks = (
        hook(EnvReference("MISSING"), key="a"),
        hook(EnvReference("BAD"), key="b"),
        hook("http://hooks.example/T0KEN", key="c"),
    )
    with pytest.raises(ManifestError) as raised:
        announce(manifest, {"BAD": "T0KEN"}, *hooks)
    first, second, third = raised.value.problems
    assert first.startswith("keys.yaml:a: on_promoted of a: the environment variable MISSING is")
    assert second.startswith("keys.yaml:b: ")
    assert "http://hooks.example would send credentials in the clear" in third
    assert "T0KEN" not in str(raised.value)


def test_every_variable_that_settings_name_is_found_wherever_it_stands(manifest: Manifest) -> None:
    assert set(named_variables(manifest)) == {"U", "P", "STATE_ID", "STORE_ID"}


def test_a_short_value_is_a_coincidence() -> None:
    environ = {"A": "1", "B": "1", "C": "12345678", "D": "12345678", "E": ""}
    assert without_credentials(environ, frozenset({"A", "C", "GONE"})) == {"B": "1", "E": ""}


@pytest.fixture
def stack(manifest: Manifest) -> Manifest:
    """Give a manifest whose state is there, with a webhook whose reference leads nowhere."""

    async def initialise() -> None:
        state = open_state(manifest)
        await state.initialise(StackMeta(stack="crm", lineage="l", salt=b"s" * 16, recipient=AGE))
        await state.close()

    asyncio.run(initialise())
    return replace(manifest, hooks=(hook(EnvReference("HOOK")),))


def test_a_world_to_apply_to_can_tell_and_is_not_opened_where_it_could_not(stack: Manifest) -> None:
    async def apply(environ: Mapping[str, str]) -> Outcome[None]:
        async with open_world(stack, environ, SilentReporter(), "apply") as world:
            return await world.notifier.announce(NEWS)

    with HostileServer(answer(reply(200))) as server:
        environ = {**LOGIN, "HOOK": server.url}
        assert asyncio.run(apply(environ)) == Done(None)
    with pytest.raises(ManifestError, match="HOOK is not set"):
        asyncio.run(apply(LOGIN))


def test_a_plan_reads_nothing_of_it_and_can_make_no_call_with_a_key(stack: Manifest) -> None:
    async def plan() -> dict[str, KeyReader]:
        async with open_outlook(stack, LOGIN, SilentReporter()) as outlook:
            return dict(outlook.drivers)

    (driver,) = asyncio.run(plan()).values()
    assert not hasattr(driver, "ask")
    assert not hasattr(driver, "probe")


def test_a_plan_loads_nothing_of_it() -> None:
    code = (
        "import sys, reconciler.wiring, reconciler.cli.plan, reconciler.engine.run;"
        "print(*(name for name in sys.modules if 'hooks' in name or 'telling' in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
