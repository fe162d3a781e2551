"""A complete manifest gives exactly this, and nothing else."""

import gc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.core.desired import Desired, DesiredKey, DesiredProvider, Unmanaged
from reconciler.core.keys import Address, After, At, Attributes, Never, Target
from reconciler.manifest import (
    AgeSettings,
    EnvReference,
    FileReference,
    Manifest,
    ProviderSettings,
    StateSettings,
)

FULL = """\
# yaml-language-server: $schema=schemas/keys.schema.json
version: 1
stack: acme-agents

state: {backend: file, path: .kw, spool: off, identity: {file: /run/secrets/age}}

stores:
  prod: {type: age, path: prod-secrets, recipients: [age1qqqqqqqqqqqqqq]}
  local:
    type: age
    path: .keywright/secrets
    identity: {env: KEYWRIGHT_AGE_IDENTITY}

providers:
  trial: {dialect: pinbridge, url: "sandbox:.keywright/sandbox.db"}
  agents:
    dialect: clouisle
    url: https://Clouisle.Example.com:443/api/v1/
    auth: {username: {env: CLOUISLE_USER}, password: {file: secrets/password}}
    unmanaged: fail
    name_template: "{mark}/{name}"
    limits: {concurrency: 4, rate: 10/s}
    tls: {ca: ca.pem}

defaults:
  owner: team-platform
  rotate: {delete_after: 10d}
  secret: {store: prod}
environments:
  prod: {expires: {after: 90d}}
  dev: {secret: {store: local}}

keys:
  crm-prod:
    provider: agents
    name: CRM (production)
    owner: team-crm
    service: crm
    environment: prod
    labels: {purpose: agent-call, cost: "12"}
    scopes: [chat, agents, chat]
    expires: {after: 1w1d12h}
    enabled: false
    rate_limit: 10/s
    rotate: {delete_after: 0s}
    secret: {path: crm/agents, field: CLOUISLE_API_KEY}
    protect: true
    on_external_disable: hold
    options: {agent_ids: [b, a, b]}
  analytics: {provider: trial, environment: dev}
  batch: {provider: agents, expires: 2027-05-02, rate_limit: unlimited, scopes: []}
  chat: {provider: agents, environment: prod}
  docs: {provider: agents, expires: never}
"""


