"""`keywright init`: the state, an age identity, .gitignore, and a first manifest."""

from __future__ import annotations

import asyncio
import os
import secrets
import uuid
from pathlib import Path

import click

from reconciler.cli.options import current, shared_options
from reconciler.core.recorded import StackMeta
from reconciler.core.secret import Secret
from reconciler.errors import StateMissingError, UsageError
from reconciler.manifest import Manifest
from reconciler.wiring import identity_path, load, open_state, stack_identity

FIRST_MANIFEST = """\
# yaml-language-server: $schema=https://raw.githubusercontent.com/keywright/keywright/main/schemas/keys.schema.json
version: 1
stack: {stack}

stores:
  local: {{type: age, path: .keywright/secrets}}     # encrypted files; the `age` tool opens them

providers:
  agents:
    dialect: clouisle
    url: sandbox:.keywright/sandbox.db               # an embedded key API, to try things out
    # url: https://clouisle.example.com/api/v1       # yours
    # auth: {{username: {{env: CLOUISLE_USER}}, password: {{env: CLOUISLE_PASSWORD}}}}

keys:
  my-first-key:
    provider: agents
    owner: my-team
    scopes: [chat]
    expires: {{after: 90d}}
"""
_SALT_BYTES = 32


@click.command("init")
@shared_options
@click.option(
    "--recipient",
    metavar="age1…",
    help="Encrypt the spool to this public key, and make no identity here.",
)
def command(recipient: str | None) -> None:
    """Make the state, an identity, and a first manifest."""
    path = current().file
    _check(recipient)
    if not path.exists():
        _write(path, FIRST_MANIFEST.format(stack=_stack_name(path)))
        click.echo(f"Wrote {path}: a first manifest.")
    manifest = load(path)
    _ignore(manifest)
    asyncio.run(_initialise(manifest, recipient))
    click.echo("Next: keywright plan")


async def _initialise(manifest: Manifest, recipient: str | None) -> None:
    backend = open_state(manifest)
    try:
        try:
            await backend.read_meta()
        except StateMissingError:
            await backend.initialise(
                StackMeta(
                    stack=manifest.stack,
                    lineage=str(uuid.uuid4()),
                    salt=secrets.token_bytes(_SALT_BYTES),
                    recipient=recipient or _find_or_make_identity(manifest),
                )
            )
            click.echo(f"Made the state of stack '{manifest.stack}' in {_shown(manifest)}.")
        else:
            click.echo(f"The state of stack '{manifest.stack}' is there already; left as it is.")
    finally:
        await backend.close()


def _check(recipient: str | None) -> None:
    """Refuse what is no public key before anything is made; an identity is not echoed."""
    if recipient is None:
        return
    from reconciler.stores.identity import recipient_problems  # noqa: PLC0415 - heavy

    if problems := recipient_problems((recipient,)):
        raise UsageError(problems[0], where="--recipient", effect="Nothing was made")


def _find_or_make_identity(manifest: Manifest) -> str:
    """Give the recipient of the stack's identity, making the identity where there is none."""
    from reconciler.stores.identity import make_identity, recipient_of  # noqa: PLC0415 - heavy

    identity: Secret | None = stack_identity(manifest, os.environ)
    if identity is not None:
        return recipient_of(identity)
    path = identity_path(manifest)
    if path is None:
        # The manifest names a variable that is not set: say so, as any command would.
        from reconciler.manifest import resolve  # noqa: PLC0415

        reference = manifest.state.identity
        assert reference is not None  # noqa: S101 - only an {env:} reference has no path
        return recipient_of(resolve(reference, os.environ, manifest.folder, where="state.identity"))
    made = make_identity(path, work_tree=_work_tree(manifest.folder), allowed=manifest.state.path)
    click.echo(f"Made an age identity in {path}; keep a copy of it in a safe place.")
    click.echo(f"Its public key is {made}.")
    return made


def _ignore(manifest: Manifest) -> None:
    """Keep the state's folder out of commits."""
    try:
        entry = f"/{manifest.state.path.resolve().relative_to(manifest.folder.resolve())}/"
    except ValueError:
        return
    path = manifest.folder / ".gitignore"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    if {entry, entry[1:], entry.rstrip("/"), entry.strip("/")} & set(lines):
        return
    _write(path, "\n".join([*lines, entry, ""]))
    click.echo(f"Added {entry} to {path}.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot be written: {error.strerror}", where=str(path), effect="No state was made"
        ) from error


def _work_tree(folder: Path) -> Path | None:
    resolved = folder.resolve()
    return next((p for p in (resolved, *resolved.parents) if (p / ".git").exists()), None)


def _stack_name(path: Path) -> str:
    name = path.resolve().parent.name.lower()
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name).strip("-") or "my-stack"


def _shown(manifest: Manifest) -> str:
    try:
        return str(manifest.state.path.relative_to(Path.cwd()))
    except ValueError:
        return str(manifest.state.path)
