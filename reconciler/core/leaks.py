"""Which of our versions a leak report speaks of: fingerprints compared, never secrets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.keys import Address, KeyId
from reconciler.core.recorded import Recorded
from reconciler.core.secret import Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakedVersion:
    """One recorded version whose secret was found, and every place that it was found in."""

    address: Address
    number: int
    key_id: KeyId
    provider: str
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """What a report has to do with us: versions by address and number, and how much is not ours."""

    leaked: tuple[LeakedVersion, ...]
    unmatched: int


def match_leaks(
    findings: Iterable[tuple[str, tuple[Fingerprint, ...]]], recorded: Recorded
) -> Matches:
    """Match findings, each a place and the fingerprints of what may be the secret there.

    A version that is gone is matched too while it is recorded: somebody who reads the report wants
    to know that it is dead. A finding counts once, and is unmatched where no candidate is ours.
    """
    known = _known(recorded)
    places: dict[_Version, set[str]] = {}
    unmatched = 0
    for where, candidates in findings:
        found = {version for candidate in candidates for version in known.get(candidate, ())}
        unmatched += not found
        for version in found:
            places.setdefault(version, set()).add(where)
    return Matches(
        leaked=tuple(_leaked(version, places[version]) for version in sorted(places)),
        unmatched=unmatched,
    )


@dataclass(frozen=True, slots=True, order=True)
class _Version:
    address: Address
    number: int
    key_id: KeyId
    provider: str


def _known(recorded: Recorded) -> dict[Fingerprint, list[_Version]]:
    """List the versions under each fingerprint: two keys may well have one secret."""
    known: dict[Fingerprint, list[_Version]] = {}
    for row in recorded.keys:
        for version in row.versions:
            if version.fingerprint is not None:
                place = _Version(row.address, version.number, version.key_id, version.provider)
                known.setdefault(version.fingerprint, []).append(place)
    return known


def _leaked(version: _Version, places: set[str]) -> LeakedVersion:
    return LeakedVersion(
        address=version.address,
        number=version.number,
        key_id=version.key_id,
        provider=version.provider,
        where=tuple(sorted(places)),
    )
