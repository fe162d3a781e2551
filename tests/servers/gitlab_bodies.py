"""What comes into the GitLab server and how it refuses: bodies, their checks, and error shapes.

A missing or wrong parameter is {"error": "…"}; everything else is {"message": "<status> …"}
(gitlabhq/gitlabhq, spec/requests/api/resource_access_tokens_spec.rb
@04ac4180cb5ba0df460034c7e64862056fd498b3).
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.servers.serving import RefusedError

# doc/security/tokens/access_token_scopes.md @41946e65501d176230532ae34b16e64f5cdac462
SCOPES = frozenset(
    {"api", "read_api", "read_repository", "write_repository", "read_registry", "write_registry"}
    | {"self_rotate", "create_runner", "manage_runner", "ai_features", "k8s_proxy"}
)
LEVELS = frozenset({10, 15, 20, 30, 40, 50})
MAINTAINER = 40
_DATE_LENGTH = len("2026-11-24")


@dataclass(frozen=True)
class Wanted:
    """What a token was asked to be. Nothing of it can be changed."""

    name: str
    scopes: tuple[str, ...]
    expires_at: date
    access_level: int
    description: str | None


def refusal(
    status: int, why: str | None = None, *, message: str | None = None, error: str | None = None
) -> Response:
    """Word an error: with a reason, with a whole message, or as a parameter's error."""
    if error is not None:
        return JSONResponse({"error": error}, status)
    phrase = "Bad request" if status == 400 else HTTPStatus(status).phrase
    reason = f" - {why}" if why else ""
    return JSONResponse({"message": message or f"{status} {phrase}{reason}"}, status)


async def read_body(request: Request) -> dict[str, Any]:
    """Read a JSON object; no body is an empty one, and null is as good as left out."""
    with suppress(ValueError):
        body = await request.json() if await request.body() else {}
        if isinstance(body, dict):
            return {name: value for name, value in body.items() if value is not None}
    raise RefusedError(refusal(400, error="the body is no JSON object"))


def read_wanted(body: Mapping[str, Any], latest: date) -> Wanted:
    """Check what a token is asked to be; without an expiry it lives as long as it may."""
    wrong = [
        *_wrong_text("name", body.get("name")),
        *_wrong_scopes(body.get("scopes")),
        *_wrong_level(body.get("access_level", MAINTAINER)),
    ]
    if "description" in body:
        wrong += _wrong_text("description", body["description"])
    if wrong:
        raise RefusedError(refusal(400, error=", ".join(wrong)))
    if not body["name"].strip() or not body["scopes"]:
        raise RefusedError(refusal(400, "name and scopes can't be blank"))
    return Wanted(
        name=body["name"],
        scopes=tuple(body["scopes"]),
        expires_at=read_expiry(body, latest, latest),
        access_level=body.get("access_level", MAINTAINER),
        description=body.get("description"),
    )


def read_expiry(body: Mapping[str, Any], otherwise: date, latest: date) -> date:
    """Read the date; one in the past is taken, and the token is born dead (ours)."""
    text = body.get("expires_at")
    if text is None:
        return otherwise
    found = _parse_date(text)
    if found is None:
        raise RefusedError(refusal(400, error="expires_at is invalid"))
    if found > latest:
        raise RefusedError(refusal(400, f"Expires at must be before {latest}"))
    return found


def _parse_date(text: object) -> date | None:
    # fromisoformat() would take 20270101 and 2027-W01-1 as well.
    if not isinstance(text, str) or len(text) != _DATE_LENGTH or "W" in text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _wrong_text(name: str, value: object) -> list[str]:
    if value is None:
        return [f"{name} is missing"]
    return [] if isinstance(value, str) else [f"{name} is invalid"]


def _wrong_scopes(value: object) -> list[str]:
    if value is None:
        return ["scopes is missing"]
    if not isinstance(value, list):
        return ["scopes is invalid"]
    known = all(isinstance(one, str) and one in SCOPES for one in value)
    return [] if known else ["scopes does not have a valid value"]


def _wrong_level(value: object) -> list[str]:
    if not isinstance(value, int) or isinstance(value, bool):
        return ["access_level is invalid"]
    return [] if value in LEVELS else ["access_level does not have a valid value"]
