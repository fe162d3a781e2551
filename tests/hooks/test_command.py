"""Telling consumers by a command: real child processes, what they get, and how they end."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.hooks.command import Command
from reconciler.interfaces.driver import Done, Outcome, Refused, Unknown
from tests.hooks.builders import MESSAGE, NEWS, OP

KEEP = (
    "import json, os, sys; json.dump({'told': json.load(sys.stdin), 'argv': sys.argv[1:],"
    " 'cwd': os.getcwd(), 'environ': dict(os.environ)}, open('kept.json', 'w'))"
)
HANG = ("sh", "-c", "tail -f /dev/null & echo $$ $! > pids; wait")


def run(
    folder: Path,
    *argv: str,
    environ: Mapping[str, str] | None = None,
    patience: float = 60,
) -> Outcome[None]:
    given = dict(os.environ) if environ is None else environ
    return asyncio.run(Command(argv, folder, given, patience).announce(NEWS))


def python(folder: Path, code: str, *arguments: str) -> Outcome[None]:
    return run(folder, sys.executable, "-c", code, *arguments)


def test_a_command_gets_the_message_and_its_surroundings(tmp_path: Path) -> None:
    hostile = "; touch owned $(touch owned) `touch owned`"
    argv = (sys.executable, "-c", KEEP, hostile)
    environ = {"LANG": "C", "KEYWRIGHT_VERSION": "of ours", "OTHER": "kept"}
    assert run(tmp_path, *argv, environ=environ) == Done(None)
    kept = json.loads((tmp_path / "kept.json").read_text())
    assert kept["told"] == MESSAGE
    assert kept["argv"] == [hostile]
    assert Path(kept["cwd"]) == tmp_path.resolve()
    assert kept["environ"].pop("LC_CTYPE", "") is not None
    assert kept["environ"] == {
        "LANG": "C",
        "OTHER": "kept",
        "KEYWRIGHT_EVENT": "promoted",
        "KEYWRIGHT_STACK": "crm",
        "KEYWRIGHT_KEY": "crm-prod",
        "KEYWRIGHT_VERSION": "7",
        "KEYWRIGHT_STORE": "vault",
        "KEYWRIGHT_PATH": "crm/prod",
        "KEYWRIGHT_FIELD": "api_key",
        "KEYWRIGHT_OPERATION": OP,
    }
    assert not (tmp_path / "owned").exists()


def test_a_command_beside_the_manifest_is_found(tmp_path: Path) -> None:
    script = tmp_path / "tell.sh"
    script.write_text("#!/bin/sh\ncat > told\n")
    script.chmod(0o700)
    assert run(tmp_path, "./tell.sh") == Done(None)
    assert json.loads((tmp_path / "told").read_text()) == MESSAGE


def test_its_exit_code_is_what_counts(tmp_path: Path) -> None:
    assert python(tmp_path, "raise SystemExit(3)") == Refused("the command ended with exit code 3")
    died = python(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    assert died == Refused("the command was ended by signal 15")


def test_it_need_not_read_what_it_is_told(tmp_path: Path) -> None:
    assert python(tmp_path, "import os; os.close(0)") == Done(None)


def test_what_it_writes_is_shown_to_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    code = "import sys; print('s3cret' * 100000); sys.exit('s3cret')"
    assert python(tmp_path, code) == Refused("the command ended with exit code 1")
    assert "s3cret" not in "".join(capfd.readouterr()) + caplog.text


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (("./s3cret-missing",), "No such file or directory"),
        (("./folder",), "Permission denied"),
        (("s3cret\0",), "no process can be given this"),
    ],
)
def test_what_cannot_be_started_was_told_to_nobody(
    tmp_path: Path, argv: tuple[str, ...], why: str
) -> None:
    (tmp_path / "folder").mkdir()
    assert run(tmp_path, *argv) == Refused(f"the command could not be started: {why}")


def _pids(file: Path) -> list[int]:
    return [int(pid) for pid in file.read_text().split()]


def _ended(pid: int) -> bool:
    """Whether a process runs no more; one that nobody has reaped yet has ended as well."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def test_a_command_that_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    outcome = run(tmp_path, *HANG, patience=1.5)
    assert outcome == Unknown("the command took longer than 1.5 s and was killed")
    pids = _pids(tmp_path / "pids")
    assert len(pids) == 2
    assert all(_ended(pid) for pid in pids)


def test_a_run_that_is_interrupted_leaves_no_process_behind(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pids")

    async def interrupt() -> list[int]:
        task = asyncio.create_task(Command(HANG, tmp_path, os.environ).announce(NEWS))
        pids = await asyncio.to_thread(_pids, tmp_path / "pids")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return pids

    pids = asyncio.run(interrupt())
    assert len(pids) == 2
    assert all(_ended(pid) for pid in pids)
