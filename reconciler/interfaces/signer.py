"""A plug-in that signs requests, where an API wants more than a credential in a header.

A package registers one under the entry point group `keywright.signers`: a callable that takes the
credentials which the dialect `needs` and gives a `Sign`. It must never put a secret into an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from reconciler.core.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """One request as it will be sent: names of headers in small letters, `host` among them."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


Sign: TypeAlias = Callable[[Unsigned], Mapping[str, str]]
"""Gives the headers to be added. Called anew for every try, so that a time in them is fresh."""


class MakeSigner(Protocol):
    """What an entry point of `keywright.signers` names."""

    def __call__(self, credentials: Mapping[str, Secret]) -> Sign:
        """Take the credentials, once for a run."""
        ...
