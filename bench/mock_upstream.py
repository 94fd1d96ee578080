"""A provider that answers at once: the same chat completion for every POST, whole or streamed.

usage: python bench/mock_upstream.py PORT [CHUNKS] [INTERVAL_MS]

A streamed answer has CHUNKS content chunks, INTERVAL_MS apart (0: back to back), then the finish chunk,
the usage chunk and [DONE].
"""

import asyncio
import json
import sys

import httptools
import uvloop

TEXT = "All the words of this answer are made up so that it has a usual length. " * 8


def whole_answer() -> bytes:
    """A complete HTTP response of about 0.8 kB."""
    body = json.dumps(
        {
            "id": "chatcmpl-bench",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "bench-model",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": 119, "completion_tokens": 50, "total_tokens": 169},
        }
    ).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )


def chunk(delta: dict[str, object], finish: str | None = None, usage: dict[str, int] | None = None) -> bytes:
    """One server-sent event as an HTTP chunk."""
    value = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "bench-model",
        "choices": [] if usage else [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    if usage:
        value["usage"] = usage
    return framed(b"data: " + json.dumps(value).encode() + b"\n\n")


def framed(data: bytes) -> bytes:
    """`data` as an HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


WHOLE = whole_answer()
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
FIRST = chunk({"role": "assistant", "content": ""})
MIDDLE = chunk({"content": " some words"})
LAST = (
    chunk({}, finish="stop")
    + chunk({}, usage={"prompt_tokens": 119, "completion_tokens": 50, "total_tokens": 169})
    + framed(b"data: [DONE]\n\n")
    + b"0\r\n\r\n"
)


class Mock(asyncio.Protocol):
    """One connection."""

    chunks = 50
    interval_s = 0.01

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.streams = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_begin(self) -> None:
        """A new request."""
        self.streams = False

    def on_body(self, body: bytes) -> None:
        """Looks for the stream flag."""
        if b'"stream":true' in body or b'"stream": true' in body:
            self.streams = True

    def on_message_complete(self) -> None:
        """Answers."""
        if not self.streams:
            self.transport.write(WHOLE)
        elif self.interval_s:
            self.task = asyncio.get_running_loop().create_task(self.trickle())
        else:
            self.transport.write(STREAM_HEAD + FIRST)
            for _ in range(self.chunks):
                self.transport.write(MIDDLE)
            self.transport.write(LAST)

    async def trickle(self) -> None:
        """Chunks at a steady pace."""
        self.transport.write(STREAM_HEAD + FIRST)
        for _ in range(self.chunks):
            await asyncio.sleep(self.interval_s)
            self.transport.write(MIDDLE)
        self.transport.write(LAST)


async def main(port: int) -> None:
    """Serves until it is killed."""
    server = await asyncio.get_running_loop().create_server(Mock, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        Mock.chunks = int(sys.argv[2])
    if len(sys.argv) > 3:
        Mock.interval_s = float(sys.argv[3]) / 1000
    uvloop.run(main(int(sys.argv[1])))
