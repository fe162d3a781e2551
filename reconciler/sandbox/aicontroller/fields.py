"""Reading the attributes that a caller sends: strict in their form, deaf to unknown ones.

It must not look anything up, and no refusal may repeat a value: it could be a secret.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from reconciler.sandbox.aicontroller.answers import RefusalError, invalid

Reader = Callable[[str, object], Any]

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ID = re.compile(r"[1-9][0-9]{0,17}")
_PROVIDER_KEY_MARK = "sk-"
_SHORTEST_PROVIDER_KEY = 20
_LONGEST_URL = 2000


def read_attributes(
    given: Mapping[str, object], readers: Mapping[str, Reader], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Read the attributes that were sent, and refuse where a required one was not."""
    for name in required:
        if name not in given:
            raise invalid(f"{name} is missing")
    return {name: reader(name, given[name]) for name, reader in readers.items() if name in given}


def read_text(name: str, value: object) -> str:
    """Read any text that can be stored; half of a surrogate pair cannot."""
    if not isinstance(value, str):
        raise invalid(f"{name} is a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(f"{name} is a text in Unicode") from None
    return value


def read_id(name: str, value: object) -> int:
    """Read the id of a user or a provider: a number, in a text."""
    text = read_text(name, value)
    if not _ID.fullmatch(text):
        raise invalid(f"{name} is an id")
    return int(text)


def _read_name(least: int, most: int) -> Reader:
    def read(name: str, value: object) -> str:
        text = read_text(name, value)
        if not least <= len(text) <= most:
            raise invalid(f"{name} has {least} to {most} characters")
        return text

    return read


def _read_date(name: str, value: object) -> str:
    # An expiry is mandatory: there is no null that would take it away.
    text, refusal = read_text(name, value), invalid(f"{name} is a date, YYYY-MM-DD")
    if not _DATE.fullmatch(text):
        raise refusal
    try:
        date.fromisoformat(text)
    except ValueError:
        raise refusal from None
    return text


def _read_id_or_null(name: str, value: object) -> int | None:
    return None if value is None else read_id(name, value)


def _read_url(name: str, value: object) -> str:
    text = read_text(name, value)
    refusal = invalid(f"{name} is an http or https URL")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise refusal from None
    if parts.scheme not in ("http", "https") or not parts.hostname or len(text) > _LONGEST_URL:
        raise refusal
    return text


def _read_auth_type(name: str, value: object) -> str:
    if value != "Bearer":
        raise invalid(f"{name} is Bearer")
    return "Bearer"


def _read_provider_key(name: str, value: object) -> str:
    # "Verified on entry": the upstream is not asked, its form is looked at.
    text = read_text(name, value)
    if not text.startswith(_PROVIDER_KEY_MARK) or len(text) < _SHORTEST_PROVIDER_KEY:
        sentence = f"{name} is not accepted by the provider"
        raise RefusalError(422, "InvalidProviderKeyException", sentence)
    return text


KEY: Mapping[str, Reader] = {
    "name": _read_name(1, 100),
    "userId": read_id,
    "providerId": _read_id_or_null,
    "expiry": _read_date,
}
PROVIDER: Mapping[str, Reader] = {
    "name": _read_name(3, 32),
    "url": _read_url,
    "authType": _read_auth_type,
    "apiKey": _read_provider_key,
}
