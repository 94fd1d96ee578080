"""Conversations for tests of outcomes: what clients really send, and an observer to see it."""

import asyncio
import itertools
import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from pointsman.core.chat import ChatResponse, Finish, Part, Text, ToolCall, Usage
from pointsman.core.errors import PointsmanError
from pointsman.core.events import FinishState, RequestRecord
from pointsman.core.outcomes import OutcomeRecord
from pointsman.gateway.call import Tried
from pointsman.gateway.dialects.registry import CODECS
from pointsman.gateway.kinds import kind_of
from pointsman.gateway.outcomes import Observer
from pointsman.gateway.repeats import Repeats
from pointsman.gateway.tally import Tally

TURN_S = 10.0
_numbers = itertools.count(1)


def said(text: str) -> list[Part]:
    return [Text(text=text)]


FIRST = said("Here is the first version of the parser, with tests for all of it.")
SECOND = said("Here is the second version of the parser, with what you asked for.")
RED = "Exit code: 1\nOutput:\n====== 1 failed, 2 passed in 0.10s ======"
GREEN = "Exit code: 0\nOutput:\n====== 3 passed in 0.10s ======"


def called(call_id: str, name: str = "shell", **arguments: Any) -> list[Part]:
    return [ToolCall(id=call_id, name=name, arguments=json.dumps(arguments))]


@dataclass
class How:
    """How a call went."""

    finish: Finish | None = Finish.STOP
    state: FinishState = FinishState.COMPLETED
    error: PointsmanError | None = None
    shown_s: float = 1.0
    logged: bool = True
    target: str = "shop/small"


class World:
    """An observer, and a clock that goes on by TURN_S with each request. `told` holds all outcomes."""

    def __init__(self, agent: str = "tester", session: str | None = "conv-1") -> None:
        self.told: list[OutcomeRecord] = []
        self.observer = Observer(self)
        self.agent, self.session = agent, session
        self.now_s = 1000.0
        self.repeats = Repeats()

    def append(self, record: RequestRecord | OutcomeRecord) -> None:
        assert isinstance(record, OutcomeRecord)
        self.told.append(record)

    async def turn(
        self, form: str, body: dict[str, Any], parts: list[Part], **how: Any
    ) -> list[OutcomeRecord]:
        """A request and its answer; the outcomes that it brings to light."""
        before = len(self.told)
        self.observer.ended(self.call(form, body, parts, **how))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert self.observer.counts.faults == 0
        return self.told[before:]

    def call(self, form: str, body: dict[str, Any], parts: list[Part], **changed: Any) -> SimpleNamespace:
        """A finished call, with the fields that the observer reads. `changed` are fields of How."""
        how = How(**changed)
        self.now_s += TURN_S
        raw = json.dumps(body).encode()
        outline = CODECS[form].outline(raw)
        repeat = self.repeats.seen(self.agent, raw, self.now_s)
        tally = Tally()
        if parts or how.finish:
            response = ChatResponse(
                id="a", model="m", created_s=0, parts=parts, finish=how.finish, usage=Usage()
            )
            tally.add_response(response)
        tally.first_content_s = self.now_s + 1 if parts else None
        ended_s = self.now_s + 1 + how.shown_s
        target = SimpleNamespace(id=how.target)
        attempt = SimpleNamespace(tally=tally, number=0, target=target, started_s=self.now_s)
        return SimpleNamespace(
            request_id=f"req_{next(_numbers)}",
            exchange=SimpleNamespace(body=raw, client_ip="127.0.0.1"),
            codec=CODECS[form],
            outline=outline,
            caller=SimpleNamespace(agent_id=self.agent, session_key=self.session),
            logged_as=self.agent,
            profile=SimpleNamespace(log_requests=how.logged),
            kind=kind_of(outline, {}, repeat.retry),
            body_hash=repeat.body_hash,
            started_s=self.now_s,
            started_at_us=int(self.now_s * 1e6),
            tried=[Tried(attempt, how.state, how.error, ended_s)],  # type: ignore[arg-type]
        )


def details(told: list[OutcomeRecord]) -> list[tuple[str, str]]:
    """Signal and code of each."""
    return [(one.signal, one.detail) for one in told]


