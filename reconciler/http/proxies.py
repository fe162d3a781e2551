"""The standard proxy variables, read in one place and passed on explicitly."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from reconciler.http.addresses import is_loopback


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """Give the proxy that HTTPS_PROXY, ALL_PROXY and NO_PROXY name for a base URL, if any."""
    host = urlsplit(url).hostname or ""
    if is_loopback(host):
        return None
    if _is_exempt(host, _variable("no_proxy", environ) or ""):
        return None
    return _variable("https_proxy", environ) or _variable("all_proxy", environ)


def _is_exempt(host: str, no_proxy: str) -> bool:
    suffixes = [part.strip().lstrip(".").lower() for part in no_proxy.split(",")]
    return "*" in suffixes or any(
        host == suffix or host.endswith(f".{suffix}") for suffix in suffixes if suffix
    )


def _variable(name: str, environ: Mapping[str, str]) -> str | None:
    return environ.get(name) or environ.get(name.upper()) or None
