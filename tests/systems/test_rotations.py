"""A rotation of every system of the seeds, over a real socket, judged by its clients' own logs.

Two of them take the new secret in time and never fail. The third one does not, and since all five
systems tell when a key was last used, its old key is held and reported, not cut off.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.core.keys import Address
from reconciler.core.keys import Stage as StageOfKey
from reconciler.core.orders import Orders
from reconciler.core.recorded import Version
from reconciler.core.steps import Action
from tests.cli.stage import NO_CHANGES, running_sandbox
from tests.sandbox_process import SandboxProcess
from tests.systems.story import USES, open_stage
from tests.systems.systems import SYSTEMS, System
from tests.systems.timelapse import SECOND, Timelapse

START = datetime(2027, 2, 1, 9, tzinfo=UTC)
OVERLAP, IDLE, KEPT = timedelta(minutes=1), timedelta(seconds=20), timedelta(hours=1)
ROTATE = "rotate: {every: 30d, overlap: 1m, idle: 20s, delete_after: 1h}"


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


class Story:
    """What happens, in the order in which it does."""

    def __init__(self, system: System, folder: Path, sandbox: SandboxProcess) -> None:
        stage = open_stage(system.example, folder, sandbox)
        system.declare(stage, ROTATE)
        self.system = system
        self.lapse = Timelapse(stage, system.address, START)
        self.late_at = START
        self.forgetful_at = START
        self.eager = self.lapse.client("eager", lambda _: True)
        self.late = self.lapse.client("late", lambda now: now == self.late_at)
        self.forgetful = self.lapse.client("forgetful", lambda now: now == self.forgetful_at)

    def begin(self) -> None:
        """Make the keys, and let them be used."""
        clients, self.lapse.clients = self.lapse.clients, []
        assert self.lapse.apply().code == 0
        self.lapse.clients = clients
        for _ in range(8):
            self.lapse.tick()

    def becomes_due(self) -> None:
        """Go to the moment at which the plan says that the next version is due."""
        first = self.lapse.apply()
        assert NO_CHANGES in first.text
        (due,) = (each.at for each in first.plan.scheduled if each.action is Action.ROTATE)
        self.lapse.clock.go_to(due - 3 * SECOND)
        self.lapse.tick_until(due - SECOND)
        self.rests()
        self.lapse.tick_until(due)

    def rotates(self) -> Version:
        """Rotate, and give the old version, which works on."""
        self.forget()
        applied = self.lapse.apply()
        assert applied.code == 0
        assert f"rotate {self.system.address}" in applied.steps
        assert "must be replaced" in applied.text
        assert "old key works until" in applied.text
        assert self.writes() == ["POST keys", *self.system.made]
        (old,) = self.versions(StageOfKey.RETIRING)
        assert old.retire_at is not None
        return old

    def rests(self, *parts: str) -> None:
        """Insist that nothing is done, also the second time, and that the plan says these parts."""
        self.forget()
        for _ in range(2):
            applied = self.lapse.apply()
            assert (applied.code, applied.steps, applied.held) == (0, [], [])
            assert NO_CHANGES in applied.text
            for part in parts:
                assert part in applied.text
        assert self.writes() == []

    def holds(self, *parts: str) -> None:
        """Insist that the old key is left alone, and that the plan says why, as pending."""
        self.forget()
        applied = self.lapse.apply()
        assert (applied.code, applied.steps) == (0, [])
        (held,) = applied.held
        code, text = self.lapse.plan()
        assert code == 2
        for part in parts:
            assert part in held
            assert part in text
        assert self.writes() == []

    def retires(self, old: Version) -> None:
        """Insist that the old key is taken away now, and nothing else is touched."""
        self.forget()
        applied = self.lapse.apply()
        assert applied.code == 0, applied.text
        assert self.writes() == [each.format(old=old.key_id) for each in self.system.ends]
        assert not self.lapse.accepts(self.forgetful.first)

    def deletes(self, old: Version) -> None:
        """Go on to the end of the time for undo, and insist that the old key is deleted."""
        if not self.system.deletes:
            return
        (kept,) = self.versions(StageOfKey.DISABLED)
        assert kept.disabled_at is not None
        assert kept.delete_at == kept.disabled_at + KEPT
        self.rests()
        self.lapse.clock.go_to(kept.delete_at)
        self.forget()
        assert self.lapse.apply().code == 0
        assert self.writes() == [each.format(old=old.key_id) for each in self.system.deletes]
        assert self.versions(StageOfKey.DISABLED) == []

    def versions(self, stage: StageOfKey) -> list[Version]:
        """Give what is recorded of the versions of this stage."""
        return [each for each in self.lapse.row().living if each.stage is stage]

    def forget(self) -> None:
        """Begin the log of requests anew."""
        self.lapse.stage.forget_requests()

    def writes(self) -> list[str]:
        """Give the writes that the sandbox has seen since then."""
        return self.system.writes(self.lapse.stage)


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.example.name)
def test_clients_that_reload_in_time_never_fail(
    system: System, tmp_path: Path, sandbox: SandboxProcess
) -> None:
    story = Story(system, tmp_path / "stage", sandbox)
    clock, lapse = story.lapse.clock, story.lapse
    story.begin()
    story.becomes_due()
    old = story.rotates()
    ends = old.retire_at
    assert ends is not None
    assert ends <= clock.now() + OVERLAP
    story.rests("Under way", f"v{old.number}")

    story.late_at = ends - OVERLAP / 10
    lapse.tick_until(ends - SECOND)
    story.rests("Under way")
    lapse.tick_until(ends)
    story.holds(f"v{old.number} was still used")
    lapse.tick_until(ends + OVERLAP)
    story.holds(f"v{old.number} was still used")
    story.forgetful_at = clock.now() + SECOND
    lapse.tick_until(story.forgetful_at + IDLE - 2 * SECOND)
    story.holds("it stays until it was idle for")
    lapse.tick_until(story.forgetful_at + IDLE)
    story.retires(old)
    lapse.tick()
    story.deletes(old)
    lapse.tick()
    story.rests()
    assert_logs(story, ends)


def test_without_overlap_the_old_key_goes_once_the_new_one_is_used(
    tmp_path: Path, sandbox: SandboxProcess
) -> None:
    """Whoever wants no overlap still gets the evidence: consumers have the new one first."""
    story = Story(SYSTEMS[0], tmp_path / "stage", sandbox)
    lapse = story.lapse
    story.begin()
    eager, lapse.clients = lapse.clients[:1], lapse.clients[2:]
    address = frozenset({Address(story.system.address)})
    asked = Orders(only=address, rotate=address, overlap=timedelta(0))
    assert lapse.apply(asked).code == 0
    (old,) = story.versions(StageOfKey.RETIRING)
    for _ in range(8):
        lapse.tick()
    story.holds("v2 was not used yet, but by our own probe; v1 stays until it was")
    lapse.tick(clients=eager)
    story.retires(old)
    refused = {entry.at for entry in story.forgetful.log if entry.status == 401}
    assert refused <= {lapse.clock.now()}


def assert_logs(story: Story, ends: datetime) -> None:
    """Judge by what the clients wrote down: no failure, and who used which key when."""
    use = USES[story.system.example.dialects[0]]
    for client in story.lapse.clients:
        failed = [entry for entry in client.log if entry.status != use.accepted]
        assert failed == [], client.name
        assert {entry.secret for entry in client.log} == {0, 1}, client.name
    began = ends - OVERLAP
    assert story.eager.used_from(1) <= began
    assert story.late.used_until(0) < story.late_at == story.late.used_from(1)
    assert story.forgetful.used_until(0) < story.forgetful_at == story.forgetful.used_from(1)
    assert story.forgetful.used_until(0) > ends
