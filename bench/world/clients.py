"""How agents speak: the wire forms of Codex (Responses), aider (Chat Completions) and a Claude-style tool
loop (Anthropic), as far as a conversation needs them."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Final, NamedTuple

from bench.world.running import Gateway

EDIT: Final = {"path": {"type": "string"}, "patch": {"type": "string"}}
RUN: Final = {"command": {"type": "string"}}
_TOOLS: Final = (("edit_file", "Change a file", EDIT), ("run", "Run a command", RUN))
AIDER: Final = "Act as an expert software developer. Describe each change with a *SEARCH/REPLACE block*."
FILES: Final = "I have *added these files to the chat* so you see all of their contents:\n\n"
COMMITTER: Final = (
    "You are an expert software engineer that generates concise, one-line Git commit messages based on the "
    "provided diffs."
)


class Result(NamedTuple):
    """What a tool gave back."""

    text: str
    is_error: bool = False


class Client(ABC):
    """One conversation. It keeps its history and sends all of it each time."""

    path: ClassVar[str]

    def __init__(self, gateway: Gateway, agent: str, session: str) -> None:
        self.gateway = gateway
        self.agent = agent
        self.session = session
        self.history: list[dict[str, Any]] = []
        self.call_id = ""

    async def say(self, text: str) -> None:
        """A human (or, with aider, the client in its name) says something."""
        self.history.append({"role": "user", "content": text})
        await self.send()

    @abstractmethod
    async def bring(self, result: Result) -> None:
        """The result of the last answer's call."""

    @abstractmethod
    async def send(self) -> None:
        """Sends the history, and keeps the answer in it."""

    async def post(self, body: dict[str, Any], headers: dict[str, str]) -> bytes:
        """The answer to a request for `auto`."""
        body = {"model": "auto", **body}
        named = {"content-type": "application/json", **headers}
        return await self.gateway.ask(self.path, named, json.dumps(body).encode())


class Codex(Client):
    """Responses, streamed; the system prompt is a developer message, results say their exit code."""

    path = "/v1/responses"

    def __init__(self, gateway: Gateway, agent: str, session: str) -> None:
        super().__init__(gateway, agent, session)
        self.history = [_item("developer", "You are a coding agent running in the Codex CLI.")]

    async def say(self, text: str) -> None:
        self.history.append(_item("user", "<environment_context><cwd>/w</cwd></environment_context>"))
        self.history.append(_item("user", text))
        await self.send()

    async def bring(self, result: Result) -> None:
        text = f"Process exited with code {int(result.is_error)}\nOutput:\n{result.text}"
        self.history.append({"type": "function_call_output", "call_id": self.call_id, "output": text})
        await self.send()

    async def send(self) -> None:
        tools = [
            {
                "type": "function",
                "name": name,
                "description": what,
                "strict": False,
                "parameters": _schema(fields),
            }
            for name, what, fields in _TOOLS
        ]
        body = {"instructions": "", "input": self.history, "tools": tools, "stream": True, "store": False}
        headers = {"originator": "codex_exec", "session-id": self.session, "user-agent": "codex_exec/0.169.0"}
        for event in _events(await self.post(body, headers)):
            if event["type"] == "response.output_item.done":
                item = event["item"]
                self.history.append(item)
                self.call_id = item.get("call_id", self.call_id)


class Aider(Client):
    """Chat Completions without tools or streams; edits are text, tests are run by the client."""

    path = "/v1/chat/completions"

    def __init__(self, gateway: Gateway, agent: str, session: str) -> None:
        super().__init__(gateway, agent, session)
        self.history = [
            {"role": "system", "content": AIDER},
            {"role": "user", "content": f"{FILES}src/part.py\n```\n# {session}\n```"},
            {"role": "assistant", "content": "Ok."},
        ]
        self.said = ""

    async def bring(self, result: Result) -> None:
        raise NotImplementedError("aider knows no tools")

    async def send(self) -> None:
        self.said = await self._answer(self.history)
        self.history.append({"role": "assistant", "content": self.said})

    async def commit(self, asked: str) -> None:
        """Asks for the message of the commit that keeps the last edit."""
        context = f"# USER: {asked}\n\n# ASSISTANT: {self.said}\n"
        diff = "diff --git a/src/part.py b/src/part.py\n-a\n+b\n"
        await self._answer(
            [{"role": "system", "content": COMMITTER}, {"role": "user", "content": context + diff}]
        )

    async def _answer(self, messages: list[dict[str, Any]]) -> str:
        headers = {"user-agent": "OpenAI/Python 2.20.0", "x-stainless-lang": "python"}
        answer = json.loads(await self.post({"messages": messages}, headers))
        return str(answer["choices"][0]["message"]["content"])


class Claude(Client):
    """Anthropic Messages, streamed; failed results are marked as errors."""

    path = "/v1/messages"

    async def bring(self, result: Result) -> None:
        text = f"Exit code 1\n{result.text}" if result.is_error else result.text
        block = {"type": "tool_result", "tool_use_id": self.call_id, "content": text}
        if result.is_error:
            block["is_error"] = True
        self.history.append({"role": "user", "content": [block]})
        await self.send()

    async def send(self) -> None:
        tools = [
            {"name": name, "description": what, "input_schema": _schema(fields)}
            for name, what, fields in _TOOLS
        ]
        system = f"You are {self.agent}, an agent that works in a repository with tools."
        body = {
            "system": system,
            "messages": self.history,
            "tools": tools,
            "max_tokens": 8000,
            "stream": True,
        }
        headers = {"anthropic-version": "2023-06-01", "x-claude-code-session-id": self.session}
        if self.agent != "claude-code":
            headers |= {"x-agent-id": self.agent}
        blocks: list[dict[str, Any]] = []
        written: dict[int, str] = {}
        for event in _events(await self.post(body, headers)):
            if event["type"] == "content_block_start":
                blocks.append(event["content_block"])
                written[len(blocks) - 1] = ""
            elif event["type"] == "content_block_delta":
                delta = event["delta"]
                written[len(blocks) - 1] += delta.get("text", "") or delta.get("partial_json", "")
        for place, block in enumerate(blocks):
            if block["type"] == "tool_use":
                block["input"] = _object(written[place])
                self.call_id = block["id"]
            else:
                block["text"] = written[place]
        self.history.append({"role": "assistant", "content": blocks})


CLIENTS: Final = {"codex": Codex, "aider": Aider, "claude": Claude}


def _item(role: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}


def _schema(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields)}


def _events(stream: bytes) -> Iterator[dict[str, Any]]:
    for line in stream.decode().splitlines():
        if line.startswith("data: {"):
            yield json.loads(line[6:])


def _object(text: str) -> dict[str, Any]:
    """A call's arguments; clients keep an empty object where they cannot be read."""
    try:
        return dict(json.loads(text or "{}"))
    except ValueError:
        return {}
