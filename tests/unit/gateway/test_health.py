"""Circuits open, wait, try, and close."""

import pytest

from pointsman.core.errors import (
    Internal,
    NoTarget,
    PointsmanError,
    StreamTruncated,
    UpstreamBroken,
    UpstreamLimited,
    UpstreamOverloaded,
    UpstreamRejected,
    UpstreamTimeout,
)
from pointsman.gateway.health import Health


def health() -> Health:
    return Health(failures_to_open=3, jitter=lambda: 0.0)


def broken(circuits: Health, target: str, now_s: float, times: int = 3) -> None:
    for _ in range(times):
        circuits.failed(target, UpstreamBroken("reset"), now_s)


def test_an_unknown_target_is_healthy() -> None:
    circuits = health()
    assert circuits.unhealthy(0.0) == ()
    assert circuits.admit("t", 0.0)


@pytest.mark.parametrize(
    "fault", [UpstreamBroken, UpstreamTimeout, UpstreamOverloaded, UpstreamLimited, StreamTruncated]
)
def test_failures_in_a_row_open_the_circuit(fault: type[PointsmanError]) -> None:
    circuits = health()
    for expected in ((), (), ("t",)):
        circuits.failed("t", fault("no"), 10.0)
        assert circuits.unhealthy(10.0) == expected
    assert not circuits.admit("t", 10.5)


def test_a_success_between_failures_starts_the_count_anew() -> None:
    circuits = health()
    broken(circuits, "t", 0.0, 2)
    circuits.succeeded("t", 20.0)
    broken(circuits, "t", 0.0, 2)
    assert circuits.unhealthy(0.0) == ()


@pytest.mark.parametrize("error", [UpstreamRejected("bad prompt"), Internal("bug"), NoTarget("none")])
def test_what_is_not_the_targets_fault_never_counts(error: PointsmanError) -> None:
    circuits = health()
    for _ in range(50):
        circuits.failed("t", error, 0.0)
    assert circuits.unhealthy(0.0) == ()


@pytest.mark.parametrize("fault", [UpstreamLimited, UpstreamOverloaded])
def test_a_providers_wait_opens_at_once_for_that_long(fault: type[PointsmanError]) -> None:
    circuits = health()
    circuits.failed("t", fault("later", retry_after_s=7), 100.0)
    assert circuits.unhealthy(106.9) == ("t",)
    assert circuits.retry_after_s(104.5) == 3
    assert circuits.unhealthy(107.0) == ()


def test_a_longer_wait_told_while_open_is_kept() -> None:
    circuits = health()
    for wait_s in (7, 20, 3):
        circuits.failed("t", UpstreamLimited("later", retry_after_s=wait_s), 100.0)
    assert circuits.unhealthy(119.0) == ("t",)


def test_stray_failures_while_open_do_not_prolong_it() -> None:
    circuits = health()
    broken(circuits, "t", 0.0, 50)
    assert circuits.unhealthy(0.99) == ("t",)
    assert circuits.unhealthy(1.0) == ()


def test_only_one_try_at_a_time_when_half_open() -> None:
    circuits = health()
    broken(circuits, "t", 0.0)
    assert [circuits.admit("t", 1.0) for _ in range(3)] == [True, False, False]
    assert circuits.unhealthy(1.0) == ("t",)


def test_a_good_try_closes() -> None:
    circuits = health()
    broken(circuits, "t", 0.0)
    circuits.admit("t", 1.0)
    circuits.succeeded("t", 12.0)
    assert circuits.unhealthy(1.0) == ()
    assert [circuits.admit("t", 1.0) for _ in range(3)] == [True] * 3


def test_an_answer_from_before_the_opening_does_not_close() -> None:
    circuits = health()
    broken(circuits, "t", 0.0)
    circuits.succeeded("t", 12.0)
    assert circuits.unhealthy(0.5) == ("t",)


def test_bad_tries_double_the_wait_to_a_minute() -> None:
    circuits = health()
    broken(circuits, "t", 0.0)
    now_s, waits = 0.0, []
    for _ in range(8):
        wait_s = circuits.snapshot(now_s)[0].open_for_s
        waits.append(wait_s)
        now_s += wait_s
        assert circuits.admit("t", now_s)
        circuits.failed("t", UpstreamTimeout("silent"), now_s)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize("way", ["released", "rejected"])
def test_a_try_that_tells_nothing_frees_its_place(way: str) -> None:
    circuits = health()
    broken(circuits, "t", 0.0)
    circuits.admit("t", 1.0)
    if way == "released":
        circuits.released("t")
    else:
        circuits.failed("t", UpstreamRejected("400"), 1.1)
    assert circuits.unhealthy(1.2) == ()
    assert circuits.admit("t", 1.2)


def test_a_lost_try_is_given_up_after_its_lease() -> None:
    circuits = health()
    broken(circuits, "t", 0.0)
    circuits.admit("t", 1.0)
    assert circuits.unhealthy(120.0) == ("t",)
    assert circuits.unhealthy(121.0) == ()
    assert circuits.admit("t", 121.0)


def test_without_admission_a_half_open_circuit_still_closes_and_opens() -> None:
    circuits = health()
    broken(circuits, "t", 0.0)
    assert circuits.unhealthy(1.0) == ()
    circuits.failed("t", UpstreamBroken("reset"), 1.1)
    assert circuits.unhealthy(1.1) == ("t",)
    assert circuits.unhealthy(3.2) == ()
    circuits.succeeded("t", 5.0)
    assert circuits.snapshot(3.3)[0].state == "closed"


def test_the_answer_is_the_same_object_while_nothing_changes() -> None:
    circuits = health()
    for target in ("b", "a", "c"):
        broken(circuits, target, 0.0)
    first = circuits.unhealthy(0.1)
    assert first == ("a", "b", "c")
    circuits.succeeded("d", 3.0)
    circuits.failed("d", UpstreamBroken("reset"), 0.2)
    assert circuits.unhealthy(0.3) is first


def test_removed_targets_are_forgotten() -> None:
    circuits = health()
    broken(circuits, "a", 0.0)
    broken(circuits, "b", 0.0)
    circuits.keep({"b", "c"})
    assert circuits.unhealthy(0.1) == ("b",)


def test_the_snapshot_tells_people_what_is_wrong() -> None:
    circuits = health()
    broken(circuits, "b", 0.0)
    circuits.succeeded("a", 100.0)
    circuits.succeeded("a", 200.0)
    good, bad = circuits.snapshot(0.25)
    assert (good.target, good.state, good.successes, good.latency_ms) == ("a", "closed", 2, 110.0)
    assert (bad.state, bad.failures, bad.open_for_s, bad.last_error) == (
        "open",
        3,
        0.75,
        "upstream_error: reset",
    )
    assert circuits.snapshot(1.0)[1].state == "half_open"


@pytest.mark.parametrize(
    "settings", [{"failures_to_open": 0}, {"base_cooldown_s": 0}, {"base_cooldown_s": 90}]
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="health needs"):
        Health(**settings)  # type: ignore[arg-type]
