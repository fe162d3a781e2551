"""A switch for tests: the code that every envelope tells, in place of the HTTP status.

The two can disagree in a JSON envelope; whoever trusts the wrong one is found out with this.
"""

from typing import Any

from starlette.requests import Request

from reconciler.sandbox.parts import ControlRoute, Parts


def told_code(parts: Parts) -> int | None:
    """Give the code that envelopes tell; None where they repeat the status."""
    with parts.database.read() as db:
        found = db.execute("SELECT code FROM aic_envelope_code").fetchone()
    return int(found["code"]) if found else None


def envelope_code_route(parts: Parts) -> ControlRoute:
    """Make the control route that sets the code, or, with null, makes envelopes honest again."""

    def change(_: Request, body: dict[str, Any]) -> object:
        code = body["code"]
        if code is not None and (not isinstance(code, int) or isinstance(code, bool)):
            raise ValueError("code is a whole number or null")
        with parts.database.write() as db:
            db.execute("DELETE FROM aic_envelope_code")
            if code is not None:
                db.execute("INSERT INTO aic_envelope_code VALUES (?)", (code,))
        return {"code": code}

    return "PUT", "envelope-code", change
