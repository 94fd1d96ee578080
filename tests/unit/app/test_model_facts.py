"""A name tells tier, capability and abilities; what it does not tell is guessed low."""

import re

import pytest

from pointsman.app.model_facts import facts_of, matching, size_in_name, table
from pointsman.core.features import Need

TOOLS, IMAGES = int(Need.TOOLS), int(Need.IMAGES)


@pytest.mark.parametrize(
    ("name", "tier", "abilities"),
    [
        ("claude-opus-5", "large", TOOLS | IMAGES),
        ("anthropic/claude-sonnet-4.5", "medium", TOOLS | IMAGES),
        ("claude-haiku-4-5-20251001", "fast", TOOLS | IMAGES),
        ("GPT-5-mini", "fast", TOOLS | IMAGES),
        ("gpt-4o-mini-2024-07-18", "fast", TOOLS | IMAGES),
        ("gemini-2.5-flash-lite", "fast", TOOLS | IMAGES),
        ("llama3.2:latest", "fast", TOOLS),
        ("qwen2.5-coder:32b", "medium", TOOLS),
        ("never-heard-of", "medium", TOOLS | IMAGES),
    ],
)
def test_a_name_tells_tier_and_abilities(name: str, tier: str, abilities: int) -> None:
    facts = facts_of(name)
    assert facts.tier == tier
    assert facts.abilities & (TOOLS | IMAGES) == abilities


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("claude-3-haiku-20240307", "claude-haiku-4-5"),
        ("claude-haiku-4-5", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5", "claude-opus-5"),
        ("gpt-3.5-turbo", "gpt-4o"),
        ("gpt-5-nano", "gpt-5-mini"),
        ("gpt-5-mini", "gpt-5"),
        ("llama3.1:8b", "llama3.1:70b"),
        ("qwen2.5:0.5b", "qwen2.5:7b"),
        ("qwen2.5:7b", "qwen2.5:72b"),
        ("smollm2:135m", "llama3.2:3b"),
    ],
)
def test_better_models_are_assumed_more_capable(weaker: str, stronger: str) -> None:
    assert facts_of(weaker).capability["general"] < facts_of(stronger).capability["general"]


def test_a_size_in_the_name_holds_a_family_down() -> None:
    small, large = facts_of("qwen3:0.6b"), facts_of("qwen3:235b")
    assert (small.tier, large.tier) == ("fast", "large")
    assert max(small.capability.values()) <= 40


def test_a_size_that_the_provider_told_counts() -> None:
    assert facts_of("mystery:latest", parameters_b=3.2) == facts_of("mystery-3.2b")


def test_a_model_nobody_knows_is_taken_to_be_able():
    assert facts_of("never-heard-of").abilities & TOOLS


@pytest.mark.parametrize(
    "name", ["text-embedding-3-small", "nomic-embed-text:latest", "bge-m3", "all-minilm:22m"]
)
def test_embedding_models_are_told_by_name(name: str) -> None:
    facts = facts_of(name)
    assert (facts.kind, facts.abilities) == ("embedding", int(Need.EMBEDDING))


@pytest.mark.parametrize("name", ["whisper-1", "gpt-4o-realtime-preview", "dall-e-3", "llama-guard-3-8b"])
def test_what_is_no_chat_model_is_not_served(name: str) -> None:
    assert not facts_of(name).served


def test_the_more_specific_pattern_comes_last() -> None:
    patterns = {"gpt-5*mini*": 2, "gpt-*": 0, "gpt-5*": 1, "other": 9}
    assert [entry for _, entry in matching(patterns, "gpt-5-mini", "openai")] == [0, 1, 2]


def test_a_pattern_may_name_the_provider() -> None:
    assert facts_of("deepseek-chat", "deepseek").abilities & Need.JSON_SCHEMA == 0
    assert facts_of("deepseek-chat", "elsewhere").abilities & Need.JSON_SCHEMA


@pytest.mark.parametrize("pattern", list(table()))
def test_every_entry_is_in_range_and_reached(pattern: str) -> None:
    plain = re.sub(r"\[(.)[^\]]*\]", r"\1", pattern).replace("*", "").replace("?", "x")
    assert pattern in [match for match, _ in matching(table(), plain, "")]
    facts = facts_of(plain)
    assert all(0 <= points <= 100 for points in facts.capability.values())
    assert "general" in facts.capability


def test_a_name_without_a_size_has_none() -> None:
    assert size_in_name("gpt-4o") is None
