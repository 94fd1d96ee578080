"""Bodies, streams and checks which the tests of the Responses dialect share."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from pointsman.core.chat import ChatRequest, Message, Text
from pointsman.core.stream import StreamEvent
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_responses import CODEC

ROOT = Path(__file__).resolve().parents[4]
SPEC = ROOT.parent / "shared" / "specs" / "openai-subset.json"

_SDK_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)

APPLY_PATCH = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edits files with a patch written as plain text.",
    "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin" LINE+ "*** End"'},
}
EXEC = {
    "type": "function",
    "name": "exec_command",
    "description": "Runs a command.",
    "strict": False,
    "parameters": {"type": "object", "properties": {"cmd": {"type": "string"}}, "required": ["cmd"]},
}
AGENTS = {
    "type": "namespace",
    "name": "multi_agent_v1",
    "description": "Helpers.",
    "tools": [{"type": "function", "name": "spawn", "parameters": {"type": "object"}}],
}


def said(role: str, text: str) -> dict[str, Any]:
    """A message item."""
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def codex_body(**changes: Any) -> dict[str, Any]:
    """A request as Codex sends it in the middle of a tool loop; fields set to None are left out."""
    body: dict[str, Any] = {
        "model": "gpt-5.5",
        "instructions": "",
        "input": [
            said("developer", "You are a coding agent running in the Codex CLI"),
            said("developer", "<permissions instructions>\nwrites are allowed\n</permissions instructions>"),
            said("user", "<environment_context>\n<cwd>/repo</cwd>\n</environment_context>"),
            said("user", "Make the parser accept tabs"),
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [{"type": "summary_text", "text": "look first"}],
                "content": None,
                "encrypted_content": "gAAA==",
            },
            {**said("assistant", "I look at the parser."), "id": "msg_1", "phase": "commentary"},
            {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "call_1",
                "name": "exec_command",
                "arguments": '{"cmd":"cat parser.py"}',
            },
            {
                "type": "custom_tool_call",
                "id": "ctc_1",
                "call_id": "call_2",
                "name": "apply_patch",
                "input": "*** Begin\nx\n*** End",
            },
            {"type": "function_call_output", "call_id": "call_1", "output": "Process exited with code 0"},
            {"type": "custom_tool_call_output", "call_id": "call_2", "output": "Done"},
        ],
        "tools": [EXEC, APPLY_PATCH, AGENTS, {"type": "web_search", "external_web_access": True}],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "0199-session",
        "client_metadata": {"x-codex-installation-id": "i"},
        "text": {"verbosity": "low"},
    }
    body.update(changes)
    return deepcopy({name: value for name, value in body.items() if value is not None})


def as_json(value: Any) -> bytes:
    """The value as a body."""
    return json.dumps(value).encode()


def decoded(**changes: Any) -> ChatRequest:
    """The canonical form of `codex_body`."""
    return CODEC.decode_request(as_json(codex_body(**changes)))


def plain_request(**fields: Any) -> ChatRequest:
    """A canonical request with one user message."""
    fields.setdefault("messages", [Message(role="user", parts=[Text(text="hi")])])
    return ChatRequest(model="m", **fields)


def upstream_body(request: ChatRequest, losses: Losses | None = None) -> Any:
    """What a provider would be sent."""
    return json.loads(CODEC.encode_request(request, losses or Losses()))


def stream_of(events: list[StreamEvent], request: ChatRequest | None = None) -> bytes:
    """The whole stream a client would get."""
    encoder = CODEC.stream_encoder(request or plain_request(), "req_01abc", Losses())
    return encoder.encode(events) + encoder.finish()


def payloads(stream: bytes) -> list[dict[str, Any]]:
    """The data of each event; checks that its name is its type."""
    found = []
    for block in stream.decode().split("\n\n"):
        if block.startswith("event: "):
            name, _, data = block.partition("\n")
            value = json.loads(data.removeprefix("data: "))
            assert name == f"event: {value['type']}"
            found.append(value)
    return found


@cache
def schema(name: str) -> jsonschema_rs.Draft202012Validator:
    """A validator for one schema of OpenAI's published description."""
    if not SPEC.exists():
        pytest.skip("the published API description is not at hand")
    components = json.loads(SPEC.read_bytes())["components"]
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": components}
    )


@cache
def event_schemas() -> dict[str, str]:
    """Event type to the name of its schema."""
    if not SPEC.exists():
        pytest.skip("the published API description is not at hand")
    schemas = json.loads(SPEC.read_bytes())["components"]["schemas"]
    names = [choice["$ref"].rpartition("/")[2] for choice in schemas["ResponseStreamEvent"]["anyOf"]]
    return {schemas[name]["properties"]["type"]["enum"][0]: name for name in names}


def assert_sdk_reads(stream: bytes) -> None:
    """Every event has all the fields that OpenAI's SDK demands."""
    for value in payloads(stream):
        _SDK_EVENT.validate_python(value)


def assert_sdk_reads_response(body: bytes) -> Response:
    """The object has all the fields that OpenAI's SDK demands."""
    return TypeAdapter(Response).validate_json(body)
