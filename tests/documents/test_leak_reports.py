"""Leak reports: both scanners, hostile files, and nothing of a secret in anything that is said."""

from __future__ import annotations

import json
import traceback
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.secret import Fingerprint, Secret, fingerprint
from reconciler.documents.leak_reports import (
    LARGEST,
    LONGEST_PLACE,
    LONGEST_VALUE,
    LeakReport,
    read_leak_report,
)
from reconciler.errors import UsageError

SALT = b"salt"
VALUE = "kw-Zq81-live-0xPLAINTEXT"
GITLEAKS: dict[str, object] = {
    "RuleID": "generic-api-key",
    "Description": "Detected a Generic API Key",
    "StartLine": 12,
    "EndLine": 12,
    "StartColumn": 5,
    "EndColumn": 40,
    "Match": f'api_key = "{VALUE}"',
    "Secret": VALUE,
    "File": "src/config.py",
    "SymlinkFile": "",
    "Commit": "4f2c9d1e8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e",
    "Entropy": 4.1,
    "Author": "mara",
    "Email": "mara@example.com",
    "Date": "2026-03-01T12:00:00Z",
    "Message": "add config",
    "Tags": [],
    "Fingerprint": "4f2c9d1e:src/config.py:generic-api-key:12",
}
TRUFFLEHOG: dict[str, object] = {
    "SourceMetadata": {
        "Data": {
            "Git": {
                "commit": "4f2c9d1e8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e",
                "file": "src/config.py",
                "email": "mara@example.com",
                "repository": "https://git.example/crm",
                "timestamp": "2026-03-01 12:00:00 +0000",
                "line": 12,
            }
        }
    },
    "SourceID": 1,
    "SourceType": 16,
    "SourceName": "trufflehog - git",
    "DetectorType": 900,
    "DetectorName": "CustomRegex",
    "DecoderName": "PLAIN",
    "Verified": False,
    "Raw": VALUE,
    "RawV2": "",
    "Redacted": "",
    "ExtraData": None,
    "StructuredData": None,
}
LOG_LINE = {"level": "info-0", "ts": "2026-03-01", "logger": "trufflehog", "msg": "finished"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "report.json"


def read(file: Path, content: object) -> LeakReport:
    match content:
        case bytes():
            file.write_bytes(content)
        case str():
            file.write_text(content, encoding="utf-8")
        case _:
            file.write_text(json.dumps(content), encoding="utf-8")
    return read_leak_report(file)


def refusal(file: Path, content: object) -> str:
    with pytest.raises(UsageError) as caught:
        read(file, content)
    error = caught.value
    assert error.__context__ is None
    assert error.__cause__ is None
    told = "".join(traceback.format_exception(error)) + repr(error) + str(error)
    assert "PLAINTEXT" not in told
    assert "\n" not in str(error)
    assert str(file) in str(error)
    return str(error)


def prints(report: LeakReport) -> list[list[Fingerprint]]:
    return [[fingerprint(secret, SALT) for secret in leak.secrets] for leak in report.findings]


def a_print(value: str) -> Fingerprint:
    return fingerprint(Secret(value), SALT)


def lines(*entries: object) -> str:
    return "".join(f"{json.dumps(entry)}\n" for entry in entries)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ([GITLEAKS], "generic-api-key"),
        (json.dumps([GITLEAKS], indent=1), "generic-api-key"),
        (b"\xef\xbb\xbf" + json.dumps([GITLEAKS]).encode(), "generic-api-key"),
        (lines(TRUFFLEHOG), "CustomRegex"),
        (json.dumps(TRUFFLEHOG, indent=2), "CustomRegex"),
        ([TRUFFLEHOG], "CustomRegex"),
        (lines(LOG_LINE, TRUFFLEHOG, LOG_LINE), "CustomRegex"),
        (lines(TRUFFLEHOG).replace("\n", "\r\n"), "CustomRegex"),
    ],
)
def test_a_finding_of_either_scanner_has_its_value_and_its_place(
    file: Path, content: object, rule: str
) -> None:
    report = read(file, content)
    assert prints(report) == [[a_print(VALUE)]]
    (leak,) = report.findings
    assert leak.where == f"src/config.py:12 ({rule}, commit 4f2c9d1e8b7a)"
    assert (report.redacted, report.unusable) == (0, 0)


