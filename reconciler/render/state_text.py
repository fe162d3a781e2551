"""What we recorded, for `state list` and `state show`."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from reconciler.core.capabilities import manifest_name
from reconciler.core.keys import Address, Target
from reconciler.core.recorded import Intent, KeyRow, Recorded, Version
from reconciler.core.secret import shorten
from reconciler.errors import UsageError
from reconciler.render.blocks import PLAIN, Row, block, key_head, row
from reconciler.render.escaping import LONGEST_NAME, clean, cut
from reconciler.render.lines import BLANK, Line, Span, Style, paint, say
from reconciler.render.values import SECRET, quote, word_span, word_time


def state_list_text(recorded: Recorded) -> str:
    """Write the address of every recorded key, one a line."""
    return "\n".join(clean(row.address, LONGEST_NAME) for row in recorded.keys)


def state_show_text(
    recorded: Recorded, address: Address, *, width: int = 80, color: bool = False
) -> str:
    """Write all that is recorded of one key; UsageError where nothing is."""
    found = next((row for row in recorded.keys if row.address == address), None)
    intents = [intent for intent in recorded.intents if intent.address == address]
    if found is None and not intents:
        raise _unknown(recorded, address)
    return paint(_lines(address, found, intents), width=width, color=color)


def _unknown(recorded: Recorded, address: Address) -> UsageError:
    near = get_close_matches(address, [row.address for row in recorded.keys], n=1)
    hint = f"Did you mean '{near[0]}'?" if near else "`keywright state list` shows what there is"
    return UsageError(f"the state has no key '{clean(address, LONGEST_NAME)}'", remedy=hint)


def _lines(address: Address, found: KeyRow | None, intents: list[Intent]) -> Iterator[Line]:
    yield say(f"# {cut(address, LONGEST_NAME)}", Style.HEAD)
    if found is not None:
        yield from block(key_head(address), PLAIN, tuple(_key(found)), 0)
        for version in found.versions:
            yield BLANK
            yield from block(f"version v{version.number}", PLAIN, tuple(_version(version)), 0)
    for intent in intents:
        yield BLANK
        yield from block(f"open {intent.kind}", PLAIN, tuple(_intent(intent)), 0)


def _key(found: KeyRow) -> Iterator[Row]:
    yield row("provider", quote(found.provider))
    yield row("dialect", quote(found.dialect))
    if found.owner is not None:
        yield row("owner", quote(found.owner))
    yield Row("secret", _secret(found.target))
    yield row("delete_after", word_span(found.delete_after))
    yield row("protect", str(found.protect).lower())
    yield row("disabled_by_us", str(found.disabled_by_us).lower())


def _version(version: Version) -> Iterator[Row]:
    yield row("id", quote(version.key_id))
    yield row("provider", quote(version.provider))
    yield row("stage", f"{version.stage}{' (condemned)' if version.condemned else ''}")
    yield row("operation", quote(version.op))
    yield Row("secret", _secret(version.target))
    if version.fingerprint is not None:
        yield row("fingerprint", quote(shorten(version.fingerprint)))
    for name, instant in (
        ("created_at", version.created_at),
        ("expires_at", version.expires_at),
        ("verified_at", version.verified_at),
        ("promoted_at", version.promoted_at),
        ("announced_at", version.announced_at),
        ("retire_at", version.retire_at),
        ("disabled_at", version.disabled_at),
        ("delete_at", version.delete_at),
    ):
        if instant is not None:
            yield row(name, word_time(instant))
    if version.lifetime is not None:
        yield row("lifetime", word_span(version.lifetime))
    if version.overlap is not None:
        yield row("overlap", word_span(version.overlap))
    for proof in version.proofs:
        answer = cut(proof.answer, LONGEST_NAME)
        yield row(f"proof.{proof.call}", f"{answer}, {word_time(proof.at)}")
    for field, value in version.applied:
        yield row(f"applied.{manifest_name(field)}", value)


def _intent(intent: Intent) -> Iterator[Row]:
    yield row("operation", quote(intent.op))
    yield row("version", f"v{intent.number}")
    yield row("name", quote(intent.name))
    yield row("provider", quote(intent.provider))
    yield Row("secret", _secret(intent.target))
    yield row("started_at", word_time(intent.started_at))
    yield row("holder", quote(intent.holder))
    if intent.lifetime is not None:
        yield row("lifetime", word_span(intent.lifetime))
    if intent.overlap is not None:
        yield row("overlap", word_span(intent.overlap))
    if intent.key_id is not None:
        yield row("id", quote(intent.key_id))


def _secret(target: Target) -> tuple[Span, ...]:
    return Span(SECRET, solid=True), Span(f" -> {target}")
