"""Reads what routing needs of a request, without building its tree."""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import LABELS, Outline
from pointsman.core.errors import InvalidRequest
from pointsman.core.features import Need
from pointsman.gateway.dialects.anthropic.wire import ABSENT, missing
from pointsman.gateway.dialects.dotted import checked
from pointsman.gateway.dialects.labels import labels_of

LEADING_CHARS = 2000
IMAGE_TOKENS = 1500
"""What a picture is taken to cost, whatever the length of its base64 text."""
DOCUMENT_CHARS_PER_TOKEN = 40
"""Base64 characters of a document for each token it is taken to cost."""
ATTRIBUTION = "x-anthropic-billing-header"
"""How the system block begins by which Claude Code says its version; it is no part of the prompt."""

_BYTES_PER_TOKEN = 4
_REMINDER, _REMINDER_END = "<system-reminder>", "</system-reminder>"
_SESSION = "_session_"
_CALLED_TOOLS = (None, "custom")


class _Message(Struct, gc=False):
    role: str
    content: Raw


class _Tool(Struct, gc=False):
    type: str | None = None
    name: str | None = None


class _Format(Struct, gc=False):
    type: str = ""


class _OutputConfig(Struct, gc=False):
    format: _Format | None = None


class _Metadata(Struct, gc=False):
    user_id: str | None = None
    agent_id: str | None = None
    task_type: Raw = ABSENT
    priority: Raw = ABSENT
    domain: Raw = ABSENT
    complexity: Raw = ABSENT


class _Body(Struct, gc=False):
    model: str | None = None
    messages: list[_Message] | None = None
    system: Raw = ABSENT
    stream: bool | None = None
    tools: list[_Tool] | None = None
    max_tokens: int | None = None
    metadata: _Metadata | None = None
    output_config: _OutputConfig | None = None
    output_format: _Format | None = None


class _Block(Struct, gc=False):
    type: str
    text: str | None = None
    tool_use_id: str | None = None


class _MediaSource(Struct, gc=False):
    type: str = ""
    data: Raw = ABSENT


class _MediaBlock(Struct, gc=False):
    type: str
    source: Raw = ABSENT
    content: Raw = ABSENT


class _Session(Struct, gc=False):
    session_id: str | None = None


_Content = str | list[_Block] | None

_BODY: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)
_CONTENT: msgspec.json.Decoder[_Content] = msgspec.json.Decoder(_Content)
_MEDIA: msgspec.json.Decoder[list[_MediaBlock]] = msgspec.json.Decoder(list[_MediaBlock])
_SOURCE: msgspec.json.Decoder[_MediaSource] = msgspec.json.Decoder(_MediaSource)
_SESSION_ID: msgspec.json.Decoder[_Session] = msgspec.json.Decoder(_Session)


class _Media:
    """Sums up pictures and documents: what they need, their base64 characters, their estimated tokens."""

    __slots__ = ("characters", "needs", "tokens")

    def __init__(self) -> None:
        self.needs = self.characters = self.tokens = 0

    def add(self, content: Raw, at: str) -> None:
        if not bytes(content).startswith(b"["):
            return
        for block in checked(_MEDIA, content, at):
            if block.type == "image":
                self.needs |= Need.IMAGES
                self._add_base64(block.source)
                self.tokens += IMAGE_TOKENS
            elif block.type == "document":
                self.needs |= Need.DOCUMENTS
                self.tokens += self._add_base64(block.source) // DOCUMENT_CHARS_PER_TOKEN
            elif block.type == "tool_result" and block.content is not ABSENT:
                self.add(block.content, at)

    def _add_base64(self, raw: Raw) -> int:
        if not bytes(raw).startswith(b"{"):
            return 0
        source = checked(_SOURCE, raw, "messages.source")
        length = len(bytes(source.data)) if source.type == "base64" else 0
        self.characters += length
        return length


def outline(body: bytes) -> Outline:
    """What routing needs. Raises `InvalidRequest` for a body that is not this dialect's. A missing
    `max_tokens` is no fault here: a request to count tokens has none."""
    request = checked(_BODY, body)
    if not request.model:
        raise missing("model")
    messages = request.messages
    if messages is None:
        raise missing("messages")
    if not messages:
        raise InvalidRequest("messages: the list is empty", code="missing_field", param="messages")
    media = _media(messages, body)
    answered, last_role = _tail(messages)
    metadata = request.metadata or _Metadata()
    return Outline(
        model=request.model,
        stream=bool(request.stream),
        system=_system(request, messages),
        first_user=_human_text(messages),
        last_user=_human_text(reversed(messages)),
        last_role=last_role,
        message_count=len(messages) + (1 if request.system is not ABSENT else 0),
        tool_names=tuple([tool.name or tool.type or "" for tool in request.tools or ()]),
        needs=_needs(request) | media.needs,
        context_tokens=(len(body) - media.characters) // _BYTES_PER_TOKEN + media.tokens,
        max_output_tokens=request.max_tokens,
        agent_hint=metadata.agent_id,
        session=session_of(metadata.user_id),
        user=metadata.user_id,
        answered_calls=answered,
        labels=_labels(request.metadata),
    )


