"""Reads what routing needs of a request, without building its tree."""

import re
from collections.abc import Iterable

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import Outline
from pointsman.core.errors import InvalidRequest
from pointsman.core.features import Need
from pointsman.gateway.dialects.labels import labels_of
from pointsman.gateway.dialects.openai_bodies import agent_of, checked
from pointsman.gateway.dialects.openai_responses.namespaces import flat_name

LEADING_CHARS = 2000
IMAGE_TOKENS = 1000
"""What a picture is taken to cost, whatever the length of its base64 text."""

_BYTES_PER_TOKEN = 4
_TEXT_TYPES = frozenset({"input_text", "output_text", "text"})
_CALLED_TOOLS = frozenset({"function", "custom", "namespace"})
_HARNESS = re.compile(
    r"\s*(?:<(?:environment_context|permissions[ _]instructions|user_instructions|skills?_instructions"
    r"|apps_instructions|plugins_instructions|collaboration_mode|turn_aborted|user_shell_command"
    r"|subagent_notification|skill|INSTRUCTIONS)\b|# AGENTS\.md instructions)"
)
"""How a coding agent's own messages begin, which it sends in the user's or the developer's name."""


_ABSENT = Raw()


class _Entry(Struct, gc=False):
    type: str | None = None
    role: str | None = None
    content: Raw = _ABSENT
    call_id: str | None = None
    output: Raw = _ABSENT


class _NestedTool(Struct, gc=False):
    name: str = ""


class _Tool(Struct, gc=False):
    type: str = "function"
    name: str | None = None
    tools: list[_NestedTool] = []


class _Format(Struct, gc=False):
    type: str = "text"


class _Text(Struct, gc=False):
    format: _Format | None = None


class _Body(Struct, gc=False):
    model: str | None = None
    input: str | list[_Entry] | None = None
    instructions: str | None = None
    stream: bool | None = None
    tools: list[_Tool] | None = None
    text: _Text | None = None
    max_output_tokens: int | None = None
    top_logprobs: int | None = None
    prompt_cache_key: str | None = None
    safety_identifier: str | None = None
    user: str | None = None
    metadata: dict[str, Raw] | None = None
    prompt: Raw = _ABSENT
    previous_response_id: Raw = _ABSENT
    conversation: Raw = _ABSENT


class _Piece(Struct, gc=False):
    type: str = ""
    text: str | None = None
    image_url: str | None = None
    file_data: str | None = None


_BODY: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)
_CONTENT: msgspec.json.Decoder[str | list[_Piece] | None] = msgspec.json.Decoder(str | list[_Piece] | None)


def outline(body: bytes) -> Outline:
    """What routing needs. Raises `InvalidRequest` for a body that is not this dialect's."""
    request = checked(_BODY, body)
    if not request.model:
        raise InvalidRequest("Missing required parameter: `model`.", code="missing_field", param="model")
    entries = _entries(request)
    tool_names, needs = _tools(request)
    media_needs, media_bytes, pictures = _media(entries, body)
    answered, last_role = _tail(entries)
    return Outline(
        model=request.model,
        stream=bool(request.stream),
        system=(request.instructions or _first_text(entries, ("developer", "system")))[:LEADING_CHARS],
        first_user=_first_text(entries, ("user",))[:LEADING_CHARS],
        last_user=_first_text(reversed(entries), ("user",))[:LEADING_CHARS],
        last_role=last_role,
        message_count=len(entries) + (1 if request.instructions else 0),
        tool_names=tool_names,
        needs=needs | media_needs,
        context_tokens=(len(body) - media_bytes) // _BYTES_PER_TOKEN + pictures * IMAGE_TOKENS,
        max_output_tokens=request.max_output_tokens,
        agent_hint=agent_of(request.metadata),
        cache_key=request.prompt_cache_key,
        user=request.safety_identifier or request.user,
        answered_calls=answered,
        labels=labels_of(request.metadata),
    )


def _entries(request: _Body) -> list[_Entry]:
    """The input as a list. Raises if there is neither an input nor anything that stands for one."""
    given = request.input
    if given is None:
        stored = (request.prompt, request.previous_response_id, request.conversation)
        if all(bytes(raw) in (b"", b"null") for raw in stored):
            message = "Missing required parameter: `input`."
            raise InvalidRequest(message, code="missing_field", param="input")
        return []
    if isinstance(given, str):
        return [_Entry(role="user", content=Raw(msgspec.json.encode(given)))]
    return given


def _tools(request: _Body) -> tuple[tuple[str, ...], int]:
    names: list[str] = []
    needs = 0
    for tool in request.tools or ():
        if tool.type == "namespace":
            names += [flat_name(tool.name or "", nested.name) for nested in tool.tools]
        else:
            names.append(tool.name or tool.type)
        if tool.type in _CALLED_TOOLS:
            needs |= Need.TOOLS
    if request.text is not None and request.text.format is not None:
        needs |= Need.JSON_SCHEMA if request.text.format.type == "json_schema" else 0
    if request.top_logprobs:
        needs |= Need.LOGPROBS
    return tuple(names), int(needs)


def _content(raw: Raw, at: str) -> str | list[_Piece]:
    return "" if raw is _ABSENT else checked(_CONTENT, raw, at) or ""


def _human_text(entry: _Entry) -> str:
    """The entry's text without what a harness put in."""
    content = _content(entry.content, "input.content")
    if isinstance(content, str):
        return "" if _HARNESS.match(content) else content
    texts = [piece.text for piece in content if piece.text and piece.type in _TEXT_TYPES]
    return "\n".join([text for text in texts if not _HARNESS.match(text)])


def _is_harness(entry: _Entry) -> bool:
    """Whether nothing in the entry comes from a human or a model."""
    if entry.role is None or entry.role == "assistant":
        return False
    content = _content(entry.content, "input.content")
    if isinstance(content, str):
        return _HARNESS.match(content) is not None
    return bool(content) and all(piece.text and _HARNESS.match(piece.text) for piece in content)


def _first_text(entries: Iterable[_Entry], roles: tuple[str, ...]) -> str:
    for entry in entries:
        if entry.role in roles:
            text = _human_text(entry)
            if text:
                return text
    return ""


def _media(entries: list[_Entry], body: bytes) -> tuple[int, int, int]:
    """Needs, bytes of base64, and pictures. Bodies without the words of such parts are not searched:
    inside a JSON string the closing quote would be escaped."""
    has_images = b'"input_image"' in body
    if not has_images and b'"input_file"' not in body:
        return 0, 0, 0
    needs = media_bytes = pictures = 0
    for entry in entries:
        raw = entry.content if entry.output is _ABSENT else entry.output
        if not bytes(raw).startswith(b"["):
            continue
        for piece in _content(raw, "input.content"):
            if isinstance(piece, str):
                continue
            if piece.type == "input_image":
                needs |= Need.IMAGES
                pictures += 1
                media_bytes += len(piece.image_url or "")
            elif piece.type == "input_file":
                needs |= Need.DOCUMENTS
                pictures += 1 if piece.file_data else 0
                media_bytes += len(piece.file_data or "")
    return int(needs), media_bytes, pictures


def _tail(entries: list[_Entry]) -> tuple[tuple[str, ...], str]:
    """The calls which the last entries answer, and who spoke last. A harness's entries do not count."""
    calls: list[str] = []
    role = ""
    for entry in reversed(entries):
        if entry.type is not None and entry.type.endswith("_output"):
            role = role or "tool"
            if entry.call_id:
                calls.append(entry.call_id)
        elif role or not _is_harness(entry):
            role = role or entry.role or "assistant"
            break
    return tuple(reversed(calls)), role or "user"
