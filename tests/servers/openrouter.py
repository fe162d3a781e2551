"""OpenRouter's API for managing keys, in memory, as its public references describe it.

Sources, all in the repository OpenRouterTeam/typescript-sdk:
  S1  .speakeasy/out.openapi.yaml @008c3a1ad3e017a7b94617e244ca37ce5955272e: /key, /keys and below
  S2  docs/sdks/apikeys/README.mdx and docs/models/operations/createkeysrequestbody.mdx
      @08655a54e414b20b438671e03a61ae15bbeeec44, which are newer than S1
  S3  OpenRouterTeam/docs, issue 5: how an expired key is refused
  S4  openrouter.ai/docs/features/provisioning-api-keys: the newest come first, 100 to a page
What no source says is marked "ours". POST /keys/{hash}/rotate stood in versions between S1 and S2
(@82b856133be0142d2f98912640da9908248c5ef0) and is gone from S2, so it is not here. It knows no
driver.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_hex
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.servers.serving import LiveServer, Now, RefusedError, utc_now

MANAGEMENT_KEY = "sk-or-v1-management"
WORKSPACE = "0df9e665-d932-5740-b2c7-b52af166bc11"
USER = "user_2dHFtVWx2n56w6HkM0000000000"
KEYS = "/api/v1/keys"
KEY = "/api/v1/keys/{hash}"
CURRENT = "/api/v1/key"

_NO_USAGE = {
    f"{kind}{window}": 0
    for kind in ("usage", "byok_usage")
    for window in ("", "_daily", "_weekly", "_monthly")
}
# S2: Z only, seconds needed, fractions allowed. That +00:00 is refused too is our reading.
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_MESSAGES = {
    400: "Invalid request parameters",
    401: "Missing Authentication header",
    403: "Only management keys can perform this operation",
    404: "Resource not found",
    429: "Rate limit exceeded",
    500: "Internal Server Error",
}
Check = Callable[[object], bool]


@dataclass
class _Key:
    """One key, and its secret, which the real service does not keep."""

    hash: str
    secret: str
    name: str
    created_at: datetime
    limit: float | None = None
    limit_reset: str | None = None
    include_byok_in_limit: bool = False
    expires_at: datetime | None = None
    creator_user_id: str | None = USER
    workspace_id: str = WORKSPACE
    disabled: bool = False
    updated_at: datetime | None = None

    def spending(self) -> dict[str, Any]:
        """Give the fields that GET /key shows too. Nothing is ever spent here."""
        return _NO_USAGE | {
            "label": f"{self.secret[:12]}...{self.secret[-4:]}",
            "limit": _as_javascript(self.limit),
            "limit_remaining": _as_javascript(self.limit),
            "limit_reset": self.limit_reset,
            "include_byok_in_limit": self.include_byok_in_limit,
            "expires_at": _told(self.expires_at),
            "creator_user_id": self.creator_user_id,
        }

    def row(self) -> dict[str, Any]:
        return self.spending() | {
            "hash": self.hash,
            "name": self.name,
            "disabled": self.disabled,
            "created_at": _told(self.created_at),
            "updated_at": _told(self.updated_at),
            "workspace_id": self.workspace_id,
        }


class OpenRouterServer(LiveServer):
    """`page_size` is 100 at the real service, which has no parameter for it."""

    def __init__(
        self, *, management_key: str = MANAGEMENT_KEY, page_size: int = 100, now: Now = utc_now
    ) -> None:
        super().__init__()
        self.management_key = management_key
        self._page_size = page_size
        self._now = now
        self._keys: dict[str, _Key] = {}  # by hash, the oldest first

    def routes(self) -> list[Route]:
        return [
            Route(CURRENT, self._current, methods=["GET"]),
            Route(KEYS, self._list, methods=["GET"]),
            Route(KEYS, self._create, methods=["POST"]),
            Route(KEY, self._get, methods=["GET"]),
            Route(KEY, self._update, methods=["PATCH"]),
            Route(KEY, self._delete, methods=["DELETE"]),
        ]

    def refuse(self, status: int) -> Response:
        return _error(status)

    def add_key(self, name: str = "a key", *, disabled: bool = False) -> str:
        """Create a key as if somebody else had, and give its hash."""
        return self._make({"name": name, "disabled": disabled}).hash

    def remove_key(self, key_hash: str) -> None:
        """Delete a key as if somebody else had."""
        del self._keys[key_hash]

    def hashes(self) -> list[str]:
        """Give the keys that there are, the newest first."""
        return list(reversed(self._keys))

    async def _list(self, request: Request) -> Response:
        self._authorise(request)
        query = request.query_params
        offset = query.get("offset", "0")
        with_disabled = query.get("include_disabled", "false")
        if not offset.isdecimal() or with_disabled not in {"true", "false"}:
            return _error(400)
        workspace = query.get("workspace_id", WORKSPACE)
        found = [
            key.row()
            for key in reversed(self._keys.values())
            if key.workspace_id == workspace and (with_disabled == "true" or not key.disabled)
        ]
        self.page_was_read()
        return JSONResponse({"data": found[int(offset) :][: self._page_size]})

    async def _create(self, request: Request) -> Response:
        self._authorise(request, ordinary_key=403)  # S1: the one operation with a 403
        body = await _read(request)
        if "name" not in body:
            return _error(400)
        key = self._make(_pick(body, _CREATE))
        return JSONResponse({"data": key.row(), "key": key.secret}, 201)

    async def _get(self, request: Request) -> Response:
        return JSONResponse({"data": self._find(request).row()})

    async def _update(self, request: Request) -> Response:
        key = self._find(request)
        changes = _pick(await _read(request), _UPDATE)
        if not changes:
            return _error(400, "No update fields provided")  # S2
        for name, value in changes.items():
            setattr(key, name, value)
        key.updated_at = self._now()
        return JSONResponse({"data": key.row()})

    async def _delete(self, request: Request) -> Response:
        del self._keys[self._find(request).hash]
        return JSONResponse({"deleted": True})

    async def _current(self, request: Request) -> Response:
        caller = self._caller(request)
        management = caller is None
        key = caller or _Key("", self.management_key, "management", self._now())
        shown = key.spending() | {
            "is_free_tier": False,
            "is_management_key": management,
            "is_provisioning_key": management,
            "rate_limit": {"requests": -1, "interval": "10s", "note": "deprecated"},
        }
        return JSONResponse({"data": shown})

    def _make(self, fields: Mapping[str, Any]) -> _Key:
        secret = f"sk-or-v1-{token_hex(32)}"
        key_hash = sha256(secret.encode()).hexdigest()
        end = fields.get("expires_at")
        parsed = {"expires_at": None if end is None else datetime.fromisoformat(end)}
        key = _Key(key_hash, secret, created_at=self._now(), **{**fields, **parsed})
        self._keys[key_hash] = key
        return key

    def _find(self, request: Request) -> _Key:
        self._authorise(request)
        key = self._keys.get(request.path_params["hash"])
        if key is None:
            raise RefusedError(_error(404))
        return key

    def _authorise(self, request: Request, ordinary_key: int = 401) -> None:
        if self._caller(request) is not None:
            raise RefusedError(_error(ordinary_key, _MESSAGES[403]))

    def _caller(self, request: Request) -> _Key | None:
        """Give the key that calls; None is the management key. Others are refused."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise RefusedError(_error(401))
        if token == self.management_key:
            return None
        for key in self._keys.values():
            if key.secret == token and self._works(key):
                return key
        # S3 for an expired key; that all others are told the same is ours.
        raise RefusedError(_error(401, "User not found."))

    def _works(self, key: _Key) -> bool:
        return not key.disabled and (key.expires_at is None or self._now() < key.expires_at)


