"""Which base URLs may be spoken to at all: https anywhere, plain http to this machine only."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from reconciler.errors import ProviderError


def check_address(url: str) -> str:
    """Give the base URL without its last slash; ProviderError where it may not be used."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ProviderError("this is not a URL", remedy="Write https://host/path") from None
    if not host or parts.scheme not in {"http", "https"}:
        raise ProviderError("a base URL must be https://host/path")
    _refuse_extras(parts)
    if parts.scheme == "http" and not is_loopback(host):
        raise ProviderError(
            f"http://{host} would send credentials in the clear",
            remedy="Use https; plain http is for this machine only",
        )
    return parts.geturl().rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host name can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_extras(parts: SplitResult) -> None:
    if "@" in parts.netloc:
        raise ProviderError("a base URL must not carry a user name or password")
    if parts.query or parts.fragment:
        raise ProviderError("a base URL must not carry a query or a fragment")
