"""What a manifest says of rotation, of trying out, and of telling consumers, as it is desired."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.core.desired import (
    Call,
    DesiredKey,
    OnExternalDisable,
    OnUnused,
    Rotation,
    Verify,
)
from reconciler.manifest import EnvReference, FileReference, HookSettings, Manifest

Load = Callable[[str], Manifest]
HEAD = """\
version: 1
stack: acme
stores: {local: {type: age, path: secrets}}
providers:
  p: {dialect: clouisle, url: https://c.example.com, limits: {max_rotations: 20}}
  q: {dialect: clouisle, url: https://d.example.com}
"""
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def only_key(load: Load, fields: str) -> DesiredKey:
    (key,) = load(f"{HEAD}keys: {{a: {{provider: p, {fields}}}}}\n").desired.keys
    return key


def test_a_key_that_says_nothing_of_it(load: Load) -> None:
    key = only_key(load, "")
    assert key.rotation == Rotation(
        every=None, before_expiry=None, overlap=48 * HOUR, idle=24 * HOUR, hold_at_most=None
    )
    assert not key.rotation.due_some_day
    assert (key.verify, key.on_promoted) == (Verify(), None)
    assert (key.on_external_disable, key.on_unused) == (OnExternalDisable.HOLD, OnUnused.REPORT)
    assert key.unused_after is None


def test_a_key_that_says_all_of_it(load: Load) -> None:
    key = only_key(
        load,
        "expires: {after: 120d}, on_external_disable: reactivate, unused_after: 90d,"
        " on_unused: disable, verify: {allowed: [HEAD /b, GET /a], denied: [GET /x?y=z/../w]},"
        " rotate: {every: 90d, before_expiry: 7d, overlap: 3d, idle: 4d, hold_at_most: 0s,"
        " delete_after: 5d}",
    )
    assert key.rotation == Rotation(
        every=90 * DAY, before_expiry=7 * DAY, overlap=3 * DAY, idle=4 * DAY, hold_at_most=0 * DAY
    )
    assert key.delete_after == 5 * DAY
    assert key.verify == Verify(
        allowed=(Call("HEAD", "/b"), Call("GET", "/a")), denied=(Call("GET", "/x?y=z/../w"),)
    )
    assert key.on_external_disable is OnExternalDisable.REACTIVATE
    assert (key.unused_after, key.on_unused) == (90 * DAY, OnUnused.DISABLE)


@pytest.mark.parametrize(
    ("rotate", "overlap", "idle"),
    [
        ("", 48, 24),
        ("overlap: 6h", 6, 6),
        ("overlap: 0s", 0, 0),
        ("overlap: 10d", 240, 24),
        ("idle: 0s", 48, 0),
        ("overlap: 6h, idle: 12h", 6, 12),
    ],
)
def test_what_is_left_out_of_idle_is_bounded_by_the_overlap(
    load: Load, rotate: str, overlap: int, idle: int
) -> None:
    rotation = only_key(load, f"rotate: {{{rotate}}}").rotation
    assert (rotation.overlap, rotation.idle) == (overlap * HOUR, idle * HOUR)


def test_the_schedule_of_the_environments_merges_field_by_field(load: Load) -> None:
    text = f"""{HEAD}
defaults: {{provider: p, rotate: {{overlap: 72h, delete_after: 30d, before_expiry: 7d}}}}
environments:
  prod: {{rotate: {{every: 90d}}}}
  staging: {{rotate: {{every: 180d}}}}
  dev: {{rotate: {{every: 365d, overlap: 1h, before_expiry: never}}}}
keys:
  a: {{environment: prod}}
  b: {{environment: staging, rotate: {{idle: 1h}}}}
  c: {{environment: dev}}
  d: {{environment: prod, rotate: {{every: 30d, hold_at_most: 7d}}}}
  e: {{environment: prod, rotate: {{every: never, before_expiry: never}}, expires: never}}
"""
    keys = load(text).desired.keys
    assert [key.rotation for key in keys] == [
        Rotation(every=90 * DAY, before_expiry=7 * DAY, overlap=3 * DAY),
        Rotation(every=180 * DAY, before_expiry=7 * DAY, overlap=3 * DAY, idle=HOUR),
        Rotation(every=365 * DAY, overlap=HOUR, idle=HOUR),
        Rotation(every=30 * DAY, before_expiry=7 * DAY, overlap=3 * DAY, hold_at_most=7 * DAY),
        Rotation(overlap=3 * DAY),
    ]
    assert {key.delete_after for key in keys} == {30 * DAY}


def test_the_rest_replaces_what_it_overrides_as_a_whole(load: Load) -> None:
    text = f"""{HEAD}
defaults:
  provider: p
  verify: {{allowed: [GET /a], denied: [GET /b]}}
  on_promoted: {{webhook: https://one.example.com/x}}
  on_external_disable: rotate
  unused_after: 90d
  on_unused: disable
environments:
  prod: {{verify: {{denied: [GET /c]}}, on_promoted: {{command: [./reload.sh]}}}}
keys:
  a: {{}}
  b: {{environment: prod}}
  c: {{environment: prod, verify: {{}}, on_promoted: none, on_external_disable: hold,
       unused_after: never, on_unused: report}}
"""
    manifest = load(text)
    a, b, c = manifest.desired.keys
    assert a.verify == Verify(allowed=(Call("GET", "/a"),), denied=(Call("GET", "/b"),))
    assert b.verify == Verify(denied=(Call("GET", "/c"),))
    assert c.verify == Verify()
    assert [key.on_promoted for key in (a, b, c)] == [
        "webhook https://one.example.com",
        "command ./reload.sh",
        None,
    ]
    assert [(key.on_external_disable.value, key.on_unused.value) for key in (a, b, c)] == [
        ("rotate", "disable"),
        ("rotate", "disable"),
        ("hold", "report"),
    ]
    assert [key.unused_after for key in (a, b, c)] == [90 * DAY, 90 * DAY, None]
    assert [hook.address for hook in manifest.hooks] == ["a", "b"]


HOOKS = {
    "webhook: https://deploy.example.com/hooks/crm": "webhook https://deploy.example.com",
    "webhook: https://Deploy.example.com:8443/x?job=crm&env=prod": (
        "webhook https://Deploy.example.com:8443"
    ),
    "webhook: https://x.example.com/v2/order-service-v2-production-eu1?job=keymaker-20270502": (
        "webhook https://x.example.com"
    ),
    "webhook: http://127.0.0.1:9000/x": "webhook http://127.0.0.1:9000",
    "webhook: 'http://[::1]/x'": "webhook http://[::1]",
    "webhook: {env: DEPLOY_HOOK}": "webhook from DEPLOY_HOOK",
    "webhook: {file: secrets/hook}": "webhook from the file secrets/hook",
    "command: [./reload.sh, --service, crm]": "command ./reload.sh",
}


@pytest.mark.parametrize("hook", HOOKS)
def test_how_consumers_are_told_is_worded_without_what_may_be_secret(load: Load, hook: str) -> None:
    assert only_key(load, f"on_promoted: {{{hook}}}").on_promoted == HOOKS[hook]


def test_what_it_takes_to_tell_them(load: Load, folder: Path) -> None:
    manifest = load(f"""{HEAD}
defaults: {{provider: p, on_promoted: {{webhook: {{env: HOOK}}}}}}
keys:
  nobody: {{on_promoted: none}}
  shared: {{}}
  own: {{on_promoted: {{command: [./reload.sh, "a b", ""]}}}}
  literal: {{on_promoted: {{webhook: https://x.example.com/a?b=c}}}}
  file: {{on_promoted: {{webhook: {{file: hook}}}}}}
""")
    here = f"{folder}/keys.yaml"
    assert manifest.hooks == tuple(
        HookSettings(address=key.address, webhook=webhook, command=command, place=f"{here}:{place}")
        for key, webhook, command, place in zip(
            [key for key in manifest.desired.keys if key.address != "nobody"],
            [FileReference("hook"), "https://x.example.com/a?b=c", None, EnvReference("HOOK")],
            [(), (), ("./reload.sh", "a b", ""), ()],
            ["14:10", "13:13", "12:9", "11:3"],
            strict=True,
        )
    )


def test_a_bound_on_the_rotations_of_one_run(load: Load) -> None:
    assert [p.max_rotations for p in load(HEAD).desired.providers] == [20, None]


def test_an_overlap_that_just_fits(load: Load) -> None:
    for fields in (
        "rotate: {every: 48h1s}",
        "rotate: {before_expiry: 48h}, expires: {after: 6d}",
        "rotate: {every: 88d}, expires: {after: 90d}",
        "rotate: {every: 90d, before_expiry: 7d}, expires: {after: 90d}",
        "rotate: {before_expiry: 7d}",
        "rotate: {every: 30d}, expires: never",
        "rotate: {every: 30d}, expires: 2099-01-01",
        "rotate: {every: 1s, overlap: 0s}",
        "on_unused: report",
        "unused_after: never",
    ):
        only_key(load, fields)
