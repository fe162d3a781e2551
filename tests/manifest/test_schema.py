"""schemas/keys.schema.json is what the types say, and accepts what the loader accepts."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from reconciler.documents.yaml_text import parse_document
from reconciler.manifest import schema, schema_text

ROOT = Path(__file__).parents[2]
STORED = ROOT / "schemas" / "keys.schema.json"
MANIFESTS = [ROOT / "keys.yaml", *sorted((ROOT / "examples").rglob("keys.yaml"))]

SAMPLE = """\
version: 1
stack: acme
state: {spool: off, identity: {file: age.txt}}
stores: {local: {type: age, path: secrets, recipients: [age1qqqqqqqqqqqq]}}
providers:
  agents:
    dialect: clouisle
    url: https://c.example.com
    auth: {token: {env: TOKEN}}
    limits: {concurrency: 4, rate: 10/s, max_rotations: 20}
    tls: {ca: ca.pem}
  trial: {dialect: pinbridge, url: "sandbox:x.db"}
  studio:
    dialect: ./studio.yaml
    url: https://s.example.com
    key_url: https://app.example.com
    tenant: {workspace: w, number: 7}
    keys_enabled: false
    deploy: [shop, 7]
    exclusive: true
  all: {dialect: x, url: https://x.example.com, deploy: all}
defaults:
  rotate: {delete_after: 1d12h, every: 90d, before_expiry: never, overlap: 0s, idle: 1h}
  secret: {store: local}
  verify: {allowed: [GET /, HEAD /a/b?c=/d], denied: []}
  on_promoted: {webhook: https://deploy.example.com/hooks/crm}
  unused_after: 90d
  on_unused: disable
environments: {prod: {expires: {after: 90d}}}
keys:
  a: {provider: agents, expires: never, rate_limit: unlimited, scopes: []}
  b: {provider: agents, expires: 2027-05-02, rate_limit: 600/min, labels: {x: y}}
  c: {provider: trial, options: {ids: [x], deep: true, n: 3}, environment: prod, enabled: false}
  d: {provider: agents, on_promoted: {webhook: {env: X}}, unused_after: never}
  e: {provider: agents, on_promoted: {command: [./x, -n, y z]}, on_external_disable: rotate}
  f: {provider: agents, on_promoted: none, rotate: {hold_at_most: 7d, before_expiry: 7d}}
provider_keys:
  of-key: {provider: gateway, upstream: Open AI, value: {key: a}, adopt: true}
  of-slot: {provider: gateway, upstream: x, value: {path: a/b}, options: {url: u, n: 3}}
"""


@pytest.fixture(scope="module")
def validator() -> Any:  # noqa: ANN401 - jsonschema's own
    return jsonschema.Draft202012Validator(schema())


def test_the_stored_schema_is_the_generated_one() -> None:
    assert STORED.read_text(encoding="utf-8") == schema_text()
    assert json.loads(schema_text()) == schema()


def test_it_is_a_schema_of_the_draft_it_names() -> None:
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema())


def test_a_good_manifest_passes(validator: Any) -> None:  # noqa: ANN401 - jsonschema's own
    validator.validate(parse_document(SAMPLE).data)
    validator.validate({"version": 1, "stack": "a", "keys": None})


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.parent.name)
def test_every_manifest_of_ours_passes(validator: Any, file: Path) -> None:  # noqa: ANN401 - jsonschema's own
    validator.validate(parse_document(file.read_text(encoding="utf-8")).data)


@pytest.mark.parametrize(
    "change",
    [
        "stack: Acme",
        "keys: {a: {provder: agents}}",
        "keys: {A: {provider: agents}}",
        "keys: {a: {provider: agents, expires: ~}}",
        "keys: {a: {provider: agents, expires: {after: 5}}}",
        "keys: {a: {provider: agents, expires: soon}}",
        "keys: {a: {provider: agents, rate_limit: 600}}",
        "keys: {a: {provider: agents, scopes: ['']}}",
        "keys: {a: {provider: agents, rotate: {every: soon}}}",
        "keys: {a: {provider: agents, rotate: {overlap: never}}}",
        "keys: {a: {provider: agents, verify: {denied: [/x]}}}",
        "keys: {a: {provider: agents, verify: {denied: ['GET https://x.example/']}}}",
        "keys: {a: {provider: agents, verify: {denied: ['GET //x.example']}}}",
        "keys: {a: {provider: agents, verify: {allowed: ['DELETE /x']}}}",
        "keys: {a: {provider: agents, on_promoted: https://x.example}}",
        "keys: {a: {provider: agents, on_promoted: {}}}",
        "keys: {a: {provider: agents, on_promoted: never}}",
        "keys: {a: {provider: agents, on_promoted: {webhook: {env: X}, command: [x]}}}",
        "keys: {a: {provider: agents, on_promoted: {webhook: 'ftp://x.example'}}}",
        "keys: {a: {provider: agents, on_promoted: {command: []}}}",
        "keys: {a: {provider: agents, on_promoted: {command: ./reload.sh}}}",
        "keys: {a: {provider: agents, on_external_disable: ignore}}",
        "keys: {a: {provider: agents, unused_after: 90}}",
        "keys: {a: {provider: agents, on_unused: delete}}",
        "providers: {a: {dialect: x, url: https://x.example, limits: {max_rotations: 0}}}",
        "keys: {a: {provider: agents, secret: hunter2}}",
        "stores: {a: {type: vault, path: x}}",
        "stores: {a: {type: age}}",
        "providers: {a: {dialect: x, url: https://x.example, auth: {token: hunter2}}}",
        "providers: {a: {dialect: x, url: 'ftp://x.example'}}",
        "providers: {a: {dialect: x, url: https://x.example, limits: {concurrency: 0}}}",
        "state: {spool: none}",
        "providers: {a: {dialect: x, url: https://x.example, key_url: 'sandbox:x.db'}}",
        "providers: {a: {dialect: x, url: https://x.example, tenant: {w: [a]}}}",
        "providers: {a: {dialect: x, url: https://x.example, keys_enabled: 1}}",
        "providers: {a: {dialect: x, url: https://x.example, deploy: []}}",
        "providers: {a: {dialect: x, url: https://x.example, deploy: [a, a]}}",
        "providers: {a: {dialect: x, url: https://x.example, deploy: some}}",
        "provider_keys: {a: {provider: p, upstream: u}}",
        "provider_keys: {a: {provider: p, upstream: u, value: hunter2}}",
        "provider_keys: {a: {provider: p, upstream: u, value: {env: X}}}",
        "provider_keys: {a: {provider: p, upstream: u, value: {key: a, path: b}}}",
        "provider_keys: {a: {provider: p, upstream: u, value: {key: a}, adpot: true}}",
    ],
)
def test_a_bad_manifest_does_not(validator: Any, change: str) -> None:  # noqa: ANN401 - jsonschema's own
    data = parse_document(SAMPLE).data
    changed = parse_document(change).data
    assert isinstance(data, dict)
    assert isinstance(changed, dict)
    assert not validator.is_valid({**data, **changed})


def test_every_field_explains_itself() -> None:
    definitions = schema()["$defs"]
    for name, definition in definitions.items():
        assert definition["description"], name
        for field, body in definition["properties"].items():
            assert "description" in body or "$ref" in body, f"{name}.{field}"


def test_it_does_not_depend_on_the_hash_seed() -> None:
    assert yaml.safe_load(schema_text()) == schema()
    assert list(schema()["properties"])[:3] == ["version", "stack", "state"]
