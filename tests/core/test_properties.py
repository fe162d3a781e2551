"""What holds of every plan, in every world that anybody can think of."""

from __future__ import annotations

import os
import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.guard import Approval, refuse
from reconciler.core.plan import digest, make_plan
from reconciler.core.steps import ORDER, Action, Counts, Plan, count
from reconciler.core.tenant import Effect, Tenant, markless_of, tenants_of
from tests.core.builders import NOW
from tests.core.small_worlds import SmallWorld, small_worlds

FAST = settings(database=None, deadline=None, derandomize=True, max_examples=300)


def plan_of(world: SmallWorld) -> Plan:
    return make_plan(world.desired, world.observed, world.recorded, world.able, NOW)


def tenants(world: SmallWorld) -> dict[str, Tenant]:
    return tenants_of(world.desired, world.able, world.observed, world.recorded)


@FAST
@given(world=small_worlds())
def test_every_world_has_a_plan_and_guards_have_an_answer(world: SmallWorld) -> None:
    plan = plan_of(world)
    markless = markless_of(world.able)
    told = refuse(plan, world.desired, world.observed, world.recorded, Approval(), NOW, markless)
    assert all(told)
    assert plan.digest == digest(plan)


@FAST
@given(world=small_worlds(), seed=st.integers(0, 99))
def test_the_order_of_the_inputs_does_not_matter(world: SmallWorld, seed: int) -> None:
    assert plan_of(world.shuffled(seed)) == plan_of(world)


@FAST
@given(world=small_worlds())
def test_steps_come_in_the_order_in_which_nothing_is_lost(world: SmallWorld) -> None:
    order = [ORDER.index(step.action) for step in plan_of(world).steps]
    holds_aside = [i for i in order if i != ORDER.index(Action.HOLD)]
    assert holds_aside == sorted(holds_aside)


@FAST
@given(world=small_worlds())
def test_no_step_names_a_key_that_is_not_ours(world: SmallWorld) -> None:
    plan = plan_of(world)
    foreign = {(f.provider, f.key_id) for f in plan.foreign}
    assert foreign.isdisjoint((step.provider, step.key_id) for step in plan.steps)


@FAST
@given(world=small_worlds())
def test_an_incomplete_view_never_leads_to_a_create_or_a_delete(world: SmallWorld) -> None:
    complete = {view.provider for view in world.observed.providers if view.complete}
    drastic = {Action.CREATE, Action.DELETE, Action.FORGET}
    found = [step for step in plan_of(world).steps if step.action in drastic]
    assert {step.provider for step in found} <= complete


@FAST
@given(world=small_worlds())
def test_a_plan_that_writes_never_counts_nothing(world: SmallWorld) -> None:
    plan = plan_of(world)
    assert bool(plan.actions) is (count(plan.steps) != Counts(0, 0, 0))


@FAST
@given(world=small_worlds(healthy=True))
def test_a_provider_is_deployed_at_most_twice_and_only_where_that_is_ours(
    world: SmallWorld,
) -> None:
    plan = plan_of(world)
    for name, tenant in tenants(world).items():
        mine = [step for step in plan.steps if step.provider == name]
        deploys = [s for s in mine if s.action in {Action.DEPLOY, Action.REDEPLOY}]
        assert len({step.action for step in deploys}) == len(deploys)
        assert not deploys or (tenant.managed and tenant.able.on_deploy and tenant.view.complete)
        listed = {seen.project for seen in tenant.scope}
        assert all(step.projects and listed.issuperset(step.projects) for step in deploys)
        assert all(step.sentence for step in deploys)


@FAST
@given(world=small_worlds(healthy=True))
def test_a_new_key_is_deployed_in_the_run_that_makes_it(world: SmallWorld) -> None:
    plan = plan_of(world)
    for name, tenant in tenants(world).items():
        mine = [step for step in plan.steps if step.provider == name]
        made = any(step.action is Action.CREATE for step in mine)
        if made and tenant.effect(None) is Effect.OUR_DEPLOY:
            (deploy,) = [step for step in mine if step.action is Action.DEPLOY]
            assert deploy.projects == tuple(seen.project for seen in tenant.scope)


@FAST
@given(world=small_worlds(healthy=True))
def test_all_keys_are_switched_only_as_the_manifest_says(world: SmallWorld) -> None:
    plan = plan_of(world)
    for name, tenant in tenants(world).items():
        mine = {step.action for step in plan.steps if step.provider == name}
        assert Action.SWITCH_OFF not in mine or tenant.provider.keys_enabled is False
        assert Action.SWITCH_ON not in mine or tenant.provider.keys_enabled is True
        assert not tenant.toggle.off or mine.isdisjoint({Action.DEPLOY, Action.VERIFY})


@FAST
@given(world=small_worlds(healthy=True))
def test_without_marks_no_key_is_deleted_on_a_guess(world: SmallWorld) -> None:
    known = {v.key_id for row in world.recorded.keys for v in row.living}
    known |= {intent.key_id for intent in world.recorded.intents if intent.key_id}
    for step in plan_of(world).actions:
        tenant = tenants(world)[step.provider]
        if tenant.markless and not tenant.provider.exclusive and step.key_id is not None:
            assert step.key_id in known


_DIGESTS = """
from hypothesis import given, settings, HealthCheck
from tests.core.small_worlds import small_worlds
from tests.core.test_properties import plan_of
@settings(database=None, deadline=None, derandomize=True, max_examples=60,
          suppress_health_check=list(HealthCheck))
@given(world=small_worlds())
def show(world):
    print(plan_of(world).digest)
show()
"""


def test_the_hash_seed_does_not_matter() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", _DIGESTS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0].count("\n") >= 60
    assert told[0] == told[1]
