"""How consumers are told about a new version: the address of a webhook, or a command.

Whoever knows the address of a webhook can often call it, so an address may be a secret: one that
looks like it is refused as a literal, and no message repeats any.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from reconciler.documents.credentials import looks_secret
from reconciler.manifest.references import (
    LITERAL,
    BadReferenceError,
    EnvReference,
    FileReference,
    Reference,
    read_reference,
)
from reconciler.manifest.urls import is_loopback

Webhook: TypeAlias = str | Reference
"""An address that is no secret, or where one is read from."""

NO_HOOK: Final = "none"
_FORMS = (
    "must be an address such as https://deploy.example.com/hooks/crm,"
    " or {env: NAME} or {file: PATH} where the address itself is secret"
)
_COMMAND = (
    "must be a list of texts, the program and its arguments, as in [./reload.sh, crm];"
    " no shell reads it"
)
_SECRET_PATHS: Final = (
    "hooks.slack.com",
    "discord.com",
    "discordapp.com",
    "hooks.zapier.com",
    "maker.ifttt.com",
    "webhook.office.com",
)
"""Hosts at which the path of a webhook is all that one needs to call it."""
_SECRET_NAME = re.compile(
    r"(token|secret|passw|pwd|signature|credential|api_?key|jwt)"
    r"|(^|[_.-])(key|sig|auth|code|pass|hash)s?($|[_.-])"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_RUN = re.compile(r"[A-Za-z0-9]{20,}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def read_webhook(value: object) -> Webhook:
    """Read a webhook: https anywhere, http only to this machine, or a reference."""
    if isinstance(value, dict):
        return read_reference(value)
    if not isinstance(value, str):
        raise ValueError(_FORMS)  # noqa: TRY004 - pydantic passes only ValueError on
    if not value.isascii() or not value.isprintable() or set(value) & set(' "<>\\^`{|}'):
        raise ValueError(_FORMS)
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        # its own sentence repeats parts of the address
        raise ValueError(_FORMS) from None
    _check_address(parts)
    return value


def _check_address(parts: SplitResult) -> None:
    if parts.username is not None or parts.password is not None:
        raise BadReferenceError(LITERAL)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError(_FORMS)
    if _is_secret(parts, parts.hostname):
        raise BadReferenceError(LITERAL)
    if parts.fragment:
        raise ValueError("must not have a `#`: that part is never sent")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must be https; plain http is allowed only to this machine")


def _is_secret(parts: SplitResult, host: str) -> bool:
    host = host.rstrip(".")
    known = any(host == each or host.endswith(f".{each}") for each in _SECRET_PATHS)
    names = (name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    rest = unquote(f"{parts.path}?{parts.query}")
    return known or _looks_random(rest) or looks_secret(rest) or any(map(_is_secret_name, names))


def _is_secret_name(name: str) -> bool:
    return _SECRET_NAME.search(_CAMEL.sub("_", name).lower()) is not None


def _looks_random(text: str) -> bool:
    """Whether a text has something that nobody would think of: a UUID, or a long mixture."""
    runs = (run[0] for run in _RUN.finditer(text))
    mixed = any(not run.isalpha() and not run.isdigit() for run in runs)
    return mixed or _UUID.search(text) is not None


def read_no_hook(value: object) -> object:
    """Read `none`: nobody is told, whatever the defaults say."""
    return None if value == NO_HOOK else value


def read_command(value: object) -> tuple[str, ...]:
    """Read a program and its arguments, which no shell reads."""
    if not isinstance(value, list) or not value or not all(isinstance(it, str) for it in value):
        raise ValueError(_COMMAND)
    if not value[0].strip() or not value[0].isprintable():
        raise ValueError("must begin with the name of a program")
    return tuple(value)


def word_hook(webhook: Webhook | None, command: tuple[str, ...]) -> str:
    """Say how consumers are told, without anything that may be secret: arguments are left out."""
    match webhook:
        case None:
            return f"command {command[0]}"
        case EnvReference(variable):
            return f"webhook from {variable}"
        case FileReference() as file:
            return f"webhook from {file}"
        case str() as address:
            parts = urlsplit(address)
            return f"webhook {parts.scheme}://{parts.netloc}"
