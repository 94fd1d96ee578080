"""OpenAI chat completions: reads and refuses requests as the vendor does."""

import json
from typing import Any

from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from tests.standin import pictures, tokens
from tests.standin.openai_common import (
    check_bounds,
    check_key,
    check_known,
    check_model,
    check_parameters,
    check_tool_name,
)
from tests.standin.prompt import Offered, Prompt, Result, Turn
from tests.standin.refusal import need, need_real, refuse
from tests.standin.schemas import check_schema

KNOWN = frozenset(CompletionCreateParamsBase.__annotations__) | {"stream"}
ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def read_chat(body: dict[str, Any], headers: dict[str, str]) -> Prompt:
    """The request as a prompt."""
    check_key(headers)
    model = check_model(body.get("model"))
    check_known(body, KNOWN)
    check_bounds(body)
    messages = body.get("messages")
    need(isinstance(messages, list) and messages, "Invalid 'messages': empty array.", "messages")
    _check_limits(body)
    tools = _tools(body)
    prompt = Prompt(model=model, turns=[], tools=tools, body=body, stream=bool(body.get("stream")))
    _read_messages(prompt, messages)
    _read_choice(prompt, body)
    _read_format(prompt, body)
    prompt.parallel = body.get("parallel_tool_calls") is not False
    prompt.max_tokens = body.get("max_completion_tokens") or body.get("max_tokens")
    stop = body.get("stop") or []
    prompt.stops = [stop] if isinstance(stop, str) else list(stop)
    prompt.input_tokens = tokens.count_tree(messages) + tokens.count_tree(body.get("tools") or [])
    return prompt


