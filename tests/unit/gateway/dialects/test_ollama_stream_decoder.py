import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.ollama_samples import CHAT, CREATED_S, GENERATE, call, last, line, said

from pointsman.core.chat import Finish, Usage
from pointsman.core.errors import UpstreamBroken, UpstreamRejected
from pointsman.core.stream import (
    Finished,
    Started,
    StreamFailed,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)

WHOLE = b"".join(
    [
        said(thinking="hm\n"),
        said(thinking="well"),
        said("Grüße "),
        said("🚂"),
        said(tool_calls=[call(id="call_1"), call("pwd")]),
        said(),
        last(),
    ]
)
USED = UsageReported(Usage(input_tokens=11, output_tokens=18))


def read(data, codec=CHAT):
    decoder = codec.stream_decoder()
    return decoder.feed(data) + decoder.end(), decoder


def test_a_whole_stream_becomes_its_events():
    events, decoder = read(WHOLE)
    assert [type(event) for event in events[:1]] == [Started]
    assert (events[0].model, events[0].created_s) == ("qwen3", CREATED_S)
    spare = events[7].id
    assert events[1:] == [
        ThinkingDelta(0, "hm\n"),
        ThinkingDelta(0, "well"),
        TextDelta(1, "Grüße "),
        TextDelta(1, "🚂"),
        ToolCallStarted(2, "call_1", "ls"),
        ToolCallDelta(2, '{"at": "."}'),
        ToolCallStarted(3, spare, "pwd"),
        ToolCallDelta(3, '{"at": "."}'),
        USED,
        Finished(Finish.TOOL_CALLS),
    ]
    assert decoder.complete


@given(st.lists(st.integers(0, len(WHOLE)), max_size=8).map(sorted))
def test_any_split_gives_the_same_events(cuts):
    decoder = CHAT.stream_decoder()
    events = []
    for start, end in zip([0, *cuts], [*cuts, len(WHOLE)], strict=True):
        events += decoder.feed(WHOLE[start:end])
        unread = WHOLE[:end].rpartition(b"\n")[2]
        assert decoder.pending_bytes == len(unread)
    assert events + decoder.end() == read(WHOLE)[0]


def test_a_call_without_an_id_gets_the_same_one_from_the_same_answer_only():
    once, again = [read(said(tool_calls=[call(), call()]))[0] for _ in range(2)]
    ids = [event.id for event in once if isinstance(event, ToolCallStarted)]
    assert once == again
    assert len(set(ids)) == 2
    later = read(said(tool_calls=[call()]).replace(b".414671Z", b".414672Z"))[0]
    assert later[1].id not in ids


def test_a_prompts_stream_has_its_text_in_response():
    stream = line(response="", thinking="hm") + line(response="hi") + line(done=True, response="!")
    events, decoder = read(stream, GENERATE)
    assert events[1:] == [
        ThinkingDelta(0, "hm"),
        TextDelta(1, "hi"),
        TextDelta(1, "!"),
        Finished(Finish.STOP),
    ]
    assert decoder.complete


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("stop", Finish.STOP), (None, Finish.STOP), ("length", Finish.LENGTH), ("load", Finish.OTHER)],
)
def test_every_reason_to_stop_has_its_meaning(reason, finish):
    assert read(last(reason))[0][-1] == Finished(finish)


def test_a_stream_that_breaks_off_is_not_complete():
    events, decoder = read(said("half"))
    assert events[-1] == TextDelta(0, "half")
    assert not decoder.complete


def test_a_last_line_without_its_end_is_read_at_the_end():
    events, decoder = read(WHOLE.rstrip(b"\n"))
    assert events == read(WHOLE)[0]
    assert (decoder.complete, decoder.pending_bytes) == (True, 0)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (b'{"error":"the runner has died"}\n', UpstreamBroken),
        (b'{"error":{"message":"odd"}}\n', UpstreamBroken),
        (b'{"error":"input length exceeds the context length"}\n', UpstreamRejected),
        (b"<html>\n", UpstreamBroken),
        (b"[" * 100_000 + b"\n", UpstreamBroken),
        (b'{"message":{"content":7}}\n', UpstreamBroken),
    ],
)
@pytest.mark.parametrize("before", [b"", said("half")])
def test_an_error_ends_the_stream(before, error, kind):
    events, decoder = read(before + error + said("more"))
    assert isinstance(events[-1], StreamFailed)
    assert type(events[-1].error) is kind
    assert decoder.complete
    assert not any(isinstance(event, TextDelta) and event.text == "more" for event in events)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_decoder_raise(data):
    events, _ = read(data)
    assert all(isinstance(event, Started | StreamFailed | UsageReported | Finished) for event in events)
