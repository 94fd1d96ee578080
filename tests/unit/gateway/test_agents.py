"""Agents register themselves and are counted."""

import msgspec
import pytest

from pointsman.core.events import RequestRecord
from pointsman.gateway.agents import OTHER, AgentRegistry, TierCount


def record(agent: str = "a", **named: object) -> RequestRecord:
    """A log row that says nothing but what is named."""
    types = {"str": "", "int": 0, "float": 0.0, "bool": False}
    fields: dict[str, object] = {
        f.name: types.get(f.type.__name__) if isinstance(f.type, type) else None
        for f in msgspec.structs.fields(RequestRecord)
    }
    fields |= {"agent_id": agent, "agent_source": "header", "kind": "request", "tier": "fast"}
    return RequestRecord(**(fields | named))  # type: ignore[arg-type]


def test_an_unknown_agent_registers_itself_on_first_sight() -> None:
    registry = AgentRegistry(["claude-code"])
    registry.count(record("mine", agent_source="user_agent", started_at_us=70))
    registry.count(record("mine", agent_source="header", started_at_us=90))
    known = registry.get("mine")
    assert known is not None
    assert (known.source, known.first_seen_us, known.last_seen_us) == ("user_agent", 70, 90)


def test_agents_with_a_profile_are_known_before_they_call() -> None:
    registry = AgentRegistry(["claude-code"])
    known = registry.get("claude-code")
    assert known is not None
    assert (known.source, known.first_seen_us) == ("profile", None)
    registry.count(record("claude-code", started_at_us=5))
    assert (known.source, known.first_seen_us) == ("profile", 5)


@pytest.mark.parametrize(
    ("kind", "attempt", "field"),
    [
        ("request", 0, "requests"),
        ("retry", 0, "retries"),
        ("side_title", 0, "side_requests"),
        ("side_compaction", 0, "side_requests"),
        ("request", 1, "further_attempts"),
    ],
)
def test_each_attempt_is_counted_once(kind: str, attempt: int, field: str) -> None:
    registry = AgentRegistry()
    registry.count(record(kind=kind, attempt=attempt, tokens_in=10, tokens_out=2, cost_usd_micros=5))
    expected = TierCount(tokens_in=10, tokens_out=2, cost_usd_micros=5)
    setattr(expected, field, 1)
    assert registry.get("a").tiers == {"fast": expected}  # type: ignore[union-attr]


def test_counts_are_kept_by_tier() -> None:
    registry = AgentRegistry()
    for tier in ("fast", "large", "large", ""):
        registry.count(record(tier=tier))
    tiers = registry.snapshot()[0]["tiers"]
    assert {tier: count["requests"] for tier, count in tiers.items()} == {"fast": 1, "large": 2, "none": 1}


def test_made_up_names_cannot_fill_the_memory() -> None:
    registry = AgentRegistry(["claude-code"], max_agents=10)
    for number in range(1000):
        registry.count(record(f"made-up-{number}"))
    assert len(registry) == 11
    other = registry.get(OTHER)
    assert other is not None
    assert other.tiers["fast"].requests == 1000 - 9


def test_keys_and_profiles_get_a_place_in_a_full_registry() -> None:
    registry = AgentRegistry(max_agents=1)
    registry.count(record("first"))
    registry.count(record("paid", agent_source="key"))
    registry.expect(["late"])
    assert {"first", "paid", "late"} == {a["id"] for a in registry.snapshot()}


def test_the_snapshot_is_plain_values_in_order() -> None:
    registry = AgentRegistry(["b", "a"])
    registry.count(record("c"))
    assert [agent["id"] for agent in msgspec.json.decode(msgspec.json.encode(registry.snapshot()))] == [
        "a",
        "b",
        "c",
    ]
