"""A secret shows itself to nobody who does not say `reveal`."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass

import pytest
from deepdiff import DeepDiff

from reconciler.core.secret import Secret, fingerprint, shorten

PLAIN = "sk-live-7d1f0a2b"
SALT = b"sixteen byte salt"


@dataclass
class Holder:
    secret: Secret


REFUSED: dict[str, Callable[[Secret], object]] = {
    "equality": lambda secret: secret == Secret(PLAIN),
    "inequality": lambda secret: secret != PLAIN,
    "hash": hash,
    "length": len,
    "truth": bool,
    "iteration": list,
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
    "json": json.dumps,
    "asdict": lambda secret: asdict(Holder(secret)),
    "attributes": vars,
    "concatenation": lambda secret: "" + secret,  # type: ignore[operator]  # the same
}


@pytest.mark.parametrize("way", REFUSED)
def test_it_cannot_be_looked_at(way: str) -> None:
    with pytest.raises(TypeError) as caught:
        REFUSED[way](Secret(PLAIN))
    assert PLAIN not in str(caught.value)


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>40}".format, "%s".__mod__])
def test_it_reads_the_same_whatever_it_is(show: Callable[[object], str]) -> None:
    assert show(Secret(PLAIN)).strip() == "(secret value)"
    assert "(secret value)" in show([Secret(PLAIN)])
    assert "(secret value)" in show(Holder(Secret(PLAIN)))


def test_a_difference_of_what_holds_one_does_not_show_it() -> None:
    told = str(DeepDiff({"a": 1}, {"a": 2, "b": [1]}))
    assert told
    assert PLAIN not in repr(Holder(Secret(PLAIN)))


def test_it_gives_its_value_to_who_says_reveal() -> None:
    assert Secret(PLAIN).reveal() == PLAIN


def test_a_fingerprint_tells_secrets_apart_and_nothing_more() -> None:
    first = fingerprint(Secret(PLAIN), SALT)
    assert first == fingerprint(Secret(PLAIN), SALT)
    assert first != fingerprint(Secret(PLAIN + "x"), SALT)
    assert first != fingerprint(Secret(PLAIN), b"another salt")
    assert len(first) == 32
    assert shorten(first) == first[:8]
    assert PLAIN[:4] not in first
