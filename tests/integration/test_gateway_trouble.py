"""Upstreams that fail in every way, before and after their first word."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.gateway_process import GatewayProcess
from tests.gateway_world import CHAT, DIALECTS, Reply, ask, chat, fresh, message_of, request, wire
from tests.raw_upstream import (
    DONE,
    STREAM_HEAD,
    Behaviour,
    Line,
    RawUpstream,
    answer,
    broken_off,
    cut_short,
    html,
    limited,
    reset,
    reset_in_body,
    said,
    silent_after,
    stream,
)

BROKEN = b'{"error": {"message": "It broke.", "type": "server_error"}}'
NO_KEY = b'{"error": {"message": "Wrong key.", "type": "authentication_error"}}'


async def fails_in_words(line: Line) -> None:
    """Reports an error as its stream's first event."""
    await line.send(STREAM_HEAD)
    await line.chunk(b"data: %b\n\n" % BROKEN)
    await line.send(b"0\r\n\r\n")


async def says_nothing(line: Line) -> None:
    """A stream with no event at all."""
    await line.send(STREAM_HEAD + b"0\r\n\r\n")


async def says_only_done(line: Line) -> None:
    """A stream that is over before it began."""
    await line.send(STREAM_HEAD)
    await line.chunk(DONE)
    await line.send(b"0\r\n\r\n")


async def never_ends_its_event(line: Line) -> None:
    """A stream whose first event goes on and on."""
    await line.send(STREAM_HEAD)
    await line.chunk(b"data: ")
    while True:
        await line.chunk(b"x" * 1_000_000)


async def says_much_and_nothing(line: Line) -> None:
    """A stream of signs of life without end."""
    await line.send(STREAM_HEAD)
    while True:
        await line.chunk(b": still here\n\n" * 50_000)


WHOLE: dict[str, Behaviour] = {
    "a page": html(200),
    "a gateway's page": html(502),
    "its own error": said(500, BROKEN),
    "overload": said(503, BROKEN, b"retry-after: 3\r\n"),
    "reset": reset,
    "reset in the body": reset_in_body,
    "limit": limited("3"),
    "a wrong key": said(401, NO_KEY),
    "half of JSON": said(200, b'{"choices": [{"mess'),
    "no HTTP": lambda line: line.send(b"SSH-2.0-OpenSSH\r\n\r\n"),
}
STREAMED: dict[str, Behaviour] = {
    "a page": html(200),
    "a gateway's page": html(502),
    "reset": reset,
    "reset before a word": broken_off(0),
    "end before a word": cut_short(0),
    "an error event": fails_in_words,
    "nothing": says_nothing,
    "only the end": says_only_done,
    "an endless event": never_ends_its_event,
    "endless signs of life": says_much_and_nothing,
    "limit": limited("3"),
}


def rows_of(gateway: GatewayProcess, reply: Reply) -> list[tuple[str, str, bool]]:
    """What the journal says of each attempt: provider, state, fallback."""
    rows = gateway.attempts_of(reply.request_id)
    assert [row.attempt for row in rows] == list(range(len(rows)))
    return [(row.provider, row.finish_state, row.fallback_used) for row in rows]


async def until(happened: Callable[[], bool]) -> None:
    """Waits for something that must happen soon."""
    async with asyncio.timeout(20):
        while not happened():
            await asyncio.sleep(0.02)


async def eventually(ask_again: Callable[[], Awaitable[Reply]], wanted: Callable[[Reply], bool]) -> Reply:
    async with asyncio.timeout(20):
        while not wanted(got := await ask_again()):
            await asyncio.sleep(0.1)
    return got


@pytest.mark.parametrize("name", WHOLE)
async def test_a_failed_answer_is_given_by_the_next_target(
    port: int, gateway: GatewayProcess, upstream: RawUpstream, name: str
) -> None:
    model = fresh("pair")
    upstream.on("first", model, WHOLE[name])
    reply = await chat(port, model)
    assert (reply.status, reply.headers["x-pointsman-model"]) == (200, f"second/{model}")
    assert rows_of(gateway, reply) == [("first", "failed", False), ("second", "completed", True)]