def test_a_complete_manifest(load: Callable[[str], Manifest], folder: Path) -> None:
    file = folder / "keys.yaml"
    assert load(FULL) == Manifest(
        file=file,
        folder=folder,
        stack="acme-agents",
        state=StateSettings(
            backend="file",
            path=folder / ".kw",
            spool="off",
            identity=FileReference("/run/secrets/age"),
        ),
        stores=(
            AgeSettings(
                name="local",
                path=folder / ".keywright/secrets",
                recipients=(),
                identity=EnvReference("KEYWRIGHT_AGE_IDENTITY"),
                place=f"{file}:9:3",
            ),
            AgeSettings(
                name="prod",
                path=folder / "prod-secrets",
                recipients=("age1qqqqqqqqqqqqqq",),
                identity=None,
                place=f"{file}:8:3",
            ),
        ),
        providers=(
            ProviderSettings(
                name="agents",
                dialect="clouisle",
                dialect_file=None,
                origin="https://clouisle.example.com/api/v1",
                key_url=None,
                tenant=(),
                sandbox=None,
                auth=(
                    ("password", FileReference("secrets/password")),
                    ("username", EnvReference("CLOUISLE_USER")),
                ),
                concurrency=4,
                requests_per_minute=600,
                ca=folder / "ca.pem",
                place=f"{file}:16:3",
            ),
            ProviderSettings(
                name="trial",
                dialect="pinbridge",
                dialect_file=None,
                origin="sandbox:.keywright/sandbox.db",
                key_url=None,
                tenant=(),
                sandbox=folder / ".keywright/sandbox.db",
                auth=(),
                concurrency=8,
                requests_per_minute=None,
                ca=None,
                place=f"{file}:15:3",
            ),
        ),
        desired=Desired(
            stack="acme-agents",
            providers=(
                DesiredProvider(
                    name="agents",
                    dialect="clouisle",
                    origin="https://clouisle.example.com/api/v1",
                    unmanaged=Unmanaged.FAIL,
                    name_template="{mark}/{name}",
                ),
                DesiredProvider(
                    name="trial",
                    dialect="pinbridge",
                    origin="sandbox:.keywright/sandbox.db",
                ),
            ),
            keys=(
                DesiredKey(
                    address=Address("analytics"),
                    provider="trial",
                    name="analytics",
                    attributes=Attributes(),
                    lifetime=None,
                    target=Target("local", "analytics", "secret"),
                    delete_after=timedelta(days=10),
                    place=f"{file}:50:3",
                    owner="team-platform",
                    environment="dev",
                ),
                DesiredKey(
                    address=Address("batch"),
                    provider="agents",
                    name="batch",
                    attributes=Attributes((("rate_limit", None), ("scopes", ()))),
                    lifetime=At(datetime(2027, 5, 2, 23, 59, 59, tzinfo=UTC)),
                    target=Target("prod", "batch", "secret"),
                    delete_after=timedelta(days=10),
                    place=f"{file}:51:3",
                    owner="team-platform",
                ),
                DesiredKey(
                    address=Address("chat"),
                    provider="agents",
                    name="chat",
                    attributes=Attributes(),
                    lifetime=After(timedelta(days=90)),
                    target=Target("prod", "chat", "secret"),
                    delete_after=timedelta(days=10),
                    place=f"{file}:52:3",
                    owner="team-platform",
                    environment="prod",
                ),
                DesiredKey(
                    address=Address("crm-prod"),
                    provider="agents",
                    name="CRM (production)",
                    attributes=Attributes(
                        (
                            ("enabled", False),
                            ("options.agent_ids", ("a", "b")),
                            ("rate_limit", 600),
                            ("scopes", ("agents", "chat")),
                        )
                    ),
                    lifetime=After(timedelta(days=8, hours=12)),
                    target=Target("prod", "crm/agents", "CLOUISLE_API_KEY"),
                    delete_after=timedelta(0),
                    place=f"{file}:34:3",
                    owner="team-crm",
                    service="crm",
                    environment="prod",
                    labels=(("cost", "12"), ("purpose", "agent-call")),
                    protect=True,
                ),
                DesiredKey(
                    address=Address("docs"),
                    provider="agents",
                    name="docs",
                    attributes=Attributes(),
                    lifetime=Never(),
                    target=Target("prod", "docs", "secret"),
                    delete_after=timedelta(days=10),
                    place=f"{file}:53:3",
                    owner="team-platform",
                ),
            ),
        ),
        warnings=(
            (
                f"{file}:51:38: key 'batch': 'expires' is an absolute date,"
                " which never triggers a rotation"
            ),
        ),
    )


def test_the_least_manifest(load: Callable[[str], Manifest], folder: Path) -> None:
    manifest = load("version: 1\nstack: a\n")
    assert manifest.desired == Desired(stack="a", providers=(), keys=())
    assert manifest.state == StateSettings(
        backend="file", path=folder / ".keywright", spool="local", identity=None
    )
    assert (manifest.stores, manifest.providers, manifest.warnings) == ((), (), ())


def test_no_keys_are_a_matter_for_a_guard(load: Callable[[str], Manifest]) -> None:
    for text in ("keys:", "keys: {}", ""):
        assert load(f"version: 1\nstack: a\n{text}\n").desired.keys == ()


def test_a_byte_order_mark_and_windows_lines_are_harmless(
    load: Callable[[str | bytes], Manifest],
) -> None:
    text = FULL.replace("\n", "\r\n").encode("utf-8-sig")
    assert load(text) == load(FULL)


def test_an_anchor_may_be_used_again(load: Callable[[str], Manifest]) -> None:
    manifest = load(
        "version: 1\nstack: a\nstores: {s: {type: age, path: x}}\n"
        "providers: {p: {dialect: clouisle, url: https://x.example}}\n"
        "keys:\n  one: {provider: p, labels: &l {team: a}, scopes: &s [x, y]}\n"
        "  two: {provider: p, labels: *l, scopes: *s}\n"
    )
    one, two = manifest.desired.keys
    assert (one.labels, one.attributes) == (two.labels, two.attributes)


def test_the_collector_is_left_as_it_was(load: Callable[[str], Manifest]) -> None:
    assert gc.isenabled()
    load(FULL)
    assert gc.isenabled()
    gc.disable()
    try:
        load(FULL)
        assert not gc.isenabled()
    finally:
        gc.enable()
