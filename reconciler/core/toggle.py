"""The switch for all keys of a tenant: whether to turn it, and whom that hits."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.keys import Address, Cause, KeyId
from reconciler.core.observed import LiveKey, LiveStatus, ProviderView
from reconciler.core.recorded import Recorded
from reconciler.core.steps import Action, Difference, Reason, Step, provider_address
from reconciler.core.tenant import Tenant, Toggle

KEYS_ENABLED = "keys_enabled"
_SHOWN = 10


def toggle_step(tenant: Tenant, ours: Mapping[KeyId, Address]) -> Step | None:
    """Turn the switch as the manifest says, or hold where somebody else turned it off.

    `ours` maps the ids of our keys at this provider to their addresses.
    """
    toggle = tenant.toggle
    if toggle.turned_outside:
        return _step(
            tenant,
            Action.HOLD,
            Cause.DRIFT,
            "all keys were switched off outside Keywright, which may be an incident: switch them "
            "on there, or declare `keys_enabled: false`",
        )
    if toggle.turns_on:
        after = "; it counts for a project from its next deploy on" if tenant.able.on_deploy else ""
        return _step(tenant, Action.SWITCH_ON, Cause.CONFIG, f"`{KEYS_ENABLED}` is true{after}")
    if toggle.turns_off:
        drifted = toggle.recorded is False
        return _step(
            tenant,
            Action.SWITCH_OFF,
            Cause.DRIFT if drifted else Cause.CONFIG,
            f"`{KEYS_ENABLED}` is false, as it was when last applied, and all keys are on"
            if drifted
            else f"`{KEYS_ENABLED}` is false",
            impact=tell_hit(tenant.view, ours),
        )
    return None


def _step(
    tenant: Tenant, action: Action, cause: Cause, sentence: str, impact: str | None = None
) -> Step:
    toggle = tenant.toggle
    turned = action is not Action.HOLD
    return Step(
        address=provider_address(tenant.provider.name),
        provider=tenant.provider.name,
        action=action,
        cause=cause,
        reason=Reason.TOGGLED if turned else Reason.TOGGLED_OUTSIDE,
        sentence=sentence,
        differences=_difference(toggle, cause) if turned else (),
        impact=impact,
        precondition=toggle_precondition(tenant),
    )


def _difference(toggle: Toggle, cause: Cause) -> tuple[Difference, ...]:
    return (Difference(KEYS_ENABLED, toggle.there, toggle.wanted, cause),)


def toggle_precondition(tenant: Tenant) -> str:
    """Name how the switch stood, so that a step is not taken once somebody turned it meanwhile."""
    return f"{KEYS_ENABLED}={tenant.toggle.there}"


def ours_at(provider: str, recorded: Recorded) -> dict[KeyId, Address]:
    """Give the address of every key of ours at one provider, by its id."""
    found = {
        version.key_id: row.address
        for row in recorded.keys
        for version in row.living
        if version.provider == provider
    }
    for intent in recorded.intents:
        if intent.provider == provider and intent.key_id is not None:
            found[intent.key_id] = intent.address
    return found


def working(view: ProviderView) -> tuple[LiveKey, ...]:
    """Give the keys of a tenant that work, whoever they belong to."""
    return tuple(live for live in view.keys if live.status is LiveStatus.ACTIVE)


def tell_hit(view: ProviderView, ours: Mapping[KeyId, Address]) -> str | None:
    """Say how many keys switching off stops, and which, those first that are not ours."""
    hit = working(view)
    if not hit:
        return None
    foreign = sorted(live.name or f"key {live.id}" for live in hit if live.id not in ours)
    names = [f"{name} (not ours)" for name in foreign]
    names += sorted(str(ours[live.id]) for live in hit if live.id in ours)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    count = "1 working key stops" if len(hit) == 1 else f"{len(hit)} working keys stop"
    aside = f", {len(foreign)} of them not ours" if foreign else ""
    return f"{count} at once{aside}: {', '.join(names[:_SHOWN])}{more}"
