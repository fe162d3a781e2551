"""GitLab's API for project access tokens, in memory, as its public references describe it.

Sources, all in the repository gitlabhq/gitlabhq:
  G1  doc/api/project_access_tokens.md @017a6c129d6a9e4ad9fec792cd84f88641d7dbfe
  G2  doc/api/personal_access_tokens.md @0286e4c628d68960d0ca9e961d82c3ea6ac90633
  G3  doc/api/rest/_index.md @017a6c129d6a9e4ad9fec792cd84f88641d7dbfe: paging
  G4  doc/api/rest/authentication.md @08ed20f9d58bc42eb5022c5178feb424362a9862
  G5  doc/security/tokens/access_token_scopes.md @41946e65501d176230532ae34b16e64f5cdac462
  G6  doc/user/profile/personal_access_tokens.md @003efb27fc4d7d0571979553c602fccfbf5ad0c2
  C1  lib/api/resource_access_tokens.rb @04e80ac1e9ffac6090ae70eb36f2957013cf76be
  C2  lib/gitlab/auth/auth_finders.rb @00c11526e98799f87b95a635ad58e957df8f3371
  C3  lib/api/api_guard.rb @017a6c129d6a9e4ad9fec792cd84f88641d7dbfe
  C4  spec/requests/api/resource_access_tokens_spec.rb @04ac4180cb5ba0df460034c7e64862056fd498b3
  C5  app/services/resource_access_tokens/revoke_service.rb
      @800235cce8e92b2b6dd34d30cffb5f9bebe311c0
Where the documents (G) and the code (C) differ, the documents win. What neither says is "ours".
It knows no driver.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from secrets import token_hex
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.servers.gitlab_bodies import Wanted, read_body, read_expiry, read_wanted, refusal
from tests.servers.gitlab_paging import paginate
from tests.servers.serving import LiveServer, Now, RefusedError, utc_now

ADMIN_TOKEN = "glpat-management"
PROJECT = 7
PROJECT_PATH = "acme/app"
TOKENS = "/api/v4/projects/{project}/access_tokens"
TOKEN = "/api/v4/projects/{project}/access_tokens/{token_id}"
ROTATE = "/api/v4/projects/{project}/access_tokens/{token_id}/rotate"
SELF = "/api/v4/personal_access_tokens/{token_id}"

_ROTATED_FOR = timedelta(weeks=1)
_USE_IS_NOTED_EVERY = timedelta(minutes=10)  # G6
_FILTERS_NOT_HERE = {"sort"} | {
    f"{what}_{side}" for what in ("created", "expires", "last_used") for side in ("after", "before")
}
Scopes = Sequence[str]


@dataclass
class _Token:
    """One token, alive or not. The personal token that manages has no project."""

    id: int
    secret: str
    project: int | None
    user_id: int
    family: int
    wanted: Wanted
    created_at: datetime
    revoked: bool = False
    last_used_at: datetime | None = None

    def is_active(self, today: date) -> bool:
        """Whether it works: G6 says that it ends as its last day begins, in UTC."""
        return not self.revoked and today < self.wanted.expires_at


class GitLabServer(LiveServer):
    """A GitLab with one project, and one personal token that may manage it.

    `administrator`: whose personal token it is; only a rotation and a look at a personal token
    tell absence by it (G1, G2). `delete_again`: the documents do not say how a token is answered
    that is revoked already; C5 revokes it once more (204), older versions have forgotten it (404).
    `expiry_required`: G1 calls expires_at required and gives its default in the same row.
    `most_counted`: above it, the totals and the link to the last page are left out.
    """

    def __init__(
        self,
        *,
        token: str = ADMIN_TOKEN,
        administrator: bool = True,
        access_level: int = 50,
        delete_again: int = 404,
        expiry_required: bool = False,
        max_days: int = 365,
        most_counted: int = 10_000,
        newest_first: bool = False,
        now: Now = utc_now,
    ) -> None:
        super().__init__()
        self.token = token
        self._administrator = administrator
        self._access_level = access_level
        self._delete_again = delete_again
        self._expiry_required = expiry_required
        self._max_days = max_days
        self._most_counted = most_counted
        self._newest_first = newest_first
        self._now = now
        self._show_scopes: Callable[[Scopes], Scopes] = list
        year = self._today() + timedelta(days=max_days)
        own = Wanted("management", ("api",), year, access_level, None)
        self._manager = _Token(1, token, None, 1, 1, own, now())
        self._tokens = {1: self._manager}
        self._last_id = 41

    def routes(self) -> list[Route]:
        tokens = TOKENS.replace("{project}", "{project:path}")
        return [
            Route(f"{tokens}/{{token_id}}/rotate", self._rotate, methods=["POST"]),
            Route(f"{tokens}/{{token_id}}", self._get, methods=["GET"]),
            Route(f"{tokens}/{{token_id}}", self._delete, methods=["DELETE"]),
            Route(tokens, self._list, methods=["GET"]),
            Route(tokens, self._create, methods=["POST"]),
            Route(SELF, self._personal, methods=["GET"]),
        ]

    def refuse(self, status: int) -> Response:
        return refusal(status)

    def add_token(self, name: str = "a token", scopes: Scopes = ("api",), days: int = 30) -> int:
        """Create a token as if somebody else had, and give its id."""
        expires_at = self._today() + timedelta(days=days)
        return self._make(Wanted(name, tuple(scopes), expires_at, 40, None), PROJECT).id

    def revoke_token(self, token_id: int) -> None:
        """Revoke a token as if somebody else had."""
        self._tokens[token_id].revoked = True

    def forget_token(self, token_id: int) -> None:
        """Remove a row, as GitLab does some time after a token has died."""
        del self._tokens[token_id]

    def secret_of(self, token_id: int) -> str:
        return self._tokens[token_id].secret

    def show_scopes(self, change: Callable[[Scopes], Scopes]) -> None:
        """Let every answer tell scopes in another way: another order, or with what they imply."""
        self._show_scopes = change

    async def _list(self, request: Request) -> Response:
        self._authorise(request)
        if _FILTERS_NOT_HERE & set(request.query_params):
            return refusal(501, "this server has not been taught that filter")
        found = [
            self._row(token)
            for token in self._tokens.values()
            if token.project == self._project(request) and self._matches(token, request)
        ]
        if self._newest_first:
            found.reverse()
        answer = paginate(found, request, self.url, self._most_counted)
        self.page_was_read()
        return answer

    async def _create(self, request: Request) -> Response:
        caller = self._authorise(request)
        project = self._project(request)
        body = await read_body(request)
        if "expires_at" not in body and self._expiry_required:
            return refusal(400, error="expires_at is missing")
        wanted = read_wanted(body, self._latest_expiry())
        if caller is not self._manager:  # G1: a personal token is needed; C4: 400
            return refusal(400, "no permission to create a project access token")
        if wanted.access_level > self._access_level:
            return refusal(400, "the access level exceeds that of the creating user")
        token = self._make(wanted, project)
        return JSONResponse(self._row(token) | {"token": token.secret}, 201)

    async def _get(self, request: Request) -> Response:
        return JSONResponse(self._row(self._find(request)))

    async def _delete(self, request: Request) -> Response:
        token = self._find(request)
        if token.revoked and self._delete_again == 404:
            return _absent()
        token.revoked = True
        return Response(status_code=204)

    async def _rotate(self, request: Request) -> Response:
        caller = self._authorise(request)
        token = self._find_to_rotate(request, caller)
        body = dict(request.query_params) | await read_body(request)
        in_a_week = self._today() + _ROTATED_FOR
        expires_at = read_expiry(body, in_a_week, self._latest_expiry())
        token.revoked = True
        successor = self._make(
            replace(token.wanted, expires_at=expires_at), token.project, predecessor=token
        )
        return JSONResponse(self._row(successor) | {"token": successor.secret})

    async def _personal(self, request: Request) -> Response:
        caller = self._caller(request)  # C1: any scope will do
        wanted = request.path_params["token_id"]
        found = caller if wanted == "self" else self._tokens.get(_as_id(wanted))
        may_see_all = caller is self._manager and self._administrator
        if found is None or (found is not caller and not may_see_all):
            return _absent("personal") if may_see_all else refusal(401)  # G2
        row = self._row(found)
        del row["access_level"]
        return JSONResponse(row)

    def _find(self, request: Request) -> _Token:
        """Find a token of the project; absence is 404 for everybody (G1, C1)."""
        self._authorise(request)
        token = self._tokens.get(_as_id(request.path_params["token_id"]))
        if token is None or token.project != self._project(request):
            raise RefusedError(_absent())
        return token

    def _find_to_rotate(self, request: Request, caller: _Token) -> _Token:
        wanted = request.path_params["token_id"]
        if wanted == "self":
            if caller.project != self._project(request):
                raise RefusedError(refusal(405))
            return caller
        token = self._tokens.get(_as_id(wanted))
        if caller is not self._manager:
            raise RefusedError(refusal(401))
        if token is None or token.project != self._project(request):
            raise RefusedError(_absent() if self._administrator else refusal(401))
        if token.revoked:  # C1 answers 400 here, and lets the family live
            self._revoke_family(token)
        if not token.is_active(self._today()):
            raise RefusedError(refusal(401))
        return token

    def _make(
        self, wanted: Wanted, project: int | None, predecessor: _Token | None = None
    ) -> _Token:
        """Add a token; a successor keeps the bot user of its predecessor."""
        self._last_id += 1
        token = _Token(
            id=self._last_id,
            secret=f"glpat-{token_hex(10)}",
            project=project,
            user_id=predecessor.user_id if predecessor else self._last_id + 100,
            family=predecessor.family if predecessor else self._last_id,
            wanted=wanted,
            created_at=self._now(),
        )
        self._tokens[token.id] = token
        return token

    def _revoke_family(self, member: _Token) -> None:
        for token in self._tokens.values():
            token.revoked = token.revoked or token.family == member.family

    def _authorise(self, request: Request) -> _Token:
        """Give who calls, if its scopes reach as far as this request."""
        caller = self._caller(request)
        enough = {"api"}
        if request.method == "GET":
            enough.add("read_api")
        if request.url.path.endswith("/self/rotate"):
            enough.add("self_rotate")
        if not enough & set(caller.wanted.scopes):
            raise RefusedError(_too_few_scopes(enough))
        return caller

    def _caller(self, request: Request) -> _Token:
        secret = request.headers.get("private-token")
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        secret = secret or (bearer if scheme.lower() == "bearer" else "")
        caller = next((t for t in self._tokens.values() if t.secret == secret), None)
        if caller is None:
            raise RefusedError(refusal(401))
        if caller.revoked and request.url.path.endswith("/rotate"):
            self._revoke_family(caller)  # C2
        if not caller.is_active(self._today()):
            raise RefusedError(_dead(caller))
        self._note_use(caller)
        return caller

    def _note_use(self, token: _Token) -> None:
        now = self._now()
        if token.last_used_at is None or now - token.last_used_at >= _USE_IS_NOTED_EVERY:
            token.last_used_at = now

    def _project(self, request: Request) -> int:
        if request.path_params["project"] not in (str(PROJECT), PROJECT_PATH):
            raise RefusedError(refusal(404, message="404 Project Not Found"))
        return PROJECT

    def _matches(self, token: _Token, request: Request) -> bool:
        query: Mapping[str, str] = request.query_params
        state = "active" if token.is_active(self._today()) else "inactive"
        return (
            query.get("state", state) == state
            and query.get("revoked", str(token.revoked).lower()) == str(token.revoked).lower()
            and query.get("search", "").lower() in token.wanted.name.lower()
        )

    def _row(self, token: _Token) -> dict[str, Any]:
        return {
            "id": token.id,
            "name": token.wanted.name,
            "description": token.wanted.description,
            "revoked": token.revoked,
            "active": token.is_active(self._today()),
            "created_at": _told(token.created_at),
            "expires_at": token.wanted.expires_at.isoformat(),
            "last_used_at": _told(token.last_used_at),
            "scopes": list(self._show_scopes(token.wanted.scopes)),
            "user_id": token.user_id,
            "access_level": token.wanted.access_level,
        }

    def _today(self) -> date:
        return self._now().date()

    def _latest_expiry(self) -> date:
        return self._today() + timedelta(days=self._max_days)


def _as_id(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _told(instant: datetime | None) -> str | None:
    if instant is None:
        return None
    return f"{instant.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _absent(kind: str = "project") -> Response:
    return refusal(404, message=f"404 {kind} Access Token Not Found")


def _too_few_scopes(enough: set[str]) -> Response:
    body = {
        "error": "insufficient_scope",
        "error_description": "the token's scopes do not reach that far",
        "scope": " ".join(sorted(enough)),
    }
    return JSONResponse(body, 403)


def _dead(caller: _Token) -> Response:
    """Refuse a token that was good once: another shape than for an unknown one (C3)."""
    why = "revoked" if caller.revoked else "expired"
    return JSONResponse({"error": "invalid_token", "error_description": f"token {why}"}, 401)
