"""A bench for trying a dialect out: on a provider of a manifest, or on an embedded sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from reconciler.core.capabilities import Kind, plain_amount
from reconciler.core.keys import Attributes, Value
from reconciler.errors import UsageError
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.ids import Ids
from reconciler.manifest import Manifest, ProviderSettings
from reconciler.providers.abilities import capabilities
from reconciler.providers.conformance.bench import Bench, Terms
from reconciler.providers.dialect.model import Dialect
from reconciler.sandbox import SAMPLE_FIELDS, TENANTS
from reconciler.wiring.reaching import driver_maker

EMBEDDED = "sandbox::memory:"


def embedded(name: str) -> ProviderSettings:
    """Give the settings of a sandbox that lives in this process for as long as it runs."""
    return ProviderSettings(
        name="sandbox",
        dialect=name,
        dialect_file=None,
        origin=EMBEDDED,
        key_url=None,
        tenant=tuple(sorted(TENANTS.get(name, {}).items())),
        sandbox=Path(":memory:"),
        auth=(),
        concurrency=8,
        requests_per_minute=None,
        ca=None,
        place="the embedded sandbox",
    )


def provider_of(manifest: Manifest, name: str) -> ProviderSettings:
    """Find a provider of a manifest; UsageError names those that there are."""
    found = next((each for each in manifest.providers if each.name == name), None)
    if found is None:
        known = ", ".join(each.name for each in manifest.providers) or "none"
        raise UsageError(f"the manifest has no provider '{name}' (it has: {known})")
    return found


def read_fields(dialect: Dialect, given: Mapping[str, str]) -> Attributes:
    """Turn NAME=VALUE into values of the kinds that a dialect's fields take."""
    able = capabilities(dialect)
    kinds = {rule.field: rule.kind for rule in able.rules}
    unknown = sorted(given.keys() - able.fields)
    if unknown:
        known = ", ".join(sorted(able.fields)) or "none"
        raise UsageError(f"{dialect.dialect} has no field {unknown[0]} (it has: {known})")
    return Attributes.of({name: _read(text, kinds.get(name)) for name, text in given.items()})


def sample_fields(dialect: str) -> Mapping[str, str]:
    """Give what the embedded sandbox has for whatever a dialect demands."""
    return SAMPLE_FIELDS.get(dialect, {})


@asynccontextmanager
async def open_bench(
    dialect: Dialect,
    settings: ProviderSettings,
    folder: Path,
    environ: Mapping[str, str],
    clock: Clock,
    ids: Ids,
    terms: Terms,
) -> AsyncIterator[Bench]:
    """Build a bench; the checks close its drivers, and this what they stand on."""
    async with AsyncExitStack() as closing:
        make = driver_maker(settings, folder, environ, clock, closing)
        yield Bench(dialect, make, clock, ids, terms)


def _read(text: str, kind: Kind | None) -> Value:
    match kind:
        case Kind.SET:
            return tuple(sorted(part for part in text.split(",") if part))
        case Kind.NUMBER:
            if not text.isdecimal():
                raise UsageError(f"{text!r} is not {kind}")
            return int(text)
        case Kind.FLAG:
            if text not in {"true", "false"}:
                raise UsageError(f"{text!r} is not {kind}")
            return text == "true"
        case Kind.AMOUNT:
            amount = plain_amount(text)
            if amount is None:
                raise UsageError(f"{text!r} is not {kind}")
            return amount
        case Kind.TEXT | None:
            return text
