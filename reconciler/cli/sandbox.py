"""`keywright sandbox`: the embedded key API as a server."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from reconciler.cli.options import shared_options
from reconciler.errors import ProviderError, UsageError
from reconciler.sandbox import PREFIXES, SandboxAccount, SandboxError, TlsFiles
from reconciler.sandbox import serve as run

_FILE = click.Path(exists=True, dir_okay=False)


@click.group("sandbox")
@shared_options
def command() -> None:
    """Run the embedded key API, for trying and for tests."""


@command.command("serve")
@shared_options
@click.option(
    "--database",
    default=".keywright/sandbox.db",
    show_default=True,
    help="A SQLite file, or :memory:.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8321, show_default=True)
@click.option("--username", default="admin", show_default=True, help="The superuser's name.")
@click.option(
    "--password-env",
    default="KEYWRIGHT_SANDBOX_PASSWORD",
    show_default=True,
    metavar="NAME",
    help="The variable that holds the superuser's password; one is made where it is not set.",
)
@click.option(
    "--control-env",
    default="KEYWRIGHT_SANDBOX_CONTROL",
    show_default=True,
    metavar="NAME",
    help="The variable that holds the token of the /_sandbox endpoints; off where it is not set.",
)
@click.option("--tls-cert", type=_FILE, help="A PEM certificate: serve https, not http.")
@click.option("--tls-key", type=_FILE, help="The PEM key of that certificate.")
def serve(
    *,
    database: str,
    host: str,
    port: int,
    username: str,
    password_env: str,
    control_env: str,
    **tls: str | None,
) -> None:
    """Serve the sandbox until Ctrl-C."""
    files = _read_tls(**tls)
    password = os.environ.get(password_env) or _made_password(database)
    try:
        run(
            database,
            host,
            port,
            control_token=os.environ.get(control_env),
            ready=lambda url: click.echo(_places(url, username)),
            admin=SandboxAccount(username, password),
            tls=files,
        )
    except SandboxError as error:
        raise ProviderError(str(error)) from None


def _read_tls(tls_cert: str | None, tls_key: str | None) -> TlsFiles | None:
    if tls_cert and tls_key:
        return TlsFiles(tls_cert, tls_key)
    if tls_cert or tls_key:
        raise UsageError("--tls-cert and --tls-key are given together, or not at all")
    return None


def _places(url: str, username: str) -> str:
    """Word where each system is spoken; in one text, so that a reader gets all of it at once."""
    others = [
        f"Sandbox at {url}{prefix}" for name, prefix in PREFIXES.items() if name != "clouisle"
    ]
    return "\n".join([f"Sandbox at {url}{PREFIXES['clouisle']}, user '{username}'", *others])


def _made_password(database: str) -> str:
    """Make a password once and keep it beside the database, for `{file: …}` in a manifest."""
    if database == ":memory:":
        raise ProviderError(
            "a sandbox in memory needs a password", remedy="Set KEYWRIGHT_SANDBOX_PASSWORD"
        )
    path = Path(f"{database}.password")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(24))
    click.echo(f"The superuser's password is in {path}")
    return path.read_text().strip()
