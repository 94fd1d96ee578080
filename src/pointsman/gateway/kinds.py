"""Why a request was made: new work, a retry, or one of the small jobs that agents do on the side.

Side requests are told by what the client says in headers, else by the first words of a known prompt. A
prompt counts only on requests without tools, except for compaction, which some agents ask for with their
whole tool set so that the provider's prompt cache still fits.
"""

from collections.abc import Callable, Mapping
from typing import Final

from pointsman.core.chat import Outline
from pointsman.core.events import NEW_WORK, RequestKind
from pointsman.gateway.turn_metadata import HEADER as TURN_METADATA
from pointsman.gateway.turn_metadata import turn_metadata

TITLE, COMMIT = RequestKind.SIDE_TITLE, RequestKind.SIDE_COMMIT
COMPACTION, CLASSIFIER = RequestKind.SIDE_COMPACTION, RequestKind.SIDE_CLASSIFIER

REQUEST_CLASS: Final = b"x-claude-code-request-class"
COMPACTION_FLAG: Final = b"x-claude-code-compaction"

HEADER_VALUES: Final[dict[bytes, dict[bytes, RequestKind]]] = {
    REQUEST_CLASS: {
        b"compaction": COMPACTION,
        b"main": NEW_WORK,
        b"subagent": NEW_WORK,
        b"workflow": NEW_WORK,
    },
    b"x-openai-subagent": {b"compact": COMPACTION},
    b"x-openwebui-task": {
        b"title_generation": TITLE,
        b"tags_generation": CLASSIFIER,
        b"emoji_generation": CLASSIFIER,
        b"follow_up_generation": CLASSIFIER,
        b"query_generation": CLASSIFIER,
        b"image_prompt_generation": CLASSIFIER,
        b"autocomplete_generation": CLASSIFIER,
        b"function_calling": CLASSIFIER,
    },
}
"""Headers whose value decides. Open WebUI sends its task when a connection has the custom header
`X-OpenWebUI-Task: {{TASK}}`."""

CODEX_KINDS: Final[dict[str, RequestKind]] = {"compact": COMPACTION, "compaction": COMPACTION}
"""`request_kind` in Codex's turn metadata."""

SYSTEM_STARTS: Final[dict[str, RequestKind]] = {
    "You are a title generator": TITLE,
    "Generate a concise, sentence-case title": TITLE,
    "Analyze if this message indicates a new conversation topic": TITLE,
    "Summarize this coding conversation in under": TITLE,
    "You are an expert software engineer that generates concise, one-line Git commit": COMMIT,
    "You are to act as an author of a commit message": COMMIT,
    "*Briefly* summarize this partial conversation": COMPACTION,
    "You are a helpful AI assistant tasked with summarizing conversations": COMPACTION,
    "Your task is to process Bash commands that an AI coding agent wants to run": CLASSIFIER,
}
"""First words of a system prompt."""

USER_STARTS: Final[dict[str, RequestKind]] = {
    "### Task:\nGenerate a concise, 3-5 word title": TITLE,
    "Please write a 5-10 word title for the following conversation": TITLE,
    "### Task:\nGenerate 1-3 broad tags": CLASSIFIER,
    "### Task:\nSuggest 3-5 relevant follow-up questions": CLASSIFIER,
    "### Task:\nAnalyze the chat history to determine the necessity": CLASSIFIER,
    "### Task:\nYou are an autocompletion system": CLASSIFIER,
}
"""First words of the only human message."""

COMPACTION_STARTS: Final = (
    "You are performing a CONTEXT CHECKPOINT COMPACTION",
    "Your task is to create a detailed summary of the conversation so far",
)
"""First words of the last human message, with or without tools."""

QUOTA: Final = "quota"
"""All that Claude Code asks, for one token, to see whether it may ask at all."""

CLAUDE_CODE_STARTS: Final = ("x-anthropic-billing-header:", "You are Claude Code")
"""Claude Code puts these before the words that tell what the request is for."""

_DECIDING = frozenset([*HEADER_VALUES, COMPACTION_FLAG, TURN_METADATA])
_SYSTEM_STARTS = tuple(SYSTEM_STARTS)
_USER_STARTS = tuple(USER_STARTS)
_OFF = frozenset([b"", b"0", b"false"])


def kind_of(outline: Outline, headers: Mapping[bytes, bytes], retry: bool) -> RequestKind:
    """The kind of a request; `retry` says that it repeats one that did not end well.

    A retried side request stays a side request, so that it is routed like its first attempt; neither is
    new work.
    """
    kind = None if _DECIDING.isdisjoint(headers) else _by_headers(headers)
    if kind is None:
        kind = _by_prompt(outline)
        if kind is None and headers.get(REQUEST_CLASS) == b"auxiliary":
            kind = TITLE
    if kind is None or kind is NEW_WORK:
        return RequestKind.RETRY if retry else NEW_WORK
    return kind


def _by_headers(headers: Mapping[bytes, bytes]) -> RequestKind | None:
    if headers.get(COMPACTION_FLAG, b"").lower() not in _OFF:
        return COMPACTION
    for name, kinds in HEADER_VALUES.items():
        kind = kinds.get(headers.get(name, b""))
        if kind is not None:
            return kind
    described = headers.get(TURN_METADATA)
    return CODEX_KINDS.get(turn_metadata(described).request_kind or "") if described is not None else None


def _by_prompt(outline: Outline) -> RequestKind | None:
    if outline.last_user.startswith(COMPACTION_STARTS):
        return COMPACTION
    if outline.tool_names:
        return None
    system, user = outline.system, outline.first_user
    if user == QUOTA and outline.max_output_tokens == 1:
        return CLASSIFIER
    if system[:1].isspace():
        system = system.lstrip()
    if system.startswith(_SYSTEM_STARTS):
        return _first(SYSTEM_STARTS, system.startswith)
    if user.startswith(_USER_STARTS):
        return _first(USER_STARTS, user.startswith)
    if system.startswith(CLAUDE_CODE_STARTS):
        return _first(SYSTEM_STARTS, system.__contains__)
    return None


def _first(table: dict[str, RequestKind], matches: Callable[[str], bool]) -> RequestKind | None:
    return next((kind for words, kind in table.items() if matches(words)), None)
