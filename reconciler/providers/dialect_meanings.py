"""The JSON Schema of dialect files: generated from the types, with what each field means.

The meanings stand here and not beside the types, so that loading a dialect does not pay for them; a
test demands one for every field.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from reconciler.documents.json_schema import schema_of, write_schema
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.dialect.parts import Part

_ANY: Final = {
    "kind": "Which kind of this it is; the other fields depend on it.",
    "codec": "How the value is written; the other fields depend on it.",
    "max_pages": "A list with more pages than this is not believed.",
    "total": "Where each answer has the number of all rows; it is compared.",
    "page_size": "How many rows a page has.",
}
"""Fields that mean the same wherever they stand."""

_MEANINGS: Final = {
    "Match": {
        "status": "The HTTP status.",
        "code": "The API's own short code, where the status alone does not tell.",
    },
    "Envelope": {
        "data": "Where in an answer the data is.",
        "ok": "An expression that is true in an answer that means success.",
        "code": "Where an error has its short code; `a || b` for several shapes.",
    },
    "Bearer": {"credential": "What the token is called in a manifest's `auth`."},
    "Header": {
        "headers": "For each header, what its value is called in a manifest's `auth`.",
        "prefix": "What comes before the value.",
    },
    "Basic": {
        "username": "What the user name is called in a manifest's `auth`.",
        "password": "What the password is called in a manifest's `auth`.",
    },
    "Obstacle": {
        "when": "An expression that is true in such an answer.",
        "say": "What is in the way, for people.",
    },
    "Renewal": {
        "path": "Where a session is renewed.",
        "body": "What is sent.",
        "cookies": "Which of the login's cookies are sent.",
    },
    "Login": {
        "path": "Where one logs in.",
        "encoding": "How the body is written.",
        "ok": "The statuses of a login that worked.",
        "send": "For each place in the body, what goes there is called so in `auth`.",
        "fixed": "The rest of the body.",
        "token": "Where the answer has the token.",
        "cookies": "The cookies that are the session, where there is no token.",
        "renew": "How a session goes on without the password.",
        "again_on": "Answers that say that the session is over.",
        "obstacles": "Answers of a login without a session.",
    },
    "ClientCredentials": {
        "path": "Where the token is given out.",
        "scope": "The scope that is asked for.",
        "again_on": "Answers that say that the token is over.",
    },
    "Signer": {
        "signer": "The plug-in, by its name among the entry points `keywright.signers`.",
        "needs": "What its credentials are called in a manifest's `auth`.",
    },
    "ErrorRule": {
        "during": "The calls that it is about; all of them where left out.",
        "means": "`absent`: there is no such key. `quota`: there is no room for another one.",
        "say": "What it means, for people.",
    },
    "Operation": {
        "method": "The HTTP method.",
        "path": "The path below the base URL, with {names} to fill in.",
        "ok": "The statuses that mean success.",
        "query": "What is always in the query; {names} are filled in.",
        "body": "The fixed part of the body; {names} are filled in.",
        "encoding": "How the body is written.",
        "idempotent": "Sending it twice is the same as sending it once.",
        "already": "Error answers that say that it is so already.",
        "data": "Where the data is, where that is elsewhere than the envelope says.",
    },
    "PagePaging": {
        "page": "The query parameter of the page's number.",
        "size": "The query parameter of the page's size.",
        "first": "The number of the first page.",
    },
    "OffsetPaging": {
        "offset": "The query parameter of the first row.",
        "limit": "The query parameter of the number of rows.",
    },
    "CursorPaging": {
        "cursor": "The parameter that takes the cursor; a path where it is in the body.",
        "place": "Where the cursor is sent.",
        "next": "Where an answer has the cursor of the next page.",
        "more": "Where an answer says whether there is another page.",
    },
    "Chained": {"size": "The part of `query` that says how many rows a page has."},
    "LastIdPaging": {
        "after": "The query parameter that takes the last id.",
        "id": "Where a row has its id.",
        "more": "Where an answer says whether there is another page.",
    },
    "NextUrlPaging": {"next": "Where an answer has the address of the next page."},
    "ListOperation": {
        "items": "Where the data has the rows.",
        "paging": "How the list goes on.",
    },
    "KeyListOperation": {
        "rows": "Whether a row tells everything, or its key has to be looked up.",
        "complete": "Whether absence from the list proves absence.",
    },
    "SuppliedSecret": {
        "path": "Where the secret goes in the body.",
        "prefix": "What it begins with.",
        "size": "How many random characters it has.",
    },
    "CreateOperation": {
        "secret": "Where the answer has the secret; several named paths become one JSON object.",
        "supplied": "How the secret is made, where the client makes it.",
        "row": "Where the answer has the new key, as it is listed.",
        "idempotency_key": "The header that takes the operation's id.",
    },
    "UpdateOperation": {
        "style": "What becomes of fields that are not sent: they stay, or are lost.",
        "row": "Where the answer has the changed key, as it is listed.",
    },
    "DisableOperation": {"final": "A key that was switched off stays off."},
    "DeleteOperation": {"soft": "A deleted key stays listed, as dead."},
    "RotateOperation": {
        "overlap": "Whether the old secret goes on working for a while.",
        "say": "What it does, for people.",
    },
    "VerifyOperation": {
        "accepted": "The answers to a key that works.",
        "rejected": "The answers to a key that does not.",
        "header": "The header that takes the key; by default it is the bearer token.",
        "at": "At which of the provider's addresses keys are used.",
    },
    "AuditOperation": {
        "when": "Where an entry has its time.",
        "actor": "Where an entry says who did it.",
        "action": "Where an entry says what was done.",
        "key": "Where an entry has the key's id, where the log is not asked for one.",
        "request_id": "Where an entry has the id of the request.",
    },
    "Operations": {
        "list": "Every key.",
        "create": "A new key.",
        "delete": "The end of a key.",
        "get": "One key by its id.",
        "update": "A change in place.",
        "enable": "Switching a key on.",
        "disable": "Switching a key off.",
        "rotate": "A rotation of the API's own.",
        "verify": "A call with a key itself, without effect, that shows whether it works.",
        "audit": "The API's own log of what was done to keys.",
    },
    "Clear": {"value": "What is sent."},
    "Mapped": {
        "read": "Where a row has it; left out: no answer tells it.",
        "create": "Where it goes in the body of a creation.",
        "update": "Where it goes in the body of a change; left out: only a new key can change it.",
        "update_by": "A call for this field alone.",
        "omitted": "What the API sets when a creation leaves it out.",
        "omission_widens": "Leaving it out grants more than anyone asked for.",
        "required": "Why it has to be declared.",
        "optional": "Answers may lack it.",
        "clear": "How it is emptied.",
    },
    "StringField": {
        "allowed": "The only words that it takes.",
        "as_number": "The API has it as a number.",
    },
    "EnumField": {"values": "For each word of ours, the API's own."},
    "BoolField": {"inverted": "The API's word means the opposite."},
    "SetField": {
        "allowed": "The only words that it takes.",
        "null_is_empty": "The API says null for no entry.",
        "never_empty": "Why an empty list is refused.",
    },
    "RateField": {
        "per": "The time in which so many requests are allowed.",
        "unlimited": "The number that stands for no limit.",
        "unlimited_is_null": "Null stands for no limit.",
    },
    "InstantField": {
        "format": "How it is read, and sent where `writes` is left out.",
        "writes": "How it is sent; a span counts from now.",
        "rounding": "What the API keeps of it.",
        "shortest": "The least seconds from the creation on.",
        "longest": "The most seconds from the creation on.",
    },
    "Identity": {
        "id": "Where a row has the key's id.",
        "created_at": "Where a row has the time of the creation.",
        "last_used_at": "Where a row has the time of the last use.",
        "dead": "An expression that is true for a row that only remembers a key.",
        "held_by": "An expression that names whoever else manages the key, or nothing.",
        "status": "Where a row has the API's word for how the key stands.",
        "statuses": "What each such word means.",
        "times": "How these times are written.",
    },
    "Marker": {
        "kind": "In the name, in a text of its own, or as one of several tags.",
        "read": "Where a row has the mark.",
        "create": "Where it goes in the body of a creation.",
    },
    "Variable": {
        "say": "What it is, for who has to write it.",
        "default": "What it is where nobody says.",
        "optional": "It may be left out.",
    },
    "Told": {
        "claim": "The claim of the token that names the tenant.",
        "login": "Where the answer to the login names it.",
        "row": "Where every row names it.",
        "call": "A call whose answer names it.",
        "path": "Where the answer to that call names it.",
        "equals": "The variable that must say the same.",
    },
    "Tenant": {
        "variables": "What a manifest has to say of it, by name.",
        "told": "Where the API itself names it.",
    },
    "Toggle": {
        "read": "Where the answer that lists the keys has the switch.",
        "on": "Switching all keys on.",
        "off": "Switching all keys off.",
    },
    "DeployState": {
        "stage": "Where the answer says how far it is.",
        "running": "The words for a deploy that succeeded.",
        "failed": "The words for one that failed.",
        "idle": "The words for a project that nothing was ever deployed of.",
        "deployed_at": "Where the answer has the time of the last deploy.",
        "keys": "Where the answer has the ids of the keys that it holds.",
        "enabled": "Where the answer says whether keys work in it at all.",
    },
    "Deploy": {
        "projects": "What can be deployed.",
        "project": "Where a row of those has the project's id.",
        "start": "The start of a deploy.",
        "busy": "Answers to a start while another deploy runs.",
        "state": "What a project runs.",
    },
    "Gateway": {
        "list": "Every upstream.",
        "id": "Where a row has the upstream's id.",
        "name": "Where a row has the upstream's name.",
        "create": "A new upstream.",
        "create_name": "Where the name goes in the body of a creation.",
        "update": "A new secret for an upstream.",
        "row": "Where the answer has the upstream, as it is listed.",
        "secret": "Where the secret goes in the bodies.",
        "checked": "The gateway tries a secret before it takes it.",
        "fields": "How an upstream is made, by the names of a provider key's `options`.",
    },
    "Reach": {
        "list": "What else a key opens.",
        "name": "Where a row has its name.",
        "say": "How the plan's sentence about it begins.",
    },
    "Reset": {
        "header": "The header that says when to go on.",
        "unit": "What its number means: seconds from now, or a time.",
    },
    "Throttling": {
        "untouched": "A 429 comes before any effect, so that even a creation may be repeated.",
        "reset": "What says when to go on, where Retry-After does not.",
        "requests_per_minute": "The most requests in a minute.",
        "concurrency": "The most requests at the same time.",
    },
    "Capacity": {
        "max_keys": "How many keys a tenant may have.",
        "counts_disabled": "Keys that are switched off count.",
        "unique_names": "No two keys may have one name.",
    },
    "Consistency": {"list_lag": "How many seconds a new key may be missing from the list."},
    "Source": {
        "reference": "What the dialect was written from.",
        "run_live": "Whether it was run against the real API.",
    },
    "Dialect": {
        "dialect": "Its name, which the state records; not one of those that we ship.",
        "title": "What it is called for people.",
        "source": "Where it was written from.",
        "auth": "The ways in; a manifest chooses one by the credentials that it gives.",
        "headers": "Headers of every request.",
        "tenant": "Which tenant the keys belong to.",
        "envelope": "How answers are wrapped.",
        "errors": "What error answers mean; the first that fits counts.",
        "operations": "What the API can do; what is left out, it cannot.",
        "throttling": "How the API slows us down.",
        "consistency": "How far answers lag behind writes.",
        "capacity": "How many keys a tenant may have.",
        "identity": "Where a row has a key's id, times and standing.",
        "name_limit": "How many characters a name may have.",
        "marker": "Where our mark goes; left out: nowhere, and only the state knows our keys.",
        "fields": "The attributes of a key.",
        "refuses": "Why the API's keys have no such field, for who declares it.",
        "effective": "When a change counts.",
        "toggle": "The switch for all keys of a tenant.",
        "deploy": "How changes are deployed, where they count from then on.",
        "gateway": "The upstreams that it calls with secrets of its own.",
        "reach": "What else a key of this tenant opens.",
    },
}


def make_schema() -> dict[str, Any]:
    """Generate the schema."""
    schema = schema_of(Dialect, "Keywright dialect")
    parts = {part.__name__: part for part in _parts(Part)}
    for name, body in (("Dialect", schema), *schema["$defs"].items()):
        part = parts.get(name)
        if part is None:  # not a part of ours, but such as the list of actions
            continue
        for field, each in part.model_fields.items():
            meaning = meaning_of(part, field)
            if meaning is not None:
                body["properties"][field if each.alias is None else each.alias]["description"] = (
                    meaning
                )
    return schema


def schema_text() -> str:
    """Write the schema as text."""
    return write_schema(make_schema())


def meaning_of(part: type[Part], field: str) -> str | None:
    """Say what a field means, whichever of the types that a part is made of has it."""
    found = (_MEANINGS.get(each.__name__, {}).get(field) for each in part.__mro__)
    return next((meaning for meaning in found if meaning), _ANY.get(field))


def _parts(part: type[Part]) -> Iterator[type[Part]]:
    for each in part.__subclasses__():
        yield each
        yield from _parts(each)
