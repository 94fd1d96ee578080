"""Side requests are told apart from work."""

import pytest
from msgspec.structs import replace
from tests.unit.gateway.client_headers import CLAUDE_CODE, CLIENTS, CODEX, CODEX_TURN, PLAIN, says

from pointsman.core.chat import Outline
from pointsman.core.events import RequestKind
from pointsman.gateway.kinds import COMPACTION_STARTS, SYSTEM_STARTS, USER_STARTS, kind_of

TITLE, COMMIT = RequestKind.SIDE_TITLE, RequestKind.SIDE_COMMIT
COMPACTION, CLASSIFIER = RequestKind.SIDE_COMPACTION, RequestKind.SIDE_CLASSIFIER
CLASS = b"x-claude-code-request-class"


def human(text: str, *tools: str) -> Outline:
    return Outline(model="auto", first_user=text, last_user=text, tool_names=tools, message_count=1)


@pytest.mark.parametrize("name", CLIENTS)
def test_ordinary_work_is_a_request(name: str) -> None:
    headers, outline, *_ = CLIENTS[name]
    assert kind_of(outline, headers, retry=False) is RequestKind.REQUEST
    assert kind_of(outline, headers, retry=True) is RequestKind.RETRY


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({CLASS: b"compaction"}, COMPACTION),
        ({CLASS: b"auxiliary"}, TITLE),
        ({CLASS: b"main"}, RequestKind.REQUEST),
        ({CLASS: b"subagent"}, RequestKind.REQUEST),
        ({b"x-claude-code-compaction": b"true"}, COMPACTION),
        ({b"x-claude-code-compaction": b"False"}, RequestKind.REQUEST),
        ({b"x-claude-code-context-compacted": b"true"}, RequestKind.REQUEST),
        ({b"x-codex-turn-metadata": CODEX_TURN.replace(b'"turn",', b'"compaction",')}, COMPACTION),
        ({b"x-openai-subagent": b"compact"}, COMPACTION),
        ({b"x-openai-subagent": b"review"}, RequestKind.REQUEST),
        ({b"x-openwebui-task": b"title_generation"}, TITLE),
        ({b"x-openwebui-task": b"follow_up_generation"}, CLASSIFIER),
        ({b"x-openwebui-task": b"{{TASK}}"}, RequestKind.REQUEST),
    ],
)
def test_headers_tell(headers: dict[bytes, bytes], kind: RequestKind) -> None:
    assert kind_of(human("hello", "Bash"), headers, retry=False) is kind


@pytest.mark.parametrize("start", SYSTEM_STARTS)
def test_system_prompts_tell(start: str) -> None:
    for system in (start + " and so on", "\n " + start, "You are Claude Code.\n" + start):
        assert kind_of(says(system), {}, retry=False) is SYSTEM_STARTS[start]


@pytest.mark.parametrize("start", USER_STARTS)
def test_human_messages_written_by_a_user_interface_tell(start: str) -> None:
    assert kind_of(human(start + " ..."), {}, retry=False) is USER_STARTS[start]


def test_claude_codes_look_whether_it_may_ask_is_no_work() -> None:
    look = replace(human("quota"), max_output_tokens=1)
    assert kind_of(look, {}, retry=False) is CLASSIFIER
    assert kind_of(human("quota"), {}, retry=False) is RequestKind.REQUEST


@pytest.mark.parametrize("start", COMPACTION_STARTS)
def test_compaction_is_told_even_with_tools(start: str) -> None:
    outline = Outline(model="auto", last_user=start + " ...", tool_names=("Bash",), message_count=80)
    assert kind_of(outline, CODEX, retry=False) is COMPACTION


def test_a_prompt_with_tools_or_quoted_later_is_work() -> None:
    title = "You are a title generator. You output ONLY a thread title."
    assert kind_of(says(title), {}, retry=False) is TITLE
    assert kind_of(says(title, "Bash"), {}, retry=False) is RequestKind.REQUEST
    assert kind_of(says("You improve prompts. Here is one: " + title), {}, retry=False) is RequestKind.REQUEST


def test_what_the_client_calls_main_is_work_whatever_it_looks_like() -> None:
    outline = says("You are a title generator")
    assert kind_of(outline, CLAUDE_CODE | {CLASS: b"main"}, retry=False) is RequestKind.REQUEST


def test_an_auxiliary_request_with_a_known_prompt_is_what_the_prompt_says() -> None:
    outline = says("Your task is to process Bash commands that an AI coding agent wants to run.")
    assert kind_of(outline, {CLASS: b"auxiliary"}, retry=False) is CLASSIFIER


def test_a_retried_side_request_stays_one() -> None:
    assert kind_of(says("You are a title generator"), {}, retry=True) is TITLE
    assert kind_of(PLAIN, {CLASS: b"main"}, retry=True) is RequestKind.RETRY
