"""Configuration and targets make a policy."""

import pytest

from pointsman.app.config import parse_config
from pointsman.app.names import names_of
from pointsman.app.policy_facts import snapshot_of, unknown_names
from pointsman.core.features import Need
from pointsman.core.money import FREE
from pointsman.core.snapshot import Model, PolicySnapshot, Target
from pointsman.routing.profiles import CLAUDE_CODE, DEFAULT


def target(identity: str, **fields: object) -> Target:
    """A target of that id."""
    provider, _, name = identity.partition("/")
    model = Model(name=name, price=FREE, **fields)  # type: ignore[arg-type]
    return Target(id=identity, provider=provider, model=model, upstream_model=name, dialects=("openai_chat",))


def policy(text: str = "", *identities: str) -> PolicySnapshot:
    """The policy for these targets."""
    return snapshot_of(parse_config(text), {name: target(name) for name in identities}, version=3)


def names(*identities: str) -> dict[str, tuple[str, ...]]:
    """The names of these targets."""
    return names_of({name: target(name) for name in identities})


def test_without_configuration_there_are_the_usual_aliases_and_profiles() -> None:
    made = policy()
    assert made.version == 3
    assert [(a.name, a.kind) for a in made.aliases.values()] == [
        ("auto", "chat"),
        ("claude-auto", "chat"),
        ("auto-embed", "embedding"),
    ]
    assert made.agents["claude-code"] == CLAUDE_CODE
    assert made.default_agent == DEFAULT


def test_a_profile_is_changed_key_by_key() -> None:
    made = policy("[agents.claude-code]\ngate = 0.8\ndaily_budget_usd = 0.5").agents["claude-code"]
    assert (made.gate, made.daily_budget_usd_micros) == (0.8, 500_000)
    assert made.fallback == CLAUDE_CODE.fallback


def test_a_new_agent_starts_from_the_configured_default() -> None:
    made = policy("[agents.default]\ngate = 0.9\n[agents.mine]\nanonymous = true")
    assert made.default_agent.gate == 0.9
    assert (made.agents["mine"].id, made.agents["mine"].gate, made.agents["mine"].anonymous) == (
        "mine",
        0.9,
        True,
    )
    assert "default" not in made.agents


def test_aliases_are_added_and_replaced() -> None:
    made = policy("[aliases.auto]\ncandidates = ['m']\n[aliases.quick]\ncandidates = ['a/m']", "a/m")
    assert made.aliases["auto"].candidates == ("m",)
    assert made.aliases["quick"].candidates == ("a/m",)


def test_the_operators_word_on_a_model_wins() -> None:
    text = """
    [models."*"]
    tier = "large"
    capability = { code = 1, general = 2 }
    [models."a/m"]
    capability = { code = 3 }
    abilities = ["tools"]
    context_window_tokens = 7
    price_usd_per_million = { input = 0.1, output = 2, cached_input = 0 }
    """
    model = policy(text, "a/m").targets["a/m"].model
    assert (model.tier, model.capability, model.abilities) == ("large", {"general": 2, "code": 3}, 1)
    assert (model.price.input_usd_micros, model.price.cached_input_usd_micros) == (100_000, 0)
    assert (model.price.source, model.price.version) == ("operator", "input=0.1 output=2 cached_input=0")


def test_a_disabled_model_is_not_served() -> None:
    made = policy("[models.'m*']\nenabled = false", "a/m1", "a/n")
    assert list(made.targets) == ["a/n"]
    assert "m1" not in made.names


def test_a_candidate_that_nothing_serves_is_named_with_its_key() -> None:
    made = policy("", "openai/gpt-5-mini")
    config = parse_config("[aliases.q]\ncandidates = ['gpt-5-mini', 'gpt5mini']")
    (found,) = unknown_names(config, made)
    assert found.startswith("aliases.q.candidates: nothing serves `gpt5mini` now; near it: gpt-5-mini")


def test_a_model_that_several_serve_prefers_them_in_order() -> None:
    assert names("b/m", "a/m")["m"] == ("b/m", "a/m")


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("llama3", "ollama/llama3:latest"),
        ("llama3:latest", "ollama/llama3:latest"),
        ("ollama/llama3", "ollama/llama3:latest"),
        ("gpt-5", "openai/gpt-5"),
        ("gpt-5:latest", "openai/gpt-5"),
        ("claude-sonnet-4.5", "openrouter/anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-sonnet-4.5", "openrouter/anthropic/claude-sonnet-4.5"),
        ("claude-opus-4", "anthropic/claude-opus-4-20250514"),
        ("claude-opus-4-latest", "anthropic/claude-opus-4-20250514"),
        ("gpt-4o", "openai/gpt-4o-2024-08-06"),
    ],
)
def test_a_model_answers_to_its_forms(asked: str, served: str) -> None:
    assert names(served)[asked] == (served,)


def test_the_newest_release_stands_for_the_undated_name() -> None:
    found = names("x/m-20250101", "x/m-20260101", "x/m-20240101")
    assert found["m"] == ("x/m-20260101", "x/m-20250101", "x/m-20240101")


def test_a_models_own_name_comes_before_derived_ones() -> None:
    assert names("r/v/m", "x/m")["m"] == ("x/m", "r/v/m")
    assert names("x/m-20260101", "x/m")["m"][0] == "x/m"


def test_abilities_replace_the_known_ones_but_not_what_wire_forms_tell() -> None:
    known = int(Need.IMAGES | Need.COMPLETION)
    config = parse_config("[models.m]\nabilities = ['tools']")
    made = snapshot_of(config, {"a/m": target("a/m", abilities=known)}, version=3)
    assert made.targets["a/m"].model.abilities == Need.TOOLS | Need.COMPLETION


def test_a_model_that_is_said_to_embed_can_whatever_abilities_are_named() -> None:
    made = policy("[models.'*']\nabilities = ['tools']\n[models.m]\nkind = 'embedding'", "a/m")
    assert made.targets["a/m"].model.abilities & Need.EMBEDDING
