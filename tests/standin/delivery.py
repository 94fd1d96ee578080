"""Sends one answer, with whatever fault the prompt orders, and watches for the peer to hang up."""

import asyncio
import contextlib
import json
from typing import Any

from tests.standin.directives import Directive
from tests.standin.ledger import Entry, Ledger
from tests.standin.plan import Plan
from tests.standin.prompt import Prompt
from tests.standin.proofs import new_id
from tests.standin.refusal import Refused
from tests.standin.script import plan_for
from tests.standin.surface import Surface

FAULTS = ("status", "html", "truncate", "reset", "midstream-error", "hang", "stall", "garbage")
PAGE = b"<!DOCTYPE html><html><head><title>Bad gateway</title></head><body>nginx</body></html>"
_MESSAGES = {
    429: "Rate limit reached. Please try again later.",
    500: "The server had an error while processing your request.",
    503: "The server is overloaded.",
    529: "Overloaded",
}
_CODES = {
    "context_length_exceeded": "This model's maximum context length is 128000 tokens.",
    "insufficient_quota": "You exceeded your current quota, please check your plan and billing details.",
}


class Delivery:
    """The sending side of one request."""

    def __init__(self, receive: Any, send: Any) -> None:
        self._receive = receive
        self._send = send
        self.gone = asyncio.Event()
        self.entry: Entry | None = None
        self.watcher: asyncio.Task[None] | None = None
        self.request_id = new_id("req_")

    async def read(self) -> bytes:
        """The request's body."""
        body = b""
        while True:
            message = await self._receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                return body

    def begin(self, entry: Entry) -> None:
        """Starts to watch for the peer to hang up."""
        self.entry = entry
        self.watcher = asyncio.get_running_loop().create_task(self._watch(entry))

    def end(self) -> None:
        """Stops watching."""
        if self.watcher is not None:
            self.watcher.cancel()

    async def _watch(self, entry: Entry) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        entry.abort()
        self.gone.set()

    async def json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Sends a whole answer; text goes as it is."""
        body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        await self._start(status, "text/plain" if isinstance(value, str) else "application/json", headers)
        await self._finish(body)

    async def answer(self, surface: Surface, prompt: Prompt, ledger: Ledger) -> None:
        """Sends the script's answer to `prompt`."""
        told = prompt.directives
        fault = _fault(prompt, ledger)
        if "slow" in told:
            await self._wait(float(told["slow"].value))
        if fault is not None and await self._fails_at_once(fault):
            return
        plan = plan_for(prompt)
        headers = {"request-id": self.request_id, "x-request-id": self.request_id}
        if not prompt.stream:
            await self._whole(surface, prompt, plan, fault, headers)
            return
        await self._start(200, surface.stream_type, headers)
        await self._stream(surface, surface.frames(prompt, plan), fault, told)

    async def _whole(
        self, surface: Surface, prompt: Prompt, plan: Plan, fault: Directive | None, headers: dict[str, str]
    ) -> None:
        body = json.dumps(surface.whole(prompt, plan)).encode()
        await self._start(200, "application/json", headers)
        if fault is None:
            await self._finish(body)
        elif fault.name == "truncate":
            await self._finish(body[: len(body) // 2])
        else:
            await self._body(body[: len(body) // 2])
            await self._break_off(fault)

    async def _stream(
        self, surface: Surface, frames: list[bytes], fault: Directive | None, told: dict[str, Directive]
    ) -> None:
        pace_s = float(told["pace"].value) / 1000 if "pace" in told else 0.0
        for frame in frames[: len(frames) // 2] if fault else frames:
            await self._body(frame)
            if pace_s:
                await self._wait(pace_s)
            if self.gone.is_set():
                return
        if fault is not None and fault.name == "midstream-error":
            await self._body(surface.failure(self.request_id))
        elif fault is not None and fault.name != "truncate":
            await self._break_off(fault)
            return
        await self._finish(b"")

    async def _fails_at_once(self, fault: Directive) -> bool:
        """Deals with the faults that come before any byte of an answer."""
        if fault.name == "status":
            raise _refusal(fault)
        if fault.name == "html":
            await self._start(int(fault.value or 200), "text/html")
            await self._finish(PAGE)
        elif fault.name == "garbage":
            await self._start(200, "application/json")
            await self._finish(b"this is no JSON")
        elif fault.name == "hang":
            await self.gone.wait()
        elif fault.name == "reset" and fault.value == "early":
            self._abort()
        else:
            return False
        return True

    async def _break_off(self, fault: Directive) -> None:
        if fault.name == "stall":
            await self.gone.wait()
        else:
            await asyncio.sleep(0.05)
            self._abort()

    def _abort(self) -> None:
        """Breaks the connection: the sender's transport is reached through uvicorn's own object."""
        self.end()
        self._send.__self__.transport.abort()

    async def _start(self, status: int, kind: str, headers: dict[str, str] | None = None) -> None:
        if self.entry is not None:
            self.entry.status = status
        pairs = [(b"content-type", kind.encode())]
        pairs += [(k.encode(), v.encode()) for k, v in (headers or {}).items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def _body(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        if self.entry is not None:
            self.entry.frames_sent += 1

    async def _finish(self, data: bytes) -> None:
        if self.entry is not None and not self.gone.is_set():
            self.entry.finished = True
        await self._send({"type": "http.response.body", "body": data})

    async def _wait(self, seconds: float) -> None:
        """Waits, or less if the peer hangs up."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.gone.wait(), seconds)


def _fault(prompt: Prompt, ledger: Ledger) -> Directive | None:
    """The fault that this request meets."""
    for directive in prompt.directives.values():
        options = directive.options
        if directive.name not in FAULTS or options.get("model", prompt.model) != prompt.model:
            continue
        key = f"{prompt.model} {directive.text} {prompt.asked}"
        if "times" not in options or ledger.strikes_again(key, int(options["times"])):
            return directive
    return None


def _refusal(fault: Directive) -> Refused:
    status, code = int(fault.value), fault.options.get("code")
    message = _CODES.get(code or "", _MESSAGES.get(status, f"Refused with status {status}, as asked."))
    refused = Refused(message, status, code=code, kind=fault.options.get("type"))
    refused.headers = {n: v for n, v in fault.options.items() if n in ("retry-after", "retry-after-ms")}
    return refused
