"""The key's own value wins over its environment's, that one over the defaults'."""

from collections.abc import Callable
from datetime import timedelta

from reconciler.core.keys import Target
from reconciler.manifest import Manifest

Load = Callable[[str], Manifest]
TEXT = """\
version: 1
stack: acme
stores: {one: {type: age, path: one}, two: {type: age, path: two}}
providers:
  p: {dialect: clouisle, url: https://c.example.com}
  q: {dialect: clouisle, url: https://d.example.com}
defaults:
  provider: p
  owner: default
  labels: {a: default, b: default}
  scopes: [default]
  rotate: {delete_after: 1d}
  secret: {store: one, field: DEFAULT}
  protect: true
environments:
  prod: {owner: prod, labels: {a: prod}, rotate: {delete_after: 2d}, secret: {store: two}}
  empty: {}
keys:
  k1: {}
  k2: {environment: prod}
  k3: {environment: prod, owner: own, labels: {c: own}, rotate: {delete_after: 3d},
       secret: {path: own/path}, scopes: [own], protect: false, provider: q}
  k4: {environment: empty, rotate: {}, secret: {field: OWN}}
"""


def test_the_order_and_the_depth_of_merging(load: Load) -> None:
    keys = load(TEXT).desired.keys
    assert [key.owner for key in keys] == ["default", "prod", "own", "default"]
    assert [key.provider for key in keys] == ["p", "p", "q", "p"]
    assert [key.labels for key in keys] == [
        (("a", "default"), ("b", "default")),
        (("a", "prod"),),
        (("c", "own"),),
        (("a", "default"), ("b", "default")),
    ]
    assert [key.attributes.get("scopes") for key in keys] == [
        ("default",),
        ("default",),
        ("own",),
        ("default",),
    ]
    assert [key.delete_after for key in keys] == [timedelta(days=n) for n in (1, 2, 3, 1)]
    assert [key.target for key in keys] == [
        Target("one", "k1", "DEFAULT"),
        Target("two", "k2", "DEFAULT"),
        Target("two", "own/path", "DEFAULT"),
        Target("one", "k4", "OWN"),
    ]
    assert [key.protect for key in keys] == [True, True, False, True]


def test_without_environments_any_name_is_one(load: Load) -> None:
    text = """\
version: 1
stack: acme
stores: {one: {type: age, path: one}}
providers: {p: {dialect: clouisle, url: https://c.example.com}}
keys: {a: {provider: p, environment: Wherever}}
"""
    (key,) = load(text).desired.keys
    assert key.environment == "Wherever"
    assert key.delete_after == timedelta(days=30)
    assert key.target == Target("one", "a", "secret")
