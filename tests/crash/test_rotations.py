"""SIGKILL while one key is rotated, two are retired, and one is revoked and replaced."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from reconciler.core.keys import Address, KeyId, OpId
from reconciler.core.recorded import Incident
from reconciler.wiring import load, open_state
from tests.crash.killpoints import Point, instants
from tests.crash.lanes import Bench, Lane
from tests.crash.stage import Case
from tests.crash.test_crashes import HEAD, OF_ROTATION

MANIFEST = (
    HEAD.replace("SPOOL", "local")
    + """
keys:
  turns:
    provider: p
    scopes: [chat]
    verify: {denied: [GET /admin/audit-logs]}
    on_promoted: {command: ["true"]}
  fades: {provider: p, rotate: {overlap: 0s}}
  ends: {provider: p, rotate: {overlap: 0s, delete_after: 0s}}
  leaked: {provider: p}
"""
)
REACHED: set[str] = set()
OLD: dict[Path, dict[str, str]] = {}
"""What consumers of a case read when the run begins that is killed."""


def scenario(lane: Lane) -> Case:
    """A key that will be rotated, two whose overlap is over, and one that a person revoked."""
    case = lane.case(MANIFEST)
    manifest = case.folder / "keys.yaml"
    made = case.apply(manifest, monitor=False)
    assert made is not None
    rotated = case.apply(manifest, monitor=False, rotate=("fades", "ends"))
    assert rotated is not None
    assert {outcome for _, _, outcome, _ in (*made["results"], *rotated["results"])} == {"done"}
    asyncio.run(_revoke(manifest))
    OLD[case.folder] = {name: _stored(case, name) for name in ("turns", "fades", "ends", "leaked")}
    return case


async def _revoke(manifest: Path) -> None:
    """Order that a key is revoked, as a person does whose order did not get any further."""
    backend = open_state(load(manifest))
    row = next(row for row in (await backend.read()).keys if row.address == "leaked")
    version = row.current
    assert version is not None
    await backend.write_incident(
        Incident(
            id=OpId("f" * 32),
            case=OpId("e" * 32),
            address=Address("leaked"),
            provider=version.provider,
            number=version.number,
            key_id=KeyId(version.key_id),
            at=datetime.now(UTC),
            by="mara",
            reason="it leaked",
            compromised=True,
            replace=True,
        )
    )
    await backend.close()


def judge(case: Case) -> None:
    """After one more run: what is read works, what was read works on, the revoked key is dead."""
    manifest, old = case.folder / "keys.yaml", OLD[case.folder]
    again = case.settle(manifest)
    assert again["violations"] == []
    assert again["plan"] == [], again
    assert again["refusals"] == []
    assert again["intents"] == 0
    assert all(case.accepted(_stored(case, name)) for name in old)
    assert [case.accepted(old[name]) for name in ("turns", "fades", "ends", "leaked")] == [
        True,
        True,
        True,
        False,
    ]
    stages = {name: [stage for stage, _ in rows] for name, rows in again["rows"].items()}
    assert stages["turns"] in (["current"], ["retiring", "current"])
    assert stages["fades"] == ["disabled", "current"]
    assert stages["ends"] == ["current"]
    assert stages["leaked"] == ["disabled", "current"]
    recorded = {key_id for rows in again["rows"].values() for _, key_id in rows}
    assert {str(key["id"]) for key in case.live()} == recorded


def _stored(case: Case, name: str) -> str:
    secret = case.stored(name)
    assert secret is not None
    return secret


def test_killed_anywhere_while_versions_follow_each_other(bench: Bench) -> None:
    def whole(lane: Lane) -> list[Point]:
        case = scenario(lane)
        said = case.apply(case.folder / "keys.yaml", rotate=("turns",))
        assert said is not None
        points = case.trace()
        judge(case)
        return points

    def killed(lane: Lane, point: Point) -> None:
        case = scenario(lane)
        manifest = case.folder / "keys.yaml"
        assert case.apply(manifest, point, rotate=("turns",)) is None, f"{point} was not reached"
        judge(case)

    points = bench.one(whole)
    REACHED.update(point for point, _, _ in points)
    # Each kind of point has its turn in test_crashes; here it is what the world looks like then.
    bench.each(instants(points, every_kind=False), killed)
    assert len(points) > 200


def test_what_only_rotation_has_is_reached_here() -> None:
    """Runs last in this file."""
    assert OF_ROTATION <= REACHED
