"""Anthropic messages: reads and refuses requests as the vendor does."""

import json
import re
from typing import Any

from anthropic.types.beta.message_create_params import MessageCreateParamsBase as BetaParams
from anthropic.types.message_create_params import MessageCreateParamsBase
from tests.standin import pictures, tokens
from tests.standin.prompt import Offered, Prompt, Result, Turn
from tests.standin.proofs import is_signed
from tests.standin.refusal import Refused, need
from tests.standin.schemas import check_schema

VENDOR = "anthropic"
SAMPLING = {"stream", "temperature", "top_p", "top_k", "output_format"}
KNOWN = frozenset(MessageCreateParamsBase.__annotations__) | set(BetaParams.__annotations__) | SAMPLING
LEAST_BUDGET = 1024
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_CALL_ID = re.compile(r"[a-zA-Z0-9_-]+")


def check_headers(headers: dict[str, str]) -> None:
    """Refuses a request without version or key."""
    key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not key or key.startswith("bad"):
        raise Refused("invalid x-api-key" if key else "x-api-key header is required", 401)
    need(headers.get("anthropic-version"), "anthropic-version: header is required")


def read_messages(body: dict[str, Any], headers: dict[str, str], *, counts: bool = False) -> Prompt:
    """The request as a prompt; `counts` reads a count request, which has no token limit."""
    check_headers(headers)
    for name in body:
        need(name in KNOWN, f"{name}: Extra inputs are not permitted")
    model, limit = body.get("model"), body.get("max_tokens")
    need(isinstance(model, str) and model, "model: Field required")
    need(counts or limit is not None, "max_tokens: Field required")
    fine = counts or (isinstance(limit, int) and not isinstance(limit, bool) and limit >= 1)
    need(fine, "max_tokens: Input should be greater than or equal to 1")
    if str(model).startswith("missing"):
        raise Refused(f"model: {model}", 404)
    prompt = Prompt(model=str(model), turns=[], body=body, stream=bool(body.get("stream")), max_tokens=limit)
    prompt.system = _system(body.get("system"))
    prompt.tools = _tools(body)
    _read_turns(prompt, body.get("messages"))
    _read_thinking(prompt, body)
    _read_choice(prompt, body)
    _read_format(prompt, body)
    prompt.stops = list(body.get("stop_sequences") or [])
    temperature = body.get("temperature")
    need(temperature is None or 0 <= temperature <= 1, "temperature: Input should be less than or equal to 1")
    marks = json.dumps(body).count('"cache_control"')
    need(marks <= 4, f"A maximum of 4 blocks with cache_control may be provided. Found {marks}.")
    counted = {n: body.get(n) for n in ("system", "messages", "tools") if body.get(n)}
    prompt.input_tokens = tokens.count_tree(counted)
    return prompt


def _system(system: Any) -> str:
    if system is None or isinstance(system, str):
        return system or ""
    need(isinstance(system, list), "system: Input should be a valid list")
    for index, block in enumerate(system):
        need(block.get("type") == "text", f"system.{index}.type: Input should be 'text'")
        need(block.get("text"), "system: text content blocks must be non-empty")
    return "\n".join(b["text"] for b in system)


