"""Paths, codecs, tokens and bodies, one by one."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import TypeAdapter

from reconciler.core.keys import Value
from reconciler.core.secret import Secret
from reconciler.errors import ProviderError
from reconciler.providers.bodies import UnwritableKeyError, write_fields
from reconciler.providers.codecs import UnusableValueError, encode, make_decoder
from reconciler.providers.dialect.fields import AnyField
from reconciler.providers.moments import read_moment
from reconciler.providers.paths import MISSING, compile_path
from reconciler.providers.tokens import read_claim

NOW = datetime(2029, 12, 31, tzinfo=UTC)
FIELD: TypeAdapter[AnyField] = TypeAdapter(AnyField)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("@", {"a": {"b": [{"c": 1}, {"c": 2}]}, "n": None}),
        ("n", None),
        ("x", MISSING),
        ("a.x", MISSING),
        ("a.x.y", MISSING),
        ("n.x", MISSING),
        ("a.b[].c", [1, 2]),
        ("a.b[0].c", 1),
        ("a.b[9].c", MISSING),
        ("a.b[?c == `2`].c | [0]", 2),
        ("length(n)", MISSING),
        ("n == null", True),
    ],
)
def test_paths(path: str, found: object) -> None:
    data = {"a": {"b": [{"c": 1}, {"c": 2}]}, "n": None}
    assert compile_path(path)(data) == found
    assert compile_path("list[].c")({"list": [{"c": 1}, 5]}) == [1, MISSING]
    assert compile_path("list[].c")({}) is MISSING


def test_a_path_that_is_no_jmespath_is_told() -> None:
    with pytest.raises(ProviderError, match="not a JMESPath expression"):
        compile_path("a[")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2029-12-31T22:00:00.123456Z", datetime(2029, 12, 31, 22, 0, 0, 123456, tzinfo=UTC)),
        ("2030-01-01T00:00:00.1234567+02:00", datetime(2029, 12, 31, 22, 0, 0, 123456, tzinfo=UTC)),
        ("2030-01-01T00:00:00", datetime(2030, 1, 1, tzinfo=UTC)),
        (None, None),
    ],
)
def test_instants(text: object, instant: datetime | None) -> None:
    assert read_moment(text, "rfc3339") == instant


@pytest.mark.parametrize("value", [1767225600, "soon", "", True, "0001-01-01T00:00:00+23:00"])
def test_what_is_no_instant(value: object) -> None:
    with pytest.raises(UnusableValueError):
        read_moment(value, "rfc3339")


@pytest.mark.parametrize(
    ("field", "theirs", "ours"),
    [
        ({"codec": "string"}, "a", "a"),
        ({"codec": "bool"}, True, True),
        ({"codec": "bool", "inverted": True}, True, False),
        ({"codec": "int"}, 5, 5),
        ({"codec": "set"}, ["a", "b"], ("a", "b")),
        ({"codec": "rate", "unlimited": 0}, 0, None),
        ({"codec": "rate", "unlimited": 0}, 5, 5),
        ({"codec": "instant", "clear": {"value": None}}, None, None),
        ({"codec": "instant"}, "2030-01-01T00:00:00Z", datetime(2030, 1, 1, tzinfo=UTC)),
    ],
)
def test_codecs_there_and_back(field: dict[str, object], theirs: object, ours: Value) -> None:
    mapped = FIELD.validate_python({"read": "x", **field})
    assert make_decoder(mapped)(theirs) == ours
    assert encode(mapped, ours, NOW) == theirs


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ({"codec": "string"}, [5, None, ["a"]]),
        ({"codec": "bool"}, [1, "true", None]),
        ({"codec": "int"}, [True, "5", 5.0, None]),
        ({"codec": "set"}, ["a", None, [1], {"a": 1}, [None]]),
        ({"codec": "rate"}, [True, None, "5"]),
        ({"codec": "rate", "unlimited": 0}, [None, True]),
    ],
)
def test_values_of_another_kind_are_not_taken(
    field: dict[str, object], wrong: list[object]
) -> None:
    mapped = FIELD.validate_python({"read": "x", **field})
    for value in wrong:
        with pytest.raises(UnusableValueError):
            make_decoder(mapped)(value)


@pytest.mark.parametrize(
    ("rounding", "shown"),
    [
        ("microsecond", "2030-01-01T10:00:00.123999Z"),
        ("millisecond", "2030-01-01T10:00:00.123000Z"),
        ("second", "2030-01-01T10:00:00Z"),
    ],
)
def test_an_instant_is_cut_to_what_the_api_keeps(rounding: str, shown: str) -> None:
    field = FIELD.validate_python({"codec": "instant", "read": "x", "rounding": rounding})
    zone = timezone(timedelta(hours=2))
    assert encode(field, datetime(2030, 1, 1, 12, 0, 0, 123999, tzinfo=zone), NOW) == shown
    with pytest.raises(UnusableValueError):
        encode(field, None, NOW)


def test_bodies_may_be_nested() -> None:
    nested = FIELD.validate_python({"codec": "int", "read": "x", "create": "limits.per.minute"})
    beside = FIELD.validate_python({"codec": "int", "read": "x", "create": "limits.burst"})
    below = FIELD.validate_python({"codec": "int", "read": "x", "create": "limits.burst.more"})
    fields = {"a": nested, "b": beside, "c": below}
    body = write_fields({}, fields, [("a", 1), ("b", 2)], "create", NOW)
    assert body == {"limits": {"per": {"minute": 1}, "burst": 2}}
    with pytest.raises(UnwritableKeyError, match="something else is there"):
        write_fields({}, fields, [("b", 1), ("c", 2)], "create", NOW)
    with pytest.raises(UnwritableKeyError, match="cannot update a"):
        write_fields({}, fields, [("a", 1)], "update", NOW)


def test_claims_are_read_from_tokens() -> None:
    assert read_claim(Secret(_token({"sub": "user-1"})), "sub") == "user-1"
    for token in ("", "a.b", "a.b.c", "a.!.c", "a.W10.c", _token({"sub": 5}), _token({})):
        assert read_claim(Secret(token), "sub") is None


def _token(claims: object) -> str:
    part = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{part}.x"
