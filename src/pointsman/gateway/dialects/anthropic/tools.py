"""Tools and the wish among them, both ways."""

from typing import Any

import msgspec
from msgspec import Struct

from pointsman.core.chat import Json, Tool, ToolChoice
from pointsman.core.errors import CannotCarry, InvalidRequest
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.dotted import misfit

_MODES = {"auto": "auto", "any": "required", "none": "none"}
_WORDS = {"auto": "auto", "required": "any", "none": "none"}


class _WireTool(Struct):
    name: str
    input_schema: dict[str, Any] | None = None
    description: str | None = None
    strict: bool | None = None
    cache_control: Json = None


class _WireChoice(Struct):
    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


def read_tools(tools: list[dict[str, Any]], extra: dict[str, Json]) -> list[Tool]:
    """The tools that the client runs and describes by a schema. Anthropic's own go to `extra`, as
    `tools.web_search_20250305`."""
    found: list[Tool] = []
    for index, given in enumerate(tools):
        kind = given.get("type")
        if kind not in (None, "custom"):
            extra[f"tools.{kind}"] = given
            continue
        try:
            tool = msgspec.convert(given, _WireTool)
        except msgspec.ValidationError as error:
            raise misfit(error, f"tools.{index}") from None
        found.append(
            Tool(
                name=tool.name,
                description=tool.description,
                parameters=tool.input_schema,
                strict=tool.strict,
                cache=tool.cache_control,
            )
        )
    return found


def read_choice(given: dict[str, Any] | None, tools: list[Tool]) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether calls may be parallel. Raises `CannotCarry` for a forced tool that only
    Anthropic has."""
    if given is None:
        return None, None
    try:
        choice = msgspec.convert(given, _WireChoice)
    except msgspec.ValidationError as error:
        raise misfit(error, "tool_choice") from None
    disabled = choice.disable_parallel_tool_use
    parallel = not disabled if disabled is not None else None
    if choice.type == "tool":
        if not any(tool.name == choice.name for tool in tools):
            raise CannotCarry(
                f"The chosen provider has no tool `{choice.name}`, which `tool_choice` forces.",
                param="tool_choice",
            )
        return ToolChoice(mode="tool", name=choice.name), parallel
    if choice.type not in _MODES:
        raise InvalidRequest(f"tool_choice.type: unknown value `{choice.type}`", param="tool_choice.type")
    return msgspec.convert({"mode": _MODES[choice.type]}, ToolChoice), parallel


def tool_of(tool: Tool, losses: Losses) -> dict[str, Any]:
    """The dialect's form of a tool. A schema must say that it is an object."""
    if tool.grammar is not None:
        losses.drop("tools.grammar")
    schema = tool.parameters or {"properties": {}}
    if isinstance(schema, dict) and "type" not in schema:
        schema = {"type": "object", **schema}
    found: dict[str, Any] = {"name": tool.name, "input_schema": schema}
    if tool.description:
        found["description"] = tool.description
    if tool.strict:
        found["strict"] = True
    if tool.cache is not None:
        found["cache_control"] = tool.cache
    return found


def choice_of(choice: ToolChoice | None, parallel: bool | None) -> dict[str, Any] | None:
    """The dialect's `tool_choice`. Parallel calls are its default; forbidding them needs a choice."""
    if choice is None:
        return {"type": "auto", "disable_parallel_tool_use": True} if parallel is False else None
    found: dict[str, Any] = (
        {"type": "tool", "name": choice.name} if choice.mode == "tool" else {"type": _WORDS[choice.mode]}
    )
    if parallel is False and choice.mode != "none":
        found["disable_parallel_tool_use"] = True
    return found