@pytest.mark.parametrize("name", STREAMED)
async def test_a_stream_that_fails_before_its_first_word_is_given_by_the_next_target(
    port: int, gateway: GatewayProcess, upstream: RawUpstream, name: str
) -> None:
    model = fresh("pair")
    upstream.on("first", model, STREAMED[name])
    reply = await chat(port, model, stream=True)
    assert (reply.status, reply.headers["x-pointsman-model"]) == (200, f"second/{model}")
    assert reply.body.count(b"word ") == 3
    assert b"error" not in reply.body
    assert [row[::2] for row in rows_of(gateway, reply)] == [("first", False), ("second", True)]


def last_event(dialect: str, body: bytes) -> tuple[str, dict[str, Any]]:
    """Name and data of a stream's last event."""
    if dialect == "ollama":
        return "", json.loads(body.strip().rpartition(b"\n")[2])
    event = body.strip().rpartition(b"\n\n")[2].decode()
    name, _, data = event.rpartition("data: ")
    return name.strip().removeprefix("event: "), json.loads(data)


def said_in_stream(dialect: str, body: bytes) -> str:
    """The code or type of the error with which a stream must have ended, in its dialect's form."""
    name, data = last_event(dialect, body)
    if dialect == "openai_responses":
        assert (name, data["type"]) == ("response.failed", "response.failed")
        assert data["response"]["status"] == "failed"
        return str(data["response"]["error"]["message"])
    if dialect == "anthropic":
        assert name == "error"
    assert b"[DONE]" not in body
    assert b"message_stop" not in body
    return message_of(dialect, json.dumps(data).encode())


AFTER = {"end": (cut_short(2), "last event"), "reset": (broken_off(2), "closed the connection")}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", AFTER)
async def test_a_stream_that_fails_after_a_word_says_so_in_its_dialect(
    port: int, gateway: GatewayProcess, upstream: RawUpstream, name: str, dialect: str
) -> None:
    model, spoken = fresh("pair"), DIALECTS[dialect]
    behaviour, words = AFTER[name]
    upstream.on("first", model, behaviour)
    reply = await ask(port, spoken.body(model, stream=True), spoken.path, spoken.headers)
    assert (reply.status, reply.whole) == (200, True)
    assert words in said_in_stream(dialect, reply.body)
    assert len(upstream.for_model(model)) == 1
    (row,) = gateway.attempts_of(reply.request_id)
    assert row.finish_state == ("truncated" if name == "end" else "failed")
    assert row.usage_estimated
    assert row.tokens_out > 0


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_failing_target_is_told_in_the_dialect(
    port: int, upstream: RawUpstream, dialect: str
) -> None:
    model, spoken = fresh("single"), DIALECTS[dialect]
    upstream.on("single", model, html(502))
    reply = await ask(port, spoken.body(model), spoken.path, spoken.headers)
    assert reply.status == 502
    assert "502" in message_of(dialect, reply.body)
    assert "<html>" not in reply.body.decode()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_silence_before_the_head_is_a_timeout(
    port: int, gateway: GatewayProcess, upstream: RawUpstream, dialect: str
) -> None:
    model, spoken = fresh("hasty"), DIALECTS[dialect]
    upstream.on("hasty", model, silent_after(None))
    reply = await ask(port, spoken.body(model), spoken.path, spoken.headers)
    assert reply.status == 504
    assert "within 0.5 s" in message_of(dialect, reply.body)
    assert gateway.attempts_of(reply.request_id)[0].error_code == "first_byte_timeout"
    assert await asyncio.to_thread(upstream.gone[model].wait, 10)


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(silent_after(2), "idle_timeout"), (stream(1000, pause_s=0.1), "total_timeout")],
)
async def test_a_stream_that_takes_too_long_is_ended(
    port: int, gateway: GatewayProcess, upstream: RawUpstream, behaviour: Behaviour, code: str
) -> None:
    model = fresh("hasty")
    upstream.on("hasty", model, behaviour)
    reply = await chat(port, model, stream=True)
    assert said_in_stream("openai_chat", reply.body)
    assert gateway.attempts_of(reply.request_id)[0].error_code == code
    assert await asyncio.to_thread(upstream.gone[model].wait, 10)


