"""Policies are numbered by the store and shared by gateways of different configuration."""

from pathlib import Path

from tests.unit.routing.routing_world import model, seen, target, world

from pointsman.app.policies import PolicyKeeper
from pointsman.core.snapshot import encode_snapshot
from pointsman.store import snapshots
from pointsman.store.pool import Pool

ONE = world(target("openai", model("gpt-x")))
OTHER = world(target("groq", model("quick")))
LEARNED = {"codex": {"openai/gpt-x": seen()}}


def learned(snapshot):
    """What a learning job would publish."""
    return encode_snapshot(type(snapshot)(**{**fields(snapshot), "performance": LEARNED}))


def fields(snapshot):
    return {name: getattr(snapshot, name) for name in snapshot.__struct_fields__}


async def test_a_changed_policy_gets_a_number_and_an_unchanged_one_keeps_it(db_pool: Pool, tmp_path: Path):
    keeper = PolicyKeeper(ONE, tmp_path / "policy")
    assert keeper.policy.current.version == 0
    await keeper.publish(db_pool)
    first = keeper.policy.current.version
    await keeper.publish(db_pool)
    assert (first, keeper.policy.current.version) == (1, 1)
    keeper.replace(OTHER)
    await keeper.publish(db_pool)
    assert keeper.policy.current.version == 2


async def test_a_start_without_the_database_knows_its_number(db_pool: Pool, tmp_path: Path):
    await PolicyKeeper(ONE, tmp_path / "policy").publish(db_pool)
    assert PolicyKeeper(ONE, tmp_path / "policy").policy.current.version == 1
    assert PolicyKeeper(OTHER, tmp_path / "policy").policy.current.version == 0


async def test_what_was_learned_is_taken_over_and_kept(db_pool: Pool, tmp_path: Path):
    keeper = PolicyKeeper(ONE, tmp_path / "policy")
    await keeper.publish(db_pool)
    version = await snapshots.publish(db_pool, learned(ONE), "learning")
    await keeper.hear(db_pool)
    assert (keeper.policy.current.version, keeper.policy.current.performance) == (version, LEARNED)
    keeper.replace(OTHER)
    assert keeper.policy.current.performance == LEARNED
    assert PolicyKeeper(ONE, tmp_path / "policy").policy.current.performance == LEARNED


async def test_of_equal_policies_the_newest_number_counts(db_pool: Pool, tmp_path: Path):
    keeper = PolicyKeeper(ONE, tmp_path / "policy")
    await keeper.publish(db_pool)
    version = await snapshots.publish(db_pool, encode_snapshot(ONE), "rollback")
    await keeper.hear(db_pool)
    assert keeper.policy.current.version == version


async def test_gateways_of_different_configuration_do_not_answer_each_other_for_ever(
    db_pool: Pool, tmp_path: Path
):
    one, other = PolicyKeeper(ONE, tmp_path / "one"), PolicyKeeper(OTHER, tmp_path / "other")
    await one.publish(db_pool)
    await other.publish(db_pool)
    await snapshots.publish(db_pool, learned(ONE), "learning")
    for _ in range(5):
        await one.hear(db_pool)
        await other.hear(db_pool)
    assert one.policy.current.performance == other.policy.current.performance == LEARNED
    assert len(await snapshots.listing(db_pool)) == 4


async def test_a_policy_that_cannot_be_read_leaves_the_running_one(db_pool: Pool, tmp_path: Path):
    keeper = PolicyKeeper(ONE, tmp_path / "policy")
    await keeper.publish(db_pool)
    await snapshots.publish(db_pool, b"\xc1 not a policy", "learning")
    await keeper.hear(db_pool)
    assert keeper.policy.current.version == 1
