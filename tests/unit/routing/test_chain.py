from tests.unit.routing.routing_world import SHOPS, asks, model, target, world

from pointsman.core.snapshot import AgentProfile
from pointsman.routing.chain import MAX_FALLBACKS
from pointsman.routing.engine import decide


def fallbacks(requested, agent, snapshot=SHOPS, **fields):
    return decide(asks(requested, agent=agent, **fields), snapshot).fallbacks


ALL = tuple(SHOPS.targets.values())


def with_fallback(*entries, targets=ALL):
    return world(*targets, agents=(AgentProfile(id="p", fallback=entries),))


def test_codex_falls_back_to_nobody():
    assert fallbacks("gpt-x", "codex") == ()
    assert fallbacks("auto", "codex") == ()


def test_claude_code_goes_to_ollama_then_mistral_then_groq_then_anyone():
    chain = fallbacks("auto", "claude-code")
    assert chain[:3] == ("ollama/qwen", "mistral/large-m", "groq/quick")
    assert chain[3:] == ("openai/gpt-x", "openai/gpt-mini")


def test_chatgpt_goes_local_last():
    chain = fallbacks("auto", "chatgpt")
    assert chain[-1] == "ollama/qwen"
    assert "mistral/large-m" in chain


def test_a_group_asks_the_best_of_each_provider_before_the_second_best_of_any():
    targets = [target("a", model(f"a{n}", 90.0 - n)) for n in range(3)]
    targets += [target("b", model(f"b{n}", 80.0 - n)) for n in range(2)]
    chain = fallbacks("auto", "p", with_fallback("*", targets=targets))
    assert chain == ("b/b0", "a/a1", "b/b1", "a/a2")


def test_other_providers_of_a_model_asked_for_by_name_come_first():
    assert fallbacks("gpt-x", "claude-code")[:2] == ("azure/gpt-x", "ollama/qwen")


def test_a_model_asked_for_by_name_is_replaced_only_by_providers_named_in_the_profile():
    assert fallbacks("gpt-x", "someone") == ("azure/gpt-x",)
    assert fallbacks("gpt-x", "chatgpt") == ("azure/gpt-x",)
    assert fallbacks("gpt-x", "p", with_fallback("*", "groq")) == ("azure/gpt-x", "groq/quick")


def test_a_profile_that_does_not_name_a_provider_does_not_fall_back_to_it():
    assert fallbacks("gpt-x", "p", with_fallback("groq")) == ("groq/quick",)


def test_fallbacks_pass_the_gates_too():
    assert fallbacks("gpt-x", "claude-code", needs=1) == ("azure/gpt-x",)
    assert "ollama/qwen" not in fallbacks("gpt-x", "claude-code", context_tokens=20_000)
    assert "azure/gpt-x" not in fallbacks("gpt-x", "claude-code", unhealthy=("azure/gpt-x",))


def test_a_chain_has_an_end():
    snapshot = world(*[target("shop", model(f"m{n}")) for n in range(30)])
    assert len(fallbacks("auto", "someone", snapshot)) == MAX_FALLBACKS