@pytest.mark.parametrize(("told", "shown"), [("7", 7), ("4.2", 5), (None, 2), ("soon", 2)])
async def test_a_limit_always_carries_whole_seconds_to_wait(
    port: int, upstream: RawUpstream, told: str | None, shown: int
) -> None:
    model = fresh("single")
    upstream.on("single", model, limited(told))
    reply = await chat(port, model)
    assert (reply.status, reply.headers["retry-after"]) == (429, str(shown))
    assert json.loads(reply.body)["error"]["message"] == "Too fast."


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_limit_of_all_targets_is_told_and_keeps_later_requests_away(
    port: int, upstream: RawUpstream, dialect: str
) -> None:
    model, spoken = fresh("pair"), DIALECTS[dialect]
    upstream.on("first", model, limited("30"))
    upstream.on("second", model, limited("40"))
    reply = await ask(port, spoken.body(model), spoken.path, spoken.headers)
    assert (reply.status, reply.headers["retry-after"]) == (429, "30")
    assert message_of(dialect, reply.body) == "Too fast."
    later = await ask(port, spoken.body(model, "Another."), spoken.path, spoken.headers)
    assert later.status == (529 if dialect == "anthropic" else 503)
    assert 1 <= int(later.headers["retry-after"]) <= 30
    assert message_of(dialect, later.body)
    assert len(upstream.for_model(model)) == 2


async def test_a_storm_of_limits_reaches_the_provider_only_as_often_as_it_allows(
    port: int, upstream: RawUpstream
) -> None:
    model = fresh("single")
    upstream.on("single", model, limited("60"))
    replies = [await chat(port, model, f"Number {n}.") for n in range(30)]
    assert {reply.status for reply in replies} == {429, 503}
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in replies)
    assert len(upstream.for_model(model)) == 1


async def test_a_circuit_opens_and_closes_again(port: int, upstream: RawUpstream) -> None:
    model = fresh("single")
    upstream.on("single", model, html(502), html(502), html(502), answer)
    assert [(await chat(port, model, f"Number {n}.")).status for n in range(3)] == [502] * 3
    refused = await chat(port, model, "Number 3.")
    assert (refused.status, refused.headers["retry-after"].isdigit()) == (503, True)
    assert len(upstream.for_model(model)) == 3
    await eventually(lambda: chat(port, model, f"At {time.monotonic()}."), lambda reply: reply.status == 200)
    assert (await chat(port, model, "Once more.")).status == 200


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("trouble", [html(502), said(500, BROKEN), reset_in_body])
async def test_a_target_is_asked_again_as_often_as_allowed(
    port: int, gateway: GatewayProcess, upstream: RawUpstream, trouble: Behaviour, stream: bool
) -> None:
    model = fresh("retried")
    upstream.on("retrying", model, trouble, trouble, answer)
    reply = await chat(port, model, stream=stream)
    assert reply.status == 200
    rows = gateway.attempts_of(reply.request_id)
    assert [row.finish_state for row in rows] == ["failed", "failed", "completed"]
    assert [row.attempt for row in rows] == [0, 1, 2]
    assert len(upstream.for_model(model)) == 3


async def test_a_kept_connection_that_has_died_is_replaced_without_a_trace(
    port: int, gateway: GatewayProcess, upstream: RawUpstream
) -> None:
    model = fresh("narrow")
    upstream.on("narrow", model, answer, reset, answer)
    assert (await chat(port, model, "One.")).status == 200
    reply = await chat(port, model, "Two.")
    assert reply.status == 200
    assert rows_of(gateway, reply) == [("narrow", "completed", False)]


async def test_what_the_client_got_wrong_is_asked_once_and_told_as_it_is(
    port: int, gateway: GatewayProcess, upstream: RawUpstream
) -> None:
    model = fresh("pair")
    words = b'{"error": {"message": "No such tool.", "type": "invalid_request_error", "code": "odd"}}'
    upstream.on("first", model, said(400, words))
    reply = await chat(port, model)
    assert (reply.status, reply.body) == (400, words)
    assert rows_of(gateway, reply) == [("first", "failed", False)]


