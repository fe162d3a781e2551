"""Dialects for people: everything is there, nothing is wider than the terminal, nothing acts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.capabilities import Capabilities, FieldRule, Marker
from reconciler.core.profile import Access, CallProfile, FieldProfile, Profile, VariableProfile
from reconciler.render import (
    dialect_list_json,
    dialect_list_text,
    dialect_show_json,
    dialect_show_text,
)
from tests.render.printed import assert_harmless, too_wide, without_colour

WIDTHS = (30, 40, 50, 60, 80, 120, 200)
ABLE = Capabilities(
    dialect="mine",
    fields=frozenset({"name", "expires_at", "options.tier"}),
    mutable=frozenset({"expires_at"}),
    rules=(FieldRule(field="expires_at", required="every key expires"),),
    refusals=(("rate_limit", "limits are the plan's"),),
    marker=Marker.FIELD,
    expiry_step=timedelta(seconds=1),
    shortest=timedelta(minutes=5),
    longest=timedelta(days=90),
    list_lag=timedelta(seconds=30),
    capacity=10,
    takes_provider_keys=True,
    used_elsewhere=True,
    credentials=(("token",),),
)
RICH = Profile(
    name="mine",
    title="My own API",
    reference="its documentation, which is a long text that has to be broken somewhere",
    run_live=True,
    file="./dialects/mine.yaml",
    able=ABLE,
    access=(Access("bearer", ("token",)), Access("login", ("password", "username"))),
    tenant=(
        VariableProfile("account", "the id of the account", None, required=True),
        VariableProfile("region", "where it is", "eu", required=False),
        VariableProfile("zone", "which part of it", None, required=False),
    ),
    fields=(
        FieldProfile(
            name="expires",
            value="a time",
            declared=True,
            mutable=True,
            told=True,
            required="every key expires",
        ),
        FieldProfile(
            name="options.tier",
            value="a list of texts",
            declared=True,
            mutable=False,
            told=False,
            allowed=("small", "large"),
            never_empty="none means all",
        ),
        FieldProfile(name="prefix", value="text", declared=False, mutable=False, told=True),
    ),
    upstream_fields=(
        FieldProfile(name="url", value="text", declared=True, mutable=False, told=True),
    ),
    calls=(
        CallProfile("list", "GET /keys"),
        CallProfile("disable", "POST /keys/{id}/off", "for good"),
    ),
    paging="in one answer",
    mark="in a tag, beside the name",
    has_audit=True,
    reach="it also opens",
)
POOR = replace(
    RICH,
    name="poor",
    reference=None,
    run_live=False,
    file=None,
    able=Capabilities(
        dialect="poor",
        fields=frozenset(),
        mutable=frozenset(),
        marker=Marker.NONE,
        can_disable=False,
        can_enable=False,
        can_verify=False,
        tells_last_use=False,
        on_deploy=True,
        has_toggle=True,
    ),
    tenant=(),
    fields=(),
    calls=(CallProfile("list", "GET /keys"),),
    has_audit=False,
    reach=None,
)
HOSTILE = replace(
    RICH,
    title="\x1b[2J evil \u202e ::set-output",
    reference="##vso[task] \n next",
    access=(Access("bearer", ("to\x1bken",)),),
    calls=(CallProfile("list", "GET /\u2028x", "\x07"),),
)


def texts(width: int, *, color: bool) -> list[str]:
    shown = [dialect_show_text(each, width=width, color=color) for each in (RICH, POOR, HOSTILE)]
    return [dialect_list_text((RICH, POOR, HOSTILE), width=width, color=color), *shown]


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_drawn_fits_and_is_harmless(width: int) -> None:
    plain, coloured = texts(width, color=False), texts(width, color=True)
    for text, in_colour in zip(plain, coloured, strict=True):
        assert not too_wide(text, width)
        assert [line for line in text.split("\n") if line != line.rstrip()] == []
        assert without_colour(in_colour) == text
        assert "\x1b[" in in_colour
        assert_harmless(in_colour)


def test_a_list_on_80_columns() -> None:
    assert dialect_list_text((RICH, POOR), width=80, color=False).split("\n") == [
        "NAME  RUN LIVE  CHANGE    SWITCH      EXPIRY  MARK       COUNTS",
        "mine  yes       in place  on and off  always  own field  at once",
        "  My own API, from its documentation, which is a long text that has to be broken",
        "    somewhere",
        "poor  no        new key   no          never   nowhere    on deploy",
        "  My own API",
        "",
        "`keywright dialect show NAME` tells more, and `show FILE` of your own.",
    ]


def test_a_narrow_terminal_says_what_it_leaves_out() -> None:
    text = dialect_list_text((RICH,), width=40, color=False)
    assert "Not shown for want of room: EXPIRY, MARK,\nCOUNTS" in text or "MARK" in text


def test_one_dialect_on_80_columns() -> None:
    assert dialect_show_text(RICH, width=80, color=False).split("\n") == [
        "mine: My own API",
        "  Written from its documentation, which is a long text that has to be broken",
        "  somewhere.",
        "  Run against the real API.",
        "  Read from ./dialects/mine.yaml.",
        "",
        "Credentials, one of these under `auth`",
        "  bearer  token",
        "  login   password, username",
        "",
        "To be told under `tenant`",
        "  account  the id of the account",
        "  region   where it is (by default eu)",
        "  zone     which part of it (optional)",
        "",
        "Fields of a key",
        "  FIELD         VALUE            CHANGED",
        "  expires       a time           in place",
        "      must be declared: every key expires",
        "  options.tier  a list of texts  by a new key",
        "      takes small, large",
        "      must not be empty: none means all",
        "      cannot be read back",
        "  prefix        text             never",
        "      only shown: it cannot be declared",
        "",
        "Refused",
        "  rate_limit  limits are the plan's",
        "",
        "Options of a provider key, to make an upstream",
        "  FIELD  VALUE",
        "  url    text",
        "",
        "Calls",
        "  OPERATION  CALL",
        "  list       GET /keys",
        "  disable    POST /keys/{id}/off",
        "      for good",
        "",
        "How it behaves",
        "  marks     in a tag, beside the name",
        "  lists     in one answer",
        "  effect    at once",
        "  gateway   takes secrets of other APIs: `provider_keys`",
        "  use       keys are used at another address: `key_url`",
        "  reach     it also opens",
        "  capacity  10 keys",
        "  expiry    kept to the second, 5m away at least, 90d away at most",
        "  lag       a new key may be missing from the list for 30s",
        "",
        "It cannot",
        "  * look up one key by its id: the whole list is read",
    ]


def test_what_a_poor_one_cannot_do() -> None:
    text = dialect_show_text(POOR, width=200, color=False)
    behaves, cannot = text.split("How it behaves\n")[1].split("It cannot\n")
    assert [line.strip() for line in behaves.strip().split("\n")] == [
        "marks     in a tag, beside the name",
        "lists     in one answer",
        "effect    from the next deploy on",
        "switch    one for all keys of a tenant: `keys_enabled`",
        "capacity  no limit is known",
    ]
    assert cannot.split("\n") == [
        "  * look up one key by its id: the whole list is read",
        "  * change a key: every change is a new one",
        "  * switch a key off before it is deleted",
        "  * let a key expire",
        "  * try a new key out",
        "  * tell when a key was last used",
        "  * tell what was done to a key",
        ("  * find a lost key by a mark: a person decides, unless the provider is `exclusive`"),
    ]


def test_json_has_every_capability() -> None:
    document = json.loads(dialect_show_json(RICH))
    assert document["format_version"] == "1.0"
    assert document["source"] == {"reference": RICH.reference, "run_live": True}
    able = document["capabilities"]
    assert set(able) == set(Capabilities.__dataclass_fields__)
    assert able["fields"] == ["expires_at", "name", "options.tier"]
    assert (able["expiry_step"], able["longest"]) == ("second", 90 * 86_400)
    assert able["refusals"] == {"rate_limit": "limits are the plan's"}
    several = json.loads(dialect_list_json((RICH, POOR)))
    assert [each["name"] for each in several["dialects"]] == ["mine", "poor"]
    assert {"format_version": "1.0", **several["dialects"][0]} == document


@pytest.mark.parametrize(
    ("step", "word"),
    [
        (timedelta(microseconds=1), "microsecond"),
        (timedelta(milliseconds=1), "millisecond"),
        (timedelta(seconds=1), "second"),
        (timedelta(minutes=1), "minute"),
        (timedelta(hours=1), "hour"),
        (timedelta(days=1), "day"),
    ],
)
def test_steps_have_names(step: timedelta, word: str) -> None:
    stepped = replace(RICH, able=replace(ABLE, expiry_step=step))
    assert f"kept to the {word}," in dialect_show_text(stepped, width=80, color=False)
