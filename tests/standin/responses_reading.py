"""OpenAI Responses: reads and refuses requests as the vendor does."""

from typing import Any

from openai.types.responses.response_create_params import ResponseCreateParamsBase
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
from tests.standin.proofs import is_signed
from tests.standin.refusal import need, need_real
from tests.standin.schemas import check_schema

VENDOR = "openai"
# `client_metadata` is not in the published list; Codex sends it to the vendor.
KNOWN = frozenset(ResponseCreateParamsBase.__annotations__) | {"stream", "client_metadata"}
ROLES = ("user", "assistant", "system", "developer")
PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "reasoning": "rs",
}
_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
_OUTPUTS = {"function_call_output": "function_call", "custom_tool_call_output": "custom_tool_call"}
_SILENT = ("item_reference", "compaction", "web_search_call", "tool_search_call", "tool_search_output")


class ResponsesReader:
    """Reads requests and remembers stored conversations by response id."""

    def __init__(self) -> None:
        self.stored: dict[str, list[dict[str, Any]]] = {}

    def remember(self, response_id: str, prompt: Prompt, items: list[dict[str, Any]]) -> None:
        """Keeps a conversation for `previous_response_id`."""
        self.stored[response_id] = [*self._input(prompt.body), *items]

    def read(self, body: dict[str, Any], headers: dict[str, str]) -> Prompt:
        """The request as a prompt."""
        check_key(headers)
        model = check_model(body.get("model"))
        check_known(body, KNOWN)
        check_bounds(body)
        limit = body.get("max_output_tokens")
        least = f"Invalid 'max_output_tokens': expected a value >= 16, but got {limit} instead."
        need(limit is None or limit >= 16, least, "max_output_tokens", "integer_below_min_value")
        prompt = Prompt(model, [], body=body, stream=bool(body.get("stream")), max_tokens=limit)
        prompt.system = body.get("instructions") or ""
        prompt.tools = _tools(body.get("tools") or [], "tools")
        prompt.parallel = body.get("parallel_tool_calls") is not False
        prompt.thinks = bool(body.get("reasoning") and body["reasoning"].get("effort") not in ("none", None))
        items = self._input(body)
        _Items(prompt, stored=body.get("store") is not False).read(items)
        _read_choice(prompt, body.get("tool_choice"))
        _read_format(prompt, (body.get("text") or {}).get("format") or {"type": "text"})
        prompt.input_tokens = tokens.count_tree([prompt.system, items, body.get("tools") or []])
        return prompt

    def _input(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        given = body.get("input")
        need(
            given not in (None, []),
            "Missing required parameter: 'input'.",
            "input",
            "missing_required_parameter",
        )
        if isinstance(given, str):
            given = [{"role": "user", "content": given}]
        need(isinstance(given, list), "Invalid type for 'input'.", "input", "invalid_type")
        earlier = body.get("previous_response_id")
        if not earlier:
            return list(given)
        message = f"Previous response with id '{earlier}' not found."
        need_real(earlier in self.stored, message, "previous_response_id", "previous_response_not_found")
        return [*self.stored.get(earlier, []), *given]


def _tools(tools: list[dict[str, Any]], where: str, namespace: str | None = None) -> dict[str, Offered]:
    offered: dict[str, Offered] = {}
    for index, tool in enumerate(tools):
        at, kind = f"{where}[{index}]", tool.get("type")
        need(isinstance(kind, str), f"Missing required parameter: '{at}.type'.", f"{at}.type")
        if kind in ("function", "custom"):
            name = check_tool_name(tool.get("name"), f"{at}.name")
            schema = check_parameters(tool, f"{at}.parameters") if kind == "function" else None
            offered[name] = Offered(name, schema, custom=kind == "custom", namespace=namespace)
        elif kind == "namespace":
            offered |= _tools(tool.get("tools") or [], f"{at}.tools", tool.get("name"))
    return offered


def _read_choice(prompt: Prompt, choice: Any) -> None:
    if choice == "none":
        prompt.tools = {}
    elif choice == "required":
        need(prompt.tools, "Tool choice 'required' must be specified with 'tools' parameter.", "tool_choice")
        prompt.forced = "*"
    elif isinstance(choice, dict) and choice.get("type") in ("function", "custom"):
        known = choice.get("name") in prompt.tools
        need(known, f"Tool choice '{choice.get('name')}' not found in 'tools' parameter.", "tool_choice")
        prompt.forced = choice["name"]
    else:
        need(
            choice in (None, "auto") or isinstance(choice, dict), f"Invalid value: '{choice}'.", "tool_choice"
        )
    if prompt.results:
        prompt.forced = None


def _read_format(prompt: Prompt, wanted: dict[str, Any]) -> None:
    kind = wanted.get("type")
    if kind == "json_schema":
        check_tool_name(wanted.get("name"), "text.format.name")
        check_schema(wanted.get("schema"), "text.format.schema", strict=wanted.get("strict") is True)
        prompt.schema = wanted["schema"]
    elif kind == "json_object":
        told = "json" in prompt.all_text.lower()
        need(
            told,
            "Response input messages must contain the word 'json' to use the format 'json_object'.",
            "input",
        )
        prompt.wants_object = True
    else:
        need(kind == "text", f"Invalid value: '{kind}'.", "text.format.type", "invalid_value")


class _Items:
    """Walks the input items: turns for the prompt, and every call answered once."""

    def __init__(self, prompt: Prompt, *, stored: bool) -> None:
        self.prompt = prompt
        self.stored = stored
        self.waiting: dict[str, tuple[str, str]] = {}

    def read(self, items: list[dict[str, Any]]) -> None:
        """Reads all items; refuses calls that stay unanswered."""
        for index, item in enumerate(items):
            where = f"input[{index}]"
            kind = item.get("type") or ("message" if "role" in item else None)
            self._check_id(item, str(kind), where)
            if kind == "message":
                self._message(item, where)
            elif kind in _CALLS:
                self._call(item, str(kind), where)
            elif kind in _OUTPUTS:
                self._output(item, str(kind), where)
            elif kind == "reasoning":
                self._reasoning(item, where)
            else:
                need(kind in _SILENT, f"Invalid value: '{kind}'.", f"{where}.type", "invalid_value")
        missing = next(iter(self.waiting), None)
        need(missing is None, f"No tool output found for function call {missing}.", "input")

    def _check_id(self, item: dict[str, Any], kind: str, where: str) -> None:
        for name in ("id", "call_id"):
            short = len(item.get(name) or "") <= 64
            need(
                short,
                f"Invalid '{where}.{name}': string too long.",
                f"{where}.{name}",
                "string_above_max_length",
            )
        prefix, given = PREFIXES.get(kind), item.get("id")
        if prefix and given is not None:
            message = f"Invalid '{where}.id': '{given}'. Expected an ID that begins with '{prefix}'."
            need(given.startswith(prefix), message, f"{where}.id", "invalid_value")

    def _message(self, item: dict[str, Any], where: str) -> None:
        role = item.get("role")
        need(role in ROLES, f"Invalid value: '{role}'.", f"{where}.role", "invalid_value")
        turn = Turn(str(role))
        content = item.get("content")
        if isinstance(content, str):
            turn.text = content
        else:
            need(isinstance(content, list), f"Missing required parameter: '{where}.content'.", where)
            for number, part in enumerate(content):
                _part(turn, part, f"{where}.content[{number}]")
        if role in ("system", "developer"):
            self.prompt.system += turn.text
        else:
            self.prompt.turns.append(turn)

    def _call(self, item: dict[str, Any], kind: str, where: str) -> None:
        for name in ("call_id", "name", _CALLS[kind]):
            given = isinstance(item.get(name), str)
            need(given, f"Missing required parameter: '{where}.{name}'.", f"{where}.{name}")
        self.waiting[item["call_id"]] = (kind, item["name"])
        self.prompt.turns.append(Turn("assistant", calls=[item["name"]]))

    def _output(self, item: dict[str, Any], kind: str, where: str) -> None:
        call_id = item.get("call_id")
        asked, name = self.waiting.pop(str(call_id), ("", ""))
        fits = asked == _OUTPUTS[kind]
        need(fits, f"No tool call found for function call output with call_id {call_id}.", where)
        output = item.get("output")
        turn = Turn("tool")
        if isinstance(output, str):
            turn.text = output
        else:
            need(isinstance(output, list), f"Missing required parameter: '{where}.output'.", where)
            for number, part in enumerate(output):
                _part(turn, part, f"{where}.output[{number}]")
        turn.results.append(Result(name, " ".join([turn.text, *turn.pictures]).strip()))
        self.prompt.turns.append(turn)

    def _reasoning(self, item: dict[str, Any], where: str) -> None:
        need(isinstance(item.get("summary"), list), f"Missing required parameter: '{where}.summary'.", where)
        item_id, proof = item.get("id"), item.get("encrypted_content")
        if proof is None:
            gone = (
                f"Item with id '{item_id}' not found. Items are not persisted when `store` is set to false."
            )
            need(self.stored, gone, "input")
            return
        good = is_signed(VENDOR, str(item_id), proof)
        need(
            good,
            f"The encrypted content for item {item_id} could not be verified.",
            None,
            "invalid_encrypted_content",
        )


def _part(turn: Turn, part: dict[str, Any], where: str) -> None:
    kind = part.get("type")
    said = ("output_text", "refusal")
    kinds = said if turn.role == "assistant" else ("input_text", "input_image", "input_file")
    named = " and ".join(f"'{k}'" for k in kinds)
    need(kind in kinds, f"Invalid value: '{kind}'. Supported values are: {named}.", where, "invalid_value")
    if kind in ("input_text", "output_text"):
        need(isinstance(part.get("text"), str), f"Missing required parameter: '{where}.text'.", where)
        turn.text += part["text"]
    elif kind == "input_image" and not part.get("file_id"):
        turn.pictures.append(pictures.describe_url(part.get("image_url"), where))
