"""From the canonical form to a request for a provider that speaks this dialect."""

from collections.abc import Mapping
from typing import Any

import msgspec

from pointsman.core.chat import (
    ChatRequest,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from pointsman.core.errors import CannotCarry
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_responses.seal import ORIGIN, seal

LEAST_OUTPUT_TOKENS = 16
"""The smallest `max_output_tokens` which this dialect's providers accept."""
LOW_BUDGET_TOKENS = 2048
MEDIUM_BUDGET_TOKENS = 12_288

_UNSAID = ("top_k", "seed", "frequency_penalty", "presence_penalty", "stop")
"""Canonical settings for which this dialect has no word."""
_ROLES: Mapping[str, str] = {"system": "system", "developer": "developer", "assistant": "assistant"}


def encode_request(request: ChatRequest, losses: Losses) -> bytes:
    """The body. Raises `CannotCarry` for several choices and for sound."""
    if request.n > 1:
        raise CannotCarry("The chosen provider gives one answer a request; send `n: 1`.", param="n")
    _report(request, losses)
    leading, rest = _leading_system(request.messages)
    items = _items(rest, losses)
    body: dict[str, Any] = {"model": request.model, "input": items or leading, "store": False}
    if leading and items:
        body["instructions"] = leading
    body.update(_settings(request, losses))
    if request.tools:
        body["tools"] = [tool_of(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = choice_of(request.tool_choice, request.tools)
    _add_reasoning(body, request, losses)
    _add_logprobs(body, request, losses)
    if request.stream:
        body["stream"] = True
    return msgspec.json.encode(body)


def _report(request: ChatRequest, losses: Losses) -> None:
    for name in _UNSAID:
        if getattr(request, name) not in (None, []):
            losses.drop(name)
    for name in request.extra:
        losses.drop(name)


def _settings(request: ChatRequest, losses: Losses) -> dict[str, Any]:
    limit = request.max_output_tokens
    if limit is not None and limit < LEAST_OUTPUT_TOKENS:
        losses.drop("max_output_tokens")
        limit = LEAST_OUTPUT_TOKENS
    text: dict[str, Any] = {}
    if request.response_format is not None:
        text["format"] = format_of(request.response_format)
    if request.verbosity is not None:
        text["verbosity"] = request.verbosity
    settings = {
        "max_output_tokens": limit,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "parallel_tool_calls": request.parallel_tool_calls,
        "prompt_cache_key": request.prompt_cache_key,
        "user": request.user,
        "metadata": _metadata(request.metadata, losses),
        "text": text or None,
    }
    return {name: value for name, value in settings.items() if value is not None}


def _metadata(metadata: Mapping[str, Any] | None, losses: Losses) -> dict[str, str] | None:
    """The pairs whose value is text, as the dialect demands."""
    if metadata is None:
        return None
    for name, value in metadata.items():
        if not isinstance(value, str):
            losses.drop(f"metadata.{name}")
    return {name: value for name, value in metadata.items() if isinstance(value, str)}


def _add_reasoning(body: dict[str, Any], request: ChatRequest, losses: Losses) -> None:
    wanted = request.reasoning
    if wanted is not None:
        if wanted.enabled is False and wanted.effort is None:
            losses.drop("reasoning.enabled")
            return
        body["reasoning"] = reasoning_of(wanted)
    if wanted is not None or _replays_reasoning(body["input"]):
        body["include"] = ["reasoning.encrypted_content"]


def _replays_reasoning(items: str | list[dict[str, Any]]) -> bool:
    return not isinstance(items, str) and any(item["type"] == "reasoning" for item in items)


def reasoning_of(wanted: Reasoning) -> dict[str, str]:
    """The dialect's `reasoning`. A budget becomes the nearest effort; who asks to see thinking without
    saying how gets automatic summaries."""
    effort = wanted.effort
    budget = wanted.budget_tokens
    if effort is None and budget is not None:
        effort = (
            "low" if budget <= LOW_BUDGET_TOKENS else "medium" if budget <= MEDIUM_BUDGET_TOKENS else "high"
        )
    summary = wanted.summary
    if summary is None and (wanted.enabled or budget is not None):
        summary = "auto"
    found = {"effort": effort, "summary": summary}
    return {name: value for name, value in found.items() if value is not None}


def _add_logprobs(body: dict[str, Any], request: ChatRequest, losses: Losses) -> None:
    """Asks for log-probabilities; the canonical stream cannot bring them back, so not for streams."""
    if not request.logprobs:
        return
    if request.stream:
        losses.drop("logprobs")
        return
    body["include"] = [*body.get("include", ()), "message.output_text.logprobs"]
    if request.top_logprobs is not None:
        body["top_logprobs"] = request.top_logprobs


def format_of(wanted: ResponseFormat) -> dict[str, Any]:
    """The dialect's `text.format`."""
    if wanted.type == "json_object":
        return {"type": "json_object"}
    found: dict[str, Any] = {"type": "json_schema", "name": wanted.name, "schema": wanted.schema}
    if wanted.strict is not None:
        found["strict"] = wanted.strict
    if wanted.description is not None:
        found["description"] = wanted.description
    return found


def tool_of(tool: Tool) -> dict[str, Any]:
    """The dialect's form of a tool. `strict` is always said, since leaving it out means true."""
    if tool.custom:
        found: dict[str, Any] = {"type": "custom", "name": tool.name}
        if tool.grammar is not None:
            found["format"] = tool.grammar
    else:
        found = {
            "type": "function",
            "name": tool.name,
            "parameters": tool.parameters or {"type": "object", "properties": {}},
            "strict": bool(tool.strict),
        }
    if tool.description is not None:
        found["description"] = tool.description
    return found


def choice_of(choice: ToolChoice, tools: list[Tool]) -> str | dict[str, Any]:
    """The dialect's `tool_choice`."""
    if choice.mode != "tool":
        return choice.mode
    custom = any(tool.custom and tool.name == choice.name for tool in tools)
    return {"type": "custom" if custom else "function", "name": choice.name}


def _leading_system(messages: list[Message]) -> tuple[str, list[Message]]:
    """The text of the system messages in front, and the rest."""
    texts: list[str] = []
    for position, message in enumerate(messages):
        if message.role != "system" or not all(isinstance(part, Text) for part in message.parts):
            return "\n\n".join(texts), messages[position:]
        texts += [part.text for part in message.parts if isinstance(part, Text)]
    return "\n\n".join(texts), []


def _items(messages: list[Message], losses: Losses) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    custom_calls: set[str] = set()
    for message in messages:
        if message.name is not None:
            losses.drop("messages.name")
        content: list[dict[str, Any]] = []
        for part in message.parts:
            item = _item(part, custom_calls, losses)
            if item is None:
                _say(items, content, message.role, part, losses)
            elif item:
                content = []
                items.append(item)
    return items


def _item(part: Part, custom_calls: set[str], losses: Losses) -> dict[str, Any] | None:
    """The item for a part that stands on its own; empty if it stays behind; None if it belongs into a
    message."""
    if isinstance(part, ToolCall):
        if part.custom:
            custom_calls.add(part.id)
        return _call(part)
    if isinstance(part, ToolResult):
        return _result(part, part.custom or part.call_id in custom_calls, losses)
    if isinstance(part, Thinking):
        return _thinking(part, losses)
    return None


def _call(call: ToolCall) -> dict[str, Any]:
    if call.custom:
        return {
            "type": "custom_tool_call",
            "call_id": call.id,
            "name": call.name,
            "input": call.arguments,
        }
    return {
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments or "{}",
    }


def _result(result: ToolResult, custom: bool, losses: Losses) -> dict[str, Any]:
    if result.is_error:
        losses.drop("tool_result.is_error")
    parts = result.parts
    first = parts[0] if len(parts) == 1 else None
    output: Any = first.text if isinstance(first, Text) else [_content(part, "user") for part in parts]
    return {
        "type": "custom_tool_call_output" if custom else "function_call_output",
        "call_id": result.call_id,
        "output": output or "",
    }


def _thinking(part: Thinking, losses: Losses) -> dict[str, Any]:
    """Only this dialect's own reasoning can be verified by its providers."""
    item_id, content = seal(part) if part.origin == ORIGIN else (None, None)
    if content is None:
        losses.drop("messages.thinking")
        return {}
    found: dict[str, Any] = {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": part.text}] if part.text else [],
        "encrypted_content": content,
    }
    if item_id is not None:
        found["id"] = item_id
    return found


def _say(
    items: list[dict[str, Any]], content: list[dict[str, Any]], role: str, part: Part, losses: Losses
) -> None:
    """Adds the part to the message whose content list is open, or opens one."""
    spoken = _ROLES.get(role, "user")
    if spoken == "assistant" and not isinstance(part, Text | Refusal):
        losses.drop("messages.assistant_media")
        return
    if not content:
        items.append({"type": "message", "role": spoken, "content": content})
    content.append(_content(part, spoken))


def _content(part: Part, role: str) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "output_text" if role == "assistant" else "input_text", "text": part.text}
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    if isinstance(part, Image):
        return _image(part)
    if isinstance(part, Document):
        return _document(part)
    raise CannotCarry("The chosen provider takes no sound.", param="messages")


def _image(image: Image) -> dict[str, Any]:
    found = {"type": "input_image", "image_url": image.url}
    if image.data is not None:
        found["image_url"] = f"data:{image.media_type or 'image/png'};base64,{image.data}"
    if image.detail is not None:
        found["detail"] = image.detail
    return found


def _document(document: Document) -> dict[str, Any]:
    if document.text is not None:
        return {"type": "input_text", "text": document.text}
    found: dict[str, Any] = {"type": "input_file"}
    if document.data is not None:
        found["file_data"] = f"data:{document.media_type or 'application/pdf'};base64,{document.data}"
        found["filename"] = document.name or "document.pdf"
        return found
    found["file_url"] = document.url
    if document.name is not None:
        found["filename"] = document.name
    return found
