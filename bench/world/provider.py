"""The stand-in provider: answers whatever the gateway asks it, well or badly as the hidden truth has it."""

import asyncio
import json
from random import Random
from typing import Any, Final, NamedTuple

from bench.world.truth import PROVIDER, skill

from pointsman.gateway.http.answer import Answer
from pointsman.gateway.providers.base import Endpoint, Provider

TOKENS_OUT: Final = 350
SLIP_SHARE: Final = 0.05
LUCK_SHARE: Final = 0.04
"""How often a model that is able to do a task gets a try wrong, and one that is not gets it right. Whoever
fails once mostly fails again."""
BROKEN_SHARE: Final = 0.2
"""Of bad work that is a tool call: how often its arguments are no JSON."""


class Task(NamedTuple):
    """What an agent is at. `step` is what a model should do next: `edit` (a tool call), `test` (the call that
    runs the tests), `blocks` (an edit as text), `final` (words), `commit` (a commit message). `number`
    is that of the agent's task."""

    agent: str
    domain: str
    step: str
    number: int = 0


class Work(NamedTuple):
    """What a model made of a step."""

    model: str
    good: bool
    broken: bool


class StandIn:
    """Takes the place of the gateway's connection to its provider. `task` is set by the agent that is about
    to ask; `work` is what was made of it."""

    def __init__(self, chance: Random) -> None:
        provider = Provider(name=PROVIDER, base_url="", dialects={"openai_chat": "/chat/completions"})
        self.endpoint = Endpoint(provider=provider, base_url="", retries=0)
        self.task = Task("", "", "final")
        self.work = Work("", True, False)
        self.drifted = False
        self._able: dict[tuple[str, int, str], bool] = {}
        self._chance = chance
        self._number = 0

    async def send(self, path: str, extra: bytes, body: bytes, method: str = "POST") -> Answer:
        """The provider's answer to a request of the gateway."""
        asked = json.loads(body)
        self._number += 1
        head = asyncio.get_running_loop().create_future()
        head.set_result(None)
        answer = Answer(head, _Nothing())
        answer.status = 200
        message = self._message(asked["model"])
        stream = bool(asked.get("stream"))
        kind = b"text/event-stream" if stream else b"application/json"
        answer.headers = [(b"content-type", kind)]
        usage = {"prompt_tokens": len(body) // 4, "completion_tokens": TOKENS_OUT}
        usage["total_tokens"] = sum(usage.values())
        make = _streamed if stream else _whole
        answer.receive(make(f"chatcmpl-{self._number}", asked["model"], message, usage))
        answer.finish()
        return answer

    def close(self) -> None:
        """Nothing to close."""

    def _message(self, model: str) -> dict[str, Any]:
        task, chance = self.task, self._chance
        good = True
        if task.step in ("edit", "blocks"):
            good = chance.random() < (1.0 - SLIP_SHARE if self._is_able(model) else LUCK_SHARE)
        broken = not good and task.step == "edit" and chance.random() < BROKEN_SHARE
        self.work = Work(model, good, broken)
        number = self._number
        if task.step == "edit":
            arguments = json.dumps({"path": f"src/part_{number}.py", "patch": f"- a{number}\n+ b{number}"})
            return _call(number, "edit_file", arguments[:-9] if broken else arguments)
        if task.step == "test":
            return _call(number, "run", json.dumps({"command": "pytest -q"}))
        if task.step == "blocks":
            block = f"<<<<<<< SEARCH\na{number}\n=======\nb{number}\n>>>>>>> REPLACE"
            return {"content": f"Here is the change number {number}:\n\nsrc/part.py\n```\n{block}\n```\n"}
        if task.step == "commit":
            return {"content": f"fix: part {number}"}
        return {
            "content": f"I have made the change number {number} and looked at its effect; it is done now."
        }

    def _is_able(self, model: str) -> bool:
        """Whether the model can do the task: drawn once, so that trying again helps little."""
        task = self.task
        key = (task.agent, task.number, model)
        if key not in self._able:
            chance = skill(task.agent, task.domain, model, drifted=self.drifted)
            self._able[key] = self._chance.random() < chance
        return self._able[key]


class _Nothing:
    """The connection that there is not."""

    def pause_reading(self) -> None:
        """Nothing to pause."""

    resume_reading = abort = pause_reading


def _call(number: int, name: str, arguments: str) -> dict[str, Any]:
    called = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"id": f"call_{number:012}", "type": "function", "function": called}]}


def _whole(identity: str, model: str, message: dict[str, Any], usage: dict[str, int]) -> bytes:
    finish = "tool_calls" if "tool_calls" in message else "stop"
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": None} | message,
        "finish_reason": finish,
    }
    head = {"id": identity, "object": "chat.completion", "created": 1, "model": model}
    return json.dumps(head | {"choices": [choice], "usage": usage}).encode()


def _streamed(identity: str, model: str, message: dict[str, Any], usage: dict[str, int]) -> bytes:
    calls = [{"index": place} | call for place, call in enumerate(message.get("tool_calls", ()))]
    delta = {"role": "assistant"} | ({"tool_calls": calls} if calls else message)
    head = {"id": identity, "object": "chat.completion.chunk", "created": 1, "model": model}
    ends = {"index": 0, "delta": {}, "finish_reason": "tool_calls" if calls else "stop"}
    chunks = (
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"choices": [ends]},
        {"choices": [], "usage": usage},
    )
    lines = [f"data: {json.dumps(head | chunk)}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()
