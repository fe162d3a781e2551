"""The envelope of every Clouisle answer, and the refusals with their status and code.

It must not decide when a refusal is due.
"""

import json
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.clouisle.messages import say


@dataclass(frozen=True, slots=True)
class Success:
    """What an endpoint gives back when all is well; its status is always 200."""

    data: Any = None
    sentence: str = "success"


class Refusal(Exception):  # noqa: N818 - an answer of the API, not a fault of ours
    """An answer other than success."""

    def __init__(self, status: int, code: int, sentence: str, data: object = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.sentence = sentence
        self.data = data


def bad_credentials() -> Refusal:
    """Refuse a management call without a valid JWT; 403, where most systems say 401."""
    return Refusal(403, 2003, "bad_credentials")


def not_permitted() -> Refusal:
    """Refuse somebody who is known but may not do this."""
    return Refusal(403, 3000, "not_permitted")


def key_not_found() -> Refusal:
    """Refuse the id of a key that is not there."""
    return Refusal(404, 4000, "api_key_not_found")


def resource_not_found(kind: str) -> Refusal:
    """Refuse an unknown agent or workflow; the two have different codes."""
    return Refusal(404, 6200 if kind == "agent" else 4000, f"{kind}_not_found")


def broken() -> Refusal:
    """Answer as the measured backend does where it fails inside."""
    return Refusal(500, -1, "internal_error")


def invalid(fields: list[str]) -> Refusal:
    """Refuse input, naming the fields at fault."""
    return Refusal(422, 1001, "validation_error", fields)


def show_success(answer: Success, language: str) -> Response:
    """Put a result into the envelope."""
    return _envelope(200, 0, answer.data, say(answer.sentence, language))


def show_refusal(refusal: Refusal, language: str) -> Response:
    """Put a refusal into the envelope."""
    sentence = say(refusal.sentence, language)
    data = refusal.data
    if isinstance(data, list):
        data = {"errors": {field: [sentence] for field in data}}
    return _envelope(refusal.status, refusal.code, data, sentence)


def _envelope(status: int, code: int, data: object, sentence: str) -> Response:
    text = json.dumps(
        {"code": code, "data": data, "msg": sentence}, ensure_ascii=False, separators=(",", ":")
    )
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json")
