"""A little HTTP server that answers requests for model lists as providers do, and notes who asks."""

import asyncio
import json
from types import TracebackType
from typing import Any

OPENAI_LIST = {"object": "list", "data": [{"id": "gpt-5-mini", "object": "model", "created": 1754425928}]}
OLLAMA_LIST = {
    "models": [
        {"name": "llama3.2:latest", "model": "llama3.2:latest", "details": {"parameter_size": "3.2B"}},
        {"name": "nomic-embed-text:latest", "model": "nomic-embed-text:latest", "details": None},
    ]
}


class ModelServer:
    """Answers every request with `status` and `body`, after `delay_s`. `heads` are the requests' heads."""

    def __init__(self, body: Any = None, *, status: int = 200, delay_s: float = 0.0) -> None:
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status = status
        self.delay_s = delay_s
        self.heads: list[str] = []

    async def __aenter__(self) -> "ModelServer":
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            await asyncio.sleep(self.delay_s)
            writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n" % (self.status, len(self.body)))
            writer.write(self.body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
