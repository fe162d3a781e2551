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
    ASK = "ask"
    TENANT = "tenant"
    AUDIT = "audit"
    SWITCH_ALL = "switch_all"
    PROJECTS = "projects"
    DEPLOY = "deploy"
    DEPLOYMENT = "deployment"
    UPSTREAMS = "upstreams"
    PUT_UPSTREAM = "put_upstream"
    REACH = "reach"
