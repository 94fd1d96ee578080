"""A provider of the Chat Completions form that does to its connections whatever a test wants."""

import asyncio
import json
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
DONE = b"data: [DONE]\n\n"


class Asked(NamedTuple):
    """One request that arrived: header names in lower case; `place` is the provider's, from the path."""

    place: str
    model: str
    headers: dict[str, list[str]]
    body: dict[str, Any]


class Line:
    """The connection of one request, for behaviours."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: Asked) -> None:
        self.reader = reader
        self.writer = writer
        self.asked = asked

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def reset(self) -> None:
        """Ends the connection with a reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Line], Awaitable[None]]


class RawUpstream:
    """Serves in a thread of its own. What `on` was not told about is answered well."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.gone: dict[str, threading.Event] = defaultdict(threading.Event)
        self._behaviours: dict[tuple[str, str], list[Behaviour]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._lines: set[asyncio.StreamWriter] = set()

    def on(self, place: str, model: str, *behaviours: Behaviour) -> None:
        """What happens to requests for `model` at `place`: one after the other, the last one for ever."""
        self._behaviours[place, model] = list(behaviours)

    def for_model(self, model: str) -> list[Asked]:
        """The requests for a model, in order."""
        return [asked for asked in self.asked if asked.model == model]

    def __enter__(self) -> "RawUpstream":
        listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        made = asyncio.start_server(self._serve, sock=listening)
        self._server = self._loop.run_until_complete(made)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _close(self) -> None:
        self._server.close()
        current = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        model = ""
        try:
            while (asked := await _read(reader)) is not None:
                model = asked.model
                self.asked.append(asked)
                waiting = self._behaviours.get((asked.place, model), [answer])
                behaviour = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                await behaviour(Line(reader, writer, asked))
        except (ConnectionError, asyncio.IncompleteReadError):
            self.gone[model].set()
        except asyncio.CancelledError:
            pass
        finally:
            writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().strip().split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    text = await reader.readexactly(int(headers.get("content-length", ["0"])[0]))
    body = json.loads(text) if text else {}
    return Asked(first.split()[1].split("/")[1], body.get("model", ""), headers, body)


def completion(asked: Asked, text: str = "All is well.") -> bytes:
    """A whole answer's body."""
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    kept = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": asked.model}
    return json.dumps({**kept, "choices": [choice], "usage": usage}).encode()


def delta(asked: Asked, text: str | None, finish: str | None = None) -> bytes:
    """One event of a stream."""
    inner = {"content": text} if text is not None else {}
    choice = {"index": 0, "delta": {"role": "assistant", **inner}, "finish_reason": finish}
    kept = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": asked.model}
    return b"data: %s\n\n" % json.dumps({**kept, "choices": [choice]}).encode()


async def answer(line: Line) -> None:
    """A good answer, whole or streamed as asked."""
    if line.asked.body.get("stream"):
        await stream()(line)
    else:
        await line.send(_whole(200, completion(line.asked)))


def said(status: int, body: bytes, headers: bytes = b"", kind: bytes = b"application/json") -> Behaviour:
    """This answer."""

    async def behave(line: Line) -> None:
        await line.send(_whole(status, body, headers, kind))

    return behave


def _whole(status: int, body: bytes, headers: bytes = b"", kind: bytes = b"application/json") -> bytes:
    head = b"HTTP/1.1 %d X\r\ncontent-type: %s\r\n%bcontent-length: %d\r\n\r\n"
    return head % (status, kind, headers, len(body)) + body


def limited(retry_after: str | None = None) -> Behaviour:
    """A 429."""
    body = b'{"error": {"message": "Too fast.", "type": "rate_limit_error", "code": "rate_limit_exceeded"}}'
    return said(429, body, b"retry-after: %b\r\n" % retry_after.encode() if retry_after else b"")


def html(status: int) -> Behaviour:
    """A page where an answer should be."""
    return said(status, b"<html><body>Bad gateway</body></html>", kind=b"text/html")


def stream(words: int = 3, pause_s: float = 0.0, word: str = "word ") -> Behaviour:
    """A whole stream of so many words."""

    async def behave(line: Line) -> None:
        await line.send(STREAM_HEAD)
        for _ in range(words):
            await line.chunk(delta(line.asked, word))
            if pause_s:
                await asyncio.sleep(pause_s)
        await line.chunk(delta(line.asked, None, "stop") + DONE)
        await line.send(b"0\r\n\r\n")

    return behave


async def reset(line: Line) -> None:
    """Breaks the connection before a byte is said."""
    line.reset()


async def reset_in_body(line: Line) -> None:
    """Breaks a whole answer off in the middle."""
    await line.send(_whole(200, completion(line.asked))[:-20])
    line.reset()


def broken_off(words: int) -> Behaviour:
    """Breaks a stream off after so many words."""

    async def behave(line: Line) -> None:
        await line.send(STREAM_HEAD)
        for _ in range(words):
            await line.chunk(delta(line.asked, "word "))
        await asyncio.sleep(0.05)
        line.reset()

    return behave


def cut_short(words: int) -> Behaviour:
    """Ends a stream cleanly after so many words, without its last event."""

    async def behave(line: Line) -> None:
        await line.send(STREAM_HEAD)
        for _ in range(words):
            await line.chunk(delta(line.asked, "word "))
        await line.send(b"0\r\n\r\n")

    return behave


def silent_after(words: int | None) -> Behaviour:
    """Says so many words, then nothing more until the other side hangs up; None: not even a head."""

    async def behave(line: Line) -> None:
        if words is not None:
            await line.send(STREAM_HEAD)
            for _ in range(words):
                await line.chunk(delta(line.asked, "word "))
        if not await line.reader.read(1):
            raise ConnectionResetError

    return behave


class Flood:
    """A stream of `count` words of 16 KiB; `sent` is how many the other side has made room for."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.sent = 0

    async def __call__(self, line: Line) -> None:
        await line.send(STREAM_HEAD)
        for _ in range(self.count):
            await line.chunk(delta(line.asked, "x" * 16_384))
            self.sent += 1
        await line.chunk(delta(line.asked, None, "stop") + DONE)
        await line.send(b"0\r\n\r\n")
