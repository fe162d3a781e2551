"""A reference is resolved to a secret, or refused in one sentence without any value."""

from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.manifest import EnvReference, FileReference, Reference, resolve


def test_an_environment_variable(tmp_path: Path) -> None:
    secret = resolve(EnvReference("TOKEN"), {"TOKEN": "hunter2"}, tmp_path)
    assert secret.reveal() == "hunter2"
    assert "hunter2" not in f"{secret!r} {secret}"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"hunter2", "hunter2"),
        (b"hunter2\n", "hunter2"),
        (b"hunter2\r\n", "hunter2"),
        (b"two\nlines\n", "two\nlines"),
        ("pässword\n".encode(), "pässword"),
    ],
)
def test_a_file(tmp_path: Path, content: bytes, value: str) -> None:
    (tmp_path / "secret").write_bytes(content)
    assert resolve(FileReference("secret"), {}, tmp_path).reveal() == value
    assert resolve(FileReference(str(tmp_path / "secret")), {}, Path("/")).reveal() == value


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data/token").write_text("hunter2")
    (tmp_path / "token").symlink_to("..data/token")
    assert resolve(FileReference("token"), {}, tmp_path).reveal() == "hunter2"


BAD: list[tuple[Reference, str]] = [
    (
        EnvReference("MISSING"),
        "provider 'p': the environment variable MISSING is not set. Set MISSING and run again.",
    ),
    (
        EnvReference("EMPTY"),
        (
            "provider 'p': the environment variable EMPTY is empty."
            " Put the credential into it and run again."
        ),
    ),
    (
        FileReference("missing"),
        (
            "provider 'p': the file missing cannot be read: No such file or directory."
            " Name a file that holds the credential and nothing else."
        ),
    ),
    (
        FileReference("."),
        (
            "provider 'p': the file . cannot be read: Is a directory."
            " Name a file that holds the credential and nothing else."
        ),
    ),
    (
        FileReference("empty"),
        "provider 'p': the file empty is empty. Put the credential into it and run again.",
    ),
    (
        FileReference("binary"),
        (
            "provider 'p': the file binary is not UTF-8 text."
            " Name a file that holds the credential and nothing else."
        ),
    ),
    (
        FileReference("large"),
        (
            "provider 'p': the file large is larger than 64 KiB."
            " Name a file that holds the credential and nothing else."
        ),
    ),
]


@pytest.mark.parametrize(("reference", "sentence"), BAD)
def test_what_cannot_be_resolved(tmp_path: Path, reference: Reference, sentence: str) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "binary").write_bytes(b"hunter2\xff")
    (tmp_path / "large").write_bytes(b"hunter2" * 10_000)
    with pytest.raises(UsageError) as caught:
        resolve(reference, {"EMPTY": " "}, tmp_path, where="provider 'p'")
    assert str(caught.value) == sentence
    assert caught.value.__context__ is None
