"""Which address of a key API is acceptable, and its one canonical form.

https anywhere, http only to this machine, or `sandbox:PATH` for the embedded key API. No message
repeats an address: it may carry a password.
"""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import SplitResult, urlsplit

SANDBOX: Final = "sandbox:"
_DEFAULT_PORTS = {"https": 443, "http": 80}
_FORMS = "must be an address such as https://keys.example.com/api, or sandbox:PATH"


def read_url(value: object) -> str:
    """Check the address of a key API and give it in its canonical form."""
    if not isinstance(value, str):
        raise ValueError(_FORMS)  # noqa: TRY004 - pydantic passes only ValueError on
    if value.startswith(SANDBOX):
        return _read_sandbox(value)
    if not value.isascii() or not value.isprintable() or set(value) & set(' "<>\\^`{|}'):
        raise ValueError(f"{_FORMS}, without spaces or special characters")
    try:
        parts = urlsplit(value)
        return _normalise(parts, _checked_host(parts), parts.port)
    except ValueError as error:
        # urlsplit's own sentences repeat parts of the address
        raise ValueError(str(error) if str(error).startswith("must") else _FORMS) from None


def read_key_url(value: object) -> str:
    """Check the address at which keys are used."""
    if isinstance(value, str) and value.startswith(SANDBOX):
        raise ValueError("must be an address such as https://app.example.com, not a sandbox")
    return read_url(value)


def _read_sandbox(value: str) -> str:
    if not value.removeprefix(SANDBOX).strip() or not value.isprintable():
        raise ValueError("must name a file after `sandbox:`, as in sandbox:.keywright/sandbox.db")
    return value


def _checked_host(parts: SplitResult) -> str:
    host = parts.hostname
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise ValueError(_FORMS)
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or a password; they belong in `auth`")
    if parts.query or parts.fragment:
        raise ValueError("must end with its path: no `?` and no `#`")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("must be https; plain http is allowed only to this machine")
    return host


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _normalise(parts: SplitResult, host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    suffix = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{shown}{suffix}{parts.path.rstrip('/')}"