def _error(status: int, message: str | None = None) -> Response:
    message = message or _MESSAGES.get(status, "Error")
    return JSONResponse({"error": {"code": status, "message": message}}, status)


async def _read(request: Request) -> dict[str, Any]:
    with suppress(ValueError):
        body = await request.json()
        if isinstance(body, dict):
            return body
    raise RefusedError(_error(400))


def _pick(body: Mapping[str, Any], checks: Mapping[str, Check]) -> dict[str, Any]:
    """Give the fields that an operation knows; it ignores the others."""
    known = {name: body[name] for name in checks if name in body}
    if not all(checks[name](value) for name, value in known.items()):
        raise RefusedError(_error(400))
    return known


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_filled(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_reset(value: object) -> bool:
    return value in ("daily", "weekly", "monthly")


def _is_utc(value: object) -> bool:
    if not isinstance(value, str) or not _UTC.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_uuid(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


_UPDATE: Mapping[str, Check] = {
    "name": _is_text,
    "disabled": _is_flag,
    "limit": _or_null(_is_number),
    "limit_reset": _or_null(_is_reset),
    "include_byok_in_limit": _is_flag,
}
_CREATE: Mapping[str, Check] = {
    "name": _is_filled,
    "limit": _or_null(_is_number),
    "limit_reset": _or_null(_is_reset),
    "include_byok_in_limit": _is_flag,
    "expires_at": _or_null(_is_utc),
    "creator_user_id": _or_null(_is_filled),
    "workspace_id": _is_uuid,
}


def _as_javascript(number: float | None) -> float | None:
    """Write a number as a JavaScript server does: 50.0 is 50."""
    return int(number) if number is not None and float(number).is_integer() else number


def _told(instant: datetime | None) -> str | None:
    """Write an instant down; that milliseconds are kept, and only those, is ours."""
    if instant is None:
        return None
    precise = "milliseconds" if instant.microsecond else "seconds"
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precise)}Z"
