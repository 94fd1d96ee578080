"""Reads what routing needs of a request, without building its tree."""

import re
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import Outline
from pointsman.core.features import Need
from pointsman.gateway.dialects import aider
from pointsman.gateway.dialects.labels import labels_of
from pointsman.gateway.dialects.openai_bodies import agent_of, checked, missing
from pointsman.gateway.dialects.openai_chat.wire import ABSENT

LEADING_CHARS = 2000
IMAGE_TOKENS = 1000
"""What a picture or a file is taken to cost, whatever the length of its base64 text."""
AUDIO_CHARS_PER_TOKEN = 2000
"""Base64 characters of sound for each token it is taken to cost."""

_BYTES_PER_TOKEN = 4
_INSTRUCTING = frozenset(["system", "developer"])
_MEDIA_WORDS = (b'"image_url"', b'"input_audio"', b'"file"')
_HARNESS = re.compile(r"\s*<(?:system-reminder|environment_details|environment_context)>")
"""How a piece begins which a coding agent adds in the user's name."""


class _Message(Struct, gc=False):
    role: str
    content: Raw = ABSENT
    tool_call_id: str | None = None


class _Named(Struct, gc=False):
    name: str | None = None


class _Tool(Struct, gc=False):
    type: str = "function"
    function: _Named | None = None
    custom: _Named | None = None


class _Format(Struct, gc=False):
    type: str = "text"


class _Body(Struct, gc=False):
    model: str | None = None
    messages: list[_Message] | None = None
    stream: bool | None = None
    tools: list[_Tool] | None = None
    functions: list[_Named] | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    response_format: _Format | None = None
    logprobs: bool | None = None
    n: int | None = None
    modalities: list[str] | None = None
    prompt_cache_key: str | None = None
    safety_identifier: str | None = None
    user: str | None = None
    metadata: dict[str, Raw] | None = None


class _Piece(Struct, gc=False):
    type: str = ""
    text: str | None = None


class _Payload(Struct, gc=False):
    url: Raw = ABSENT
    data: Raw = ABSENT
    file_data: Raw = ABSENT


class _MediaPiece(Struct, gc=False):
    type: str = ""
    image_url: _Payload | str | None = None
    input_audio: _Payload | None = None
    file: _Payload | None = None


_Content = str | list[_Piece] | None

_BODY: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)
_CONTENT: msgspec.json.Decoder[_Content] = msgspec.json.Decoder(_Content)
_MEDIA: msgspec.json.Decoder[list[_MediaPiece]] = msgspec.json.Decoder(list[_MediaPiece])


class _Media:
    """Sums up pictures, sound and files: what they need, their base64 characters, their tokens."""

    __slots__ = ("characters", "needs", "tokens")

    def __init__(self) -> None:
        self.needs = self.characters = self.tokens = 0

    def add(self, piece: _MediaPiece) -> None:
        if piece.type == "image_url" and piece.image_url is not None:
            self.needs |= Need.IMAGES
            self.tokens += IMAGE_TOKENS
            image = piece.image_url
            self.characters += len(image) if isinstance(image, str) else len(bytes(image.url))
        elif piece.type == "input_audio" and piece.input_audio is not None:
            self.needs |= Need.AUDIO
            length = len(bytes(piece.input_audio.data))
            self.tokens += length // AUDIO_CHARS_PER_TOKEN
            self.characters += length
        elif piece.type == "file" and piece.file is not None:
            self.needs |= Need.DOCUMENTS
            self.tokens += IMAGE_TOKENS
            self.characters += len(bytes(piece.file.file_data))


_NO_MEDIA = _Media()


