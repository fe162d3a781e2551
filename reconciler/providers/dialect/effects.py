"""What hangs on keys: a switch for all, deploys, upstreams of a gateway, what a key reaches."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.providers.dialect.calls import ListOperation, Operation
from reconciler.providers.dialect.fields import AnyField
from reconciler.providers.dialect.parts import BodyPath, JmesPath, Match, Part, Sentence, Word


class Variable(Part):
    """One thing to be told of the tenant. `say` is what it is, for who has to write it."""

    say: Sentence
    default: str | None = None
    optional: bool = False


class Told(Part):
    """Where the API itself says which tenant this is: the first of these that is set.

    A claim of the token, a path in the answer to the login, a field of every listed key, or a path
    in the answer to a call. `equals` names the variable that must say the same.
    """

    claim: str | None = None
    login: JmesPath | None = None
    row: JmesPath | None = None
    call: Operation | None = None
    path: JmesPath = "@"
    equals: Word | None = None


class Tenant(Part):
    """Which tenant the keys belong to: what has to be said, and what the API says."""

    variables: dict[Word, Variable] = {}
    told: Told | None = None


class Toggle(Part):
    """The tenant-wide switch. `read` is a path in the answer that lists the keys.

    In a file they are not called `on` and `off`, since YAML 1.1 reads those as booleans.
    """

    read: JmesPath
    on: Operation = Field(alias="switch_on")
    off: Operation = Field(alias="switch_off")


class DeployState(Operation):
    """What one project runs; paths into the answer."""

    stage: JmesPath
    running: Annotated[tuple[str, ...], Field(min_length=1)]
    failed: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    deployed_at: JmesPath | None = None
    keys: JmesPath
    enabled: JmesPath | None = None


class Deploy(Part):
    """Changes count from a deploy on. `busy` are the answers of a start while another one runs."""

    projects: ListOperation
    project: JmesPath
    start: Operation
    busy: tuple[Match, ...] = ()
    state: DeployState


class Gateway(Part):
    """The upstreams that a gateway calls with secrets of its own, which it never shows.

    `secret` is where one goes in the bodies. `checked`: whether the gateway tries it on entry.
    """

    list: ListOperation
    id: JmesPath
    name: JmesPath
    create: Operation | None = None
    create_name: BodyPath = "name"
    update: Operation
    row: JmesPath = "@"
    secret: BodyPath
    checked: bool
    fields: dict[str, AnyField] = {}


class Reach(Part):
    """What else a key of this tenant opens; `say` begins the sentence that the plan shows."""

    list: ListOperation
    name: JmesPath
    say: Sentence


Effective = Literal["immediately", "on_deploy"]