class Chat:
    """A client of chat completions (opencode, Cline, aider): keeps its history and sends all of it."""

    form = "openai_chat"

    def __init__(self, world: World, system: str = "You are an agent.", tools: Any = None) -> None:
        self.world = world
        self.history: list[dict[str, Any]] = [{"role": "system", "content": system}]
        self.more: dict[str, Any] = {} if tools is None else {"tools": tools}

    async def ask(self, text: str, parts: list[Part], **how: Any) -> list[OutcomeRecord]:
        """A human turn."""
        self.history.append({"role": "user", "content": text})
        return await self._send(parts, **how)

    async def bring(self, results: dict[str, str], parts: list[Part], **how: Any) -> list[OutcomeRecord]:
        """Results of tools, by call id."""
        for call_id, text in results.items():
            self.history.append({"role": "tool", "tool_call_id": call_id, "content": text})
        return await self._send(parts, **how)

    async def _send(self, parts: list[Part], **how: Any) -> list[OutcomeRecord]:
        body = {"model": "auto", "messages": self.history, **self.more}
        told = await self.world.turn(self.form, body, parts, **how)
        self._answered(parts)
        return told

    def _answered(self, parts: list[Part]) -> None:
        text = "".join(part.text for part in parts if isinstance(part, Text))
        calls = [
            {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": one.arguments}}
            for one in parts
            if isinstance(one, ToolCall)
        ]
        message: dict[str, Any] = {"role": "assistant", "content": text or None}
        self.history.append({**message, "tool_calls": calls} if calls else message)


class Codex(Chat):
    """A client of Responses: items instead of messages."""

    form = "openai_responses"

    def __init__(self, world: World, tools: Any = None) -> None:
        super().__init__(world)
        text = "You are a coding agent running in the Codex CLI."
        self.history = [_item("developer", f"<permissions instructions>{text}</permissions instructions>")]
        self.tools = tools or []

    async def ask(self, text: str, parts: list[Part], **how: Any) -> list[OutcomeRecord]:
        self.history.append(_item("user", "<environment_context><cwd>/w</cwd></environment_context>"))
        self.history.append(_item("user", text))
        return await self._send(parts, **how)

    async def bring(self, results: dict[str, str], parts: list[Part], **how: Any) -> list[OutcomeRecord]:
        for call_id, text in results.items():
            self.history.append({"type": "function_call_output", "call_id": call_id, "output": text})
        return await self._send(parts, **how)

    async def _send(self, parts: list[Part], **how: Any) -> list[OutcomeRecord]:
        body = {
            "model": "auto",
            "instructions": "You code.",
            "input": self.history,
            "tools": self.tools,
            **self.more,
        }
        told = await self.world.turn(self.form, body, parts, **how)
        for part in parts:
            if isinstance(part, ToolCall):
                call = {"call_id": part.id, "name": part.name, "arguments": part.arguments}
                self.history.append({"type": "function_call", **call})
            elif isinstance(part, Text):
                content = [{"type": "output_text", "text": part.text, "annotations": []}]
                self.history.append({"type": "message", "role": "assistant", "content": content})
        return told


class Claude(Chat):
    """A client of Messages: blocks, with results in user messages and a cache mark that moves on."""

    form = "anthropic"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.history = []

    async def ask(self, text: str, parts: list[Part], **how: Any) -> list[OutcomeRecord]:
        reminder = "<system-reminder>No, this is wrong is what you must never say.</system-reminder>"
        blocks = [{"type": "text", "text": reminder}, {"type": "text", "text": text}]
        self.history.append({"role": "user", "content": blocks})
        return await self._send(parts, **how)

    async def bring(
        self, results: dict[str, str], parts: list[Part], *, is_error: bool = False, **how: Any
    ) -> list[OutcomeRecord]:
        blocks = [
            {"type": "tool_result", "tool_use_id": call_id, "content": text, "is_error": is_error}
            for call_id, text in results.items()
        ]
        self.history.append({"role": "user", "content": blocks})
        return await self._send(parts, **how)

    async def _send(self, parts: list[Part], **how: Any) -> list[OutcomeRecord]:
        *before, last = json.loads(json.dumps(self.history))
        last["content"][-1]["cache_control"] = {"type": "ephemeral"}
        body = {
            "model": "auto",
            "max_tokens": 9999,
            "system": "You are Claude Code",
            "messages": [*before, last],
            **self.more,
        }
        told = await self.world.turn(self.form, body, parts, **how)
        blocks: list[dict[str, Any]] = []
        for part in parts:
            if isinstance(part, ToolCall):
                asked = {"id": part.id, "name": part.name, "input": json.loads(part.arguments)}
                blocks.append({"type": "tool_use", **asked})
            elif isinstance(part, Text):
                blocks.append({"type": "text", "text": part.text})
        self.history.append({"role": "assistant", "content": blocks})
        return told


def _item(role: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}


CLIENTS = {"chat": Chat, "codex": Codex, "claude": Claude}
every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
