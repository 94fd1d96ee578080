"""Tells a human's words from what clients write in the human's name.

Each client's habits are one line in a table; they were seen on real traffic or in public source.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from pointsman.gateway.dialects import aider
from pointsman.gateway.dialects.anthropic.outline import LOCAL_CAVEAT

MAX_WORDS_CHARS: Final = 8_000

_BLOCK: Final = re.compile(
    r"<(system[-_]reminder|environment_context|environment_details|permissions[ _]instructions"
    r"|user_instructions|skills?_instructions|apps_instructions|plugins_instructions|collaboration_mode"
    r"|subagent_notification|user_shell_command|turn_aborted|local-command-[a-z]+"
    r"|command-[a-z]+|INSTRUCTIONS"
    r"|ide_[a-z_]+|file_content|workspace_[a-z]+)\b[^>]*>.*?(?:</\1>|\Z)",
    re.DOTALL,
)
"""Stretches which a coding agent puts into the human's message."""
_WRAPPER: Final = re.compile(r"</?(?:task|feedback|user_message|user_query|user_input)>")
_FENCE: Final = re.compile(r"^(```|~~~).*?(?:^\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_QUOTE: Final = re.compile(r"^[ \t]*>.*$", re.MULTILINE)

INTERRUPTED: Final = re.compile(
    r"\[Request interrupted by user(?: for tool use)?\]|<turn_aborted>|\[(?:Aborted"
    r"|Interrupted) by user\]"
)
COMMAND_RAN: Final = re.compile(
    r"\s*I ran this command:\n\n(?P<command>.*?)\n\nAnd got this output:\n\n", re.DOTALL
)
EDIT_FAILED: Final = re.compile(
    r"\s*(?:# \d+ SEARCH/REPLACE blocks? failed to match!|The LLM did not conform to the edit format"
    r"|You must (?:use|return) .{0,80}\bblocks?\b)"
)
LINT_FAILED: Final = re.compile(r"\s*# Fix any errors below, if possible\.")
MACHINE_STARTS: Final = (
    "# AGENTS.md instructions",
    LOCAL_CAVEAT,
    "This session is being continued from a previous conversation",
    "[The user sent no message]",
    "Files with outstanding edits",
)
"""How messages begin that no human wrote; aider's own are beside these."""


class Words(Struct, frozen=True):
    """What stands in the human's name: `human` is what a human said last, without blocks, code and
    quotes. The rest was written by the client: that the human `interrupted`, that a `command` ran (with
    its `output`), that an edit did not apply, that a linter complained."""

    human: str = ""
    interrupted: bool = False
    command: str = ""
    output: str = ""
    edit_failed: bool = False
    lint_failed: bool = False


def words_of(texts: Sequence[str]) -> Words:
    """The words in the user's messages since our last answer, oldest first."""
    human, command, output = "", "", ""
    interrupted = edit_failed = lint_failed = False
    for whole in texts:
        text = whole[:MAX_WORDS_CHARS]
        interrupted = interrupted or INTERRUPTED.search(text) is not None
        ran = COMMAND_RAN.match(text)
        if ran is not None:
            command, output = ran["command"], whole[ran.end() :]
        elif EDIT_FAILED.match(text):
            edit_failed = True
        elif LINT_FAILED.match(text):
            lint_failed = True
        elif not by_client(text):
            human = stripped(text) or human
    return Words(human, interrupted, command, output, edit_failed, lint_failed)


def by_client(text: str) -> bool:
    """Whether no human wrote any of a user's message."""
    return text.startswith(MACHINE_STARTS) or aider.is_notice(text)


def stripped(text: str) -> str:
    """The human's own words in a message.

    >>> stripped("<system-reminder>Be kind.</system-reminder>No, that is wrong:\\n```\\nx = 1\\n```")
    'No, that is wrong:'
    """
    if "<" in text:
        text = _WRAPPER.sub("", _BLOCK.sub("", text))
    text = aider.without_rules(text)
    if "```" in text or "~~~" in text:
        text = _FENCE.sub("", text)
    if ">" in text:
        text = _QUOTE.sub("", text)
    return INTERRUPTED.sub("", text).strip()
