"""Whatever happens to targets, in whatever order, the circuits keep their promises."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pointsman.core.errors import UpstreamBroken, UpstreamLimited, UpstreamRejected
from pointsman.gateway.health import PROBE_LEASE_S, Health

TARGETS = st.sampled_from(["a", "b"])


class Circuits(RuleBasedStateMachine):
    """Drives `Health` and keeps count of the requests it let through."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.in_row = {"a": 0, "b": 0}
        self.tries: dict[str, list[float]] = {"a": [], "b": []}
        self.jitter = 0.0
        self.health = Health(jitter=lambda: self.jitter)

    def state(self, name: str) -> tuple[str, float]:
        """State and rest of the cool-down."""
        shown = {t.target: t for t in self.health.snapshot(self.now_s)}
        return (shown[name].state, shown[name].open_for_s) if name in shown else ("closed", 0.0)

    @rule(seconds=st.floats(0, 100), jitter=st.floats(0, 1))
    def wait(self, seconds: float, jitter: float) -> None:
        self.now_s += seconds
        self.jitter = jitter

    @rule(name=TARGETS)
    def ask(self, name: str) -> None:
        state, _ = self.state(name)
        running = [at_s for at_s in self.tries[name] if self.now_s < at_s + PROBE_LEASE_S]
        admitted = self.health.admit(name, self.now_s)
        if state == "closed":
            assert admitted
        elif state == "open" or running:
            assert not admitted
        else:
            assert admitted
            self.tries[name] = [self.now_s]

    @rule(name=TARGETS)
    def succeed(self, name: str) -> None:
        before, _ = self.state(name)
        self.health.unhealthy(self.now_s)
        self.health.succeeded(name, 10.0)
        assert self.state(name)[0] == ("open" if before == "open" else "closed")
        self.in_row[name] = 0
        self.tries[name] = []

    @rule(name=TARGETS)
    def fail(self, name: str) -> None:
        before, rest_s = self.state(name)
        self.health.failed(name, UpstreamBroken("reset"), self.now_s)
        self.in_row[name] += 1
        after, new_rest_s = self.state(name)
        if before == "open":
            assert (after, new_rest_s) == (before, rest_s)
        elif before == "half_open" or self.in_row[name] >= 3:
            assert after == "open"
            assert 1.0 - 1e-6 <= new_rest_s <= 60.0 + 1e-6
        else:
            assert after == "closed"
        self.tries[name] = []

    @rule(name=TARGETS, wait_s=st.integers(1, 90))
    def limit(self, name: str, wait_s: int) -> None:
        self.health.failed(name, UpstreamLimited("later", retry_after_s=wait_s), self.now_s)
        self.in_row[name] += 1
        assert self.state(name)[1] >= wait_s - 1e-6
        self.tries[name] = []

    @rule(name=TARGETS, rejected=st.booleans())
    def let_go(self, name: str, rejected: bool) -> None:
        before = self.state(name)
        if rejected:
            self.health.failed(name, UpstreamRejected("400"), self.now_s)
        else:
            self.health.released(name)
        assert self.state(name) == before
        self.tries[name] = []

    @invariant()
    def unhealthy_is_sorted_stable_and_true(self) -> None:
        out = self.health.unhealthy(self.now_s)
        assert list(out) == sorted(out)
        assert self.health.unhealthy(self.now_s) is out
        for target in ("a", "b"):
            state, _ = self.state(target)
            trying = any(self.now_s < at_s + PROBE_LEASE_S for at_s in self.tries[target])
            assert (target in out) == (state == "open" or (state == "half_open" and trying))


TestCircuits = Circuits.TestCase
TestCircuits.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
