"""What the gateway is given in these tests: providers that are all one raw upstream, and its clients."""

import asyncio
import itertools
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

MODELS = 300
KEYS = {"FIRST_KEY": "sk-first-7f3a9c", "SECOND_KEY": "sk-second-51d0be"}
"""What the providers `first` and `second` are called with."""
_PROVIDER = """
[providers.{name}]
base_url = "{url}/{name}/v1"
dialects = ["openai_chat"]
models = {models}
{more}
"""
_SERVER = """
[local]
enabled = false
[log]
level = "debug"
[server]
max_body_bytes = 100000
max_header_bytes = 16384
arrival_timeout_s = 1.0
drain_timeout_s = 20
"""
_numbers: dict[str, Iterator[int]] = defaultdict(itertools.count)
_open: "list[Wire]" = []


def configuration(upstream: str, server: str = _SERVER, further: str = "") -> str:
    """`pointsman.toml`: each `pair-N` is served by `first` and then by `second`; `retrying` asks again up to
    twice, `hasty` has short patience, `narrow` one connection; nobody listens at `dead`."""
    pairs = [f"pair-{n}" for n in range(MODELS)]
    hasty = "first_byte_timeout_s = 0.5\nidle_timeout_s = 0.5\ntotal_timeout_s = 1.5\nretries = 0"
    providers = {
        "first": (pairs, 'key_env = "FIRST_KEY"\nretries = 0'),
        "second": (pairs, 'key_env = "SECOND_KEY"\nretries = 0'),
        "retrying": ([f"retried-{n}" for n in range(50)], "retries = 2"),
        "hasty": ([f"hasty-{n}" for n in range(50)], hasty),
        "dead": ([f"dead-{n}" for n in range(50)], "max_connections = 1\nretries = 0"),
        "narrow": ([f"narrow-{n}" for n in range(50)], "max_connections = 1\nretries = 0"),
        "steady": ([f"steady-{n}" for n in range(10)], "retries = 0"),
        "single": ([f"single-{n}" for n in range(MODELS)], "retries = 0"),
    }
    parts = [server]
    for name, (models, more) in providers.items():
        url = "http://127.0.0.1:1" if name == "dead" else upstream
        parts.append(_PROVIDER.format(name=name, url=url, models=json.dumps(models), more=more))
    return "\n".join([*parts, further])


def fresh(kind: str) -> str:
    """A model nobody has asked yet, since the gateway remembers which ones failed."""
    return f"{kind}-{next(_numbers[kind])}"


class Dialect(NamedTuple):
    """How clients of a dialect ask, and how they are told of errors."""

    path: str
    headers: Mapping[str, str]
    fields: Mapping[str, Any]
    wrong: str
    """A field that must not be a number."""

    def body(self, model: str, text: str = "Hello.", *, stream: bool = False) -> bytes:
        said = text if self.path == "/v1/responses" else [{"role": "user", "content": text}]
        name = "input" if self.path == "/v1/responses" else "messages"
        return json.dumps({"model": model, name: said, "stream": stream, **self.fields}).encode()


DIALECTS = {
    "openai_chat": Dialect("/v1/chat/completions", {}, {}, "messages"),
    "openai_responses": Dialect("/v1/responses", {}, {}, "input"),
    "anthropic": Dialect("/v1/messages", {"anthropic-version": "2023-06-01"}, {"max_tokens": 99}, "messages"),
    "ollama": Dialect("/api/chat", {}, {}, "messages"),
}
CHAT = DIALECTS["openai_chat"]


def message_of(dialect: str, body: bytes) -> str:
    """The message of an error, which must be in the dialect's shape."""
    said = json.loads(body)
    if dialect == "ollama":
        assert isinstance(said["error"], str)
        return str(said["error"])
    if dialect == "anthropic":
        assert said["type"] == "error"
    assert set(said["error"]) >= {"message", "type"}
    return str(said["error"]["message"])


class Reply(NamedTuple):
    """An answer as it came. `whole` is False when the connection ended before the body did; `rest` is
    what came behind it on the same connection."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool
    head: bytes = b""

    @property
    def request_id(self) -> str:
        return self.headers["x-pointsman-request-id"]


class Wire:
    """One connection to the gateway, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self, method: str = "POST") -> Reply:
        """The next answer."""
        async with asyncio.timeout(30):
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").strip().split("\r\n")
            headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
            status = int(first.split()[1])
            if method == "HEAD" or status < 200:
                return Reply(status, headers, b"", True, head)
            body, whole = await self._body(headers)
            return Reply(status, headers, body, whole, head)

    async def _body(self, headers: Mapping[str, str]) -> tuple[bytes, bool]:
        body = b""
        try:
            if headers.get("transfer-encoding") != "chunked":
                if "content-length" not in headers:
                    return await self.reader.read(), True
                return await self.reader.readexactly(int(headers["content-length"])), True
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            while await self.reader.readuntil(b"\r\n") != b"\r\n":
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            return body, False
        return body, True

    async def ended(self) -> bool:
        """Waits for the connection's end; True if nothing came before it."""
        return await self.rest() == b""

    async def rest(self) -> bytes:
        """All that still comes until the connection's end."""
        try:
            async with asyncio.timeout(30):
                return await self.reader.read()
        except ConnectionError:
            return b""
        finally:
            self.close()

    def close(self) -> None:
        self.writer.transport.abort()


async def wire(port: int, **options: Any) -> Wire:
    """A new connection to the gateway. Those still open after a test are closed by `close_wires`."""
    one = Wire(*await asyncio.open_connection("127.0.0.1", port, **options))
    _open.append(one)
    return one


async def close_wires() -> None:
    """Closes all connections."""
    for one in _open:
        one.close()
    _open.clear()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def request(
    body: bytes, path: str = CHAT.path, headers: Mapping[str, str] | None = None, *, method: str = "POST"
) -> bytes:
    """A request's bytes."""
    lines = {"host": "localhost", "content-length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def ask(
    port: int, body: bytes, path: str = CHAT.path, headers: Mapping[str, str] | None = None
) -> Reply:
    """One request on a connection of its own."""
    one = await wire(port)
    try:
        one.send(request(body, path, headers))
        return await one.answer()
    finally:
        one.close()


async def chat(port: int, model: str, text: str = "Hello.", *, stream: bool = False, **headers: str) -> Reply:
    """One Chat Completions request."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask(port, CHAT.body(model, text, stream=stream), CHAT.path, named)
