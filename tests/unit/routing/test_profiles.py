import pytest

from pointsman.routing.profiles import BUILT_IN


@pytest.mark.parametrize(
    ("agent", "gate", "slo_ms", "percentile", "slo_of"),
    [
        ("claude-code", 0.65, 100, 99, "answer"),
        ("codex", 0.70, None, 99, "answer"),
        ("chatgpt", 0.75, 500, 95, "chunk"),
        ("ollama", 0.70, 2000, 99, "answer"),
    ],
)
def test_the_built_in_profiles_are_those_of_seed_a(agent, gate, slo_ms, percentile, slo_of):
    profile = BUILT_IN[agent]
    assert (profile.gate, profile.latency_slo_ms) == (gate, slo_ms)
    assert (profile.latency_slo_percentile, profile.latency_slo_of) == (percentile, slo_of)


def test_only_chatgpt_tells_its_success_explicitly():
    assert [agent for agent, profile in BUILT_IN.items() if profile.success_signal == "explicit"] == [
        "chatgpt"
    ]
