"""Requests that are malformed, too large, too slow or otherwise odd, over real connections."""

import asyncio
import contextlib
import json
import random
import socket

import pytest
from tests.gateway_world import CHAT, DIALECTS, Reply, Wire, ask, chat, message_of, request, wire

MODEL = "steady-3"


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def refused(port: int, dialect: str, body: bytes) -> tuple[Reply, str]:
    spoken = DIALECTS[dialect]
    reply = await ask(port, body, spoken.path, spoken.headers)
    return reply, message_of(dialect, reply.body)


def chunked(dialect: str) -> bytes:
    """The head of a request whose body comes in chunks."""
    spoken = DIALECTS[dialect]
    headers = {**spoken.headers, "transfer-encoding": "chunked"}
    return request(b"", spoken.path, headers).replace(b"content-length: 0\r\n", b"")


async def opened(port: int, dialect: str, **headers: str) -> Wire:
    """A connection on which the head of a good request has been sent, and nothing of its body."""
    spoken = DIALECTS[dialect]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    length = str(len(spoken.body(MODEL)))
    one = await wire(port)
    one.send(request(b"", spoken.path, {**spoken.headers, **named, "content-length": length}))
    return one


@pytest.mark.parametrize("body", [b'{"model": "x', b"", b"[1]", b"nothing", b'{"model": 3}', b"\xff\xfe"])
async def test_a_body_that_is_no_request_is_refused(port: int, dialect: str, body: bytes) -> None:
    reply, message = await refused(port, dialect, body)
    assert reply.status == 400
    assert message
    assert reply.request_id.startswith("req_")


async def test_a_field_of_a_wrong_type_is_named(port: int, dialect: str) -> None:
    spoken = DIALECTS[dialect]
    body = json.dumps({**json.loads(spoken.body(MODEL)), spoken.wrong: 3}).encode()
    reply, message = await refused(port, dialect, body)
    assert reply.status == 400
    assert spoken.wrong in message


async def test_an_unknown_model_is_refused_with_names_like_it(port: int, dialect: str) -> None:
    reply, message = await refused(port, dialect, DIALECTS[dialect].body("staedy-3"))
    assert reply.status == 404
    assert "steady-" in message


async def test_a_body_over_the_limit_is_refused(port: int, dialect: str) -> None:
    reply, message = await refused(port, dialect, DIALECTS[dialect].body(MODEL, "x" * 5_000_000))
    assert reply.status == 413
    assert "100000 bytes" in message


