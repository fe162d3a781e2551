"""itellicoAI's refusals: a `detail`, which is a sentence, or a list of what was wrong.

It must not decide when a refusal is due.
"""

from reconciler.sandbox.calls import RefusalError
from reconciler.sandbox.validation import Problem


def unauthorized(why: str) -> RefusalError:
    """Refuse a key that is missing, unknown, revoked or expired."""
    return _refuse(401, why)


def out_of_reach() -> RefusalError:
    """Refuse an account that the key cannot reach; whether it exists stays untold."""
    return _refuse(403, "This API key has no access to the account")


def inactive() -> RefusalError:
    """Refuse an account that was switched off."""
    return _refuse(403, "The account is inactive")


def no_deeper() -> RefusalError:
    """Refuse a subaccount of a subaccount; ours."""
    return _refuse(403, "A subaccount cannot have subaccounts")


def not_found(what: str) -> RefusalError:
    """Refuse an id that is unknown in this account."""
    return _refuse(404, f"{what} not found")


def is_expired() -> RefusalError:
    """Refuse to revoke or to reactivate a key past its expiry; ours."""
    return _refuse(409, "The API key has expired")


def rate_limited(seconds: int) -> RefusalError:
    """Refuse a key that was used too often."""
    refusal = _refuse(429, "Too many requests")
    refusal.headers = {"Retry-After": str(seconds)}
    return refusal


def invalid(problems: list[Problem]) -> RefusalError:
    """Refuse input: what is no JSON at all with a sentence, anything else place by place."""
    if problems[0]["type"] == "json_invalid":
        return _refuse(400, "Cannot parse request body")
    return RefusalError(422, {"detail": problems})


def _refuse(status: int, detail: str) -> RefusalError:
    return RefusalError(status, {"detail": detail})
