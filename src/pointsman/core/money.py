"""Money is an integer count of micro-US-dollars; prices are micro-USD per million tokens."""

from typing import Final

from msgspec import Struct, field

from pointsman.core.chat import Usage

TOKENS_PER_PRICE_UNIT: Final = 1_000_000


class Price(Struct, frozen=True, kw_only=True):
    """What one model costs, per token class, in micro-USD per million tokens.

    `cached_input` and `cache_write` default to the input price when the catalogue does not name them.
    `source` says where the figures come from (`catalogue`, `operator`, `free`) and `version` which
    edition, so that a logged cost can be audited after prices change.
    """

    input_usd_micros: int = 0
    output_usd_micros: int = 0
    cached_input_usd_micros: int | None = None
    cache_write_usd_micros: int | None = None
    source: str = "unknown"
    version: str = ""

    def cost_usd_micros(self, usage: Usage) -> int:
        """The cost of `usage`, rounded half up to a whole micro-USD.

        >>> Price(input_usd_micros=3_000_000, output_usd_micros=15_000_000).cost_usd_micros(
        ...     Usage(input_tokens=1000, output_tokens=200))
        6000
        """
        cached_price = self.cached_input_usd_micros
        write_price = self.cache_write_usd_micros
        cached, written = usage.cached_input_tokens, usage.cache_write_tokens
        plain = max(usage.input_tokens - cached - written, 0)
        total = (
            plain * self.input_usd_micros
            + cached * (self.input_usd_micros if cached_price is None else cached_price)
            + written * (self.input_usd_micros if write_price is None else write_price)
            + usage.output_tokens * self.output_usd_micros
        )
        return (total + TOKENS_PER_PRICE_UNIT // 2) // TOKENS_PER_PRICE_UNIT


FREE: Final = Price(source="free")


class Spent(Struct, frozen=True, kw_only=True):
    """What a day has cost so far, in micro-USD, by agent and by key. `day` is days since the epoch, UTC."""

    day: int
    agents: dict[str, int] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)


def shadow_account(agent: str) -> str:
    """The account of an agent's shadows, which no agent's id can be."""
    return f"shadow of {agent}"
