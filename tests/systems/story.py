"""One system of the seeds, from its manifest in examples/, over a real socket, from outside.

What is judged is the command line's exit code and text, the sandbox's own log of requests, and
whether the secrets that consumers read are accepted where keys are used.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pyrage

from reconciler.sandbox import KEY_PREFIXES, PREFIXES
from tests.cli.stage import NO_CHANGES, NOBODY, Ran, call, clean_environment
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess

ROOT = Path(__file__).parents[2]
LOCAL = "url: sandbox:.keywright/sandbox.db"


@dataclass(frozen=True)
class Use:
    """The call that a consumer makes with a key, and the status that says it was accepted."""

    method: str
    path: str
    accepted: int = 200


USES = {
    "clouisle": Use("POST", f"/clouisle/api/v1/agents/{NOBODY}/chat", 404),
    "pinbridge": Use("GET", "/pinbridge/v1/pinterest/accounts"),
    "itellico": Use("GET", "/itellico/v1/accounts/me/agents"),
    "intellithing": Use("GET", "/intellithing/apps/storefront/status"),
    "ai-controller": Use("GET", "/aic/v1/models"),
}
ONE_KEY = re.compile(r"(keys|apikeys)/\{\w+\}")
LOG_IN = re.compile(r"/login|/auth/|openid-connect")


@dataclass(frozen=True, kw_only=True)
class Example:
    """One folder of examples/: its dialects, and slots of secrets that are not the default."""

    name: str
    dialects: tuple[str, ...]
    slots: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Stage:
    """A copy of an example, whose providers are at a running sandbox."""

    example: Example
    folder: Path
    sandbox: SandboxProcess
    environ: dict[str, str]

    def run(self, *arguments: str) -> Ran:
        """Run the command line in the folder."""
        return call(self.folder, self.environ, *arguments)

    def apply(self, *arguments: str) -> Ran:
        """Run `apply` as CI would."""
        return self.run("apply", "--auto-approve", *arguments)

    def edit(self, before: str, after: str) -> None:
        """Change the manifest as a person would; what is changed must be there."""
        text = self.manifest.read_text()
        assert before in text, f"{before!r} is not in the manifest"
        self.manifest.write_text(text.replace(before, after))

    @property
    def manifest(self) -> Path:
        """Where keys.yaml is."""
        return self.folder / "keys.yaml"

    def stored(self, address: str) -> str | None:
        """Decrypt what consumers of a key read now, as the standard tool would."""
        slot = self.example.slots.get(address, f"{address}/secret")
        file = self.folder / ".keywright" / "secrets" / slot / "current.age"
        if not file.exists():
            return None
        text = (self.folder / ".keywright" / "identity.txt").read_text().splitlines()[-1]
        identity = pyrage.x25519.Identity.from_str(text)
        return str(pyrage.decrypt(file.read_bytes(), [identity]), "utf-8")

    def accepts(self, secret: str | None, dialect: str = "") -> bool:
        """Use a key as its consumer would."""
        assert secret is not None
        use = USES[dialect or self.example.dialects[0]]
        answer = httpx.request(
            use.method,
            f"{self.sandbox.url}{use.path}",
            json={"message": "hello"} if use.method == "POST" else None,
            headers={"Authorization": f"Bearer {secret}"},
            verify=NO_CERTIFICATES,
        )
        assert answer.status_code in {use.accepted, 401}, answer.text
        return answer.status_code == use.accepted

    def forget_requests(self) -> None:
        """Begin the log of requests anew."""
        self.sandbox.control.delete("/requests").raise_for_status()

    def requests(self) -> Counter[str]:
        """Count the requests since then by method and the pattern of their path."""
        counts = self.sandbox.control.get("/requests").json()["counts"]
        found: Counter[str] = Counter()
        for line, count in counts.items():
            method, pattern, _status = line.split(" ")
            found[f"{method} {pattern}"] += count
        return found

    def rests(self) -> None:
        """Insist that an apply writes nothing and asks for no single key, and a plan is empty."""
        self.forget_requests()
        self.apply().ended(0).said(NO_CHANGES)
        asked = [request for request in self.requests() if not LOG_IN.search(request)]
        assert {request.split()[0] for request in asked} == {"GET"}, asked
        assert [request for request in asked if ONE_KEY.search(request)] == []
        self.run("plan", "--detailed-exitcode").ended(0).said(NO_CHANGES)


def open_stage(example: Example, folder: Path, sandbox: SandboxProcess) -> Stage:
    """Copy an example and point it at the sandbox, with the credentials of a superuser."""
    shutil.copytree(
        ROOT / "examples" / example.name, folder, ignore=shutil.ignore_patterns(".keywright")
    )
    stage = Stage(example, folder, sandbox, clean_environment(folder.parent / "home"))
    text = stage.manifest.read_text()
    for dialect in example.dialects:
        auth, environ = credentials(dialect, sandbox)
        stage.environ.update(environ)
        at = f"dialect: {dialect}\n    {LOCAL}"
        assert at in text, f"{at!r} is not in the example"
        url = f"{sandbox.url}{PREFIXES[dialect]}"
        used = KEY_PREFIXES.get(dialect)
        key_url = f"    key_url: {sandbox.url}{used}\n" if used else ""
        text = text.replace(at, f"dialect: {dialect}\n    auth: {auth}\n{key_url}    url: {url}")
    stage.manifest.write_text(text)
    stage.run("init").ended(0)
    return stage


def credentials(dialect: str, sandbox: SandboxProcess) -> tuple[str, dict[str, str]]:
    """Give what the manifest says of credentials, and the variables that hold them."""
    given = sandbox.credentials(dialect)
    variables = {f"{dialect}_{name}".upper().replace("-", "_"): v for name, v in given.items()}
    names = zip(given, variables, strict=True)
    return "{" + ", ".join(f"{name}: {{env: {var}}}" for name, var in names) + "}", variables
