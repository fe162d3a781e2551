"""Whom we trust: one context for a run, made when it is first needed, verifying always."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

import certifi

from reconciler.errors import ProviderError


@cache
def trust(ca_file: str | None = None) -> ssl.SSLContext:
    """Give the shared context: the system's authorities, and those of `ca_file` as well.

    OpenSSL reads a certificate directory lazily, where loading certifi's bundle costs 80 ms: that
    is only for machines without one. OpenSSL itself honours SSL_CERT_FILE and SSL_CERT_DIR.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if _system_has_authorities():
        context.set_default_verify_paths()
    else:
        context.load_verify_locations(certifi.where())
    if ca_file is not None:
        _add_authorities(context, ca_file)
    return context


@cache
def trust_nobody() -> ssl.SSLContext:
    """Give a context for plain http to this machine: it verifies, and has no authorities."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _system_has_authorities() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or bool(paths.capath and any(Path(paths.capath).iterdir()))


def _add_authorities(context: ssl.SSLContext, ca_file: str) -> None:
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError):
        raise ProviderError(f"the CA file {ca_file} cannot be read as certificates") from None
