"""The fields that a caller may send for a key, and what each of them may be.

It must not look anything up: whether a Pinterest account exists is not its question.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, Self, TypeVar, get_args
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from reconciler.sandbox.validation import Sent

Scope = Literal["read", "write", "destructive"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_Each = TypeVar("_Each")


def _once(values: Sequence[_Each]) -> list[_Each]:
    return list(dict.fromkeys(values))


_Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
# Ours: an empty list is refused, since "nothing" and "everything" are too easily mixed up.
_Scopes = Annotated[list[Scope], Field(min_length=1), AfterValidator(_once)]
_AccountIds = Annotated[list[UUID], Field(min_length=1), AfterValidator(_once)]


class NewKey(Sent):
    """A key to create. Ours: without scopes it has all of them."""

    name: _Name
    scopes: _Scopes = Field(default_factory=lambda: list(SCOPES))
    pinterest_account_ids: _AccountIds | None = None


class KeyChanges(Sent):
    """Changes of a key: only what was sent counts, and (ours) null is not a value to send."""

    name: _Name = ""
    scopes: _Scopes = Field(default_factory=list)
    pinterest_account_ids: _AccountIds = Field(default_factory=list)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_to_change", "Send at least one field to change")
        return self
