"""The description of one kind of key API, as data: the model that a dialect file is checked by.

It has the concepts that the shipped dialects need, and grows by adding members to its unions
(`Paging`, `Field`) and by adding kinds of auth. Paths into answers are JMESPath; paths into our own
bodies are plain names joined by dots. It only describes: nothing in here speaks HTTP.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from reconciler.providers.actions import Action

Path: TypeAlias = Annotated[str, StringConstraints(pattern=r"^/([^\s?#{}]|\{id\})*$")]
"""A path below the base URL; {id} stands for the key's id."""
BodyPath: TypeAlias = Annotated[str, StringConstraints(pattern=r"^\w+(\.\w+)*$")]
JmesPath: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Status: TypeAlias = Annotated[int, Field(ge=100, le=599)]
Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Part(BaseModel):
    """Any part of a dialect: frozen, closed, and silent about what it was given."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True
    )


class Match(Part):
    """An answer, told by its status and, where that is not enough, by the API's own code."""

    status: Status
    code: int | str | None = None

    def fits(self, status: int, code: int | str | None) -> bool:
        """Whether an answer is this one."""
        return self.status == status and self.code in (None, code)


class ErrorRule(Match):
    """What an error answer means. Rules are tried in order; the API's own text is never read."""

    during: tuple[Action, ...] = ()
    means: Literal["absent"] | None = None
    say: str | None = None


class Obstacle(Part):
    """An answer to a login that is no token, by a path that is true in it."""

    when: JmesPath
    say: str


class Login(Part):
    """Auth by a login: a form for a bearer token, and once more when the token is refused."""

    kind: Literal["login"]
    path: Path
    encoding: Literal["form"] = "form"
    form: dict[str, str]
    token: JmesPath
    again_on: tuple[Match, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()


class Tenant(Part):
    """Who we are there, by a claim of the token."""

    claim: str


class Envelope(Part):
    """How answers are wrapped: where the data is, when it counts as success, where the code is."""

    data: JmesPath = "@"
    ok: JmesPath | None = None
    code: JmesPath | None = None


class Operation(Part):
    """One call. `idempotent`: sending it twice is the same as sending it once."""

    method: Method
    path: Path
    ok: tuple[Status, ...] = (200,)
    query: dict[str, str | int] = {}
    body: JsonValue = None
    idempotent: bool = False


class PagePaging(Part):
    """Numbered pages, with the total on each of them."""

    kind: Literal["page"]
    page: str
    size: str
    page_size: Annotated[int, Field(ge=1)]
    first: int = 1
    total: JmesPath
    max_pages: Annotated[int, Field(ge=1)] = 1000


class ListOperation(Operation):
    """The listing of every key."""

    items: JmesPath
    paging: PagePaging


class CreateOperation(Operation):
    """The creation of a key; `secret` is where its answer has the value that is shown once."""

    secret: JmesPath


class VerifyOperation(Operation):
    """A call with the key itself and without effect; any other answer says nothing."""

    accepted: tuple[Match, ...]
    rejected: tuple[Match, ...]


class Operations(Part):
    """What the API can do; an absent operation is an absent ability."""

    list: ListOperation
    create: CreateOperation
    delete: Operation
    get: Operation | None = None
    update: Operation | None = None
    enable: Operation | None = None
    disable: Operation | None = None
    verify: VerifyOperation | None = None


class Throttling(Part):
    """`untouched`: a 429 comes before any effect, so that even a create may be repeated."""

    untouched: bool = False


class Identity(Part):
    """Where a listed key has its id and its times."""

    id: JmesPath
    created_at: JmesPath | None = None
    last_used_at: JmesPath | None = None


class Mapped(Part):
    """One attribute of a key: where it is read, and where it goes in our bodies.

    `omitted` is what the API sets when a creation leaves it out; `omission_widens` says that this
    grants more than anyone asked for. `optional`: answers may lack it.
    """

    read: JmesPath
    create: BodyPath | None = None
    update: BodyPath | None = None
    omitted: JsonValue = None
    omission_widens: bool = False
    optional: bool = False


class StringField(Mapped):
    """Text."""

    codec: Literal["string"]


class BoolField(Mapped):
    """Yes or no; `inverted` where the API's word means the opposite."""

    codec: Literal["bool"]
    inverted: bool = False


class IntField(Mapped):
    """A whole number."""

    codec: Literal["int"]


class SetField(Mapped):
    """A list of words in which neither order nor repetition counts; cleared by an empty list."""

    codec: Literal["set"]


class RateField(Mapped):
    """Requests per minute; `unlimited` is the number that stands for no limit."""

    codec: Literal["rate"]
    per: Literal["minute"] = "minute"
    unlimited: int | None = None


class InstantField(Mapped):
    """A time in RFC 3339, cut to what the API keeps; a naive one is UTC."""

    codec: Literal["instant"]
    rounding: Literal["microsecond", "millisecond", "second"] = "microsecond"
    clear: Literal["json_null"] | None = None

    @property
    def step(self) -> timedelta:
        """The granularity that the API keeps."""
        return timedelta(**{f"{self.rounding}s": 1})


AnyField: TypeAlias = Annotated[
    StringField | BoolField | IntField | SetField | RateField | InstantField,
    Field(discriminator="codec"),
]


class Dialect(Part):
    """One kind of key API."""

    dialect: str
    title: str
    auth: Login
    tenant: Tenant | None = None
    envelope: Envelope = Envelope()
    errors: tuple[ErrorRule, ...] = ()
    operations: Operations
    throttling: Throttling = Throttling()
    identity: Identity
    name_limit: int | None = None
    marker: Literal["name"] | None = None
    fields: dict[str, AnyField]
