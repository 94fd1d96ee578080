"""Money is an integer count of micro-US-dollars; prices are micro-USD per million tokens."""

from typing import Final

from msgspec import Struct, field

from pointsman.core.chat import Usage

TOKENS_PER_PRICE_UNIT: Final = 1_000_000


class Rates(Struct, frozen=True, kw_only=True):
    """What tokens cost, by their class, in micro-USD per million tokens. `cached_input` and `cache_write`
    default to the input price when the catalogue does not name them."""

    input_usd_micros: int = 0
    output_usd_micros: int = 0
    cached_input_usd_micros: int | None = None
    cache_write_usd_micros: int | None = None

    def total_usd_micros(self, usage: Usage) -> int:
        """The cost of `usage` at these rates, rounded half up to a whole micro-USD."""
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


class LongRates(Rates, frozen=True, kw_only=True):
    """What all tokens of a request cost whose prompt has more than `above_tokens`, cached ones included."""

    above_tokens: int


class Price(Rates, frozen=True, kw_only=True):
    """What one model costs. `longer` are the rates of long prompts, the shortest of these first.

    `source` says where the figures come from (`catalogue`, `operator`, `free`) and `version` which
    edition, so that a logged cost can be audited after prices change.
    """

    source: str = "unknown"
    version: str = ""
    longer: tuple[LongRates, ...] = ()

    def at(self, prompt_tokens: int) -> Rates:
        """The rates of a request whose prompt has so many tokens."""
        rates: Rates = self
        for one in self.longer:
            if prompt_tokens > one.above_tokens:
                rates = one
        return rates

    def cost_usd_micros(self, usage: Usage) -> int:
        """The cost of a request that used `usage`, rounded half up to a whole micro-USD.

        >>> long = LongRates(above_tokens=1000, input_usd_micros=6_000_000, output_usd_micros=20_000_000)
        >>> price = Price(input_usd_micros=3_000_000, output_usd_micros=15_000_000, longer=(long,))
        >>> [price.cost_usd_micros(Usage(input_tokens=n, output_tokens=200)) for n in (1000, 1001)]
        [6000, 10006]
        """
        rates = self.at(usage.input_tokens) if self.longer else self
        return rates.total_usd_micros(usage)


FREE: Final = Price(source="free")


class Spent(Struct, frozen=True, kw_only=True):
    """What a day has cost so far, in micro-USD, by agent and by key. `day` is days since the epoch, UTC."""

    day: int
    agents: dict[str, int] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)


def shadow_account(agent: str) -> str:
    """The account of an agent's shadows, which no agent's id can be."""
    return f"shadow of {agent}"
