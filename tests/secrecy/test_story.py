"""One long story with everything that goes wrong in it; no secret is in anything it left behind."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.stage import KEYS, USE, Stack, Started, log_in, make_bare_stack, running_sandbox
from tests.sandbox_process import SandboxProcess
from tests.secrecy import relay as spoils
from tests.secrecy.relay import Relay, Spoil
from tests.secrecy.scanner import files_under, find

PASSWORD = 'pä ss/w+"ö\\rd \u2603 '
WRONG = "wrong-" + uuid.uuid4().hex
FIRST = "a: {}\nb: {enabled: false}\nc: {rotate: {delete_after: 0s}}\nd: {scopes: [chat, x]}\ne: {}"


class Story:
    """A stack behind a relay, and everything that was ever printed or found in its folder."""

    def __init__(self, stack: Stack, relay: Relay) -> None:
        self.stack = stack
        self.relay = relay
        self.artefacts: dict[str, bytes] = {}

    def run(self, *arguments: str, code: int = 0, **changed: str) -> None:
        """Run a command, keep what it printed and every file that is there afterwards."""
        ran = self.stack.run(*arguments, **changed).ended(code)
        self.keep(" ".join(arguments), f"{ran.out}\n{ran.err}")

    def look(self, *commands: str) -> None:
        """Run commands that only look, all at once, and keep what they printed."""
        for command, ran in zip(commands, self.stack.look(*commands), strict=True):
            self.keep(command, f"{ran.ended(0).out}\n{ran.err}")

    def keep(self, what: str, printed: str) -> None:
        """Keep what was printed, and every file as it is now."""
        title = f"{len(self.artefacts)} {what}"
        self.artefacts[f"{title}: printed"] = printed.encode()
        top = self.stack.folder.parent
        identity = self.stack.folder / ".keywright" / "identity.txt"
        for name, content in files_under(top, but=[identity]).items():
            self.artefacts[f"{title}: {name}"] = content

    def interrupt(self, *signals: int) -> Started:
        """Stop an apply while the new key's secret is in the spool and nowhere else."""
        met = self.stack.fault("latency", USE, seconds=60, times=None)
        started = self.stack.start("apply", "--auto-approve", "-vv", "--allow-revoke", "1")
        met(1)
        for count, number in enumerate(signals, 1):
            started.signal(number)
            if count < len(signals):
                started.wait_for_line("Interrupt received")
        ran = started.end()
        assert list((self.stack.folder / ".keywright" / "spool").glob("*.age"))
        self.stack.heal()
        self.keep(f"apply, interrupted by {signals}", f"{ran.out}\n{ran.err}")
        return started

    def declare(self, line: str) -> None:
        """Add a key to the manifest."""
        self.stack.edit("keys:\n", f"keys:\n  {line}\n")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def story(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Story]:
    with Relay(sandbox.url) as relay:
        stack = make_bare_stack(tmp_path / "all" / "work", sandbox)
        stack.api.close()
        password = PASSWORD + uuid.uuid4().hex
        stack.username, stack.password = f"user-{uuid.uuid4().hex}", password
        sandbox.add_user(stack.username, password, "member")
        stack.api = log_in(stack.base, stack.username, password)
        temporary = stack.folder.parent / "tmp"
        temporary.mkdir()
        changed = {"KW_USER": stack.username, "KW_PASSWORD": password, "TMPDIR": str(temporary)}
        stack.environ |= changed
        stack.base = stack.base.replace(sandbox.url, relay.url)
        stack.write(FIRST)
        relay.note("the password", password)
        relay.note("the wrong password", WRONG)
        told = Story(stack, relay)
        yield told
        stack.close()


def live_normally(story: Story) -> None:
    story.run("init")
    story.look("validate", "plan", "plan --format json")
    story.run("apply", "--auto-approve", "-vv")
    story.look("status -vv", "status --format json", "state list --format json", "state show a")
    identity = (story.stack.folder / ".keywright" / "identity.txt").read_text().splitlines()[-1]
    story.relay.note("the age identity", identity, len("AGE-SECRET-KEY-1"))
    story.stack.api.delete(f"/api-keys/{story.stack.live()['a']['id']}").raise_for_status()
    story.stack.edit("b: {enabled: false}", "b: {enabled: true}")
    story.run("apply", "--auto-approve", "-vv", "--format", "json")


