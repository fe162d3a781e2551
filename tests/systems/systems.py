"""The five systems of the seeds: the key of each that a story is about, and what its API sees."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.systems.story import LOG_IN, USES, Example, Stage

COLLECTION = re.compile(r".*/(?:(?:api-|security-|api)keys|projects)(?=/|$)")


def short(path: str) -> str:
    """Shorten the path of a write to what of it matters: `keys`, a key's id, a project's deploy."""
    return COLLECTION.sub("", path).removeprefix("/") or "keys"


@dataclass(frozen=True, kw_only=True)
class System:
    """One example, a key in it that consumers use, and the writes that its API sees of a rotation.

    `at` is how the key's block begins in the manifest, and `head` how it has to begin so that more
    lines may follow. `ends` are the writes that take the old key away, `deletes` those that follow
    where the first ones can be undone.
    """

    example: Example
    address: str
    at: str
    head: str
    made: tuple[str, ...] = ()
    ends: tuple[str, ...]
    deletes: tuple[str, ...] = ()

    def declare(self, stage: Stage, *lines: str) -> None:
        """Write more lines into the key's block."""
        stage.edit(self.at, self.head + "".join(f"    {line}\n" for line in lines))

    def writes(self, stage: Stage) -> list[str]:
        """Give the writes to keys and projects that the sandbox has seen, in their order."""
        return [call for call in self.calls(stage) if not call.startswith(("GET ", "HEAD "))]

    def calls(self, stage: Stage) -> list[str]:
        """Give the calls about keys and projects that the sandbox has seen, in their order."""
        shown = stage.sandbox.control.get("/requests", params={"limit": "10000"}).json()
        use = USES[self.example.dialects[0]].path
        return [
            f"{item['method']} {short(item['path'])}"
            for item in shown["items"]
            if item["path"] != use and not LOG_IN.search(item["path"])
        ]


DEPLOYS = ("POST backoffice/deployments", "POST storefront/deployments")
SYSTEMS = (
    System(
        example=Example(name="clouisle", dialects=("clouisle",)),
        address="crm-prod-agent-call",
        at="  crm-prod-agent-call:\n",
        head="  crm-prod-agent-call:\n",
        ends=("PUT {old}",),
        deletes=("DELETE {old}",),
    ),
    System(
        example=Example(
            name="pinbridge",
            dialects=("pinbridge",),
            slots={"scheduler-prod": "scheduler/prod/PINBRIDGE_API_KEY"},
        ),
        address="scheduler-prod",
        at="  scheduler-prod:\n",
        head="  scheduler-prod:\n",
        ends=("DELETE {old}",),
    ),
    System(
        example=Example(name="itellico", dialects=("itellico",)),
        address="mobile-app-ios",
        at="  mobile-app-ios: {environment: prod}\n",
        head="  mobile-app-ios:\n    environment: prod\n",
        ends=("POST {old}/revoke",),
        deletes=("DELETE {old}",),
    ),
    System(
        example=Example(name="intellithing", dialects=("intellithing",)),
        address="shop-frontend",
        at="  shop-frontend: {}\n",
        head="  shop-frontend:\n",
        made=DEPLOYS,
        ends=("DELETE {old}", *DEPLOYS),
    ),
    System(
        example=Example(name="ai-controller", dialects=("ai-controller", "itellico")),
        address="crm-prod-assistant",
        at="  crm-prod-assistant:\n",
        head="  crm-prod-assistant:\n",
        ends=("PATCH {old}", "DELETE {old}"),
    ),
)
