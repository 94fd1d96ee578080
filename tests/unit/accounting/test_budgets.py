import threading

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from pointsman.accounting import budgets as module
from pointsman.accounting.budgets import Budgets
from pointsman.core.money import Spent

TODAY = 20_000
AGENT_LIMIT, KEY_LIMIT = 1000, 600


def left(budgets, day=TODAY, agent_limit=AGENT_LIMIT, key_limit=None):
    return budgets.left("ann", agent_limit, "key", key_limit, day)


def reserve(budgets, estimate, day=TODAY, agent_limit=AGENT_LIMIT, key_limit=None):
    return budgets.reserve("ann", agent_limit, "key", key_limit, day, estimate)


def test_without_limits_there_is_no_budget():
    assert Budgets().left("ann", None, "key", None, TODAY) is None
    assert Budgets().left("ann", None, None, 5, TODAY) is None


def test_the_smaller_rest_counts():
    assert left(Budgets(), key_limit=KEY_LIMIT) == 600
    assert left(Budgets(), key_limit=2000) == 1000


def test_a_reservation_counts_until_it_is_settled_and_then_its_cost():
    budgets = Budgets()
    reservation = reserve(budgets, 400)
    assert left(budgets) == 600
    budgets.settle(reservation, 150)
    assert left(budgets) == 850


def test_a_second_settlement_changes_nothing():
    budgets = Budgets()
    reservation = reserve(budgets, 400)
    budgets.settle(reservation, 100)
    budgets.settle(reservation, 100)
    assert left(budgets) == 900


def test_a_reservation_that_one_account_cannot_bear_burdens_neither():
    budgets = Budgets()
    assert reserve(budgets, 700, key_limit=KEY_LIMIT) is None
    assert left(budgets) == 1000


def test_what_costs_nothing_is_never_blocked():
    budgets = Budgets()
    budgets.settle(reserve(budgets, 1000), 5000)
    assert left(budgets) == 0
    assert reserve(budgets, 1) is None
    assert reserve(budgets, 0) is not None
    assert reserve(budgets, 0, agent_limit=0) is not None


def test_a_new_day_starts_with_the_whole_budget():
    budgets = Budgets()
    budgets.settle(reserve(budgets, 1000), 1000)
    assert left(budgets, day=TODAY + 1) == 1000


def test_what_began_before_midnight_is_paid_by_the_day_before():
    budgets = Budgets()
    reservation = reserve(budgets, 400)
    assert left(budgets, day=TODAY + 1) == 1000
    budgets.settle(reservation, 300)
    assert (left(budgets, day=TODAY + 1), left(budgets)) == (1000, 700)


def test_a_clock_that_jumps_ahead_and_back_loses_nothing():
    budgets = Budgets()
    budgets.settle(reserve(budgets, 400), 400)
    assert left(budgets, day=TODAY + 5000) == 1000
    assert left(budgets) == 600


def test_old_days_are_forgotten():
    budgets = Budgets()
    for day in range(TODAY, TODAY + 10):
        budgets.settle(reserve(budgets, 1, day=day), 1)
    assert [day for day in range(TODAY, TODAY + 10) if budgets.spent(day).agents] == [TODAY + 8, TODAY + 9]


def test_what_the_log_knows_is_taken_over():
    budgets = Budgets()
    budgets.load(Spent(day=TODAY, agents={"ann": 900}, keys={"key": 550}))
    assert left(budgets, key_limit=KEY_LIMIT) == 50
    assert left(budgets) == 100


def test_a_log_that_lags_gives_nothing_back():
    budgets = Budgets()
    budgets.settle(reserve(budgets, 400), 400)
    budgets.load(Spent(day=TODAY, agents={"ann": 100}))
    assert left(budgets) == 600


def test_what_was_spent_can_be_loaded_again():
    budgets, restarted = Budgets(), Budgets()
    budgets.settle(reserve(budgets, 400), 321)
    restarted.load(budgets.spent(TODAY))
    assert left(restarted) == 679


def test_made_up_names_share_one_account(monkeypatch):
    monkeypatch.setattr(module, "MAX_ACCOUNTS", 3)
    budgets = Budgets()
    for number in range(10):
        budgets.settle(budgets.reserve(f"agent{number}", 100, None, None, TODAY, 10), 10)
    assert budgets.spent(TODAY).agents == {"agent0": 10, "agent1": 10, "agent2": 10, "*": 70}
    assert budgets.left("made-up", 100, None, None, TODAY) == 30


@given(st.lists(st.integers(0, 300), min_size=1, max_size=12))
def test_one_after_another_the_overspending_is_at_most_the_last_estimates_error(costs):
    budgets, spent, error = Budgets(), 0, 0
    for actual in costs:
        reservation = reserve(budgets, 50)
        if reservation is not None:
            budgets.settle(reservation, actual)
            spent, error = spent + actual, max(actual - 50, 0)
    assert spent <= AGENT_LIMIT + error


def test_threads_cannot_overspend_together():
    budgets, granted = Budgets(), []
    start = threading.Barrier(8)

    def spend():
        start.wait()
        for _ in range(200):
            reservation = reserve(budgets, 7)
            if reservation is not None:
                granted.append(reservation)

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == AGENT_LIMIT // 7


class ConcurrentRequests(RuleBasedStateMachine):
    """Requests of two agents under one key, in any interleaving, against a plain model of the books."""

    in_flight = Bundle("in_flight")

    def __init__(self):
        super().__init__()
        self.budgets = Budgets()
        self.spent = 0
        self.estimated = 0
        self.errors_since_last_grant = 0

    @rule(target=in_flight, agent=st.sampled_from(["ann", "bob"]), estimate=st.integers(0, 300))
    def begin(self, agent, estimate):
        reservation = self.budgets.reserve(agent, AGENT_LIMIT, "key", KEY_LIMIT, TODAY, estimate)
        if reservation is None:
            assert estimate > self.budgets.left(agent, AGENT_LIMIT, "key", KEY_LIMIT, TODAY)
        elif estimate:
            self.estimated += estimate
            self.errors_since_last_grant = 0
            assert self.spent + self.estimated <= KEY_LIMIT
        return reservation, estimate

    @rule(one=consumes(in_flight), error=st.integers(-300, 300))
    def end(self, one, error):
        reservation, estimate = one
        if reservation is not None:
            actual = max(estimate + error, 0)
            self.budgets.settle(reservation, actual)
            self.spent += actual
            self.estimated -= estimate
            self.errors_since_last_grant += max(actual - estimate, 0)

    @invariant()
    def no_more_is_spent_than_the_errors_of_those_in_flight_at_the_last_grant(self):
        assert self.spent <= KEY_LIMIT + self.errors_since_last_grant

    @invariant()
    def the_books_are_right(self):
        rest = max(KEY_LIMIT - self.spent - self.estimated, 0)
        assert self.budgets.left("nobody", None, "key", KEY_LIMIT, TODAY) == rest


TestConcurrentRequests = ConcurrentRequests.TestCase
