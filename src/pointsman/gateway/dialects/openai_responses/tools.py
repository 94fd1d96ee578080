"""The tools a request offers and its wish among them."""

from typing import Any

import msgspec
from msgspec import Struct, field

from pointsman.core.chat import Json, Tool, ToolChoice
from pointsman.core.errors import CannotCarry, InvalidRequest
from pointsman.gateway.dialects.openai_bodies import misfit
from pointsman.gateway.dialects.openai_responses.namespaces import Place, flat_names


class Offer(Struct):
    """Tools with a canonical form under their flat names, the choice, the flat names by place, and the
    provider's own tools (`tools.web_search`) that no other dialect has."""

    tools: list[Tool]
    choice: ToolChoice | None
    names: dict[Place, str]
    extra: dict[str, Json]


class _WireTool(Struct):
    type: str = "function"
    name: str = ""
    description: str | None = None
    parameters: Json = None
    strict: bool | None = None
    format: Json = None


class _Group(Struct):
    name: str
    tools: list[dict[str, Any]]


class _Choice(Struct):
    type: str = ""
    name: str | None = None
    namespace: str | None = None
    mode: str = "auto"
    tools: list[dict[str, Any]] = field(default_factory=list)


def read_offer(tools: list[dict[str, Any]], choice: str | dict[str, Any] | None) -> Offer:
    """The canonical offer. Raises `InvalidRequest`, and `CannotCarry` for a forced tool that is the
    provider's own."""
    for index, tool in enumerate(tools):
        if tool.get("type") == "namespace":
            _convert(tool, _Group, f"tools[{index}]")
    offer = Offer(tools=[], choice=None, names=flat_names(tools), extra={})
    for index, tool in enumerate(tools):
        _add(offer, tool, f"tools[{index}]")
    if isinstance(choice, str):
        offer.choice = _plain_choice(choice)
    elif choice is not None:
        _apply_choice(offer, _convert(choice, _Choice, "tool_choice"))
    return offer


def _add(offer: Offer, tool: dict[str, Any], at: str) -> None:
    kind = tool.get("type", "function")
    if kind in ("function", "custom"):
        offer.tools.append(_tool(_convert(tool, _WireTool, at), at))
    elif kind == "namespace":
        namespace = str(tool.get("name"))
        for index, nested in enumerate(tool.get("tools") or ()):
            inner = _tool(_convert(nested, _WireTool, f"{at}.tools[{index}]"), at)
            inner.name = offer.names[namespace, inner.name]
            offer.tools.append(inner)
    else:
        offer.extra[f"tools.{kind}"] = tool


def _convert(value: Any, shape: type[Any], at: str) -> Any:
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise misfit(error, at) from None


def _tool(tool: _WireTool, at: str) -> Tool:
    if not tool.name:
        message = f"Missing required parameter: `{at}.name`."
        raise InvalidRequest(message, code="missing_field", param=f"{at}.name")
    custom = tool.type == "custom"
    return Tool(
        name=tool.name,
        description=tool.description,
        parameters=None if custom else tool.parameters,
        strict=None if custom else tool.strict,
        custom=custom,
        grammar=tool.format if custom else None,
    )


def _plain_choice(mode: str) -> ToolChoice:
    if mode == "auto":
        return ToolChoice(mode="auto")
    if mode == "none":
        return ToolChoice(mode="none")
    if mode == "required":
        return ToolChoice(mode="required")
    message = f"Unknown value `{mode}`: `tool_choice` is `auto`, `none`, `required` or an object."
    raise InvalidRequest(message, code="invalid_value", param="tool_choice")


def _apply_choice(offer: Offer, choice: _Choice) -> None:
    if choice.type in ("function", "custom"):
        offer.choice = ToolChoice(mode="tool", name=_chosen(offer, choice))
    elif choice.type == "allowed_tools":
        _narrow(offer, choice)
    else:
        raise CannotCarry(
            f"`tool_choice` demands the provider's own tool `{choice.type}`, which no other model has.",
            param="tool_choice",
        )


def _chosen(offer: Offer, choice: _Choice) -> str:
    name = choice.name or ""
    return offer.names.get((choice.namespace or "", name), name)


def _narrow(offer: Offer, choice: _Choice) -> None:
    """Offers only the allowed tools: the same meaning for a dialect without such a choice."""
    allowed = {_chosen(offer, _convert(tool, _Choice, "tool_choice.tools")) for tool in choice.tools}
    groups = {tool.get("name") for tool in choice.tools if tool.get("type") == "namespace"}
    grouped = {flat for (namespace, _), flat in offer.names.items() if namespace in groups}
    offer.tools = [tool for tool in offer.tools if tool.name in allowed | grouped]
    offer.choice = _plain_choice(choice.mode)
