"""Agents nobody knows: told by what they say, and conversations by how they begin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.client_headers import OPENAI_PYTHON, says

from pointsman.core.chat import Outline
from pointsman.gateway.identify import Caller, Identifier, ip_agent
from pointsman.gateway.keyring import KeyRing
from pointsman.gateway.prompts import PromptReader, stable_words
from pointsman.gateway.sessions import MAX_ID_CHARS, opaque

PROMPT = (
    "You are Ada, who reviews pull requests. Today is {date}. Working directory: {cwd}. Run {run}. {n} files."
)
MONDAY = PROMPT.format(date="Monday, 3 Nov 2026 10:02 AM UTC", cwd="/home/ada/x", run="7f3a-91b", n=4)
FRIDAY = PROMPT.format(date="Friday, 21 May 2027 9:41 PM CEST", cwd=r"C:\Users\bo", run="c0ffee-2", n=1200)


def caller(outline: Outline, headers: dict[bytes, bytes] | None = None, *, split: bool = False) -> Caller:
    identifier = Identifier(KeyRing(), require_key=False, split_sdk_callers=split)
    return identifier.identify(headers or {b"user-agent": b"my-bot/1"}, None, outline, "192.0.2.7")


def test_dates_paths_numbers_and_ids_do_not_change_an_agent() -> None:
    first, second = caller(says(MONDAY, "grep", "diff")), caller(says(FRIDAY, "diff", "grep"))
    assert first.agent_id == second.agent_id
    assert first.agent_id.startswith("agent-")
    assert (first.source, len(first.agent_id)) == ("prompt", 14)


def test_another_role_or_tool_set_is_another_agent() -> None:
    ids = [
        caller(o).agent_id
        for o in (says(MONDAY), says(MONDAY, "grep"), says("You are Bob, who writes tests."))
    ]
    assert len(set(ids)) == 3


def test_prompts_without_spaces_are_told_apart() -> None:
    assert (
        caller(says("你是代码审查助手。今天是2026年11月。")).agent_id != caller(says("你是翻译。")).agent_id
    )


def test_tools_alone_make_an_agent_but_a_dated_nothing_does_not() -> None:
    assert caller(says("", "grep")).source == "prompt"
    assert caller(says("2026-11-21 /home/x")).agent_id == "ip-192.0.2.7"


def test_callers_on_a_shared_sdk_are_split_only_on_demand() -> None:
    assert caller(says(MONDAY), OPENAI_PYTHON).agent_id == "openai-python"
    assert caller(says(MONDAY), OPENAI_PYTHON, split=True).agent_id == caller(says(MONDAY)).agent_id
    assert caller(says(""), OPENAI_PYTHON, split=True).agent_id == "openai-python"


@pytest.mark.parametrize(
    ("address", "agent_id"),
    [
        ("127.0.0.1", "ip-127.0.0.1"),
        ("::1", "ip-127.0.0.1"),
        ("::ffff:192.0.2.7", "ip-192.0.2.7"),
        ("fe80::1%eth0", "ip-fe80-0-0-0"),
        ("", "ip-unknown"),
        ("testclient", "ip-unknown"),
    ],
)
def test_an_address_becomes_an_agent_id(address: str, agent_id: str) -> None:
    assert ip_agent(address) == agent_id


def test_a_conversation_is_known_by_its_beginning() -> None:
    begin = Outline(model="auto", system=MONDAY, first_user="fix the parser", message_count=2)
    later = Outline(
        model="gpt", system=FRIDAY, first_user="fix the parser", last_user="thanks", message_count=9
    )
    assert caller(begin).session_key == caller(later).session_key
    for other in ({"first_user": "another"}, {"user": "u2"}, {"system": "You are Bob"}):
        changed = {"system": MONDAY, "first_user": "fix the parser"} | other
        assert caller(Outline(model="auto", **changed)).session_key != caller(begin).session_key  # type: ignore[arg-type]


def test_a_cache_key_that_an_app_uses_everywhere_names_no_conversation() -> None:
    sessions = [
        caller(Outline(model="auto", cache_key=key, first_user=text)).session_key
        for key, text in (("app", "one"), ("app", "another"), ("app2", "one"), ("app", "one"))
    ]
    assert len(set(sessions)) == 3
    assert sessions[0] == sessions[3]


def test_the_clients_own_session_is_preferred() -> None:
    assert caller(Outline(model="auto", session="pck-1", first_user="x")).session_key == "pck-1"
    assert caller(Outline(model="auto")).session_key is None


@given(st.text())
def test_any_prompt_can_be_read(text: str) -> None:
    assert PromptReader().read(text) == PromptReader().read(text)
    assert not any(c.isdigit() or c in "/\\" for c in stable_words(text) if c.isascii())


@given(st.text() | st.binary())
def test_ids_from_clients_become_short_printable_ascii(value: str | bytes) -> None:
    clean = opaque(value)
    assert clean is None if not value else clean and clean.isascii() and clean.isprintable()
    assert clean is None or len(clean) <= MAX_ID_CHARS


def test_memory_of_prompts_is_bounded() -> None:
    reader = PromptReader(max_known=8)
    for number in range(100):
        reader.read(f"prompt {number}")
    assert len(reader._known) <= 8
