"""What the client sent since our last answer: the end of a request's conversation, read and told apart.

Only the end is read, however long the conversation is.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import Message, Refusal, Text, ToolCall, ToolResult
from pointsman.gateway.dialects import aider
from pointsman.gateway.outcomes.asked import HISTORY, Body, canonical
from pointsman.gateway.outcomes.harness import COMMAND_RAN, Words, by_client, words_of
from pointsman.gateway.outcomes.runs import Run, run_in

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
MAX_TAIL_BYTES: Final = 192 * 1024
MAX_TAIL_MESSAGES: Final = 16
MAX_RESULT_CHARS: Final = 16_000
_LIST: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])


class Result(Struct, frozen=True, gc=False):
    """A tool's result: the call it answers, its text (the middle of a long one left out), whether the client
    marked it as an error, and the run of tests that it reports, if it does."""

    call_id: str
    text: str
    is_error: bool | None = None
    run: Run | None = None


class Tail(Struct, kw_only=True):
    """`said` is the text of our last answer as the client repeats it, `called` the ids of all calls in
    what was read, newest first. `results` and `words` came after that answer; `raw_words` are the user's
    messages as they are; `tool_loop` says that no human spoke."""

    said: str
    called: list[str]
    results: list[Result]
    words: Words
    tool_loop: bool
    raw_words: str = ""


def read_tail(body: Body) -> Tail | None:
    """The end of the conversation in a body; None where it cannot be read."""
    place = HISTORY.get(body.form)
    if place is None or len(body.raw) > MAX_BODY_BYTES:
        return None
    try:
        history = _LIST.decode(body.fields.get(place, b"[]"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    request = canonical(body.form, _end_of(history), {})
    return _told_apart(request.messages) if request is not None else None


def _end_of(history: list[Raw]) -> list[Raw]:
    """The last messages, as far as they are neither too many nor too long."""
    size, count = 0, 0
    for raw in reversed(history):
        size += len(memoryview(raw))
        if count == MAX_TAIL_MESSAGES or size > MAX_TAIL_BYTES:
            break
        count += 1
    return history[len(history) - count :]


def _told_apart(messages: list[Message]) -> Tail:
    at = _behind_answer(messages)
    fresh = messages[at:]
    start = at
    while start and messages[start - 1].role == "assistant":
        start -= 1
    results = [part for message in fresh for part in message.parts if isinstance(part, ToolResult)]
    texts = [_written(message) for message in fresh if message.role == "user"]
    words = words_of([text for text in texts if text])
    return Tail(
        said="".join([_text(message.parts) for message in messages[start:at]]),
        called=_called(messages),
        results=[_result(one) for one in results],
        words=words,
        raw_words="\n".join(texts),
        tool_loop=bool(results) and not words.human,
    )


def _behind_answer(messages: list[Message]) -> int:
    """Where that begins which came after the model's last answer. What a client says and answers in both
    names is no answer."""
    at = len(messages)
    while at:
        if messages[at - 1].role != "assistant":
            at -= 1
        elif at > 1 and messages[at - 2].role == "user" and aider.is_reply(_text(messages[at - 1].parts)):
            text = _text(messages[at - 2].parts)
            if not (aider.is_notice(text) or COMMAND_RAN.match(text)):
                break
            at -= 2
        else:
            break
    return at


def _result(part: ToolResult) -> Result:
    text = _shortened(_text(part.parts))
    return Result(part.call_id, text, part.is_error, run_in(text))


def _called(messages: list[Message]) -> list[str]:
    """The ids of calls, newest first; those whose call was left out are known by their results."""
    found: list[str] = []
    for message in reversed(messages):
        for part in reversed(message.parts):
            if isinstance(part, ToolCall):
                found.append(part.id)
            elif isinstance(part, ToolResult):
                found.append(part.call_id)
    return found


def _text(parts: Iterable[object]) -> str:
    return "".join([part.text for part in parts if isinstance(part, Text | Refusal)])


def _written(message: Message) -> str:
    """A user's message. Some clients put their own words and the human's into one, as parts of it."""
    texts = [part.text for part in message.parts if isinstance(part, Text)]
    return "\n".join([text for text in texts if len(texts) == 1 or not by_client(text)])


def _shortened(text: str) -> str:
    if len(text) <= MAX_RESULT_CHARS:
        return text
    half = MAX_RESULT_CHARS // 2
    return f"{text[:half]}\n{text[-half:]}"
