"""The things that are done to a key API, by name: in dialects, verdicts and faults."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """One kind of call."""

    LOGIN = "login"
    LIST = "list"
    GET = "get"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ENABLE = "enable"
    DISABLE = "disable"
    VERIFY = "verify"
