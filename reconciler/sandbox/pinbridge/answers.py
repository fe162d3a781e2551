"""PinBridge's refusals: the `error` envelope at the top of the body, with a code and a remedy.

It must not decide when a refusal is due.
"""

from reconciler.sandbox.calls import RefusalError
from reconciler.sandbox.validation import Problem


def unauthorized() -> RefusalError:
    """Refuse a call without a session or a key that is good; the code is ours."""
    return _refuse(401, "unauthorized", "Not authenticated.", "Log in, or send an active API key.")


def bad_login() -> RefusalError:
    """Refuse a wrong name or password, without saying which; the code is ours."""
    return _refuse(401, "invalid_credentials", "Wrong email or password.", "Check both.")


def account_locked(seconds: int) -> RefusalError:
    """Refuse a log-in after too many wrong ones; status and code are ours."""
    return _refuse(
        403, "account_locked", "Too many failed log-ins.", f"Try again in {seconds} seconds."
    )


def account_inactive() -> RefusalError:
    """Refuse somebody who was switched off; the code is ours."""
    return _refuse(403, "account_inactive", "This account is not active.", "Ask an admin.")


def not_permitted(what: str) -> RefusalError:
    """Refuse somebody whose role is too small, or a key where only people may go; ours."""
    return _refuse(403, "permission_denied", f"You may not {what}.", "Ask a workspace admin.")


def insufficient_scope(scope: str) -> RefusalError:
    """Refuse a key without the scope that a call needs."""
    message = f"This API key does not have the '{scope}' scope."
    remedy = f"Ask a workspace admin for a key with the {scope} scope."
    return _refuse(403, "insufficient_scope", message, remedy)


def account_not_permitted() -> RefusalError:
    """Refuse a Pinterest account that is not there, or outside a key's allow-list."""
    message = "This Pinterest account is not available here."
    return _refuse(403, "account_not_permitted", message, "List the accounts and choose another.")


def not_found(what: str) -> RefusalError:
    """Refuse an id that is unknown in this project."""
    return _refuse(404, "not_found", f"{what} not found.", "Check the id and the active project.")


def invalid(problems: list[Problem]) -> RefusalError:
    """Refuse input, naming each place; the shape of the places is FastAPI's."""
    errors = [{"loc": one["loc"], "msg": one["msg"]} for one in problems]
    message = "The request is invalid."
    return _refuse(422, "validation_error", message, "Correct the fields named.", errors=errors)


def rate_limited(seconds: int) -> RefusalError:
    """Refuse a key that was used too often."""
    refusal = _refuse(
        429,
        "rate_limited",
        "Too many requests.",
        "Retry after the Retry-After window.",
        retry_after_seconds=seconds,
    )
    refusal.headers = {"Retry-After": str(seconds)}
    return refusal


def _refuse(status: int, code: str, message: str, remedy: str, **more: object) -> RefusalError:
    error = {"code": code, "message": message, "remediation": remedy, **more}
    return RefusalError(status, {"error": error})