async def test_a_client_that_goes_away_ends_the_upstreams_work(
    port: int, gateway: GatewayProcess, upstream: RawUpstream
) -> None:
    model = fresh("single")
    upstream.on("single", model, silent_after(5))
    one = await wire(port)
    one.send(request(CHAT.body(model, "Tell me a long story.", stream=True)))
    await one.reader.readuntil(b"word ")
    one.close()
    assert await asyncio.to_thread(upstream.gone[model].wait, 10)
    await until(lambda: any(row.model == model for row in gateway.journal()))
    (row,) = [row for row in gateway.journal() if row.model == model]
    assert (row.finish_state, row.usage_estimated, row.error_code) == ("client_gone", True, None)
    assert row.tokens_in > 0
    assert row.tokens_out > 0


async def test_a_client_that_goes_away_before_the_answer_ends_the_upstreams_work(
    port: int, gateway: GatewayProcess, upstream: RawUpstream
) -> None:
    model = fresh("single")
    upstream.on("single", model, silent_after(None))
    one = await wire(port)
    one.send(request(CHAT.body(model)))
    await until(lambda: len(upstream.for_model(model)) == 1)
    one.close()
    assert await asyncio.to_thread(upstream.gone[model].wait, 10)
    await until(lambda: any(row.model == model for row in gateway.journal()))
    (row,) = [row for row in gateway.journal() if row.model == model]
    assert (row.finish_state, row.tokens_out, row.cost_usd_micros) == ("client_gone", 0, 0)


async def test_a_clients_retry_is_not_new_work(
    port: int, gateway: GatewayProcess, upstream: RawUpstream
) -> None:
    model = fresh("single")
    upstream.on("single", model, html(502), answer)
    replies = [await chat(port, model) for _ in range(3)]
    told = await chat(port, model, "Another.", x_stainless_retry_count="1")
    kinds = [gateway.attempts_of(reply.request_id)[0].kind for reply in [*replies, told]]
    assert kinds == ["request", "retry", "request", "retry"]


async def test_a_client_in_a_loop_is_stopped(port: int, upstream: RawUpstream) -> None:
    model = fresh("single")
    upstream.on("single", model, cut_short(2))
    replies = [await chat(port, model, stream=True) for _ in range(20)]
    stopped = [reply for reply in replies if reply.status == 429]
    assert len(upstream.for_model(model)) <= 4
    assert stopped
    assert json.loads(stopped[0].body)["error"]["code"] == "identical_request_loop"
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in stopped)


@pytest.mark.parametrize("stream", [False, True])
async def test_sampling_a_model_is_no_loop(port: int, upstream: RawUpstream, stream: bool) -> None:
    model = fresh("single")
    replies = [await chat(port, model, stream=stream) for _ in range(30)]
    together = await asyncio.gather(*[chat(port, model, stream=stream) for _ in range(30)])
    assert {reply.status for reply in [*replies, *together]} == {200}
    assert len(upstream.for_model(model)) == 60


async def test_nobody_is_forgotten_while_connections_cannot_be_made(port: int) -> None:
    replies = await asyncio.gather(*[chat(port, f"dead-{n}") for n in range(10)])
    assert {reply.status for reply in replies} == {502}


async def test_requests_wait_for_a_free_connection_and_leave_the_queue_when_their_client_does(
    port: int, upstream: RawUpstream
) -> None:
    model = fresh("narrow")
    upstream.on("narrow", model, stream(3, pause_s=0.2), answer)
    first = asyncio.create_task(chat(port, model, "One.", stream=True))
    await until(lambda: len(upstream.for_model(model)) == 1)
    impatient = [await wire(port) for _ in range(5)]
    for one in impatient:
        one.send(request(CHAT.body(model, "Two.")))
    patient = [asyncio.create_task(chat(port, model, f"Three {n}.")) for n in range(5)]
    await asyncio.sleep(0.1)
    for one in impatient:
        one.close()
    assert [reply.status for reply in await asyncio.gather(first, *patient)] == [200] * 6
    assert len(upstream.for_model(model)) == 6