def whole_then_read(port: int, data: bytes) -> bytes:
    """As clients do that look for an answer only after they have sent everything."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as one:
        one.sendall(data)
        return one.recv(12)


async def test_a_client_that_sends_all_before_it_reads_gets_its_refusal(port: int) -> None:
    body = request(CHAT.body(MODEL, "x" * 30_000_000))
    assert await asyncio.to_thread(whole_then_read, port, body) == b"HTTP/1.1 413"


async def test_a_body_in_chunks_over_the_limit_is_refused(port: int, dialect: str) -> None:
    one = await wire(port)
    one.send(chunked(dialect) + b"1000\r\n%b\r\n" % (b"x" * 4096) * 60)
    reply = await one.answer()
    assert reply.status == 413
    assert "100000 bytes" in message_of(dialect, reply.body)


async def test_a_body_in_chunks_is_read(port: int, dialect: str) -> None:
    body = DIALECTS[dialect].body(MODEL)
    one = await wire(port)
    one.send(chunked(dialect))
    for part in (body[:10], body[10:]):
        one.send(b"%x\r\n%b\r\n" % (len(part), part))
    one.send(b"0\r\n\r\n")
    assert (await one.answer()).status == 200


async def test_a_broken_chunk_is_refused(port: int, dialect: str) -> None:
    one = await wire(port)
    one.send(chunked(dialect) + b"zz\r\nnonsense")
    reply = await one.answer()
    assert reply.status == 400
    assert "HTTP" in message_of(dialect, reply.body)
    assert await one.ended()


async def test_a_request_that_never_comes_whole_is_given_up(port: int) -> None:
    wires = {dialect: await opened(port, dialect) for dialect in DIALECTS}
    headless = await wire(port)
    headless.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: loc")
    for dialect, one in wires.items():
        one.send(b"{")
        reply = await one.answer()
        assert reply.status == 408
        assert "within 1 s" in message_of(dialect, reply.body)
        assert await one.ended()
    assert await headless.ended()


@pytest.mark.parametrize("size", [20_000, 2_000_000])
async def test_headers_over_the_limit_are_refused(port: int, dialect: str, size: int) -> None:
    one = await opened(port, dialect, x_long="y" * size)
    reply = await one.answer()
    assert reply.status == 431
    assert "16384 bytes" in message_of(dialect, reply.body)


async def test_a_header_that_goes_on_and_on_is_refused_before_it_ends(port: int) -> None:
    one = await wire(port)
    one.send(b"POST /v1/chat/completions HTTP/1.1\r\nx-long: ")
    for _ in range(50):
        one.send(b"y" * 10_000)
    assert (await one.answer()).status == 431


async def test_an_endless_url_is_refused(port: int) -> None:
    one = await wire(port)
    one.send(b"GET /" + b"y" * 500_000)
    assert (await one.answer()).status == 431


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"hello there\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_refused(port: int, garbage: bytes) -> None:
    one = await wire(port)
    one.send(garbage)
    reply = await one.answer()
    assert (reply.status, "HTTP" in message_of("openai_chat", reply.body)) == (400, True)
    assert await one.ended()


@pytest.mark.parametrize(
    "doubtful",
    [
        b"content-length: 4\r\ntransfer-encoding: chunked\r\n",
        b"content-length: 4\r\ncontent-length: 5\r\n",
        b"content-length: -4\r\n",
        b"content-length: 0x4\r\n",
        b"content-length : 4\r\n",
        b"transfer-encoding: chunked, identity\r\n",
        b"content-length: 99999999999999999999999\r\n",
    ],
)
async def test_a_body_of_doubtful_length_is_refused(port: int, doubtful: bytes) -> None:
    one = await wire(port)
    one.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n" + doubtful + b"\r\n0\r\n\r\n")
    reply = await one.answer()
    assert (reply.status, "HTTP" in message_of("openai_chat", reply.body)) == (400, True)
    assert await one.ended()


async def test_garbage_behind_a_request_never_gets_into_its_answer(port: int) -> None:
    one = await wire(port)
    one.send(request(CHAT.body(MODEL, stream=True)) + b"\x00garbage\r\n\r\n")
    assert b"400 Bad Request" not in await one.rest()


async def test_requests_behind_each_other_are_answered_in_order(port: int) -> None:
    one = await wire(port)
    page = request(b"", "/v1/models/steady-7", method="GET")
    health = request(b"", "/healthz", method="GET")
    talk = [request(CHAT.body(f"steady-{n + 4}", stream=n % 2 == 0)) for n in range(4)]
    one.send(talk[0] + page + talk[1] + health + talk[2] + talk[3])
    replies = [await one.answer() for _ in range(6)]
    assert [reply.status for reply in replies] == [200] * 6
    assert [reply.headers.get("x-pointsman-model") for reply in replies] == [
        *("steady/steady-4", None, "steady/steady-5", None, "steady/steady-6", "steady/steady-7")
    ]
    assert b"steady-7" in replies[1].body


@pytest.mark.parametrize("stream", [False, True])
async def test_http_1_0_gets_an_answer_without_chunks_that_ends_with_the_connection(
    port: int, dialect: str, stream: bool
) -> None:
    spoken = DIALECTS[dialect]
    body = spoken.body(MODEL, stream=stream)
    one = await wire(port)
    one.send(request(body, spoken.path, spoken.headers).replace(b"HTTP/1.1", b"HTTP/1.0"))
    reply = await one.answer()
    assert reply.status == 200
    assert "transfer-encoding" not in reply.headers
    assert reply.body.lstrip()[:1] in b"{de"  # JSON, or the first letter of `data` or `event`
    assert await one.ended()


async def test_the_body_may_wait_for_the_gateway_to_ask_for_it(port: int, dialect: str) -> None:
    one = await opened(port, dialect, expect="100-continue")
    assert (await one.answer()).status == 100
    one.send(DIALECTS[dialect].body(MODEL))
    assert (await one.answer()).status == 200


async def test_a_body_that_would_be_too_large_is_refused_before_it_comes(port: int) -> None:
    one = await wire(port)
    one.send(request(b"", headers={"content-length": "9000000", "expect": "100-continue"}))
    assert (await one.answer()).status == 413


async def test_an_offer_of_another_protocol_is_passed_over(port: int, dialect: str) -> None:
    offer = {"upgrade": "h2c", "connection": "Upgrade, HTTP2-Settings", "http2_settings": "AAEAAEAA"}
    one = await opened(port, dialect, **offer)
    one.send(DIALECTS[dialect].body(MODEL))
    assert (await one.answer()).status == 200
    one.send(request(b"", "/healthz", {**offer, "content-length": "0"}, method="GET"))
    assert (await one.answer()).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_a_wrong_method_is_told_the_right_one(port: int, dialect: str, method: str) -> None:
    spoken = DIALECTS[dialect]
    one = await wire(port)
    one.send(request(b"", spoken.path, spoken.headers, method=method))
    reply = await one.answer(method)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    if method != "HEAD":
        assert "takes POST" in message_of(dialect, reply.body)


@pytest.mark.parametrize("path", ["/", "/api/version", "/api/tags", "/api/hello"])
async def test_head_answers_without_a_body(port: int, path: str) -> None:
    one = await wire(port)
    one.send(request(b"", path, method="HEAD") + request(b"", "/healthz", method="GET"))
    assert (await one.answer("HEAD")).status == 200
    assert b"alive" in (await one.answer()).body


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/chat/completions/more", "/a/ci/nothing"])
async def test_an_unknown_path_is_not_found_in_the_clients_dialect(port: int, path: str) -> None:
    assert "no POST" in message_of("openai_chat", (await ask(port, b"{}", path)).body)
    spoken = DIALECTS["anthropic"]
    reply = await ask(port, b"{}", path, spoken.headers)
    assert reply.status == 404
    assert "no POST" in message_of("anthropic", reply.body)


async def test_an_unknown_path_elsewhere_is_not_found(port: int) -> None:
    assert (await ask(port, b"{}", "/api/chat/more")).status == 404


async def test_a_refused_request_does_not_spoil_its_connection(port: int) -> None:
    one = await wire(port)
    for _ in range(3):
        one.send(request(b"{"))
        assert (await one.answer()).status == 400
        one.send(request(CHAT.body(MODEL)))
        assert (await one.answer()).status == 200


@pytest.mark.parametrize("seed", range(8))
async def test_broken_requests_break_nothing(port: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(40):
        spoken = chance.choice(list(DIALECTS.values()))
        good = request(spoken.body(MODEL, stream=chance.random() < 0.5), spoken.path, spoken.headers)
        bad = bytearray(good * chance.randint(1, 3))
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(bad))
            bad[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        one = await wire(port)
        for start in range(0, len(bad), 150):
            one.send(bytes(bad[start : start + 150]))
            await asyncio.sleep(0)
        with contextlib.suppress(OSError):
            one.writer.write_eof()
        await one.rest()
    assert (await chat(port, MODEL)).status == 200


async def test_a_refusal_is_logged(port: int, gateway) -> None:
    reply = await chat(port, "nobody-has-this")
    (row,) = gateway.attempts_of(reply.request_id)
    assert (row.status, row.finish_state, row.error_code) == (404, "refused", "model_not_found")
