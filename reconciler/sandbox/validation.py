"""Reading what a caller sends into a model: every problem at once, each with its place.

For the systems that validate with pydantic themselves, or look as if they did: the places, types
and sentences are pydantic's. How a system words a refusal is that system's own matter.
"""

from typing import Any, TypedDict, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.requests import Request

_ID: TypeAdapter[UUID] = TypeAdapter(UUID)


class Problem(TypedDict):
    """One thing that is wrong with a request, and where."""

    type: str
    loc: list[str | int]
    msg: str


class InputError(Exception):
    """What a caller sent cannot be read."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("what the caller sent cannot be read")
        self.problems = problems


class Sent(BaseModel):
    """Something a caller sends. Fields that are unknown are ignored."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


_Sent = TypeVar("_Sent", bound=Sent)


def read_json(model: type[_Sent], body: bytes) -> _Sent:
    """Read a JSON body; no text counts as a number, and no number as a text."""
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as problem:
        raise InputError(_problems(problem, ["body"])) from None


def read_query(model: type[_Sent], request: Request) -> _Sent:
    """Read the query, where everything is text."""
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as problem:
        raise InputError(_problems(problem, ["query"])) from None


def read_path_id(request: Request, name: str) -> str:
    """Read an id in the path."""
    try:
        return str(_ID.validate_python(request.path_params[name]))
    except ValidationError as problem:
        raise InputError(_problems(problem, ["path", name])) from None


def _problems(problem: ValidationError, place: list[str | int]) -> list[Problem]:
    # What was sent could be a secret: it must not come back.
    found: list[Any] = problem.errors(include_url=False, include_context=False, include_input=False)
    return [Problem(type=one["type"], loc=[*place, *one["loc"]], msg=one["msg"]) for one in found]
