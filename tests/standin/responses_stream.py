"""The events of a Responses stream, in the vendor's order, numbered."""

from typing import Any

from tests.standin.openai_common import sse


class Stream:
    """Collects frames; each event carries the next sequence number."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def add(self, kind: str, **fields: Any) -> None:
        """Appends the event `kind`."""
        self.frames.append(sse({"type": kind, "sequence_number": len(self.frames), **fields}, kind))

    def item(self, index: int, item: dict[str, Any], chunks: list[str]) -> None:
        """All events of one output item; `chunks` are its text or arguments in pieces."""
        write = {
            "message": self._message,
            "function_call": self._function_call,
            "custom_tool_call": self._custom_call,
            "reasoning": self._reasoning,
        }[item["type"]]
        self.add("response.output_item.added", output_index=index, item=_empty(item))
        write({"item_id": item["id"], "output_index": index}, item, chunks)
        self.add("response.output_item.done", output_index=index, item=item)

    def _message(self, where: dict[str, Any], item: dict[str, Any], chunks: list[str]) -> None:
        at = {**where, "content_index": 0}
        part = item["content"][0]
        refuses = part["type"] == "refusal"
        text_name = "refusal" if refuses else "text"
        self.add("response.content_part.added", **at, part={**part, text_name: ""})
        if refuses:
            self.add("response.refusal.delta", **at, delta=part["refusal"])
            self.add("response.refusal.done", **at, refusal=part["refusal"])
        else:
            for chunk in chunks:
                self.add("response.output_text.delta", **at, delta=chunk, logprobs=[])
            self.add("response.output_text.done", **at, text=part["text"], logprobs=[])
        self.add("response.content_part.done", **at, part=part)

    def _function_call(self, where: dict[str, Any], item: dict[str, Any], chunks: list[str]) -> None:
        for chunk in chunks:
            self.add("response.function_call_arguments.delta", **where, delta=chunk)
        said = {"arguments": item["arguments"], "name": item["name"]}
        self.add("response.function_call_arguments.done", **where, **said)

    def _custom_call(self, where: dict[str, Any], item: dict[str, Any], chunks: list[str]) -> None:
        for chunk in chunks:
            self.add("response.custom_tool_call_input.delta", **where, delta=chunk)
        self.add("response.custom_tool_call_input.done", **where, input=item["input"])

    def _reasoning(self, where: dict[str, Any], item: dict[str, Any], chunks: list[str]) -> None:
        for index, part in enumerate(item["summary"]):
            at = {**where, "summary_index": index}
            self.add("response.reasoning_summary_part.added", **at, part={**part, "text": ""})
            half = len(part["text"]) // 2
            for text in (part["text"][:half], part["text"][half:]):
                self.add("response.reasoning_summary_text.delta", **at, delta=text)
            self.add("response.reasoning_summary_text.done", **at, text=part["text"])
            self.add("response.reasoning_summary_part.done", **at, part=part)


def _empty(item: dict[str, Any]) -> dict[str, Any]:
    """The item as it is announced: without its content."""
    blank = {"content": [], "arguments": "", "input": "", "summary": []}
    kept = {name: blank.get(name, value) for name, value in item.items()}
    return {**kept, "status": "in_progress"} if "status" in item else kept
