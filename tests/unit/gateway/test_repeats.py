"""Retries and loops are told from honest repetition."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.chat import Outline
from pointsman.core.events import FinishState
from pointsman.gateway.repeats import Repeat, Repeats, in_tool_loop

DONE, CUT, FAILED, GONE = (
    FinishState.COMPLETED,
    FinishState.TRUNCATED,
    FinishState.FAILED,
    FinishState.CLIENT_GONE,
)
BODY = b'{"messages":[]}'


class Client:
    """Asks one body again and again; `now_s` moves by hand."""

    def __init__(self, **settings: int) -> None:
        self.repeats = Repeats(**settings)  # type: ignore[arg-type]
        self.now_s = 0.0

    def ask(
        self, end: FinishState, gap_s: float = 0.05, *, empty: bool = False, tool_loop: bool = False
    ) -> Repeat:
        """One request from start to end, `gap_s` after the last."""
        self.now_s += gap_s
        found = self.repeats.seen("a", BODY, self.now_s, tool_loop=tool_loop)
        if not found.loop:
            self.repeats.finished("a", found.body_hash, end, self.now_s, empty=empty)
        return found


@pytest.mark.parametrize("end", [CUT, FAILED, GONE])
def test_the_same_body_after_a_bad_end_is_a_retry(end: FinishState) -> None:
    client = Client()
    assert [client.ask(end, 5.0).retry, client.ask(DONE, 5.0).retry, client.ask(DONE, 5.0).retry] == [
        False,
        True,
        False,
    ]


def test_after_a_minute_it_is_a_new_request() -> None:
    client = Client()
    client.ask(FAILED)
    assert client.ask(FAILED, 59.0).retry
    assert not client.ask(FAILED, 61.0).retry


@pytest.mark.parametrize(("header", "retry"), [(b"0", False), (b"1", True), (b"", False), (None, False)])
def test_the_clients_own_count_tells_a_retry(header: bytes | None, retry: bool) -> None:
    assert Repeats().seen("a", BODY, 0.0, header).retry is retry


def test_each_bad_end_excuses_one_retry() -> None:
    repeats = Repeats()
    first = [repeats.seen("a", BODY, 0.0) for _ in range(3)]
    for number, found in enumerate(first):
        repeats.finished("a", found.body_hash, FAILED if number else DONE, 1.0)
    assert [repeats.seen("a", BODY, 2.0).retry for _ in range(4)] == [True, True, False, False]


def test_agents_and_bodies_are_kept_apart() -> None:
    client = Client()
    client.ask(FAILED)
    assert not client.repeats.seen("b", BODY, 1.0).retry
    assert not client.repeats.seen("a", BODY + b" ", 1.0).retry


@pytest.mark.parametrize("kind", ["truncated", "empty", "tool loop"])
def test_the_fourth_quick_request_is_a_loop(kind: str) -> None:
    client = Client()
    end = CUT if kind == "truncated" else DONE
    found = [client.ask(end, empty=kind == "empty", tool_loop=kind == "tool loop") for _ in range(4)]
    assert [f.loop for f in found] == [False, False, False, True]
    assert found[-1].retry_after_s == 1


def test_slow_repetition_is_no_loop() -> None:
    client = Client()
    assert not any(client.ask(CUT, 2.1).loop for _ in range(50))


def test_failures_are_a_loop_only_after_twelve() -> None:
    client = Client()
    assert [client.ask(FAILED, 1.0).loop for _ in range(13)] == [False] * 12 + [True]


def test_twelve_failures_over_a_longer_time_are_patience() -> None:
    client = Client()
    assert not any(client.ask(FAILED, 1.7).loop for _ in range(60))


def test_sampling_a_fast_model_one_by_one_is_no_loop() -> None:
    client = Client()
    assert not any(client.ask(DONE, 0.001).loop for _ in range(2000))


def test_requests_side_by_side_are_no_loop() -> None:
    repeats = Repeats()
    for step in range(200):
        found = repeats.seen("a", BODY, step * 0.01, tool_loop=True)
        assert not found.loop
        if step >= 4:
            repeats.finished("a", found.body_hash, CUT, step * 0.01)


def test_waits_grow_to_half_a_minute() -> None:
    client = Client()
    waits = []
    while len(waits) < 8:
        found = client.ask(CUT)
        if found.loop:
            waits.append(found.retry_after_s)
            client.now_s += found.retry_after_s
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_loop_that_does_not_wait_is_told_the_rest_of_its_wait() -> None:
    client = Client()
    found = [client.ask(CUT, 0.1) for _ in range(30)]
    waits = [f.retry_after_s for f in found if f.loop]
    passed = [f for f in found if not f.loop]
    assert len(passed) < 10
    assert set(waits) == {1, 2}


def test_a_whole_answer_forgives() -> None:
    client = Client()
    while not client.ask(CUT).loop:
        pass
    client.ask(DONE, 1.1)
    assert [client.ask(CUT).loop for _ in range(3)] == [False, False, False]
    assert client.ask(CUT).retry_after_s == 1


def test_silence_forgives() -> None:
    client = Client()
    while client.ask(CUT).retry_after_s < 4:
        pass
    client.now_s += 65
    while not (found := client.ask(CUT)).loop:
        pass
    assert found.retry_after_s == 1


def test_memory_is_bounded_and_keeps_the_newest() -> None:
    repeats = Repeats(capacity=100)
    for number in range(1000):
        found = repeats.seen("a", b"%d" % number, 0.0)
        repeats.finished("a", found.body_hash, FAILED, 0.0)
    assert len(repeats) == 100
    assert repeats.seen("a", b"999", 1.0).retry
    assert not repeats.seen("a", b"1", 1.0).retry


def test_the_end_of_something_forgotten_is_ignored() -> None:
    repeats = Repeats()
    repeats.finished("a", 1, FAILED, 0.0)
    assert len(repeats) == 0


@pytest.mark.parametrize("settings", [{"capacity": 0}, {"max_quick": 0}, {"max_quick": 5, "max_any": 4}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="repeats need"):
        Repeats(**settings)  # type: ignore[arg-type]


def test_a_tool_loop_has_tools_and_a_history() -> None:
    few_shot = Outline(model="m", message_count=9)
    assert not in_tool_loop(few_shot)
    assert not in_tool_loop(Outline(model="m", message_count=2, tool_names=("Bash",)))
    assert in_tool_loop(Outline(model="m", message_count=3, tool_names=("Bash",)))


ENDS = st.lists(
    st.tuples(st.sampled_from([DONE, CUT, FAILED, GONE]), st.floats(0, 5), st.booleans()), max_size=60
)


@given(ENDS)
def test_requests_that_pass_stay_within_the_limits(steps: list[tuple[FinishState, float, bool]]) -> None:
    client = Client()
    run_s: list[float] = []
    suspect = False
    for end, gap_s, tool_loop in steps:
        found = client.ask(end, gap_s, tool_loop=tool_loop)
        assert found.loop == (found.retry_after_s > 0)
        if found.loop or not (suspect or tool_loop):
            run_s.clear()
        if not found.loop:
            run_s.append(client.now_s)
            suspect = end is not DONE
        assert len(run_s) <= 12 or run_s[-1] - run_s[-13] > 20


@given(st.lists(st.floats(0, 1), min_size=2, max_size=80))
def test_whole_answers_outside_a_tool_loop_never_loop(gaps: list[float]) -> None:
    client = Client()
    found = [client.ask(DONE, gap_s) for gap_s in gaps]
    assert all(not (b.loop or b.retry) for _, b in pairwise(found))
