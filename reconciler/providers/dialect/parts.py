"""The smallest parts of a dialect: paths, statuses, and what an answer is told by.

Paths into answers are JMESPath; paths into our own bodies are plain names joined by dots. Texts
that we send may hold {names}: of tenant variables, {id} of the key, {project} of a deploy, {op} and
{op_uuid} of the operation, {now} and {yesterday} (a date, UTC).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
)


def _try_out(path: str, info: ValidationInfo) -> str:
    """Let whoever validates look at a path; without them JMESPath need not be loaded."""
    if info.context is not None:
        info.context(path)
    return path


Path: TypeAlias = Annotated[str, StringConstraints(pattern=r"^/([^\s?#{}]|\{\w+\})*$")]
"""A path below the base URL, with {names}."""
BodyPath: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[\w-]+(\.[\w-]+)*$")]
JmesPath: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=500), AfterValidator(_try_out)
]
Status: TypeAlias = Annotated[int, Field(ge=100, le=599)]
Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Sentence: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=300)]
HeaderName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Word: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


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


class Envelope(Part):
    """How answers are wrapped: where the data is, when it counts as success, where the code is.

    `ok` is an expression that must be true; an answer with a good status and without it may have
    had its effect or not. `code` leads to the API's own short code: `a || b` where there are
    several shapes of errors.
    """

    data: JmesPath = "@"
    ok: JmesPath | None = None
    code: JmesPath | None = None
