"""Every signal in the table, held to every check. A new signal is taken in by being in the table."""

import sys
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.outcome_world import CLIENTS, World, called, said

from pointsman.core.events import FinishState
from pointsman.core.outcomes import OutcomeRecord, OutcomeSource, OutcomeWord
from pointsman.gateway.outcomes.base import Stage
from pointsman.gateway.outcomes.memory import MAX_STRONG_WEIGHT, MAX_WEAK_WEIGHT
from pointsman.gateway.outcomes.signals import SIGNALS

BY_NAME = {signal.name: signal for signal in SIGNALS}
every_signal = pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)

SECRET = "xyzzy-secret"
MARKS = (
    "No, that is wrong",
    "Thanks",
    "<system-reminder>",
    "```",
    "Exit code: 1",
    "Process exited with code 0",
    "= 1 failed in 0.1s =",
    "==== 3 passed in 0.1s ====",
    "apply_patch verification failed",
    "<tool_use_error>",
    '{"error": "x',
    '[{"success": false, "error": "no"}]',
    "I ran this command:\n\npytest\n\nAnd got this output:\n\n",
    "[Request interrupted by user]",
    "The user doesn't want to proceed",
    "\x00",
    "[" * 50,
)
TEXTS = st.lists(
    st.sampled_from(MARKS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=10), max_size=4
).map(lambda parts: SECRET + "".join(parts) + SECRET) | st.sampled_from(MARKS)
MOVES = st.lists(st.tuples(st.sampled_from(["ask", "bring", "call", "again", "back"]), TEXTS), max_size=8)
STATES = st.sampled_from([FinishState.COMPLETED, FinishState.COMPLETED, FinishState.TRUNCATED])


@every_signal
def test_a_signal_has_a_file_of_its_own_name_that_tells_weight_time_and_caveat(signal: Any) -> None:
    module = sys.modules[signal.look.__module__]
    assert module.__name__.rpartition(".")[2] == signal.name
    words = " ".join((module.__doc__ or "").split())
    assert all(word in words for word in ("eight", "Seen ", "Caveat: "))


@every_signal
def test_a_signal_is_well_formed(signal: Any) -> None:
    assert 0 <= signal.weight <= 1
    assert signal.details
    assert all(code.isascii() and code == code.lower() and len(code) <= 32 for code in signal.details)
    assert signal.stage in Stage
    assert signal.source in (OutcomeSource.OBSERVED, OutcomeSource.INFERRED)


def test_every_signal_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(SIGNALS)


async def play(client: str, moves: list[tuple[str, str]], state: FinishState) -> World:
    """A conversation made of `moves`, in which every text holds SECRET."""
    world = World()
    one = CLIENTS[client](world)
    await one.ask(SECRET, called("c-0", SECRET, command=SECRET))
    for number, (move, text) in enumerate(moves):
        match move:
            case "ask":
                await one.ask(text, said(text), state=state)
            case "bring":
                await one.bring({f"c-{number - 1}": text}, called(f"c-{number}", SECRET, command=text))
            case "call":
                await one.ask(text, called(f"c-{number}", SECRET, command=SECRET), state=state)
            case "again":
                await one._send(said(text))
            case "back":
                del one.history[len(one.history) // 2 + 1 :]
    return world


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(CLIENTS)), MOVES, STATES)
async def test_whatever_is_said_outcomes_are_codes_and_numbers_within_bounds(
    client: str, moves: list[tuple[str, str]], state: FinishState
) -> None:
    world = await play(client, moves, state)
    for one in world.told:
        signal = BY_NAME[one.signal]
        assert one.detail in signal.details
        assert 0 <= one.weight <= signal.weight
        assert one.label is None or 0 <= one.label <= 1
        assert one.outcome in ("", *OutcomeWord)
        assert SECRET.encode() not in msgspec.msgpack.encode(one)
    most = MAX_STRONG_WEIGHT + MAX_WEAK_WEIGHT
    assert sum(one.weight for one in world.told) <= most * (1 + len(moves)) + 1e-9
    assert len({one.event_id for one in world.told}) == len(world.told)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(CLIENTS)), MOVES)
async def test_the_same_traffic_gives_the_same_outcomes(client: str, moves: list[tuple[str, str]]) -> None:
    first, second = [await play(client, moves, FinishState.COMPLETED) for _ in range(2)]

    def essence(told: list[OutcomeRecord]) -> list[tuple[Any, ...]]:
        return [(one.signal, one.detail, one.label, one.weight) for one in told]

    assert essence(first.told) == essence(second.told)
