"""SIGKILL where keys count on a deploy, where one switch gates them all, and into a gateway.

Each case has a workspace, an upstream and an account of its own, so that cases run side by side.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
import pyrage
import pytest

from reconciler.core.recorded import StackMeta
from reconciler.sandbox import PREFIXES
from reconciler.stores.identity import make_identity
from reconciler.wiring import load, open_state
from tests.crash.killpoints import Point
from tests.crash.stage import Zygote
from tests.crash.test_crashes import ELSEWHERE
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess

LANES = 2
REACHED: set[str] = set()
HEAD = """
version: 1
stack: PROJECT
state: {path: state, identity: {file: identity.txt}}
stores: {local: {type: age, path: secrets}}
providers:
  studio:
    dialect: intellithing
    url: "URL/intellithing"
    key_url: "URL/intellithing/apps/PROJECT-a"
    auth: {token: {env: KW_STUDIO}}
    tenant: {workspace: WORKSPACE}
    keys_enabled: ON
    deploy: [PROJECT-a, PROJECT-b]
    exclusive: true
    limits: {concurrency: 1}
  gateway:
    dialect: ai-controller
    url: "URL/aic"
    auth: {username: {env: KW_USER}, password: {env: KW_PASSWORD}}
    unmanaged: ignore
    limits: {concurrency: 1}
  voice:
    dialect: itellico
    url: "URL/itellico"
    auth: {token: {env: KW_VOICE}}
    unmanaged: ignore
    limits: {concurrency: 1}
defaults: {rotate: {delete_after: 0s}}
"""
UPSTREAM = """
keys:
  up: {provider: voice, expires: {after: 90d}}
provider_keys:
  main:
    provider: gateway
    upstream: UPSTREAM
    value: {key: up}
    options: {url: "https://api.example.com", auth_type: Bearer}
"""
ONE = "keys:\n  one: {provider: studio}\n"
TWO = ONE + "  two: {provider: studio}\n"


@dataclass
class Case:
    """A stack of its own on the shared sandbox."""

    folder: Path
    sandbox: SandboxProcess
    zygote: Zygote
    environ: dict[str, str]
    workspace: str
    project: str
    runs: int = 0
    answers: list[dict[str, Any]] = field(default_factory=list)

    def write(self, keys: str, *, on: bool = True) -> None:
        """Write the manifest."""
        text = HEAD + keys
        for word, value in {
            "URL": self.sandbox.url,
            "WORKSPACE": self.workspace,
            "PROJECT": self.project,
            "ON": str(on).lower(),
            "UPSTREAM": self.project,
        }.items():
            text = text.replace(word, value)
        self.manifest.write_text(text)

    @property
    def manifest(self) -> Path:
        return self.folder / "keys.yaml"

    def apply(self, kill: Point | None = None, *, then_plan: bool = False) -> dict[str, Any] | None:
        """Apply; None when the run was killed."""
        self.runs += 1
        answer = self.folder / f"answer-{self.runs}"
        job = {
            "then_plan": then_plan,
            "kill": kill,
            "monitor": False,
            "manifest": str(self.manifest),
            "answer": str(answer),
            "environ": self.environ,
            "log": str(self.folder / f"trace-{self.runs}"),
        }
        if self.zygote.run(job) == 9:
            return None
        said: dict[str, Any] = json.loads(answer.read_text())
        assert "error" not in said, said["error"]
        return said

    def trace(self) -> list[Point]:
        """Give the kill points that the last run passed."""
        lines = (self.folder / f"trace-{self.runs}").read_text().splitlines()
        return [(point, int(number), when) for point, number, when in map(str.split, lines)]

    def stored(self, path: str) -> str:
        """Decrypt what consumers read now."""
        text = (self.folder / "identity.txt").read_text().splitlines()[-1]
        identity = pyrage.x25519.Identity.from_str(text)
        file = self.folder / "secrets" / path / "secret" / "current.age"
        return str(pyrage.decrypt(file.read_bytes(), [identity]), "utf-8")

    def get(self, dialect: str, path: str, token: str) -> Any:  # noqa: ANN401 - any JSON
        answer = httpx.get(
            f"{self.sandbox.url}{PREFIXES[dialect]}{path}",
            headers={"Authorization": f"Bearer {token}"},
            verify=NO_CERTIFICATES,
        )
        return answer.json() if answer.is_success else None

    def ids(self) -> tuple[set[str], bool]:
        """Give the ids that the workspace has, and its switch."""
        path = f"/workspaces/{self.workspace}/security-keys"
        shown = self.get("intellithing", path, self.environ["KW_STUDIO"])
        return {key["key_id"] for key in shown["keys"]}, shown["enabled"]

    def runs_with(self, name: str) -> set[str]:
        """Give the ids that a project's container holds."""
        path = f"/workspaces/{self.workspace}/projects/{self.project}-{name}/deployment"
        shown = self.get("intellithing", path, self.environ["KW_STUDIO"])
        return set(shown["key_ids"])

    def accepted(self, secret: str) -> bool:
        """Use a key of the workspace as its consumer would."""
        return self.get("intellithing", f"/apps/{self.project}-a/status", secret) is not None

    def gateway_has(self, secret: str) -> bool:
        """Whether exactly one upstream of our name is there, and has this secret."""
        with httpx.Client(base_url=f"{self.sandbox.url}/aic", verify=NO_CERTIFICATES) as people:
            attributes = {
                "grantType": "password",
                "userName": self.environ["KW_USER"],
                "password": self.environ["KW_PASSWORD"],
            }
            answer = people.post("/auth/login", json={"data": {"attributes": attributes}})
            cookies = "; ".join(
                line.split(";")[0] for line in answer.headers.get_list("set-cookie")
            )
            path = f"/providers?name={self.project}&pageSize=100"
            rows = people.get(path, headers={"cookie": cookies}).json()["data"]
        named = [row for row in rows if row["attributes"]["name"] == self.project]
        assert len(named) == 1, named
        digest = hashlib.sha256(secret.encode()).hexdigest()
        path = f"/aic/providers/{named[0]['id']}/key-matches"
        answer = self.sandbox.control.request("GET", path, json={"sha256": digest})
        return bool(answer.json()["matches"])