def _check_limits(body: dict[str, Any]) -> None:
    both = body.get("max_tokens") and body.get("max_completion_tokens")
    need(not both, "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
    for name in ("max_tokens", "max_completion_tokens", "n"):
        value = body.get(name)
        need_real(
            value is None or (isinstance(value, int) and value >= 1), f"Invalid '{name}': below 1.", name
        )
    streams = body.get("stream_options") is None or body.get("stream")
    need_real(
        streams, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options"
    )
    need(len(body["stop"]) <= 4 if isinstance(body.get("stop"), list) else True, "Too many stops.", "stop")
    effort = body.get("reasoning_effort")
    known = (None, "none", "minimal", "low", "medium", "high", "xhigh")
    need(effort in known, f"Invalid value: '{effort}'.", "reasoning_effort", "invalid_value")


def _tools(body: dict[str, Any]) -> dict[str, Offered]:
    offered = {}
    for index, tool in enumerate(body.get("tools") or []):
        where = f"tools[{index}]"
        kind = tool.get("type")
        need(kind in ("function", "custom"), f"Invalid value: '{kind}'.", f"{where}.type", "invalid_value")
        inner = tool.get(kind)
        need(isinstance(inner, dict), f"Missing required parameter: '{where}.{kind}'.", f"{where}.{kind}")
        name = check_tool_name(inner.get("name"), f"{where}.{kind}.name")
        schema = check_parameters(inner, f"{where}.function.parameters") if kind == "function" else None
        offered[name] = Offered(name, schema, custom=kind == "custom")
    need(body.get("tools") != [], "Invalid 'tools': empty array.", "tools")
    lonely = body.get("parallel_tool_calls") is None or offered
    need(lonely, "'parallel_tool_calls' is only allowed when 'tools' are specified.", "parallel_tool_calls")
    return offered


def _read_choice(prompt: Prompt, body: dict[str, Any]) -> None:
    choice = body.get("tool_choice")
    need(
        choice in (None, "none") or prompt.tools,
        "'tool_choice' is only allowed when 'tools' are specified.",
        "tool_choice",
    )
    if choice == "none":
        prompt.tools = {}
    elif choice == "required":
        prompt.forced = "*"
    elif isinstance(choice, dict):
        inner = choice.get(choice.get("type", "")) or {}
        need(
            inner.get("name") in prompt.tools,
            f"Tool '{inner.get('name')}' not found in 'tools'.",
            "tool_choice",
        )
        prompt.forced = inner["name"]
    else:
        need(choice in (None, "auto"), f"Invalid value: '{choice}'.", "tool_choice", "invalid_value")
    if prompt.turns and prompt.turns[-1].results:
        prompt.forced = None


def _read_format(prompt: Prompt, body: dict[str, Any]) -> None:
    wanted = body.get("response_format") or {"type": "text"}
    kind = wanted.get("type")
    if kind == "json_schema":
        inner = wanted.get("json_schema") or {}
        check_tool_name(inner.get("name"), "response_format.json_schema.name")
        check_schema(inner.get("schema"), "response_format", strict=inner.get("strict") is True)
        prompt.schema = inner["schema"]
    elif kind == "json_object":
        told = "json" in prompt.all_text.lower()
        need(
            told,
            "'messages' must contain the word 'json' to use a 'response_format' of type 'json_object'.",
            "messages",
        )
        prompt.wants_object = True
    else:
        need(kind == "text", f"Invalid value: '{kind}'.", "response_format.type", "invalid_value")


def _read_messages(prompt: Prompt, messages: list[Any]) -> None:
    waiting: dict[str, str] = {}
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        need(isinstance(message, dict), f"Invalid type for '{where}': expected an object.", where)
        role = message.get("role")
        need(
            role in ROLES,
            f"Invalid value: '{role}'. Supported values are: {ROLES}.",
            f"{where}.role",
            "invalid_value",
        )
        if role == "tool":
            _read_result(prompt, message, waiting, where)
            continue
        _check_answered(waiting, where)
        turn = Turn(role)
        _read_content(turn, message, where)
        if role in ("system", "developer"):
            prompt.system += turn.text
        for number, call in enumerate(message.get("tool_calls") or []):
            name, call_id = _read_call(call, f"{where}.tool_calls[{number}]")
            waiting[call_id] = name
            turn.calls.append(name)
        prompt.turns.append(turn)
    _check_answered(waiting, "messages")


def _check_answered(waiting: dict[str, str], where: str) -> None:
    missing = ", ".join(waiting)
    need(
        not waiting,
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        f"'tool_call_id'. The following tool_call_ids did not have response messages: {missing}",
        where,
    )


def _read_result(prompt: Prompt, message: dict[str, Any], waiting: dict[str, str], where: str) -> None:
    name = waiting.pop(message.get("tool_call_id", ""), None)
    need(
        name,
        "Messages with role 'tool' must be a response to a message with 'tool_calls'.",
        f"{where}.role",
    )
    turn = Turn("tool")
    _read_content(turn, message, where, ("text",))
    turn.results.append(Result(str(name), turn.text))
    prompt.turns.append(turn)


def _read_call(call: dict[str, Any], where: str) -> tuple[str, str]:
    kind = call.get("type")
    inner = call.get(kind or "")
    need(kind in ("function", "custom") and inner, f"Missing required parameter: '{where}.function'.", where)
    assert isinstance(inner, dict)
    name = check_tool_name(inner.get("name"), f"{where}.{kind}.name")
    text = inner.get("arguments" if kind == "function" else "input")
    need(
        isinstance(text, str),
        f"Invalid type for '{where}.function.arguments': expected a string.",
        where,
        "invalid_type",
    )
    need(isinstance(call.get("id"), str) and call["id"], f"Missing required parameter: '{where}.id'.", where)
    return name, call["id"]


def _read_content(
    turn: Turn, message: dict[str, Any], where: str, allowed: tuple[str, ...] | None = None
) -> None:
    content = message.get("content")
    if content is None:
        fine = turn.role == "assistant" and (message.get("tool_calls") or message.get("refusal"))
        need(fine, "Invalid value for 'content': expected a string, got null.", f"{where}.content")
        return
    if isinstance(content, str):
        turn.text = content
        return
    need(isinstance(content, list) and content, f"Invalid type for '{where}.content'.", where, "invalid_type")
    kinds = allowed or {
        "user": ("text", "image_url", "input_audio", "file"),
        "assistant": ("text", "refusal"),
    }.get(turn.role, ("text",))
    for number, part in enumerate(content):
        _read_part(turn, part, kinds, f"{where}.content[{number}]")


def _read_part(turn: Turn, part: dict[str, Any], kinds: tuple[str, ...], where: str) -> None:
    kind = part.get("type")
    need(kind in kinds, f"Invalid value: '{kind}'. Supported values are: {kinds}.", where, "invalid_value")
    if kind == "text":
        need(isinstance(part.get("text"), str), f"Missing required parameter: '{where}.text'.", where)
        turn.text += part["text"]
    elif kind == "image_url":
        picture = part.get("image_url")
        need(isinstance(picture, dict), f"Invalid type for '{where}.image_url': expected an object.", where)
        turn.pictures.append(pictures.describe_url(picture.get("url"), where))
    elif kind == "file" and not isinstance(part.get("file"), dict):
        refuse(f"Missing required parameter: '{where}.file'. {json.dumps(part)[:80]}", param=where)
