"""The gateway that a key API in memory also is: upstreams with secrets that it never shows."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Final

from reconciler.core.keys import Attributes
from reconciler.core.observed import Upstream
from reconciler.core.secret import Fingerprint, Secret, fingerprint

_SALT: Final = b"memory"


class MemoryGateway:
    """The upstreams of one tenant. Names repeat freely; of each secret only a print is kept."""

    def __init__(self) -> None:
        self._upstream_ids = count(1)
        self._upstreams: dict[str, tuple[Upstream, Fingerprint]] = {}

    def upstreams(self) -> tuple[Upstream, ...]:
        """Show every upstream; their secrets are never shown."""
        return tuple(upstream for upstream, _ in self._upstreams.values())

    def put_upstream(
        self, upstream_id: str | None, name: str, fields: Attributes, secret: Secret
    ) -> Upstream:
        """Set the secret of an upstream, or make one; names repeat freely."""
        found = self._upstreams.get(upstream_id or "")
        upstream = (
            found[0]
            if found
            else Upstream(id=str(next(self._upstream_ids)), name=name, attributes=fields)
        )
        self._upstreams[upstream.id] = (upstream, fingerprint(secret, _SALT))
        return upstream

    def drop_upstream(self, name: str) -> None:
        """Remove an upstream, as its administrator would."""
        found = next(u.id for u in self.upstreams() if u.name == name)
        del self._upstreams[found]

    def rename_upstream(self, name: str, new: str) -> None:
        """Give an upstream another name, as its administrator would."""
        found = next(u for u in self.upstreams() if u.name == name)
        self._upstreams[found.id] = (replace(found, name=new), self._upstreams[found.id][1])

    def upstream_has(self, name: str, secret: Secret) -> bool:
        """Whether an upstream of this name has this very secret."""
        held = fingerprint(secret, _SALT)
        return any(u.name == name and kept == held for u, kept in self._upstreams.values())