def _tools(body: dict[str, Any]) -> dict[str, Offered]:
    offered: dict[str, Offered] = {}
    for index, tool in enumerate(body.get("tools") or []):
        name = tool.get("name")
        need(isinstance(name, str) and name, f"tools.{index}.name: Field required")
        fits = _TOOL_NAME.fullmatch(name)
        need(fits, f"tools.{index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        need(name not in offered, "tools: Tool names must be unique.")
        if tool.get("type", "custom") == "custom":
            need("input_schema" in tool, f"tools.{index}.custom.input_schema: Field required")
            check_schema(
                tool["input_schema"], f"tools.{index}.custom.input_schema", strict=bool(tool.get("strict"))
            )
        offered[name] = Offered(name, tool.get("input_schema"))
    return offered


def _read_thinking(prompt: Prompt, body: dict[str, Any]) -> None:
    thinking = body.get("thinking") or {"type": "disabled"}
    kind = thinking.get("type")
    need(
        kind in ("enabled", "disabled", "adaptive"),
        f"thinking: Input tag '{kind}' found using 'type' is invalid",
    )
    if kind == "enabled":
        budget = thinking.get("budget_tokens")
        need(budget is not None, "thinking.enabled.budget_tokens: Field required")
        least = f"thinking.enabled.budget_tokens: Input should be greater than or equal to {LEAST_BUDGET}"
        need(budget >= LEAST_BUDGET, least)
        room = prompt.max_tokens is None or prompt.max_tokens > budget
        need(room, "`max_tokens` must be greater than `thinking.budget_tokens`.")
        _check_thinking_loop(body["messages"])
    prompt.thinks = kind != "disabled"
    if prompt.thinks:
        cold = body.get("temperature") in (None, 1, 1.0)
        need(cold, "`temperature` may only be set to 1 when thinking is enabled.")
        need(body.get("top_k") is None, "`top_k` must be unset when thinking is enabled.")
        top_p = body.get("top_p")
        need(
            top_p is None or top_p >= 0.95,
            "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.",
        )


def _check_thinking_loop(messages: list[dict[str, Any]]) -> None:
    """While thinking, a tool loop's assistant turn begins with its thinking."""
    for index in range(len(messages) - 1, -1, -1):
        content = messages[index]["content"]
        if messages[index]["role"] == "assistant" and isinstance(content, list):
            kinds = [b.get("type") for b in content]
            if "tool_use" in kinds and index == len(messages) - 2:
                first = kinds[0] in ("thinking", "redacted_thinking")
                need(
                    first,
                    f"messages.{index}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
                    f"`{kinds[0]}`. With `thinking` enabled, a final `assistant` message must start with a "
                    "thinking block.",
                )
            return


def _read_choice(prompt: Prompt, body: dict[str, Any]) -> None:
    choice = body.get("tool_choice")
    if choice is None:
        return
    kind = choice.get("type")
    need(
        kind in ("auto", "any", "tool", "none"),
        f"tool_choice: Input tag '{kind}' found using 'type' is invalid",
    )
    need(
        prompt.tools or kind == "none", "tool_choice: tool_choice may only be specified while providing tools"
    )
    prompt.parallel = not choice.get("disable_parallel_tool_use")
    if kind == "none":
        prompt.tools = {}
    if kind in ("any", "tool"):
        need(not prompt.thinks, "Thinking may not be enabled when tool_choice forces tool use.")
        name = choice.get("name") if kind == "tool" else "*"
        known = kind == "any" or name in prompt.tools
        need(known, f"tool_choice.tool.name: Tool '{name}' not found in provided tools")
        prompt.forced = name


def _read_format(prompt: Prompt, body: dict[str, Any]) -> None:
    wanted = (body.get("output_config") or {}).get("format") or body.get("output_format")
    if wanted:
        need(wanted.get("type") == "json_schema", "output_config.format.type: Input should be 'json_schema'")
        where = "output_config.format.schema"
        check_schema(wanted.get("schema"), where, is_object=False)
        if wanted["schema"].get("type") == "object":
            closed = wanted["schema"].get("additionalProperties") is False
            need(
                closed, f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false"
            )
        prompt.schema = wanted["schema"]


def _read_turns(prompt: Prompt, messages: Any) -> None:
    need(isinstance(messages, list) and messages, "messages: at least one message is required")
    waiting: dict[str, str] = {}
    for index, message in enumerate(messages):
        where = f"messages.{index}"
        role = message.get("role")
        need(
            role in ("user", "assistant", "system"),
            f'messages: Unexpected role "{role}". Allowed roles are "user" or "assistant".',
        )
        need(index > 0 or role == "user", 'messages: first message must use the "user" role')
        turn = Turn(role)
        content = message.get("content")
        need(content is not None, f"{where}.content: Field required")
        last = index == len(messages) - 1
        need(
            content or (last and role == "assistant"),
            f"{where}: all messages must have non-empty content, but for a final assistant message",
        )
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        waiting = _read_blocks(turn, blocks, waiting, where)
        if last and role == "assistant":
            need(
                not turn.text.endswith((" ", "\n")),
                "messages: final assistant content cannot end with trailing whitespace",
            )
        prompt.turns.append(turn)
    _check_answered(waiting, f"messages.{len(messages) - 1}")


def _check_answered(waiting: dict[str, str], where: str) -> None:
    ids = ", ".join(waiting)
    need(
        not waiting,
        f"{where}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. Each "
        "`tool_use` block must have a corresponding `tool_result` block in the next message.",
    )


def _read_blocks(turn: Turn, blocks: Any, waiting: dict[str, str], where: str) -> dict[str, str]:
    """Reads one message's blocks; returns the calls that the next message must answer."""
    need(isinstance(blocks, list), f"{where}.content: Input should be a valid list")
    asked: dict[str, str] = {}
    open_calls = dict(waiting)
    for number, block in enumerate(blocks):
        at = f"{where}.content.{number}"
        kind = block.get("type")
        if kind == "tool_use":
            need(turn.role == "assistant", f"{where}: `tool_use` blocks can only be in `assistant` messages")
            asked[_call_id(block, at)] = block["name"]
            turn.calls.append(block["name"])
        elif kind == "tool_result":
            call_id = block.get("tool_use_id")
            need(
                call_id in open_calls,
                f"{at}: unexpected `tool_use_id` found in `tool_result` blocks: {call_id}. "
                "Each of them must have its `tool_use` block in the previous message.",
            )
            text = _result_text(block.get("content"), at)
            turn.results.append(Result(open_calls.pop(call_id), text, bool(block.get("is_error"))))
        else:
            _check_answered(open_calls, where)
            _read_block(turn, block, at)
    _check_answered(open_calls, where)
    return asked


def _call_id(block: dict[str, Any], at: str) -> str:
    call_id = block.get("id")
    fits = isinstance(call_id, str) and _CALL_ID.fullmatch(call_id)
    need(fits, f"{at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    need(isinstance(block.get("name"), str), f"{at}.tool_use.name: Field required")
    need(isinstance(block.get("input"), dict), f"{at}.tool_use.input: Input should be a valid dictionary")
    return str(call_id)


def _read_block(turn: Turn, block: dict[str, Any], at: str) -> None:
    kind = block.get("type")
    if kind == "text":
        text = block.get("text")
        need(isinstance(text, str), f"{at}.text.text: Field required")
        need(text, "messages: text content blocks must be non-empty")
        turn.text += text
    elif kind == "image":
        turn.pictures.append(_picture(block.get("source") or {}, at))
    elif kind == "thinking":
        good = is_signed(VENDOR, block.get("thinking", ""), block.get("signature"))
        need(good and turn.role == "assistant", f"{at}: Invalid `signature` in `thinking` block")
    elif kind == "redacted_thinking":
        good = is_signed(VENDOR, "redacted", block.get("data"))
        need(good, f"{at}: Invalid `data` in `redacted_thinking` block")
    elif kind != "document":
        need(False, f"{at}: Input tag '{kind}' found using 'type' does not match any of the expected tags")


def _result_text(content: Any, at: str) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    turn = Turn("user")
    for number, block in enumerate(content):
        _read_block(turn, block, f"{at}.content.{number}")
    return " ".join([turn.text, *turn.pictures]).strip()


def _picture(source: dict[str, Any], at: str) -> str:
    if source.get("type") == "url":
        return pictures.describe_url(source.get("url"), at)
    need(source.get("type") == "base64", f"{at}.image.source: Input tag '{source.get('type')}' is unexpected")
    return pictures.describe(source.get("data", ""), source.get("media_type"), at)
