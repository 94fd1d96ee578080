"""Every chat codec's answers, whole and streamed: what one writes, the same dialect reads back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.dialect_cases import (
    CALL,
    CALL_ANSWER,
    CHAT,
    PLAIN,
    REQUESTS,
    TEXT_ANSWER,
    USAGE,
    answer,
    every_chat_codec,
    failures,
    heard,
    read,
    subclasses,
    understood,
    written,
)
from tests.unit.gateway.dialects.cuts import pieces

from pointsman.core.chat import ChatResponse, Finish, Text
from pointsman.core.errors import PointsmanError, UpstreamFault, UpstreamOverloaded
from pointsman.core.stream import Ping, Started, StreamFailed, TextDelta
from pointsman.gateway.dialects.base import Losses

ERRORS = subclasses(PointsmanError)
every_error = pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
every_content = pytest.mark.parametrize(
    ("content", "finish"),
    [
        (TEXT_ANSWER, Finish.STOP),
        (TEXT_ANSWER, Finish.LENGTH),
        (CALL_ANSWER, Finish.TOOL_CALLS),
        ([], Finish.STOP),
    ],
    ids=["text", "length", "call", "nothing"],
)
CUTS = st.lists(st.integers(0, 4000), max_size=12)
TOOLS = REQUESTS["tools"]


@every_chat_codec
@every_content
def test_a_stream_read_back_says_the_same(codec, content, finish):
    events = answer(content, finish)
    found, complete = read(codec, written(codec, events, TOOLS))
    assert (heard(found), complete, failures(found)) == (heard(events), True, [])
    assert isinstance(found[0], Started)


@every_chat_codec
@given(cuts=CUTS)
def test_however_the_network_cuts_a_stream_it_says_the_same(codec, cuts):
    stream = written(codec, answer(TEXT_ANSWER, Finish.STOP))
    whole = read(codec, stream)
    found = read(codec, *pieces(stream, cuts))
    assert (heard(found[0]), found[1]) == (heard(whole[0]), True)


@every_chat_codec
@given(texts=st.lists(st.text(max_size=9), max_size=6))
def test_any_text_comes_through(codec, texts):
    events = answer([TextDelta(0, text) for text in texts], Finish.STOP)
    found, complete = read(codec, written(codec, events))
    assert (heard(found), complete) == (heard(events), True)


@every_chat_codec
@every_content
def test_a_stream_cut_off_anywhere_is_never_taken_for_a_whole_one(codec, content, finish):
    events = answer(content, finish)
    stream = written(codec, events, TOOLS)
    for length in range(len(stream)):
        found, complete = read(codec, stream[:length])
        if complete and not failures(found):
            assert heard(found)[:3] == heard(events)[:3]


@every_chat_codec
def test_a_stream_without_its_end_is_not_complete(codec):
    encoder = codec.stream_encoder(PLAIN, "req_1", Losses())
    begun = encoder.encode(answer(TEXT_ANSWER, Finish.STOP)[:-2])
    found, complete = read(codec, begun)
    assert (complete, heard(found).text, failures(found)) == (False, heard(TEXT_ANSWER).text, [])
    assert read(codec) == ([], False)


@every_chat_codec
def test_pending_bytes_are_those_that_made_no_event_yet(codec):
    stream = written(codec, answer(TEXT_ANSWER, Finish.STOP))
    decoder = codec.stream_decoder()
    for position in range(len(stream)):
        decoder.feed(stream[position : position + 1])
        assert 0 <= decoder.pending_bytes <= position + 1
    assert decoder.pending_bytes == 0


@every_chat_codec
@given(garbage=st.binary(max_size=40), at=st.integers(0, 2000), cuts=CUTS)
def test_no_bytes_make_a_reader_raise(codec, garbage, at, cuts):
    stream = written(codec, answer(TEXT_ANSWER, Finish.STOP))
    read(codec, *pieces(stream[:at] + garbage + stream[at:], cuts))


@every_chat_codec
@pytest.mark.parametrize("other", CHAT, ids=lambda codec: codec.name)
@every_content
def test_an_answer_of_any_dialect_can_be_told_in_any_other(codec, other, content, finish):
    events = answer(content, finish)
    told, _ = read(other, written(other, events, TOOLS))
    found, complete = read(codec, written(codec, told, TOOLS))
    assert (heard(found), complete) == (heard(events), True)


@every_chat_codec
def test_a_sign_of_life_is_no_content(codec):
    encoder = codec.stream_encoder(PLAIN, "req_1", Losses())
    found, complete = read(codec, encoder.encode([Ping()]))
    assert (heard(found), complete, failures(found)) == (heard([]), False, [])


# Failures


@every_chat_codec
@every_error
def test_an_error_inside_a_stream_is_read_as_a_failure(codec, kind):
    (failure,) = failures(read(codec, codec.stream_error(kind("it went wrong"), "req_1"))[0])
    assert isinstance(failure, UpstreamFault)
    assert "it went wrong" in failure.message


@every_chat_codec
def test_a_stream_that_breaks_says_so_and_then_nothing_more(codec):
    encoder = codec.stream_encoder(PLAIN, "req_1", Losses())
    stream = encoder.encode(answer(TEXT_ANSWER, Finish.STOP)[:-2]) + encoder.fail(UpstreamOverloaded("busy"))
    found, _ = read(codec, stream)
    assert heard(found).text == heard(TEXT_ANSWER).text
    assert [failure.message for failure in failures(found)] == ["busy"]
    assert encoder.encode(TEXT_ANSWER) + encoder.finish() + encoder.fail(UpstreamOverloaded("again")) == b""


@every_chat_codec
def test_a_failure_among_the_events_ends_the_stream(codec):
    stream = written(
        codec, [*answer(TEXT_ANSWER, Finish.STOP)[:-2], StreamFailed(UpstreamOverloaded("busy"))]
    )
    assert [failure.message for failure in failures(read(codec, stream)[0])] == ["busy"]


@every_chat_codec
def test_an_answer_that_never_said_why_it_stopped_is_not_taken_for_a_whole_one(codec):
    found, complete = read(codec, written(codec, answer(TEXT_ANSWER, Finish.STOP)[:-1]))
    assert failures(found) or not complete


# Whole answers


@every_chat_codec
@pytest.mark.parametrize(
    ("parts", "finish"),
    [
        ([Text(text="Grüße")], Finish.STOP),
        ([Text(text="Grüße")], Finish.LENGTH),
        ([CALL], Finish.TOOL_CALLS),
        ([], Finish.STOP),
    ],
    ids=["text", "length", "call", "nothing"],
)
def test_a_whole_answer_read_back_says_the_same(codec, parts, finish):
    response = ChatResponse(
        id="x-1", model="m-1", created_s=1_700_000_000, parts=parts, finish=finish, usage=USAGE
    )
    losses = Losses()
    found = codec.decode_response(codec.encode_response(response, TOOLS, losses))
    if losses.fields:
        pytest.skip(f"{codec.name} has no tools")
    assert understood(found) == understood(response)
    assert found.model == "m-1"