def outline(body: bytes) -> Outline:
    """What routing needs. Raises `InvalidRequest` for a body that is not this dialect's."""
    request = checked(_BODY, body)
    if not request.model:
        raise missing("model")
    messages = request.messages
    if not messages:
        raise missing("messages")
    instructing, humans, in_pieces = _sorted_out(messages)
    media = _media(messages, in_pieces) if in_pieces else _NO_MEDIA
    first_user = _first_text(humans)
    if first_user.startswith(aider.EXAMPLES):
        humans = humans[aider.after_examples([_text_of(one) for one in humans]) :]
        first_user = _first_text(humans)
    return Outline(
        model=request.model,
        stream=bool(request.stream),
        system=_first_text(instructing),
        first_user=first_user,
        last_user=first_user if len(humans) < 2 else _first_text(reversed(humans)),
        last_role="tool" if messages[-1].role == "function" else messages[-1].role,
        message_count=len(messages),
        tool_names=_tool_names(request),
        needs=_needs(request) | media.needs,
        context_tokens=(len(body) - media.characters) // _BYTES_PER_TOKEN + media.tokens,
        max_output_tokens=request.max_completion_tokens or request.max_tokens,
        agent_hint=agent_of(request.metadata),
        cache_key=request.prompt_cache_key,
        user=request.safety_identifier or request.user,
        answered_calls=_answered(messages),
        labels=labels_of(request.metadata),
    )


def _tool_names(request: _Body) -> tuple[str, ...]:
    names = [function.name or "" for function in request.functions or ()]
    for tool in request.tools or ():
        named = tool.function or tool.custom
        names.append((named.name if named is not None else None) or tool.type)
    return tuple(names)


def _needs(request: _Body) -> int:
    needs = 0
    tools = request.tools
    if request.functions or (tools and any(tool.function or tool.custom for tool in tools)):
        needs |= Need.TOOLS
    if request.response_format is not None and request.response_format.type == "json_schema":
        needs |= Need.JSON_SCHEMA
    if request.logprobs:
        needs |= Need.LOGPROBS
    if (request.n or 1) > 1:
        needs |= Need.SEVERAL_CHOICES
    if request.modalities is not None and "audio" in request.modalities:
        needs |= Need.AUDIO
    return int(needs)


def _sorted_out(messages: list[_Message]) -> tuple[list[_Message], list[_Message], list[int]]:
    """The messages that instruct, those of humans, and the places of those whose content is a list."""
    instructing: list[_Message] = []
    humans: list[_Message] = []
    in_pieces: list[int] = []
    for index, message in enumerate(messages):
        if message.role == "user":
            humans.append(message)
        elif message.role in _INSTRUCTING:
            instructing.append(message)
        if memoryview(message.content)[:1].tobytes() == b"[":
            in_pieces.append(index)
    return instructing, humans, in_pieces


def _media(messages: list[_Message], in_pieces: list[int]) -> _Media:
    """Content without the words of such pieces is not searched: inside a JSON string the closing quote
    would be escaped."""
    media = _Media()
    for index in in_pieces:
        content = bytes(messages[index].content)
        if any(word in content for word in _MEDIA_WORDS):
            for piece in checked(_MEDIA, content, f"messages[{index}].content"):
                media.add(piece)
    return media


def _first_text(messages: Iterable[_Message]) -> str:
    """The leading text of the first of `messages` that says something."""
    for message in messages:
        text = _text_of(message)
        if text and not aider.is_notice(text):
            return aider.without_rules(text[:LEADING_CHARS])
    return ""


def _text_of(message: _Message) -> str:
    if message.content is ABSENT:
        return ""
    return _said(checked(_CONTENT, message.content, "messages.content"))


def _said(content: _Content) -> str:
    """The text, less the pieces that a harness added."""
    if content is None or isinstance(content, str):
        return content or ""
    texts = [piece.text for piece in content if piece.text]
    return "\n".join([text for text in texts if not _HARNESS.match(text)])


def _answered(messages: Sequence[_Message]) -> tuple[str, ...]:
    """The calls whose results came since the assistant spoke last."""
    calls: list[str] = []
    for message in reversed(messages):
        if message.role == "assistant":
            break
        if message.role == "tool" and message.tool_call_id:
            calls.append(message.tool_call_id)
    return tuple(reversed(calls))