@pytest.mark.parametrize("content", ["", "\n \n", "[]", "null", "[]\n", lines(LOG_LINE)])
def test_a_report_without_findings_is_empty(file: Path, content: str) -> None:
    report = read(file, content)
    assert (report.findings, report.redacted, report.unusable) == ((), 0, 0)


def test_several_reports_in_one_file_are_read_as_one(file: Path) -> None:
    content = json.dumps([GITLEAKS, GITLEAKS]) + lines(TRUFFLEHOG, TRUFFLEHOG)
    assert len(read(file, content).findings) == 4


@pytest.mark.parametrize("around", ['"{}"', " {}\n", "'{}'", "`{}`", "\x00{}\x00", '"{}'])
def test_what_surrounds_a_value_is_tried_with_and_without(file: Path, around: str) -> None:
    value = around.format(VALUE)
    report = read(file, [GITLEAKS | {"Secret": value}])
    assert prints(report) == [[a_print(value), a_print(VALUE)]]


def test_both_values_of_a_multi_part_finding_are_tried(file: Path) -> None:
    report = read(file, lines(TRUFFLEHOG | {"RawV2": f"id-1{VALUE}"}))
    assert prints(report) == [[a_print(VALUE), a_print(f"id-1{VALUE}")]]


@pytest.mark.parametrize("hidden", ["REDACTED", "REDACT", "kw-Zq8...", "..."])
def test_redacted_findings_are_counted_and_match_nothing(file: Path, hidden: str) -> None:
    report = read(file, [GITLEAKS | {"Secret": hidden}, GITLEAKS])
    assert report.redacted == 1
    assert prints(report) == [[a_print(VALUE)]]


@pytest.mark.parametrize("value", ["", " ", '""', "x" * (LONGEST_VALUE + 1)])
def test_values_that_can_be_no_secret_are_counted(file: Path, value: str) -> None:
    report = read(file, [GITLEAKS | {"Secret": value}])
    assert (report.findings, report.unusable) == ((), 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"File": f"dumps/{VALUE}.env"},
        {"File": VALUE * 200},
        {"File": f"{'x' * (LONGEST_PLACE - 9)}{VALUE}"},
        {"Commit": VALUE},
        {"RuleID": VALUE},
        {"RuleID": f"{'r' * 70}{VALUE}"},
        {"Secret": f'"{VALUE}"', "File": f"{VALUE}/a"},
    ],
)
def test_a_secret_in_a_place_is_taken_out_of_it(file: Path, changes: dict[str, object]) -> None:
    (leak,) = read(file, [GITLEAKS | changes]).findings
    assert VALUE[:8] not in leak.where
    assert "PLAINTEXT" not in leak.where
    assert len(leak.where) < LONGEST_PLACE + 120


def test_a_long_secret_that_is_cut_in_a_place_leaves_no_part_of_itself(file: Path) -> None:
    value = VALUE * 50
    (leak,) = read(file, [GITLEAKS | {"Secret": value, "File": value * 9}]).findings
    assert VALUE not in leak.where


def test_the_parts_of_a_secret_are_taken_out_of_its_place_too(file: Path) -> None:
    entry = TRUFFLEHOG | {
        "SecretParts": {"id": "id-4711"},
        "SourceMetadata": {"Data": {"Docker": {"file": "layers/id-4711/x", "image": "a"}}},
    }
    (leak,) = read(file, lines(entry)).findings
    assert leak.where == "layers/(secret value)/x (CustomRegex)"


@pytest.mark.parametrize(
    ("metadata", "where"),
    [
        (None, "an unnamed place (CustomRegex)"),
        ({"Data": None}, "an unnamed place (CustomRegex)"),
        ({"Data": {"Stdin": {}}}, "an unnamed place (CustomRegex)"),
        ({"Data": {"Git": [1]}}, "an unnamed place (CustomRegex)"),
        ({"Data": {"S3": {"file": "a/b", "link": "https://x"}}}, "a/b (CustomRegex)"),
        ({"Data": {"GCS": {"filename": "a/b"}}}, "a/b (CustomRegex)"),
        ({"Data": {"Jira": {"link": "https://x/1"}}}, "https://x/1 (CustomRegex)"),
        (
            {"Data": {"Git": {"file": 7, "line": "x", "commit": []}}},
            "an unnamed place (CustomRegex)",
        ),
        ({"Data": {"Git": {"file": "a", "line": True}}}, "a (CustomRegex)"),
        ({"Data": {"Git": {"file": "a", "line": -1}}}, "a (CustomRegex)"),
        ({"Data": {"Git": {"file": "a", "line": 10**300}}}, "a (CustomRegex)"),
    ],
)
def test_a_place_is_told_as_far_as_the_report_tells_it(
    file: Path, metadata: object, where: str
) -> None:
    (leak,) = read(file, lines(TRUFFLEHOG | {"SourceMetadata": metadata})).findings
    assert leak.where == where


