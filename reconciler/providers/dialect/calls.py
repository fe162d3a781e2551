"""The calls of a dialect: what is asked, how lists go on, and what errors mean."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, JsonValue

from reconciler.providers.actions import Action
from reconciler.providers.dialect.parts import (
    BodyPath,
    HeaderName,
    JmesPath,
    Match,
    Method,
    Part,
    Path,
    Sentence,
    Status,
)

PageSize: TypeAlias = Annotated[int, Field(ge=1, le=100_000)]
MaxPages: TypeAlias = Annotated[int, Field(ge=1, le=100_000)]


class ErrorRule(Match):
    """What an error answer means. Rules are tried in order; the API's own text is never read.

    `absent`: there is no such key. `quota`: there is no room for another one.
    """

    during: tuple[Action, ...] = ()
    means: Literal["absent", "quota"] | None = None
    say: Sentence | None = None


class Operation(Part):
    """One call.

    `idempotent`: sending it twice is the same as sending it once. `already`: error answers that say
    that what was asked for is so already. `data` overrides the envelope's.
    """

    method: Method
    path: Path
    ok: Annotated[tuple[Status, ...], Field(min_length=1)] = (200,)
    query: dict[str, str | int | bool] = {}
    body: JsonValue = None
    encoding: Literal["json", "form"] = "json"
    idempotent: bool = False
    already: tuple[Match, ...] = ()
    data: JmesPath | None = None


class NoPaging(Part):
    """Everything comes in one answer. `total`, where told, is compared."""

    kind: Literal["none"]
    total: JmesPath | None = None


class PagePaging(Part):
    """Numbered pages, with the total on each of them, or ended by a page that is not full."""

    kind: Literal["page"]
    page: str
    size: str | None = None
    page_size: PageSize
    first: int = 1
    total: JmesPath | None = None
    max_pages: MaxPages = 1000


class OffsetPaging(Part):
    """Rows from a number on. Without `total` the list ends with a page that is not full."""

    kind: Literal["offset"]
    offset: str
    limit: str | None = None
    page_size: PageSize
    total: JmesPath | None = None
    max_pages: MaxPages = 1000


class Chained(Part):
    """Pages that lead to each other. `size` is the part of `query` that says how many rows."""

    size: str | None = None
    max_pages: MaxPages = 1000


class CursorPaging(Chained):
    """Each page names where the next one begins; no name, or `more` being false, is the end."""

    kind: Literal["cursor"]
    cursor: BodyPath
    place: Literal["query", "body"] = "query"
    next: JmesPath
    more: JmesPath | None = None


class LastIdPaging(Chained):
    """The next page begins after the last id of this one, as long as `more` is true."""

    kind: Literal["last_id"]
    after: str
    id: JmesPath
    more: JmesPath


class NextUrlPaging(Chained):
    """Each page has the address of the next one; one at another origin is refused."""

    kind: Literal["next_url"]
    next: JmesPath


class LinkPaging(Chained):
    """The `Link` header (RFC 8288) has the address of the next page, at the same origin."""

    kind: Literal["link"]


Paging: TypeAlias = Annotated[
    NoPaging | PagePaging | OffsetPaging | CursorPaging | LastIdPaging | NextUrlPaging | LinkPaging,
    Field(discriminator="kind"),
]


class ListOperation(Operation):
    """A listing. `query` is sent with every page: what an API hides unless it is asked for."""

    items: JmesPath
    paging: Paging


class KeyListOperation(ListOperation):
    """The listing of every key.

    `rows`: whether each row tells everything, or has to be looked up by its id. `complete`: whether
    absence from the list proves absence; where it does not, `get` is asked.
    """

    rows: Literal["full", "summary", "ids"] = "full"
    complete: bool = True


class SuppliedSecret(Part):
    """A secret that the client makes up: where it goes in the body, and what it looks like."""

    path: BodyPath
    prefix: str = ""
    size: Annotated[int, Field(ge=16, le=256)] = 32


class CreateOperation(Operation):
    """The creation of a key.

    `secret` is where the answer has the value that is shown once: one path, or several named ones,
    which are kept as one JSON object. `row` is where the new key itself is, as listed.
    `idempotency_key` is a header that takes the operation's id, so that it may be sent again.
    """

    secret: JmesPath | Annotated[dict[str, JmesPath], Field(min_length=2)] | None = None
    supplied: SuppliedSecret | None = None
    row: JmesPath = "@"
    idempotency_key: HeaderName | None = None


class UpdateOperation(Operation):
    """A change in place.

    `merge`: fields that are left out stay. `replace`: they are lost, so that all are sent as they
    are. `json_patch`: a list of replacements (RFC 6902). A field may have an operation of its own
    instead (`update_by`).
    """

    style: Literal["merge", "replace", "json_patch"] = "merge"
    row: JmesPath = "@"


class DisableOperation(Operation):
    """Switching a key off. `final`: it can never be switched on again."""

    final: bool = False


class DeleteOperation(Operation):
    """The end of a key. `soft`: it stays listed, as dead."""

    soft: bool = False


class RotateOperation(Operation):
    """A rotation of the API's own, described so that nobody calls it by mistake.

    `overlap`: whether the old secret goes on working for a while. Only then may it ever be used.
    """

    overlap: Literal["none", "given", "fixed"]
    say: Sentence


class VerifyOperation(Operation):
    """A call with the key itself and without effect; any other answer says nothing.

    `header` takes the key where it is not the bearer token; `at` says at which of the provider's
    addresses keys are used.
    """

    accepted: Annotated[tuple[Match, ...], Field(min_length=1)]
    rejected: Annotated[tuple[Match, ...], Field(min_length=1)]
    header: HeaderName | None = None
    at: Literal["url", "key_url"] = "url"


class AuditOperation(ListOperation):
    """The API's own log of what was done to a key: where each entry tells what.

    `key` is the id of the key that an entry is about, where the log cannot be asked for one.
    """

    when: JmesPath | None = None
    actor: JmesPath | None = None
    action: JmesPath
    key: JmesPath | None = None
    request_id: JmesPath | None = None


class Operations(Part):
    """What the API can do; an absent operation is an absent ability."""

    list: KeyListOperation
    create: CreateOperation
    delete: DeleteOperation
    get: Operation | None = None
    update: UpdateOperation | None = None
    enable: Operation | None = None
    disable: DisableOperation | None = None
    rotate: RotateOperation | None = None
    verify: VerifyOperation | None = None
    audit: AuditOperation | None = None
