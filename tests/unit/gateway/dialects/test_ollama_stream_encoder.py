import json

import ollama
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.ollama_samples import CHAT, CREATED_S, GENERATE, plain

from pointsman.core.chat import Finish, Reasoning, Usage
from pointsman.core.errors import InvalidRequest, UpstreamBroken
from pointsman.core.stream import (
    Finished,
    Ping,
    RefusalDelta,
    Started,
    StreamFailed,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from pointsman.gateway.dialects.base import Losses

START = Started("r", "m", CREATED_S)
USED = UsageReported(Usage(input_tokens=3, output_tokens=4, cached_input_tokens=2))
STOP = Finished(Finish.STOP)


def written(*events, codec=CHAT, **changes):
    losses = Losses()
    encoder = codec.stream_encoder(plain(stream=True, **changes), "req_1", losses)
    out = encoder.encode(events) + encoder.finish()
    assert encoder.finish() == b""
    assert out.endswith(b"\n")
    return [json.loads(line) for line in out.splitlines()], losses.fields


def test_text_comes_line_by_line_and_ends_with_the_figures():
    (first, second, end), lost = written(
        START, TextDelta(0, "Grüße "), Ping(), TextDelta(0, '"x"'), USED, STOP
    )
    head = {"model": "m", "created_at": "2025-10-17T23:14:07Z"}
    assert first == {**head, "message": {"role": "assistant", "content": "Grüße "}, "done": False}
    assert second["message"]["content"] == '"x"'
    figures = {name: end.pop(name) for name in list(end) if name.endswith(("_count", "_duration"))}
    assert end == {
        **head,
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "stop",
    }
    assert (figures["prompt_eval_count"], figures["eval_count"], lost) == (3, 4, [])
    assert {figures[name] for name in figures if name.endswith("_duration")} == {0}


def test_calls_come_whole_and_in_order_before_the_last_line():
    events = [
        ToolCallStarted(1, "c1", "ls"),
        ToolCallStarted(2, "", "pwd"),
        ToolCallDelta(2, "{}"),
        ToolCallDelta(1, '{"at'),
        ToolCallDelta(1, '":"."}'),
    ]
    (text, calls, end), _ = written(START, TextDelta(0, "I look."), *events, Finished(Finish.TOOL_CALLS))
    assert text["message"]["content"] == "I look."
    assert calls["message"]["tool_calls"] == [
        {"id": "c1", "function": {"index": 0, "name": "ls", "arguments": {"at": "."}}},
        {"function": {"index": 1, "name": "pwd", "arguments": {}}},
    ]
    assert end["done_reason"] == "stop"


def test_thinking_has_its_own_field():
    (thought, _), lost = written(START, ThinkingDelta(0, "hm"), ThinkingSigned(0, signature="s"), STOP)
    assert thought["message"] == {"role": "assistant", "content": "", "thinking": "hm"}
    assert lost == ["thinking.signature"]


def test_thinking_that_was_refused_is_not_shown():
    lines, lost = written(START, ThinkingDelta(0, "hm"), STOP, reasoning=Reasoning(enabled=False))
    assert (len(lines), lost) == (1, ["thinking"])


def test_a_prompts_answer_has_its_text_in_response():
    events = [START, ThinkingDelta(0, "hm"), TextDelta(1, "hi"), USED, STOP]
    (thought, text, end), _ = written(*events, codec=GENERATE)
    assert (thought["response"], thought["thinking"], text["response"]) == ("", "hm", "hi")
    assert (end["response"], end["done"], end["eval_count"]) == ("", True, 4)
    assert "message" not in end


@pytest.mark.parametrize(
    ("finish", "reason", "lost"),
    [
        (Finish.LENGTH, "length", []),
        (Finish.STOP_SEQUENCE, "stop", []),
        (Finish.CONTENT_FILTER, "stop", ["finish_reason"]),
    ],
)
def test_every_finish_has_a_word(finish, reason, lost):
    lines, fields = written(START, RefusalDelta(0, "no"), Finished(finish))
    assert (lines[-1]["done_reason"], fields) == (reason, lost)


def test_a_stream_without_its_start_names_the_model_asked_for():
    lines, _ = written(TextDelta(0, "hi"), STOP)
    assert {line["model"] for line in lines} == {"qwen3"}


def test_an_answer_without_a_finish_has_failed():
    lines, _ = written(START, TextDelta(0, "half"))
    assert set(lines[-1]) == {"error"}


def test_arguments_that_are_no_object_fail_the_stream():
    lines, _ = written(START, ToolCallStarted(0, "c", "ls"), ToolCallDelta(0, "[1"), STOP)
    assert set(lines[-1]) == {"error"}


def test_nothing_follows_an_error():
    encoder = CHAT.stream_encoder(plain(), "req_1", Losses())
    failed = encoder.encode([START, StreamFailed(UpstreamBroken("gone")), TextDelta(0, "more")])
    assert failed == b'{"error":"gone"}\n'
    assert encoder.fail(InvalidRequest("again")) + encoder.finish() == b""


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9)
BLOCKS = st.lists(st.builds(TextDelta, st.just(0), WORDS), max_size=5)


@pytest.mark.parametrize("codec", [CHAT, GENERATE])
@given(events=BLOCKS, finish=st.sampled_from([Finish.STOP, Finish.LENGTH]))
def test_what_is_written_reads_back(codec, events, finish):
    encoder = codec.stream_encoder(plain(), "req_1", Losses())
    out = encoder.encode([START, *events, USED, Finished(finish)]) + encoder.finish()
    decoder = codec.stream_decoder()
    found = decoder.feed(out)
    plain_usage = UsageReported(Usage(input_tokens=3, output_tokens=4))
    assert found[1:] == [*events, plain_usage, Finished(finish)]
    assert decoder.complete


def test_the_sdk_reads_every_line():
    call = [ToolCallStarted(1, "c1", "ls"), ToolCallDelta(1, "{}")]
    lines, _ = written(START, ThinkingDelta(0, "hm"), *call, USED, STOP)
    thought, called, end = [ollama.ChatResponse.model_validate(line) for line in lines]
    assert (thought.message.thinking, called.message.tool_calls[0].function.name) == ("hm", "ls")
    assert (end.done, end.done_reason, end.prompt_eval_count) == (True, "stop", 3)


def test_the_sdk_reads_every_line_of_a_prompts_answer():
    lines, _ = written(START, TextDelta(0, "hi"), USED, STOP, codec=GENERATE)
    text, end = [ollama.GenerateResponse.model_validate(line) for line in lines]
    assert (text.response, text.done, end.eval_count, end.done) == ("hi", False, 4, True)
