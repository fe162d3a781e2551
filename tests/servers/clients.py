"""A client for these servers that nothing of the machine's environment reaches."""

import httpx

from tests.sandbox_process import NO_CERTIFICATES
from tests.servers.serving import LiveServer


def connect(server: LiveServer, **headers: str) -> httpx.Client:
    """Open a client; a header is named as a Python name: private_token."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Client(
        base_url=server.url, headers=named, trust_env=False, verify=NO_CERTIFICATES, timeout=10
    )
