"""The tools a request offers and its wish among them, both ways."""

from typing import Any

import msgspec
from msgspec import Struct, field

from pointsman.core.chat import Json, Tool, ToolChoice
from pointsman.core.errors import CannotCarry, InvalidRequest
from pointsman.gateway.dialects.openai_bodies import misfit, missing


class Offer(Struct):
    """Tools with a canonical form, the choice among them, and the provider's own tools (`tools.web_search`)
    that no other dialect has."""

    tools: list[Tool]
    choice: ToolChoice | None
    extra: dict[str, Json]


class _Definition(Struct):
    name: str = ""
    description: str | None = None
    parameters: Json = None
    strict: bool | None = None
    format: Json = None


class _WireTool(Struct):
    type: str = "function"
    function: _Definition | None = None
    custom: _Definition | None = None


class _Name(Struct):
    name: str = ""


class _Allowed(Struct):
    mode: str = "auto"
    tools: list["_Choice"] = field(default_factory=list)


class _Choice(Struct):
    type: str = "function"
    function: _Name | None = None
    custom: _Name | None = None
    name: str | None = None
    allowed_tools: _Allowed | None = None

    @property
    def chosen(self) -> str:
        """The name of the one tool it means."""
        inner = self.function or self.custom
        return (inner.name if inner is not None else self.name) or ""


def read_offer(tools: list[dict[str, Any]], choice: str | dict[str, Any] | None) -> Offer:
    """The canonical offer. Raises `InvalidRequest`, and `CannotCarry` for a forced tool that is the
    provider's own."""
    offer = Offer(tools=[], choice=None, extra={})
    for index, tool in enumerate(tools):
        at = f"tools[{index}]"
        wire = _convert(tool, _WireTool, at)
        definition = wire.custom if wire.type == "custom" else wire.function
        if wire.type not in ("function", "custom"):
            offer.extra[f"tools.{wire.type}"] = tool
        elif definition is None or not definition.name:
            raise missing(f"{at}.{wire.type}.name")
        else:
            offer.tools.append(_tool(definition, custom=wire.type == "custom"))
    if isinstance(choice, str):
        offer.choice = plain_choice(choice, "tool_choice")
    elif choice is not None:
        _choose(offer, _convert(choice, _Choice, "tool_choice"))
    return offer


def read_functions(functions: list[dict[str, Any]], choice: str | dict[str, Any] | None) -> Offer:
    """The offer of a request in the older form."""
    tools = [{"type": "function", "function": function} for function in functions]
    offer = read_offer(tools, None)
    if isinstance(choice, str):
        offer.choice = plain_choice(choice, "function_call")
    elif choice is not None:
        named = _convert(choice, _Name, "function_call")
        offer.choice = ToolChoice(mode="tool", name=named.name)
    return offer


def _convert(value: Any, shape: type[Any], at: str) -> Any:
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise misfit(error, at) from None


def _tool(found: _Definition, *, custom: bool) -> Tool:
    if custom:
        grammar = _flat(found.format)
        return Tool(name=found.name, description=found.description, custom=True, grammar=grammar)
    return Tool(
        name=found.name, description=found.description, parameters=found.parameters, strict=found.strict
    )


def _flat(wanted: Json) -> Json:
    """The canonical form of a custom tool's `format`, which this dialect nests."""
    if not isinstance(wanted, dict) or not isinstance(wanted.get("grammar"), dict):
        return wanted
    return {"type": "grammar", **wanted["grammar"]}


def _nested(wanted: Json) -> Json:
    if not isinstance(wanted, dict) or wanted.get("type") != "grammar" or "grammar" in wanted:
        return wanted
    return {"type": "grammar", "grammar": {k: v for k, v in wanted.items() if k != "type"}}


def plain_choice(mode: str, at: str) -> ToolChoice:
    """The choice that a word means. Raises `InvalidRequest`."""
    if mode == "auto":
        return ToolChoice(mode="auto")
    if mode == "none":
        return ToolChoice(mode="none")
    if mode in ("required", "any"):
        return ToolChoice(mode="required")
    message = f"Unknown value `{mode}`: `{at}` is `auto`, `none`, `required` or an object."
    raise InvalidRequest(message, code="invalid_value", param=at)


def _choose(offer: Offer, choice: _Choice) -> None:
    if choice.type == "allowed_tools":
        allowed = choice.allowed_tools or _Allowed()
        names = {tool.chosen for tool in allowed.tools}
        offer.tools = [tool for tool in offer.tools if tool.name in names]
        offer.choice = plain_choice(allowed.mode, "tool_choice.allowed_tools.mode")
    elif choice.type in ("function", "custom"):
        if not choice.chosen:
            raise missing(f"tool_choice.{choice.type}.name")
        offer.choice = ToolChoice(mode="tool", name=choice.chosen)
    else:
        raise CannotCarry(
            f"`tool_choice` demands the provider's own tool `{choice.type}`, which no other model has.",
            param="tool_choice",
        )


def tool_of(tool: Tool) -> dict[str, Any]:
    """The dialect's form of a tool."""
    found: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        found["description"] = tool.description
    if tool.custom:
        if tool.grammar is not None:
            found["format"] = _nested(tool.grammar)
        return {"type": "custom", "custom": found}
    found["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    if tool.strict is not None:
        found["strict"] = tool.strict
    return {"type": "function", "function": found}


def choice_of(choice: ToolChoice, tools: list[Tool]) -> str | dict[str, Any]:
    """The dialect's `tool_choice`."""
    if choice.mode != "tool":
        return choice.mode
    custom = any(tool.custom and tool.name == choice.name for tool in tools)
    kind = "custom" if custom else "function"
    return {"type": kind, kind: {"name": choice.name}}
