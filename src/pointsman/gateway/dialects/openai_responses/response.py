"""Whole response objects: from the canonical answer, and back."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pointsman.core.chat import (
    ChatRequest,
    ChatResponse,
    Finish,
    Json,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    Usage,
)
from pointsman.core.errors import PointsmanError, StreamTruncated, UpstreamBroken
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_responses import wire
from pointsman.gateway.dialects.openai_responses.faults import error_of, fault_of
from pointsman.gateway.dialects.openai_responses.items import called_or_thought, said
from pointsman.gateway.dialects.openai_responses.namespaces import Place
from pointsman.gateway.dialects.openai_responses.seal import seal
from pointsman.gateway.dialects.openai_responses.settings import (
    settings_of,
    stem_of,
    tool_places,
    usage_of,
)

_INCOMPLETE = {Finish.LENGTH: "max_output_tokens", Finish.CONTENT_FILTER: "content_filter"}
_FINISH_OF_REASON = {reason: finish for finish, reason in _INCOMPLETE.items()}


class Ending(Struct):
    """How an answer ended: the object's `status`, why it is not whole, and what failed."""

    status: str
    incomplete: dict[str, str] | None = None
    error: dict[str, str] | None = None


RUNNING = Ending(status="in_progress")


def ending_of(finish: Finish | None) -> Ending:
    """The status for a finish. None means that the upstream broke off, which is a failure."""
    if finish is None:
        return failed(StreamTruncated("The provider ended its answer without saying why."))
    if finish in _INCOMPLETE:
        return Ending(status="incomplete", incomplete={"reason": _INCOMPLETE[finish]})
    return Ending(status="completed")


def failed(error: PointsmanError) -> Ending:
    """The status for an error."""
    return Ending(status="failed", error=error_of(error))


class ResponseObject:
    """The objects of one answer, which differ only in status, output and usage.

    `stem` is shared by the ids of the answer and all its items; `created_s` is seconds since the epoch.
    """

    __slots__ = ("_created_s", "_settings", "id", "model", "places", "stem")

    def __init__(self, request: ChatRequest, stem: str, model: str, created_s: int) -> None:
        self.stem = stem
        self.id = f"resp_{stem}"
        self.model = model or request.model
        self.places = tool_places(request)
        self._created_s = created_s or int(time.time())
        self._settings = msgspec.json.encode(settings_of(request))[1:]

    def item_id(self, prefix: str, index: int) -> str:
        """The id of the item at `index` of the output."""
        return f"{prefix}_{self.stem}_{index}"

    def render(self, ending: Ending, output: Sequence[Json], usage: Usage | None) -> bytes:
        """The object as it is to be sent."""
        done = ending.status == "completed"
        found = {
            "id": self.id,
            "object": "response",
            "created_at": self._created_s,
            "status": ending.status,
            "completed_at": max(int(time.time()), self._created_s) if done else None,
            "error": ending.error,
            "incomplete_details": ending.incomplete,
            "model": self.model,
            "output": output,
            "usage": usage_of(usage),
        }
        return msgspec.json.encode(found)[:-1] + b"," + self._settings

    def call_item(self, index: int, call: ToolCall, status: str) -> dict[str, Any]:
        """A tool call as an item. A call without an id gets one, since the client answers by it."""
        prefix = "ctc" if call.custom else "fc"
        found: dict[str, Any] = {
            "type": "custom_tool_call" if call.custom else "function_call",
            "id": self.item_id(prefix, index),
            "call_id": call.id or self.item_id("call", index),
            "name": call.name,
            "status": status,
        }
        place = self.places.get(call.name)
        if place is not None:
            found["namespace"], found["name"] = place
        found["input" if call.custom else "arguments"] = call.arguments
        return found

    def message_item(self, index: int, content: list[Json], status: str) -> dict[str, Any]:
        """A message as an item."""
        return {
            "type": "message",
            "id": self.item_id("msg", index),
            "status": status,
            "role": "assistant",
            "content": content,
        }

    def reasoning_item(self, index: int, block: Thinking) -> dict[str, Any]:
        """A stretch of thinking as an item."""
        item_id, content = seal(block)
        return {
            "type": "reasoning",
            "id": item_id or self.item_id("rs", index),
            "summary": [summary_part(block.text)] if block.text else [],
            "encrypted_content": content,
        }


