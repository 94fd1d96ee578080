"""What a tally keeps of an answer for a look at its quality."""

from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.stream import RefusalDelta, TextDelta, ThinkingDelta, ToolCallDelta, ToolCallStarted
from pointsman.gateway import tally as tally_module
from pointsman.gateway.tally import Tally


def test_text_and_refusal_are_kept_and_thinking_is_not() -> None:
    tally = Tally()
    tally.add([ThinkingDelta(0, "hm"), TextDelta(1, "a"), RefusalDelta(2, "b")], 1.0)
    assert tally.pieces == ["a", "b"]


@given(st.lists(st.tuples(st.sampled_from([3, 5]), st.text(max_size=4)), max_size=10))
def test_arguments_of_interleaved_calls_are_kept_apart(fragments: list[tuple[int, str]]) -> None:
    tally = Tally()
    tally.add([ToolCallStarted(3, "c3", "ls"), ToolCallStarted(5, "c5", "cat", True)], 1.0)
    tally.add([ToolCallDelta(index, text) for index, text in fragments], 2.0)
    first, second = tally.calls()
    assert first.arguments == "".join([text for index, text in fragments if index == 3])
    assert second.arguments == "".join([text for index, text in fragments if index == 5])
    assert (second.id, second.name, second.custom) == ("c5", "cat", True)


def test_a_very_long_answer_is_counted_in_full_but_kept_in_part(monkeypatch) -> None:
    monkeypatch.setattr(tally_module, "KEPT_CHARACTERS", 10)
    tally = Tally()
    tally.add([TextDelta(0, "12345") for _ in range(4)], 1.0)
    assert (tally.characters, tally.pieces, tally.all_kept) == (20, ["12345"], False)


def test_a_fragment_of_a_call_that_never_opened_is_borne() -> None:
    tally = Tally()
    tally.add([ToolCallDelta(9, "{}")], 1.0)
    assert (tally.calls(), tally.characters) == ([], 2)
