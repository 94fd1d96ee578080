"""What models cost: the catalogue that comes as a package, looked up once per model and never per request.

The catalogue also knows context windows, and prices that rise with the length of the prompt. It knows no
prices by service tier (flex, priority): these cost another sum than is logged.
"""

from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Final

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices
from msgspec import Struct

from pointsman.core.money import LongRates, Price
from pointsman.core.snapshot import Tier

CATALOGUE_VERSION: Final = f"genai-prices {version('genai-prices')}"
ASSUMED_VERSION: Final = "assumed 1"
_USD_MICROS: Final = 1_000_000
_FIELDS: Final = (
    "input_usd_micros",
    "output_usd_micros",
    "cached_input_usd_micros",
    "cache_write_usd_micros",
)

_ASSUMED_USD: Final[dict[Tier, tuple[int, int]]] = {"fast": (1, 5), "medium": (3, 15), "large": (15, 75)}
"""US dollars per million tokens, input and output, of a paid model that the catalogue does not know: high
for its tier, so that a budget stops too early rather than too late."""
_ASSUMED_EMBEDDING_USD: Final = Decimal("0.20")


class Listing(Struct, frozen=True, kw_only=True):
    """What the catalogue says of one model: its price, and its context window (0: not said)."""

    price: Price
    context_window_tokens: int = 0


def listing_of(model: str, price_provider: str | None, now: datetime | None = None) -> Listing | None:
    """The catalogue's entry for a provider's `model`, with the price valid at `now` (a time with a zone;
    None: now). None when the catalogue does not know the model, the provider, or its token price."""
    info = None if price_provider is None else _find(model, price_provider)
    if info is None:
        return None
    prices = info.get_prices(now or datetime.now(tz=UTC))
    if prices.input_mtok is None and prices.output_mtok is None:
        return None
    price = Price(
        **_rates(prices, 0),
        source="catalogue",
        version=CATALOGUE_VERSION,
        longer=tuple([LongRates(**_rates(prices, above), above_tokens=above) for above in _steps(prices)]),
    )
    return Listing(price=price, context_window_tokens=info.context_window or 0)


def assumed_price(tier: Tier, kind: str = "chat") -> Price:
    """The price to reckon with when nobody knows it, marked `assumed`: never 0, and high for the tier."""
    asked, answered = _ASSUMED_USD[tier]
    if kind == "embedding":
        return Price(
            input_usd_micros=usd_micros(_ASSUMED_EMBEDDING_USD), source="assumed", version=ASSUMED_VERSION
        )
    return Price(
        input_usd_micros=usd_micros(asked),
        output_usd_micros=usd_micros(answered),
        source="assumed",
        version=ASSUMED_VERSION,
    )


def usd_micros(usd: Decimal | float) -> int:
    """US dollars as whole micro-USD, rounded up. A float counts as the number it is written as.

    >>> usd_micros(0.1), usd_micros(Decimal("0.0000001"))
    (100000, 1)
    """
    exact = usd if isinstance(usd, Decimal) else Decimal(str(usd))
    return int((exact * _USD_MICROS).to_integral_value(ROUND_CEILING))


@lru_cache(maxsize=8192)
def _find(model: str, price_provider: str) -> ModelInfo | None:
    try:
        return get_snapshot().find_provider_model(model, None, price_provider, None)[1]
    except LookupError:
        return None


def _rates(prices: ModelPrice, above_tokens: int) -> dict[str, Any]:
    """The rates of prompts just above that length."""
    told = [_micros(price, above_tokens) for price in _by_class(prices)]
    return dict(zip(_FIELDS, (told[0] or 0, told[1] or 0, *told[2:]), strict=True))


def _steps(prices: ModelPrice) -> list[int]:
    """The prompt lengths above which other rates hold, in ascending order."""
    tiered = [price for price in _by_class(prices) if isinstance(price, TieredPrices)]
    return sorted({tier.start for price in tiered for tier in price.tiers if tier.start > 0})


def _by_class(prices: ModelPrice) -> list[Decimal | TieredPrices | None]:
    """In the order of `_FIELDS`."""
    return [prices.input_mtok, prices.output_mtok, prices.cache_read_mtok, prices.cache_write_mtok]


def _micros(price: Decimal | TieredPrices | None, above_tokens: int) -> int | None:
    if price is None:
        return None
    if not isinstance(price, TieredPrices):
        return usd_micros(price)
    fitting = [tier.price for tier in price.tiers if tier.start <= above_tokens]
    return usd_micros(fitting[-1] if fitting else price.base)
