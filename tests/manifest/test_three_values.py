"""A field is left out, set, or explicitly empty: three different things."""

from collections.abc import Callable

import pytest

from reconciler.core.keys import At, Lifetime, Never, Value
from reconciler.manifest import Manifest

Load = Callable[[str], Manifest]
HEAD = """\
version: 1
stack: acme
stores: {local: {type: age, path: secrets}}
providers: {p: {dialect: clouisle, url: https://c.example.com}}
"""


@pytest.mark.parametrize(
    ("fields", "attributes"),
    [
        ("", {}),
        ("scopes: [b, a, b]", {"scopes": ("a", "b")}),
        ("scopes: []", {"scopes": ()}),
        ("enabled: true", {"enabled": True}),
        ("enabled: false", {"enabled": False}),
        ("rate_limit: 600/min", {"rate_limit": 600}),
        ("rate_limit: 10/s", {"rate_limit": 600}),
        ("rate_limit: 120/h", {"rate_limit": 2}),
        ("rate_limit: unlimited", {"rate_limit": None}),
        ("options: {}", {}),
        ("options: {agent_ids: []}", {"options.agent_ids": ()}),
        ("options: {agent_ids: [y, x, y]}", {"options.agent_ids": ("x", "y")}),
        ("options: {agent_ids: off}", {"options.agent_ids": "off"}),
        ("options: {agent_ids: true}", {"options.agent_ids": True}),
        ("options: {agent_ids: 7}", {"options.agent_ids": 7}),
        ("options: {agent_ids: 007}", {"options.agent_ids": "007"}),
    ],
)
def test_attributes(load: Load, fields: str, attributes: dict[str, Value]) -> None:
    (key,) = load(f"{HEAD}keys: {{a: {{provider: p, {fields}}}}}\n").desired.keys
    assert key.attributes.mapping() == attributes
    assert key.attributes.pairs == tuple(sorted(attributes.items()))


@pytest.mark.parametrize(
    ("fields", "lifetime"), [("", None), ("expires: never", Never()), ("expires: 'never'", Never())]
)
def test_lifetimes(load: Load, fields: str, lifetime: Lifetime) -> None:
    (key,) = load(f"{HEAD}keys: {{a: {{provider: p, {fields}}}}}\n").desired.keys
    assert key.lifetime == lifetime


def test_an_empty_value_overrides_a_default(load: Load) -> None:
    text = f"""{HEAD}
defaults: {{scopes: [x], rate_limit: 10/s, expires: {{after: 1d}}, labels: {{a: b}}, owner: me}}
keys:
  all: {{provider: p}}
  none: {{provider: p, scopes: [], rate_limit: unlimited, expires: never, labels: {{}}}}
"""
    everything, nothing = load(text).desired.keys
    assert everything.attributes.mapping() == {"scopes": ("x",), "rate_limit": 600}
    assert nothing.attributes.mapping() == {"scopes": (), "rate_limit": None}
    assert (nothing.lifetime, nothing.labels, nothing.owner) == (Never(), (), "me")


def test_only_absolute_dates_are_warned_about_once_where_they_are_written(load: Load) -> None:
    text = f"""{HEAD}
defaults: {{expires: 2030-01-01}}
environments: {{prod: {{expires: 2031-01-01T00:00:00+01:00}}}}
keys:
  a: {{provider: p}}
  b: {{provider: p, environment: prod}}
  c: {{provider: p, expires: {{after: 5d}}}}
  d: {{provider: p, expires: 2032-01-01}}
"""
    manifest = load(text)
    assert [warning.split("keys.yaml:")[1] for warning in manifest.warnings] == [
        "6:21: defaults: 'expires' is an absolute date, which never triggers a rotation",
        "7:32: environment 'prod': 'expires' is an absolute date, which never triggers a rotation",
        "12:29: key 'd': 'expires' is an absolute date, which never triggers a rotation",
    ]
    assert isinstance(manifest.desired.keys[1].lifetime, At)
