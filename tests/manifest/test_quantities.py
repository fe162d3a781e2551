"""Spans, times and addresses as people write them."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.keys import At
from reconciler.manifest.quantities import (
    read_duration,
    read_lifetime,
    read_optional_duration,
    read_rate,
    read_span,
)
from reconciler.manifest.urls import read_url


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90d", timedelta(days=90)),
        ("48h", timedelta(hours=48)),
        ("30m", timedelta(minutes=30)),
        ("10s", timedelta(seconds=10)),
        ("2w", timedelta(weeks=2)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("1w2d3h4m5s", timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5)),
        ("0s", timedelta(0)),
        ("36525d", timedelta(days=36525)),
    ],
)
def test_durations(text: str, span: timedelta) -> None:
    assert read_duration(text) == span


@pytest.mark.parametrize(
    "value",
    ["", "d", "-1d", "1", "1 d", "1.5d", "12h1d", "1d1d", "1y", "P1D", "٣d", "1d\n", 30, None, []],
)
def test_no_durations(value: object) -> None:
    with pytest.raises(ValueError, match="must be a duration such as"):
        read_duration(value)


def test_a_duration_that_is_a_slip() -> None:
    for text in ("36526d", "36525d1s", "999999w", "99999999999s"):
        with pytest.raises(ValueError, match="longer than 100 years"):
            read_duration(text)


def test_a_span_that_may_be_none() -> None:
    assert read_span("never") is read_optional_duration("never") is None
    assert read_span("1s") == read_optional_duration("1s") == timedelta(seconds=1)
    assert read_optional_duration("0s") == timedelta(0)
    with pytest.raises(ValueError, match=r"^must be longer than nothing$"):
        read_span("0d")
    others: tuple[object, ...] = ("", "Never", None, 0, [])
    for value in others:
        with pytest.raises(ValueError, match=r"1d12h, or `never`$"):
            read_span(value)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2027-05-02", datetime(2027, 5, 2, 23, 59, 59, tzinfo=UTC)),
        ("2027-05-02T12:00:00Z", datetime(2027, 5, 2, 12, tzinfo=UTC)),
        ("2027-05-02t12:00z", datetime(2027, 5, 2, 12, tzinfo=UTC)),
        ("2027-05-02 12:00:00", datetime(2027, 5, 2, 12, tzinfo=UTC)),
        ("2027-05-02T12:00:00.25+02:00", datetime(2027, 5, 2, 10, 0, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_instants(text: str, instant: datetime) -> None:
    assert read_lifetime(text) == At(instant)


@pytest.mark.parametrize(
    "value",
    [
        "2027-02-30",
        "2027-13-01",
        "2027-05-02T25:00:00Z",
        "2027-05-02T12:00:00+99:00",
        "9999-12-31T23:59:59-05:00",
        "0001-01-01T00:00:00+05:00",
        "20270502",
        "2027-W18-7",
        "tomorrow",
        "Never",
        "",
        7,
        True,
        [],
        {},
        {"after": "1d", "before": "2d"},
        {"after": "0s"},
        {"after": 5},
    ],
)
def test_no_lifetimes(value: object) -> None:
    with pytest.raises(ValueError, match=r"^(must be|is a day)"):
        read_lifetime(value)


def test_rates() -> None:
    assert [read_rate(text) for text in ("1/s", "7/min", "60/h", "999/s")] == [60, 7, 1, 59940]
    for text in ("0/s", "01/s", "1/m", "1/d", "/s", "1.5/s", "-1/s", "61/h", "1/s\n", 600, None):
        with pytest.raises(ValueError, match=r"^must "):
            read_rate(text)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Keys.Example.COM/Api/", "https://keys.example.com/Api"),
        ("HTTPS://keys.example.com:443", "https://keys.example.com"),
        ("https://keys.example.com:8443/", "https://keys.example.com:8443"),
        ("http://localhost:80/x", "http://localhost/x"),
        ("http://127.8.9.1:8080", "http://127.8.9.1:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("sandbox:.keywright/Sandbox.db", "sandbox:.keywright/Sandbox.db"),
    ],
)
def test_urls(text: str, origin: str) -> None:
    assert read_url(text) == origin


@pytest.mark.parametrize(
    "value",
    [
        "",
        "keys.example.com",
        "https://",
        "https:///path",
        "ftp://x.example",
        "http://keys.example.com",
        "http://0.0.0.0",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://localhost@example.com",
        "https://user:hunter2@x.example",
        "https://hunter2@x.example",
        "https://x.example/?token=hunter2",
        "https://x.example/#hunter2",
        "https://x.example:99999",
        "https://x.example:hunter2",
        "https://[hunter2",
        "https://x.example/a b",
        "https://x.example\\@evil.example",
        "https://exämple.com",
        "https://x.example/\n",
        "sandbox:",
        "sandbox: ",
        7,
        None,
    ],
)
def test_no_urls(value: object) -> None:
    with pytest.raises(ValueError, match=r"^must ") as caught:
        read_url(value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
