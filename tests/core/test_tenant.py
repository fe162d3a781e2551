"""A tenant as a whole: its switch in every position, and what its projects make of a key."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from reconciler.core.keys import KeyId
from reconciler.core.observed import Deployment
from reconciler.core.recorded import ProviderRow
from reconciler.core.tenant import Aim, Effect, Tenant, Toggle, ran, settled
from tests.core.builders import PROVIDER, provider, view
from tests.core.projects import deployment
from tests.core.small_worlds import STUDIO

MINE, OTHER = KeyId("mine"), KeyId("other")
HOLDS, LACKS = deployment("storefront", MINE), deployment("backoffice", OTHER)
BUSY = replace(LACKS, running=False, stage="pushing")
NEVER = deployment("lab", stage="registered")
ANY = (None, True, False)


def tenant(
    *seen: Deployment,
    deploy: tuple[str, ...] | None = (),
    wanted: bool | None = None,
    there: bool | None = True,
    recorded: bool | None = None,
) -> Tenant:
    row = ProviderRow(
        name=PROVIDER, origin="memory:", dialect="memory", tenant=None, keys_enabled=recorded
    )
    return Tenant(
        provider=provider(keys_enabled=wanted, deploy=deploy),
        able=STUDIO,
        view=view(enabled=there, deployments=seen),
        row=row,
    )


@pytest.mark.parametrize(("wanted", "there", "recorded"), list(product(ANY, ANY, ANY)))
def test_a_switch_is_turned_one_way_or_left(
    wanted: bool | None, there: bool | None, recorded: bool | None
) -> None:
    toggle = Toggle(wanted, there, recorded)
    turned = [toggle.turns_on, toggle.turns_off, toggle.turned_outside]
    assert sum(turned) <= 1
    assert any(turned) is (wanted is not None and there is (not wanted))
    assert toggle.turned_outside is (wanted is True and there is False and recorded is True)
    after = True if toggle.turns_on else False if toggle.turns_off else there
    assert toggle.off is (after is False)


def test_a_switch_that_is_not_there_is_never_off() -> None:
    plain = replace(
        tenant(HOLDS, wanted=False, there=False), able=replace(STUDIO, has_toggle=False)
    )
    assert plain.toggle == Toggle(False, None, None)
    assert not plain.toggle.off


@pytest.mark.parametrize(
    ("seen", "deploy", "effect"),
    [
        ((HOLDS,), (), Effect.NOW),
        ((HOLDS, LACKS), (), Effect.OUR_DEPLOY),
        ((HOLDS, LACKS), ("storefront",), Effect.NOW),
        ((HOLDS, LACKS), None, Effect.THEIR_DEPLOY),
        ((HOLDS, NEVER), None, Effect.NOW),
        ((HOLDS, NEVER), (), Effect.OUR_DEPLOY),
        ((NEVER,), None, Effect.THEIR_DEPLOY),
        ((), (), Effect.OUR_DEPLOY),
        ((HOLDS,), ("storefront", "nothing"), Effect.OUR_DEPLOY),
        ((replace(HOLDS, enabled=False),), (), Effect.OUR_DEPLOY),
        ((replace(HOLDS, enabled=None),), (), Effect.NOW),
    ],
)
def test_when_a_key_counts(
    seen: tuple[Deployment, ...], deploy: tuple[str, ...] | None, effect: Effect
) -> None:
    assert tenant(*seen, deploy=deploy).effect(MINE) is effect
    assert tenant(*seen, deploy=deploy, there=False).effect(MINE) is Effect.NOW
    immediate = replace(tenant(*seen, deploy=deploy), able=replace(STUDIO, on_deploy=False))
    assert immediate.effect(MINE) is Effect.NOW


@pytest.mark.parametrize(
    ("seen", "deploy", "effect"),
    [
        ((LACKS,), (), Effect.NOW),
        ((HOLDS,), (), Effect.OUR_DEPLOY),
        ((HOLDS,), None, Effect.THEIR_DEPLOY),
        ((HOLDS, LACKS), ("backoffice",), Effect.THEIR_DEPLOY),
        ((BUSY,), (), Effect.OUR_DEPLOY),
        ((NEVER,), (), Effect.NOW),
    ],
)
def test_when_a_key_that_is_gone_stops_to_count(
    seen: tuple[Deployment, ...], deploy: tuple[str, ...] | None, effect: Effect
) -> None:
    assert tenant(*seen, deploy=deploy).dying(MINE) is effect


def test_what_a_project_has_to_run() -> None:
    assert Aim(holds=frozenset({MINE})).fits(HOLDS)
    assert not Aim(holds=frozenset({MINE})).fits(LACKS)
    assert not Aim(drops=frozenset({MINE})).fits(HOLDS)
    assert Aim(drops=frozenset({MINE}), enabled=False).fits(NEVER)
    assert not Aim(enabled=False).fits(HOLDS)
    assert Aim(enabled=True).fits(replace(HOLDS, enabled=None))


def test_a_first_deploy_is_told_from_none_where_the_api_tells() -> None:
    assert not ran(NEVER)
    assert settled(NEVER)
    assert settled(replace(NEVER, idle=True))
    assert not settled(replace(NEVER, idle=False))
    assert not settled(BUSY)
    assert settled(replace(BUSY, failed=True))


def test_another_look_at_one_project_changes_that_one_alone() -> None:
    before = tenant(HOLDS, LACKS)
    after = before.seeing(replace(LACKS, key_ids=frozenset({MINE})))
    assert before.effect(MINE) is Effect.OUR_DEPLOY
    assert after.effect(MINE) is Effect.NOW
    assert [seen.project for seen in after.view.deployments] == ["storefront", "backoffice"]


def test_projects_that_are_named_and_not_there_are_told() -> None:
    named = tenant(HOLDS, LACKS, deploy=("backoffice", "nothing"))
    assert named.unknown_projects == ("nothing",)
    assert [seen.project for seen in named.scope] == ["backoffice"]
    assert not named.deployable
