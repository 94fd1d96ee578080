"""What the script sees of a request, whatever the wire form: turns, tools, and wishes."""

from dataclasses import dataclass, field
from typing import Any

from tests.standin.directives import Directive, find_directives, without_directives


@dataclass
class Result:
    """What a tool answered."""

    name: str
    text: str
    is_error: bool = False


@dataclass
class Turn:
    """One message. A turn that carries tool results is the tools' turn, not a human's."""

    role: str
    text: str = ""
    pictures: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


@dataclass
class Offered:
    """A tool on offer. `custom` tools take free text; `namespace` is the group it stands in."""

    name: str
    schema: Any = None
    custom: bool = False
    namespace: str | None = None


@dataclass
class Prompt:
    """A validated request. `forced` is a tool's name, or "*" for any tool."""

    model: str
    turns: list[Turn]
    system: str = ""
    tools: dict[str, Offered] = field(default_factory=dict)
    forced: str | None = None
    parallel: bool = True
    schema: Any = None
    wants_object: bool = False
    max_tokens: int | None = None
    stops: list[str] = field(default_factory=list)
    thinks: bool = False
    stream: bool = False
    input_tokens: int = 0
    body: dict[str, Any] = field(default_factory=dict)

    def human_index(self) -> int:
        """Where the last human turn is; -1 if nowhere."""
        for index in range(len(self.turns) - 1, -1, -1):
            if self.turns[index].role == "user" and not self.turns[index].results:
                return index
        return -1

    @property
    def asked(self) -> str:
        """The last human text without directives."""
        index = self.human_index()
        return without_directives(self.turns[index].text) if index >= 0 else ""

    @property
    def directives(self) -> dict[str, Directive]:
        """The directives of the last human text."""
        index = self.human_index()
        return find_directives(self.turns[index].text) if index >= 0 else {}

    @property
    def earlier(self) -> list[str]:
        """The human texts before the last."""
        index = max(self.human_index(), 0)
        return [without_directives(t.text) for t in self.turns[:index] if t.role == "user" and not t.results]

    @property
    def pictures(self) -> list[str]:
        """Descriptions of the pictures in the last human turn."""
        index = self.human_index()
        return self.turns[index].pictures if index >= 0 else []

    @property
    def results(self) -> list[Result]:
        """The tool results since the last human turn."""
        return [r for t in self.turns[self.human_index() + 1 :] for r in t.results]

    @property
    def all_text(self) -> str:
        """System prompt and every turn's text, for scripts that look anywhere."""
        return "\n".join([self.system, *(t.text for t in self.turns)])
