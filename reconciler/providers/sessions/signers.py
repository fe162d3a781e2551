"""Finding the plug-in that signs requests, among the entry points of the installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from reconciler.core.secret import Secret
from reconciler.errors import ProviderError
from reconciler.interfaces.signer import MakeSigner, Sign

GROUP: Final = "keywright.signers"


def open_signer(name: str, credentials: Mapping[str, Secret]) -> Sign:
    """Give the signer of a name; ProviderError says why not.

    Of the plug-in's own words it repeats only those of a ProviderError: others may show a secret.
    """
    point = _find(name)
    try:
        make: MakeSigner = point.load()
        sign = make(credentials)
    except ProviderError:  # made for the user's eyes
        raise
    except Exception as error:  # noqa: BLE001 - whatever a plug-in raises may show a credential
        raise _unusable(name, f"cannot be used: {type(error).__name__}") from None
    if not callable(sign):
        raise _unusable(name, "is none: see reconciler.interfaces.signer")
    return sign


def _find(name: str) -> EntryPoint:
    installed = entry_points(group=GROUP)
    found = {point.value: point for point in installed if point.name == name}
    if len(found) == 1:
        return found.popitem()[1]
    if found:
        raise ProviderError(f"several packages bring a signer {name!r}: {', '.join(sorted(found))}")
    names = ", ".join(sorted(installed.names))
    raise ProviderError(
        f"there is no signer {name!r}",
        remedy=f"Installed: {names}" if names else "None is installed: install its package",
    )


def _unusable(name: str, why: str) -> ProviderError:
    return ProviderError(f"the signer {name!r} {why}", remedy="Look at the package that brings it")
