"""What will be answered, before it is written in a vendor's form."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.standin import tokens


@dataclass
class Say:
    """Text, already cut into chunks."""

    chunks: list[str]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.chunks)


@dataclass
class Call:
    """A tool call; `arguments` is JSON text, or free text for a custom tool."""

    name: str
    arguments: str
    custom: bool = False
    namespace: str | None = None

    @property
    def chunks(self) -> list[str]:
        """The arguments in pieces of at most seven characters, as they stream."""
        return [self.arguments[i : i + 7] for i in range(0, len(self.arguments), 7)] or [""]


@dataclass
class Decline:
    """A refusal in words."""

    text: str


Part = Say | Call | Decline


@dataclass
class Plan:
    """An answer. `finish` is stop, length, tool, filter, refusal or stop_sequence."""

    parts: list[Part] = field(default_factory=list)
    thinking: str = ""
    finish: str = "stop"
    stop_sequence: str | None = None

    @property
    def text(self) -> str:
        """All the text."""
        return "".join(p.text for p in self.parts if isinstance(p, Say))

    @property
    def refusal(self) -> str | None:
        """The words of the refusal, if there is one."""
        return next((p.text for p in self.parts if isinstance(p, Decline)), None)

    @property
    def calls(self) -> list[Call]:
        """The tool calls."""
        return [p for p in self.parts if isinstance(p, Call)]

    @property
    def reasoning_tokens(self) -> int:
        """Tokens spent on thinking."""
        return tokens.count(self.thinking)

    @property
    def output_tokens(self) -> int:
        """Tokens of the answer, thinking included."""
        said = sum(len(p.chunks) if isinstance(p, Say) else 0 for p in self.parts)
        other = sum(tokens.count(p.arguments) + 8 for p in self.calls)
        return max(1, self.reasoning_tokens + said + other + tokens.count(self.refusal or ""))


def call(name: str, arguments: Any, tool: Any) -> Call:
    """A call of an offered tool; a custom tool's input goes as it is."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, separators=(",", ":"))
    return Call(name, text, custom=tool.custom, namespace=tool.namespace)
