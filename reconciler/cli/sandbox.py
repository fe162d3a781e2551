"""`keywright sandbox`: the embedded key API as a server."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from reconciler.cli.options import shared_options
from reconciler.errors import ProviderError


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
def serve(
    *, database: str, host: str, port: int, username: str, password_env: str, control_env: str
) -> None:
    """Serve the sandbox until Ctrl-C."""
    from reconciler.sandbox import SandboxAccount, SandboxError  # noqa: PLC0415
    from reconciler.sandbox import serve as run  # noqa: PLC0415 - starlette and uvicorn are heavy

    password = os.environ.get(password_env) or _made_password(database)
    try:
        run(
            database,
            host,
            port,
            control_token=os.environ.get(control_env),
            ready=lambda url: click.echo(f"Sandbox at {url}/clouisle/api/v1, user '{username}'"),
            admin=SandboxAccount(username, password),
        )
    except SandboxError as error:
        raise ProviderError(str(error)) from None


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
