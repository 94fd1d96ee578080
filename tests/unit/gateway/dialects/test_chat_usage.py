import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.chat_samples import chunk

from pointsman.gateway.dialects.openai_chat import UsageChunkFilter, with_usage

USAGE = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
TEXT = chunk({"content": "a"})
LAST = chunk({}, "stop")
ONLY_USAGE = chunk(None, usage=USAGE)
DONE = b"data: [DONE]\n\n"


def test_a_request_without_options_gets_them_at_its_end():
    body = b'{"model": "m", "temperature": 1.50 }\n'
    wish = b',"stream_options":{"include_usage":true}'
    assert with_usage(body) == b'{"model": "m", "temperature": 1.50 ' + wish + b"}\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (b"null", {"include_usage": True}),
        (b"{}", {"include_usage": True}),
        (b'{"include_usage": false}', {"include_usage": True}),
        (b'{"include_obfuscation": false}', {"include_obfuscation": False, "include_usage": True}),
    ],
)
def test_options_that_are_there_are_kept(options, expected):
    body = with_usage(b'{"model":"m","seed":1.0,"stream_options":' + options + b"}")
    assert json.loads(body)["stream_options"] == expected
    assert b'"seed":1.0' in body


def test_a_prompt_about_the_option_changes_nothing():
    body = b'{"model":"m","messages":[{"role":"user","content":"what is stream_options?"}]}'
    found = json.loads(with_usage(body))
    assert found == {**json.loads(body), "stream_options": {"include_usage": True}}


def test_only_the_usage_chunk_is_taken_out():
    assert UsageChunkFilter()(TEXT + LAST + ONLY_USAGE + DONE) == TEXT + LAST + DONE
    assert UsageChunkFilter()(ONLY_USAGE) == b""


def test_line_ends_and_comments_stay_as_they_are():
    crlf = [event.replace(b"\n", b"\r\n") for event in (TEXT, ONLY_USAGE, DONE)]
    assert UsageChunkFilter()(b": hello\r\n\r\n" + b"".join(crlf)) == b": hello\r\n\r\n" + crlf[0] + crlf[2]


@pytest.mark.parametrize(
    "event",
    [
        chunk({"content": "a"}, usage=None),
        chunk(None, usage=None, prompt_filter_results=[]),
        chunk({}, "stop", usage=USAGE),
        chunk({"content": '{"choices":[],"usage":{"a":1}}'}),
        b'data: {"choices":[],"usage":{broken\n\n',
        b'data: {"choices":[],"usage":[1]}\n\n',
    ],
)
def test_everything_else_stays(event):
    assert UsageChunkFilter()(event) == event


EVENTS = st.sampled_from([TEXT, LAST, DONE, b": ping\n\n", chunk({"content": "a"}, usage=None), ONLY_USAGE])


@given(st.lists(EVENTS), st.sampled_from([b"", b"data: tail", b"\n"]))
def test_no_other_byte_is_lost(events, tail):
    kept = b"".join([event for event in events if event is not ONLY_USAGE])
    assert UsageChunkFilter()(b"".join(events) + tail) == kept + tail
