"""The profiles that come with Pointsman (seed A). Configuration may replace each."""

from typing import Final

from pointsman.core.calibration import CALIBRATION_AGENT
from pointsman.core.snapshot import AgentProfile

DEFAULT: Final = AgentProfile(id="default")
"""For callers without a profile of their own."""

CLAUDE_CODE: Final = AgentProfile(
    id="claude-code",
    gate=0.65,
    fallback=("ollama", "local", "mistral", "groq", "*"),
    latency_slo_ms=100,
    latency_slo_percentile=99,
)
"""An IDE agent: speed before accuracy, and a silent switch is welcome, also from a model asked for by
name to one at a provider named here."""

CODEX: Final = AgentProfile(id="codex", gate=0.70, fallback=())
"""Balanced; a failure is shown, never covered up by another model."""

CHATGPT: Final = AgentProfile(
    id="chatgpt",
    gate=0.75,
    fallback=("external", "local"),
    latency_slo_ms=500,
    latency_slo_percentile=95,
    latency_slo_of="chunk",
    success_signal="explicit",
)
"""People wait for quality and say what they think of it; local models only when nothing else answers.
Only groups are named, so a model asked for by name is never silently replaced by another."""

OLLAMA: Final = AgentProfile(id="ollama", latency_slo_ms=2000, success_signal="completion_time")
"""Clients of the Ollama protocol; success shows in the time a completion takes."""

CALIBRATION: Final = AgentProfile(id=CALIBRATION_AGENT, fallback=())
"""`pointsman calibrate`, which asks each model by name and wants to hear from no other."""

BUILT_IN: Final[dict[str, AgentProfile]] = {
    profile.id: profile for profile in (CLAUDE_CODE, CODEX, CHATGPT, OLLAMA, CALIBRATION)
}