def _labels(metadata: _Metadata | None) -> dict[str, str] | None:
    if metadata is None:
        return None
    return labels_of({name: getattr(metadata, name) for name in LABELS})


def _needs(request: _Body) -> int:
    needs = 0
    if any(tool.type in _CALLED_TOOLS for tool in request.tools or ()):
        needs |= Need.TOOLS
    config = request.output_config
    wanted = request.output_format or (config.format if config is not None else None)
    if wanted is not None and wanted.type == "json_schema":
        needs |= Need.JSON_SCHEMA
    return int(needs)


def _media(messages: list[_Message], body: bytes) -> _Media:
    """Every picture and document has a source; bodies without that word are not searched. Inside a JSON
    string the closing quote would be escaped."""
    media = _Media()
    if b'"source"' in body:
        for message in messages:
            media.add(message.content, "messages.content")
    return media


def _system(request: _Body, messages: list[_Message]) -> str:
    """The system prompt's leading text, from the field for it or else from a message in front."""
    raw, at = request.system, "system"
    if raw is ABSENT and messages[0].role == "system":
        raw, at = messages[0].content, "messages.0.content"
    if raw is ABSENT:
        return ""
    content = checked(_CONTENT, raw, at) or ""
    if isinstance(content, str):
        return "" if content.startswith(ATTRIBUTION) else content[:LEADING_CHARS]
    texts = [block.text for block in content if block.text and not block.text.startswith(ATTRIBUTION)]
    return "\n".join(texts)[:LEADING_CHARS]


def _human_text(messages: Iterable[_Message]) -> str:
    """The leading text of the first of `messages` in which a human says something."""
    for message in messages:
        if message.role == "user" and _may_speak(bytes(message.content)):
            text = _said(checked(_CONTENT, message.content, "messages.content"))
            if text:
                return text[:LEADING_CHARS]
    return ""


def _may_speak(content: bytes) -> bool:
    """Whether there can be a text block: in a long tool loop most messages have none. Inside a JSON
    string the closing quote would be escaped."""
    return not content.startswith(b"[") or b'"text"' in content


def _said(content: _Content) -> str:
    """A user message's text without what the client's harness put in."""
    if content is None:
        return ""
    if isinstance(content, str):
        return without_reminders(content)
    texts = [without_reminders(block.text) for block in content if block.type == "text" and block.text]
    return "\n".join([text for text in texts if text])


def without_reminders(text: str) -> str:
    """The text without `<system-reminder>` stretches; one that does not end takes the rest with it.

    >>> without_reminders("<system-reminder>Be kind.</system-reminder>\\nFix the bug")
    'Fix the bug'
    """
    start = text.find(_REMINDER)
    if start < 0:
        return text
    kept: list[str] = []
    at = 0
    while start >= 0:
        kept.append(text[at:start])
        end = text.find(_REMINDER_END, start)
        if end < 0:
            return "".join(kept).strip()
        at = end + len(_REMINDER_END)
        start = text.find(_REMINDER, at)
    return "".join([*kept, text[at:]]).strip()


def _tail(messages: Sequence[_Message]) -> tuple[tuple[str, ...], str]:
    """The calls which the last user message answers, and who spoke last: `tool` where it brings results
    and no word of a human. Messages of the harness behind it do not count."""
    last = next((message for message in reversed(messages) if message.role != "system"), messages[-1])
    if last.role != "user":
        return (), last.role
    content = checked(_CONTENT, last.content, "messages.content")
    if not isinstance(content, list):
        return (), "user"
    calls = [block.tool_use_id for block in content if block.type == "tool_result" and block.tool_use_id]
    return tuple(calls), "tool" if calls and not _said(content) else "user"


def session_of(user_id: str | None) -> str | None:
    """The session in a `metadata.user_id` as Claude Code writes it: JSON with `session_id`, or the older
    `user_…_session_…`.

    >>> session_of('{"session_id": "s1"}'), session_of("user_ab_account__session_c-d"), session_of("bob")
    ('s1', 'c-d', None)
    """
    if not user_id:
        return None
    if user_id.startswith("{"):
        try:
            return _SESSION_ID.decode(user_id).session_id
        except (ValueError, RecursionError):
            return None
    return user_id.rpartition(_SESSION)[2] or None if _SESSION in user_id else None
