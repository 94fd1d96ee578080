"""What a request may cost: the rest of the day's budgets, and what is held back of them while it runs."""

from pointsman.accounting.budgets import Budgets, Reservation
from pointsman.core.errors import QuotaExhausted
from pointsman.core.keys import ApiKey
from pointsman.gateway.call import Call
from pointsman.routing.cost import expected_cost_usd_micros

SECONDS_A_DAY = 86_400


def budget_left_usd_micros(budgets: Budgets, call: Call) -> int | None:
    """What the caller may still spend today; None without a budget."""
    limit, key = call.profile.daily_budget_usd_micros, call.caller.key
    if limit is None and key is None:
        return None
    return budgets.left(call.logged_as, limit, *_limit_of(key), _utc_day(call))


def reserve(budgets: Budgets, call: Call) -> Reservation | None:
    """Holds the expected cost back; None for callers whose spending nobody counts. It is also how spending
    without a limit is counted per key. Raises `QuotaExhausted`."""
    caller, profile = call.caller, call.profile
    if profile.daily_budget_usd_micros is None and caller.key is None:
        return None
    model = call.snapshot.targets[call.decision.target].model
    reservation = budgets.reserve(
        call.logged_as,
        profile.daily_budget_usd_micros,
        *_limit_of(caller.key),
        _utc_day(call),
        expected_cost_usd_micros(model, call.features),
    )
    if reservation is None:
        raise QuotaExhausted("the daily budget is spent; it starts anew at 00:00 UTC")
    return reservation


def until_new_budget_s(call: Call) -> int:
    """Whole seconds from the request to the next day's budget."""
    return SECONDS_A_DAY - call.started_at_us // 1_000_000 % SECONDS_A_DAY


def _limit_of(key: ApiKey | None) -> tuple[str | None, int | None]:
    return (None, None) if key is None else (key.id, key.daily_budget_usd_micros)


def _utc_day(call: Call) -> int:
    return call.started_at_us // (SECONDS_A_DAY * 1_000_000)
