"""How a key is rotated, tried out and announced: from its merged fields to what is desired."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from reconciler.core.desired import Rotation, Verify
from reconciler.core.keys import Address
from reconciler.manifest.hooks import word_hook
from reconciler.manifest.models import HookModel, RotateModel, VerifyModel
from reconciler.manifest.settings import HookSettings

DELETE_AFTER: Final = timedelta(days=30)
OVERLAP: Final = timedelta(hours=48)
IDLE: Final = timedelta(hours=24)


def read_delete_after(rotate: RotateModel | None) -> timedelta:
    """Give how long a version that is off is kept."""
    own = rotate.delete_after if rotate else None
    return DELETE_AFTER if own is None else own


def read_rotation(rotate: RotateModel | None) -> Rotation:
    """Give when and how versions follow each other. An overlap bounds what is left out of idle."""
    told = rotate or RotateModel.model_construct()
    overlap = OVERLAP if told.overlap is None else told.overlap
    return Rotation(
        every=told.every,
        before_expiry=told.before_expiry,
        overlap=overlap,
        idle=min(IDLE, overlap) if told.idle is None else told.idle,
        hold_at_most=told.hold_at_most,
    )


def read_verify(verify: VerifyModel | None) -> Verify:
    """Give the calls that a new key is tried out with, in their order."""
    return (
        Verify(allowed=tuple(verify.allowed), denied=tuple(verify.denied)) if verify else Verify()
    )


def word_promoted(hook: HookModel | None) -> str | None:
    """Say how consumers are told, without a secret; None where nobody tells them."""
    return word_hook(hook.webhook, hook.command or ()) if hook else None


def read_hook(address: Address, hook: HookModel, place: str) -> HookSettings:
    """Give what it takes to really tell them."""
    return HookSettings(
        address=address, webhook=hook.webhook, command=hook.command or (), place=place
    )
