"""Does a provider declare what its dialect takes? Credentials, tenant, what only some APIs have.

A field that is accepted and then ignored would be a promise that nobody keeps: it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.core.capabilities import Capabilities, Marker
from reconciler.core.ownership import Mark, mark_name
from reconciler.documents.places import Path
from reconciler.documents.suggestions import suggest
from reconciler.manifest.models import ProviderModel
from reconciler.manifest.problems import Problems
from reconciler.manifest.urls import SANDBOX

_ANY_MARK: Final = Mark("0a1b2c", "0a1b2c3d")


def check_provider(
    name: str, provider: ProviderModel, able: Capabilities, problems: Problems
) -> None:
    """Report what a dialect cannot honour of a provider, and what it needs to be told."""
    here: Path = ("providers", name)
    _check_credentials(here, provider, able, problems)
    _check_tenant(here, provider, able, problems)
    if able.used_elsewhere and provider.key_url is None and not _is_sandbox(provider):
        # Asked at another address, a key is refused by somebody who never knew it.
        said = f"is missing: say where {able.dialect} keys are used"
        problems.complain((*here, "key_url"), said, key=True, at=here)
    for field, reason in _ignored(provider, able):
        problems.complain((*here, field), f"cannot be honoured: {reason}", key=True)
    _check_template(here, provider, able, problems)


def _is_sandbox(provider: ProviderModel) -> bool:
    return provider.url.startswith(SANDBOX)


def _check_credentials(
    here: Path, provider: ProviderModel, able: Capabilities, problems: Problems
) -> None:
    """Compare the names of credentials. What the manifest has for them is never repeated."""
    given = tuple(sorted(provider.auth))
    if given in able.credentials or (_is_sandbox(provider) and not given):
        return
    if not given and problems.settled((*here, "url")):  # it may have been meant to be a sandbox
        return
    path: Path = (*here, "auth")
    wanted = f"{able.dialect} takes {_word_alternatives(able)}"
    known = {credential for each in able.credentials for credential in each}
    unknown = [credential for credential in given if credential not in known]
    for credential in unknown:
        near = suggest(credential, known - set(given))
        hint = near if "did you mean" in near else f"; {wanted}"
        problems.complain((*path, credential), f"is unknown to {able.dialect}{hint}", key=True)
    if not given:
        problems.complain(path, f"is missing: {wanted}")
    elif not unknown:
        problems.complain(path, f"has {_list(given)}, but {wanted}")


def _word_alternatives(able: Capabilities) -> str:
    return ", or ".join(map(_list, able.credentials))


def _list(names: tuple[str, ...]) -> str:
    *others, last = (f"`{name}`" for name in names) if names else ("none",)
    return f"{', '.join(others)} and {last}" if others else last


def _check_tenant(
    here: Path, provider: ProviderModel, able: Capabilities, problems: Problems
) -> None:
    known = {variable.name for variable in able.tenant}
    for name in provider.tenant:
        if not known:
            reason = f"cannot be honoured: {able.dialect} needs to be told nothing of the tenant"
            problems.complain((*here, "tenant"), reason, key=True)
        elif name not in known:
            said = f"is unknown to {able.dialect}{suggest(name, known)}"
            problems.complain((*here, "tenant", name), said, key=True)
    for variable in able.tenant:
        if variable.required and variable.name not in provider.tenant:
            path: Path = (*here, "tenant", variable.name)
            problems.complain(path, f"is missing: {variable.say}", key=True, at=here)


def _ignored(provider: ProviderModel, able: Capabilities) -> Iterator[tuple[str, str]]:
    """Give the fields that would have no effect, each with its reason."""
    declared, api = provider.model_fields_set, able.dialect
    if "key_url" in declared and not able.used_elsewhere:
        yield "key_url", f"{api} keys are used where they are managed"
    if "keys_enabled" in declared and not able.has_toggle:
        yield "keys_enabled", f"{api} has no switch for all keys of a tenant"
    if "deploy" in declared and not able.on_deploy:
        yield "deploy", f"what changes at {api} counts at once"
    if "exclusive" in declared and able.marker is not Marker.NONE:
        yield "exclusive", f"{api} keys carry our mark, which tells them apart"
    if "name_template" in declared and not able.has_names:
        yield "name_template", f"{api} keys have no name"
    elif "name_template" in declared and able.marker is not Marker.NAME:
        yield "name_template", f"{api} has a field of its own for our mark"


def _check_template(
    here: Path, provider: ProviderModel, able: Capabilities, problems: Problems
) -> None:
    """A name is cut where it must be, but the mark and something of the name have to fit."""
    if able.name_limit is None or able.marker is not Marker.NAME:
        return
    least = len(mark_name(provider.name_template, "a", _ANY_MARK, None))
    if least > able.name_limit:
        problems.complain(
            (*here, "name_template"),
            f"leaves no room for a name: {able.dialect} takes {able.name_limit} characters",
        )