def test_a_place_cannot_move_a_cursor_or_hide_itself(file: Path) -> None:
    name = "a\x1b[2J\nb\u202ec\ud800\x00d"
    (leak,) = read(file, [GITLEAKS | {"File": name, "Commit": ""}]).findings
    assert leak.where == "a?[2J?b?c??d:12 (generic-api-key)"


@pytest.mark.parametrize(
    "content",
    [
        f"plain text with {VALUE}",
        f'"{VALUE}"',
        {"Secret": VALUE},
        {"RuleID": 1, "Secret": VALUE},
        {"RuleID": "x", "Secret": [VALUE]},
        {"DetectorName": "x", "Raw": None, "RawV2": VALUE},
        {"level": "info", "Secret": VALUE},
        [GITLEAKS, [GITLEAKS]],
        [GITLEAKS, VALUE],
        [VALUE],
        {"runs": [{"results": [{"message": {"text": VALUE}}]}]},
        json.dumps([GITLEAKS])[:-30],
        lines(TRUFFLEHOG) + json.dumps(TRUFFLEHOG)[:-30],
        lines(TRUFFLEHOG) + f"garbage {VALUE}\n" + lines(TRUFFLEHOG),
        json.dumps([GITLEAKS]) + VALUE,
        "[" * 200_000 + VALUE,
        '{"a":' * 200_000 + VALUE,
        f'[{{"RuleID":"x","Secret":"{VALUE}\x00"}}]',
        "1" * 10_000 + VALUE,
        b"\xff\xfe" + VALUE.encode("utf-16-le"),
        VALUE.encode() + b"\xff",
    ],
)
def test_what_is_no_report_is_refused_in_one_sentence_without_its_content(
    file: Path, content: object
) -> None:
    words = refusal(file, content)
    assert "Nothing was changed" in words
    assert "gitleaks" in words


def test_the_line_that_is_broken_is_named(file: Path) -> None:
    assert "line 3" in refusal(file, lines(TRUFFLEHOG, TRUFFLEHOG) + '{"Raw": ')
    assert "entry 2" in refusal(file, [GITLEAKS, {"a": VALUE}])


def test_a_report_that_is_too_large_is_not_read(file: Path) -> None:
    with file.open("wb") as large:
        large.truncate(LARGEST + 1)
    with pytest.raises(UsageError, match="larger than 50 MiB"):
        read_leak_report(file)


def test_a_report_that_is_not_there_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        read_leak_report(tmp_path / "missing.json")
    with pytest.raises(UsageError, match="this report is a folder"):
        read_leak_report(tmp_path)
    with pytest.raises(UsageError, match="this is no path"):
        read_leak_report(Path("a\x00b"))


def test_nothing_that_is_kept_shows_a_secret(file: Path) -> None:
    report = read(file, [GITLEAKS, GITLEAKS | {"File": VALUE}])
    for told in (repr(report), str(report), f"{report}", *(leak.where for leak in report.findings)):
        assert "PLAINTEXT" not in told
    assert "(secret value)" in repr(report)
    with pytest.raises(TypeError):
        json.dumps([leak.secrets for leak in report.findings])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "RuleID",
                    "Secret",
                    "File",
                    "StartLine",
                    "Raw",
                    "DetectorName",
                    "SourceMetadata",
                    "Data",
                ]
            ),
            inner,
        )
    ),
)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_content_is_a_report_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_bytes(content)
    with suppress(UsageError):
        report = read_leak_report(file)
        assert all(leak.where.isprintable() and leak.secrets for leak in report.findings)
