"""Does the request fit the model's context window?"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from pointsman.core.errors import ContextTooLong, PointsmanError
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Model, Target
from pointsman.routing.gates.base import Example, Gate, asking, example, shown

UNBOUNDED_TOKENS: Final = 1 << 62


class ContextWindow(Gate):
    """Passes when prompt and answer fit together; a window of 0 is unknown and passes.

    >>> gate, case = ContextWindow(), example(False, asking(context_tokens=9000), Model(
    ...     name="m1", context_window_tokens=8192))
    >>> gate.verdict(case.target, case.features, case.profile)
    'needs 9000 tokens, window 8192'
    """

    name = "context_window"
    per_request = True

    def verdict(self, target: Target, features: Features, profile: AgentProfile) -> str:
        """Compares the tokens needed with the window."""
        window = target.model.context_window_tokens
        needed = features.context_tokens + features.max_output_tokens
        return "" if window <= 0 or needed <= window else f"needs {needed} tokens, window {window}"

    def error(self, targets: Sequence[Target], features: Features, profile: AgentProfile) -> PointsmanError:
        """Says what is needed and what the largest window is."""
        largest = max(target.model.context_window_tokens for target in targets)
        prompt, answer = features.context_tokens, features.max_output_tokens
        return ContextTooLong(
            f"the request needs {prompt + answer} tokens ({prompt} of prompt, {answer} for the answer); "
            f"largest context window of {shown(features.requested)!r} is {largest} tokens",
            param="messages",
        )

    def clearance(self, targets: Sequence[Target]) -> Callable[[Features], bool]:
        """Whether the request fits the smallest known window."""
        windows = [target.model.context_window_tokens for target in targets]
        smallest = min((window for window in windows if window > 0), default=UNBOUNDED_TOKENS)
        return lambda features: features.context_tokens + features.max_output_tokens <= smallest

    def stricter(self, features: Features) -> Features:
        """A longer prompt."""
        return replace(features, context_tokens=abs(features.context_tokens) * 2 + 1)

    def examples(self) -> tuple[Example, ...]:
        """Unknown, exactly full, one too many."""
        small = Model(name="m1", context_window_tokens=4096)
        return (
            example(True, asking(context_tokens=10**9)),
            example(True, asking(context_tokens=4000, max_output_tokens=96), small),
            example(False, asking(context_tokens=4000, max_output_tokens=97), small),
        )
