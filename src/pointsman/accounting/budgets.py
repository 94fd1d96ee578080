"""Daily budgets (UTC) of agents and keys: what is left, reserved before a call and settled after it.

Everything is in memory and answers at once. A reservation holds the expected cost back, so that requests
in flight count against the budget before their bills arrive: with exact estimates nothing is overspent,
however many run at once, else at most by what the requests then in flight cost above their estimates.
"""

import threading
from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from pointsman.core.money import Spent

KEPT_DAYS: Final = 2
"""Days held: today, and yesterday for what began before midnight."""
MAX_ACCOUNTS: Final = 50_000
"""Agents (and keys) held apart in a day; further ones share one account, so that made-up names can
neither fill the memory nor get a fresh budget each."""
OTHERS: Final = "*"


class Account(Struct, gc=False):
    """One agent's or key's day, in micro-USD."""

    spent_usd_micros: int = 0
    reserved_usd_micros: int = 0

    def left(self, limit_usd_micros: int) -> int:
        """What may still be reserved; never below 0."""
        return max(limit_usd_micros - self.spent_usd_micros - self.reserved_usd_micros, 0)


class Reservation(Struct, kw_only=True):
    """Money held back for one request, until `Budgets.settle`."""

    accounts: tuple[Account, ...]
    estimate_usd_micros: int
    settled: bool = False


class _Day(Struct):
    agents: dict[str, Account] = field(default_factory=dict)
    keys: dict[str, Account] = field(default_factory=dict)


class Budgets:
    """All accounts of this process. Limits come with each question (None: no limit), because they belong
    to the snapshot and the key. Safe to call from several threads."""

    __slots__ = ("_days", "_lock")

    def __init__(self) -> None:
        self._days: dict[int, _Day] = {}
        self._lock = threading.Lock()

    def left(
        self, agent: str, agent_limit: int | None, key_id: str | None, key_limit: int | None, day: int
    ) -> int | None:
        """Micro-USD that a request may still cost on `day`: the smaller of the agent's and the key's rest,
        never below 0; None without any limit."""
        if agent_limit is None and (key_limit is None or key_id is None):
            return None
        with self._lock:
            today = self._day(day)
            rests = []
            if agent_limit is not None:
                rests.append(_account(today.agents, agent).left(agent_limit))
            if key_limit is not None and key_id is not None:
                rests.append(_account(today.keys, key_id).left(key_limit))
        return min(rests)

    def reserve(
        self,
        agent: str,
        agent_limit: int | None,
        key_id: str | None,
        key_limit: int | None,
        day: int,
        estimate_usd_micros: int,
    ) -> Reservation | None:
        """Holds the estimate back from both accounts, or from neither: None when one has too little left.
        An estimate of 0 is always granted. Every reservation must be settled, with 0 if nothing came of
        the request."""
        estimate = max(estimate_usd_micros, 0)
        with self._lock:
            today = self._day(day)
            accounts = [(_account(today.agents, agent), agent_limit)]
            if key_id is not None:
                accounts.append((_account(today.keys, key_id), key_limit))
            for account, limit in accounts:
                if estimate and limit is not None and estimate > account.left(limit):
                    return None
            for account, _ in accounts:
                account.reserved_usd_micros += estimate
        return Reservation(accounts=tuple([a for a, _ in accounts]), estimate_usd_micros=estimate)

    def settle(self, reservation: Reservation, actual_usd_micros: int) -> None:
        """Replaces the estimate by what the request did cost, on the day on which it was reserved. Only
        the first call for a reservation counts."""
        with self._lock:
            if reservation.settled:
                return
            reservation.settled = True
            for account in reservation.accounts:
                account.reserved_usd_micros -= reservation.estimate_usd_micros
                account.spent_usd_micros += max(actual_usd_micros, 0)

    def load(self, spent_today: Spent) -> None:
        """Takes over what the log knows: at start, and from time to time when several processes share the
        budgets. The log lags, so an account keeps the greater figure."""
        with self._lock:
            today = self._day(spent_today.day)
            for accounts, figures in ((today.agents, spent_today.agents), (today.keys, spent_today.keys)):
                _raise_to(accounts, figures)

    def spent(self, day: int) -> Spent:
        """What this process knows to be spent on `day`."""
        with self._lock:
            known = self._days.get(day) or _Day()
            return Spent(
                day=day,
                agents={name: account.spent_usd_micros for name, account in known.agents.items()},
                keys={name: account.spent_usd_micros for name, account in known.keys.items()},
            )

    def _day(self, day: int) -> _Day:
        """The books of `day`. Opening a new day closes the one opened longest ago."""
        books = self._days.get(day)
        if books is None:
            books = self._days[day] = _Day()
            while len(self._days) > KEPT_DAYS:
                del self._days[next(iter(self._days))]
        return books


def _account(accounts: dict[str, Account], name: str) -> Account:
    account = accounts.get(name)
    if account is None:
        if len(accounts) >= MAX_ACCOUNTS:
            name = OTHERS
        account = accounts.setdefault(name, Account())
    return account


def _raise_to(accounts: dict[str, Account], figures: Mapping[str, int]) -> None:
    for name, usd_micros in figures.items():
        account = _account(accounts, name)
        account.spent_usd_micros = max(account.spent_usd_micros, usd_micros)
