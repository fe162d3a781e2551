"""Logging in with an email (the sandbox's user name) and a password, and choosing a project."""

from typing import Any, assert_never
from uuid import UUID

from starlette.responses import JSONResponse, Response

from reconciler.sandbox.accounts import Account, LoginRefusal, Refused
from reconciler.sandbox.calls import Call, RefusalError
from reconciler.sandbox.pinbridge.answers import (
    account_inactive,
    account_locked,
    bad_login,
    not_found,
)
from reconciler.sandbox.pinbridge.identity import issue_session, may_manage_keys, require_person
from reconciler.sandbox.pinbridge.projects import PRODUCTION, PROJECTS, show_context
from reconciler.sandbox.validation import Sent, read_json


class _Login(Sent):
    email: str
    password: str


class _Choice(Sent):
    project_id: UUID


def log_in(call: Call) -> Response:
    """Give a session that acts on the production project."""
    sent = read_json(_Login, call.body)
    outcome = call.parts.accounts.log_in(sent.email, sent.password)
    if isinstance(outcome, LoginRefusal):
        raise _refuse(outcome)
    call.note_user(outcome.username)
    session = issue_session(call, outcome, PRODUCTION)
    context = show_context(PRODUCTION)
    about = {"user": _show_user(outcome), "workspace": context["active_project"]}
    permissions = {"can_manage_api_keys": may_manage_keys(outcome)}
    return JSONResponse({**session, **about, **context, "permissions": permissions})


def list_projects(call: Call) -> Response:
    """Show the projects, and which one the session acts on."""
    _, active = require_person(call)
    return JSONResponse(show_context(active))


def switch_project(call: Call) -> Response:
    """Give another session, which acts on another project; the old one stays as it is."""
    account, _ = require_person(call)
    chosen = PROJECTS.get(str(read_json(_Choice, call.body).project_id))
    if chosen is None:
        raise not_found("Project")
    return JSONResponse({**issue_session(call, account, chosen), **show_context(chosen)})


def _show_user(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "email": account.username,
        "full_name": None,
        "timezone": "UTC",
        "email_verified": True,
    }


def _refuse(refusal: LoginRefusal) -> RefusalError:
    match refusal.why:
        case Refused.UNKNOWN | Refused.WRONG:
            return bad_login()
        case Refused.LOCKED:
            return account_locked(refusal.seconds_left or 0)
        case Refused.INACTIVE:
            return account_inactive()
        case _:
            assert_never(refusal.why)