def meet_bad_answers(story: Story) -> None:
    story.declare("refused-falsely: {}")
    story.relay.spoil_next("POST", "/api-keys", spoils.repeat_everything)
    story.run("apply", "--auto-approve", "-vv", code=1)
    # An API that refuses although it has done it leaves a key that is seen as a stale state.
    story.run("plan", code=3)
    lost = story.stack.live()["refused-falsely"]["id"]
    story.stack.api.delete(f"/api-keys/{lost}").raise_for_status()
    story.run("apply", "--auto-approve", "-vv")
    answers: tuple[Spoil, ...] = (
        spoils.fail_with_the_answer, spoils.misplace_the_key, spoils.cut_the_json,
        spoils.put_the_key_into_the_name,
    )  # fmt: skip
    for number, spoil in enumerate(answers):
        story.declare(f"bad-{number}: {{}}")
        story.relay.spoil_next("POST", "/api-keys", spoil)
    story.run("apply", "--auto-approve", "-vv", code=1)
    story.run("apply", "--auto-approve", "-vv")
    for method, path in (("POST", "/login/access-token"), ("GET", "/api-keys")):
        story.relay.spoil_next(method, path, spoils.repeat_everything)
        story.run("apply", "--auto-approve", "-vv", code=1)
        story.relay.spoil_next(method, path, spoils.repeat_everything)
        story.run("plan", "--format", "json", "-vv", code=1)
    story.run("apply", "--auto-approve", "-vv", code=1, KW_PASSWORD=WRONG)
    story.run("status", "-vv", code=1, KW_PASSWORD=f"{WRONG}\n")
    story.declare("refused: {}")
    story.stack.fault("status", KEYS, method="POST", status=422)
    story.run("apply", "--auto-approve", "-vv", "--format", "json", code=1)
    story.run("apply", "--auto-approve")


def meet_guards_and_signals(story: Story) -> None:
    story.stack.edit("  c: {rotate: {delete_after: 0s}}\n", "")
    story.run("apply", "--auto-approve", "-vv", code=3)
    story.run("plan", "--format", "json", code=3)
    story.declare("killed: {}")
    story.interrupt(signal.SIGKILL)
    story.run("status")
    story.run("apply", "--auto-approve", "-vv", "--allow-revoke", "1")
    assert "c" not in story.stack.live()
    story.declare("stopped: {}")
    story.interrupt(signal.SIGINT, signal.SIGINT)
    story.run("plan", "-vv")
    story.run("apply", "--auto-approve", "-vv")


def damage_what_is_stored(story: Story) -> None:
    story.declare("unreadable: {}")
    (story.stack.folder / ".keywright" / "secrets" / "unreadable").write_text("in the way")
    story.run("apply", "--auto-approve", "-vv", code=1)
    (story.stack.folder / ".keywright" / "secrets" / "unreadable").unlink()
    story.declare("spoolless: {}")
    spool = story.stack.folder / ".keywright" / "spool"
    spool.rmdir()
    spool.write_text("in the way")
    story.run("apply", "--auto-approve", "-vv", code=1)
    spool.unlink()
    story.run("apply", "--auto-approve", "-vv")
    story.stack.state.write_bytes(story.stack.state.read_bytes()[:5000])
    story.run("plan", "-vv", code=1)


def test_no_secret_is_in_anything_that_a_stack_leaves_behind(story: Story) -> None:
    chapters: tuple[Callable[[Story], None], ...] = (
        live_normally, meet_bad_answers, meet_guards_and_signals, damage_what_is_stored,
    )  # fmt: skip
    for chapter in chapters:
        chapter(story)
    hunted = list(story.relay.secrets.values())
    kinds = [each.what.rsplit(" ", 1)[0] for each in hunted]
    assert kinds.count("a key") >= 14
    assert kinds.count("a log-in token") >= 20
    stored = {story.stack.decrypt(file) for file in story.stack.folder.rglob("current.age")}
    assert stored
    assert stored <= set(story.relay.secrets)
    for part in ("state.db", ".age", ": printed", "keys.yaml", "spool/"):
        assert any(part in name for name in story.artefacts), part
    assert find(hunted, distinct(story.artefacts)) == []


def distinct(artefacts: dict[str, bytes]) -> dict[str, bytes]:
    """Keep each content once: most files stay as they are from one command to the next."""
    return {name: content for content, name in {c: n for n, c in artefacts.items()}.items()}