def text_part(text: str, logprobs: Json = None) -> dict[str, Any]:
    """Visible text inside a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs or []}


def refusal_part(text: str) -> dict[str, Any]:
    """A refusal inside a message."""
    return {"type": "refusal", "refusal": text}


def summary_part(text: str) -> dict[str, Any]:
    """Readable reasoning."""
    return {"type": "summary_text", "text": text}


def encode_response(response: ChatResponse, request: ChatRequest, losses: Losses) -> bytes:
    """The response object's bytes."""
    for name in response.extra:
        losses.drop(name)
    found = ResponseObject(request, stem_of(response.id), response.model, response.created_s)
    ending = ending_of(response.finish)
    output = _output(found, response, "incomplete" if ending.incomplete else "completed")
    return found.render(ending, output, response.usage)


def _output(found: ResponseObject, response: ChatResponse, last_status: str) -> list[dict[str, Any]]:
    output: list[dict[str, Any]] = []
    logprobs = (response.logprobs or {}).get("content")
    content: list[Json] | None = None
    for part in response.parts:
        index = len(output)
        if isinstance(part, Text | Refusal):
            if content is None:
                content = []
                output.append(found.message_item(index, content, "completed"))
            if isinstance(part, Refusal):
                content.append(refusal_part(part.text))
            else:
                content.append(text_part(part.text, logprobs))
                logprobs = None
            continue
        content = None
        if isinstance(part, ToolCall):
            call = part if part.arguments or part.custom else msgspec.structs.replace(part, arguments="{}")
            output.append(found.call_item(index, call, "completed"))
        elif isinstance(part, Thinking):
            output.append(found.reasoning_item(index, part))
    if output and "status" in output[-1]:
        output[-1]["status"] = last_status
    return output


def decode_response(body: bytes) -> ChatResponse:
    """The canonical answer. Raises an `UpstreamFault` if the response failed or cannot be read."""
    try:
        found = wire.RESPONSE.decode(body)
        parts, extra, logprobs = _read_output(found)
    except (ValueError, RecursionError) as error:
        raise UpstreamBroken(f"The provider's answer is not a response object: {error}") from None
    if found.status == "failed" or found.error is not None:
        failure = found.error or wire.WireError()
        raise fault_of(failure.code, failure.message)
    return ChatResponse(
        id=found.id,
        model=found.model,
        created_s=int(found.created_at),
        parts=parts,
        finish=finish_of(found, parts),
        usage=read_usage(found.usage),
        logprobs=logprobs,
        extra=extra,
    )


def _read_output(found: wire.WireResponse) -> tuple[list[Part], dict[str, Json], Json]:
    parts: list[Part] = []
    extra: dict[str, Json] = {}
    logprobs: list[Json] = []
    for raw in found.output:
        kind = wire.HEAD.decode(raw).kind
        if kind not in wire.KNOWN_ITEMS or kind.endswith("_output"):
            extra[f"output.{kind}"] = True
            continue
        item = wire.ITEM.decode(raw)
        if kind != "message":
            parts.append(called_or_thought(item, kind, NO_PLACES))
            continue
        parts += said(item)
        for piece in item.content if isinstance(item.content, list) else ():
            logprobs += piece.logprobs or ()
            if piece.annotations:
                extra["annotations"] = piece.annotations
    return parts, extra, {"content": logprobs, "refusal": None} if logprobs else None


NO_PLACES: Mapping[Place, str] = {}


def finish_of(found: wire.WireResponse, parts: Sequence[Part]) -> Finish | None:
    """Why the model stopped; None if the object does not say."""
    if found.status == "incomplete":
        reason = found.incomplete_details.reason if found.incomplete_details else None
        return _FINISH_OF_REASON.get(reason or "", Finish.OTHER)
    if found.status is not None and found.status != "completed":
        return Finish.OTHER
    if any(isinstance(part, ToolCall) for part in parts):
        return Finish.TOOL_CALLS
    if any(isinstance(part, Refusal) for part in parts):
        return Finish.REFUSAL
    return Finish.STOP if found.status == "completed" else None


def read_usage(usage: wire.WireUsage | None) -> Usage | None:
    """The canonical token counts."""
    if usage is None:
        return None
    given = usage.input_tokens_details or wire.InputDetails()
    made = usage.output_tokens_details or wire.OutputDetails()
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_input_tokens=given.cached_tokens or 0,
        cache_write_tokens=given.cache_write_tokens or 0,
        reasoning_tokens=made.reasoning_tokens or 0,
    )
