"""The attributes of a key in a dialect: where each is read and written, and in what form."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, JsonValue

from reconciler.providers.dialect.calls import Operation
from reconciler.providers.dialect.parts import BodyPath, JmesPath, Part, Sentence

_STEPS: Final = {
    "microsecond": timedelta(microseconds=1),
    "millisecond": timedelta(milliseconds=1),
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}


class Clear(Part):
    """The value that takes a field away: null, an empty list, or a word such as "clear"."""

    value: JsonValue


class Mapped(Part):
    """One attribute of a key: where it is read, and where it goes in our bodies.

    Without `read` it is told by no answer; without `update` it can only be changed by a new key.
    `update_by` is an operation for this field alone. `omitted` is what the API sets when a creation
    leaves it out; `omission_widens` says that this grants more than anyone asked for, and
    `required` says why it must be declared. `optional`: answers may lack it.
    """

    read: JmesPath | None = None
    create: BodyPath | None = None
    update: BodyPath | None = None
    update_by: Operation | None = None
    omitted: JsonValue = None
    omission_widens: bool = False
    required: Sentence | None = None
    optional: bool = False
    clear: Clear | None = None


class StringField(Mapped):
    """Text. `allowed`: the only words that it takes. `as_number`: the API has it as a number."""

    codec: Literal["string"]
    allowed: tuple[str, ...] = ()
    as_number: bool = False


class EnumField(Mapped):
    """A word of ours for each word, number or flag of the API's."""

    codec: Literal["enum"]
    values: Annotated[dict[str, str | int | bool], Field(min_length=1)]


class BoolField(Mapped):
    """Yes or no; `inverted` where the API's word means the opposite."""

    codec: Literal["bool"]
    inverted: bool = False


class IntField(Mapped):
    """A whole number."""

    codec: Literal["int"]


class SetField(Mapped):
    """A list of words in which neither order nor repetition counts.

    `null_is_empty`: the API says null for no entry. `never_empty` says why an empty set is refused.
    """

    codec: Literal["set"]
    allowed: tuple[str, ...] = ()
    null_is_empty: bool = False
    never_empty: Sentence | None = None


class RateField(Mapped):
    """Requests in a time; `unlimited` is the value that stands for no limit."""

    codec: Literal["rate"]
    per: Literal["second", "minute", "hour"] = "minute"
    unlimited: int | None = None
    unlimited_is_null: bool = False


TimeFormat: TypeAlias = Literal["rfc3339", "date", "date_start", "epoch_s", "epoch_ms"]
SpanFormat: TypeAlias = Literal["ttl_s", "ttl_minutes", "ttl_days", "duration"]


class InstantField(Mapped):
    """A time, cut to what the API keeps; a naive one is UTC.

    A `date` is over with the end of its day (UTC), a `date_start` as its day begins.
    `writes` is the form in which it is sent where that is another one than is read; a span counts
    from now. `shortest` and `longest` are seconds from the creation on.
    """

    codec: Literal["instant"]
    format: TimeFormat = "rfc3339"
    writes: TimeFormat | SpanFormat | None = None
    rounding: Literal["microsecond", "millisecond", "second", "minute", "hour", "day"] = (
        "microsecond"
    )
    shortest: Annotated[int, Field(ge=1)] | None = None
    longest: Annotated[int, Field(ge=1)] | None = None

    @property
    def step(self) -> timedelta:
        """The granularity that the API keeps; a span is off by how long its call took."""
        if self.format in {"date", "date_start"} or self.writes in {"date", "ttl_days"}:
            return _STEPS["day"]
        spans = {"ttl_s": "minute", "ttl_minutes": "minute", "duration": "minute"}
        return max(_STEPS[self.rounding], _STEPS[spans.get(self.writes or "", "microsecond")])


AnyField: TypeAlias = Annotated[
    StringField | EnumField | BoolField | IntField | SetField | RateField | InstantField,
    Field(discriminator="codec"),
]


class Identity(Part):
    """Where a listed key has its id, its times and its standing.

    `dead` is an expression that is true for a row that only remembers a key; `held_by` gives the
    word for whoever else manages it, or nothing. `status` reads the API's own word, and `statuses`
    says what each means; where there is none, standing follows from `enabled` and the expiry.
    """

    id: JmesPath
    created_at: JmesPath | None = None
    last_used_at: JmesPath | None = None
    dead: JmesPath | None = None
    held_by: JmesPath | None = None
    status: JmesPath | None = None
    statuses: dict[str, Literal["active", "disabled", "expired", "dead"]] = {}
    times: TimeFormat = "rfc3339"


class Marker(Part):
    """Where our mark goes: into the name, or into a field of its own, as text or as a tag."""

    kind: Literal["name", "text", "tag"]
    read: JmesPath | None = None
    create: BodyPath | None = None