class Lanes:
    """Makes cases, on as many forking processes as there are lanes."""

    def __init__(self, folder: Path, sandbox: SandboxProcess, zygotes: list[Zygote]) -> None:
        self._folder, self._sandbox = folder, sandbox
        self._numbers = count()
        self._free: Queue[Zygote] = Queue()
        for zygote in zygotes:
            self._free.put(zygote)
        studio, voice = (sandbox.credentials(d)["token"] for d in ("intellithing", "itellico"))
        admin = sandbox.credentials("ai-controller")
        self._environ = {
            "KW_STUDIO": studio,
            "KW_VOICE": voice,
            "KW_USER": admin["username"],
            "KW_PASSWORD": admin["password"],
        }

    def one(self, work: Callable[[Case], None]) -> None:
        zygote = self._free.get()
        try:
            work(self._make(zygote))
        finally:
            self._free.put(zygote)

    def each(self, points: list[Point], work: Callable[[Case, Point], None]) -> None:
        with ThreadPoolExecutor(LANES) as pool:
            for done in [pool.submit(self.one, partial(_swap, work, p)) for p in points]:
                done.result()

    def _make(self, zygote: Zygote) -> Case:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir(parents=True)
        workspace, project = str(uuid.uuid4()), f"p{uuid.uuid4().hex[:12]}"
        body = {"id": workspace, "projects": [f"{project}-a", f"{project}-b"]}
        self._sandbox.control.post("/intellithing/workspaces", json=body).raise_for_status()
        case = Case(folder, self._sandbox, zygote, self._environ, workspace, project)
        case.write("keys: {}\n")
        recipient = make_identity(folder / "identity.txt", work_tree=None)
        meta = StackMeta(stack=project, lineage="l", salt=bytes(32), recipient=recipient)
        asyncio.run(_initialise(case.manifest, meta))
        return case


async def _initialise(manifest: Path, meta: StackMeta) -> None:
    backend = open_state(load(manifest))
    await backend.initialise(meta)
    await backend.close()


def _swap(work: Callable[[Case, Point], None], point: Point, case: Case) -> None:
    work(case, point)


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lanes]:
    folder = tmp_path_factory.mktemp("systems")
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(str(folder / "sandbox.db")))
        sandbox.control.put("/intellithing/settings", json={"stage_seconds": 0}).raise_for_status()
        zygotes = [stack.enter_context(Zygote()) for _ in range(LANES)]
        yield Lanes(folder, sandbox, zygotes)


def kill_everywhere(
    lanes: Lanes, begin: Callable[[Case], None], judge: Callable[[Case], None]
) -> int:
    """Kill one run at each point of a whole one, run once more, and judge from outside."""
    points: list[Point] = []

    def whole(case: Case) -> None:
        begin(case)
        assert case.apply() is not None
        points.extend(case.trace())
        settled(case)
        judge(case)

    def killed(case: Case, point: Point) -> None:
        begin(case)
        assert case.apply(point) is None, f"{point} was not reached"
        settled(case)
        judge(case)

    lanes.one(whole)
    REACHED.update(point for point, _, _ in points)
    # After one call and before the next is the same instant, so that one of the two suffices.
    lanes.each([point for point in points if point[2] == "after"], killed)
    return len(points)


def settled(case: Case) -> None:
    """One more run, and the plan after it is empty."""
    said = case.apply(then_plan=True)
    assert said is not None
    assert said["plan"] == [], said
    assert said["refusals"] == []
    assert said["intents"] == 0


def test_killed_anywhere_while_a_secret_goes_into_a_gateway(lanes: Lanes) -> None:
    def judge(case: Case) -> None:
        assert case.gateway_has(case.stored("up"))

    assert kill_everywhere(lanes, lambda case: case.write(UPSTREAM), judge) > 40


def test_killed_anywhere_while_keys_are_made_and_deployed(lanes: Lanes) -> None:
    def judge(case: Case) -> None:
        ids, on = case.ids()
        assert len(ids) == 2
        assert on
        assert case.runs_with("a") == case.runs_with("b") == ids
        assert case.accepted(case.stored("one"))
        assert case.accepted(case.stored("two"))

    assert kill_everywhere(lanes, lambda case: case.write(TWO), judge) > 60


def test_killed_anywhere_while_keys_go_and_all_are_switched_off(lanes: Lanes) -> None:
    gone: dict[str, str] = {}

    def begin(case: Case) -> None:
        case.write(TWO)
        assert case.apply() is not None
        gone[case.project] = case.stored("two")
        case.write(ONE, on=False)

    def judge(case: Case) -> None:
        ids, on = case.ids()
        assert len(ids) == 1
        assert not on
        assert case.runs_with("a") == case.runs_with("b") == ids
        assert not case.accepted(gone[case.project])
        assert not case.accepted(case.stored("one"))

    assert kill_everywhere(lanes, begin, judge) > 40


def test_what_is_not_reached_elsewhere_is_reached_here() -> None:
    """Runs last in this file."""
    assert ELSEWHERE <= REACHED
