"""Every well-known client is recognised from what it really sends."""

import pytest
from tests.unit.gateway.client_headers import (
    CLAUDE_CODE,
    CLIENTS,
    CODEX,
    OPEN_WEBUI,
    OPENCODE,
    PLAIN,
    agent,
    says,
)

from pointsman.core.chat import Outline
from pointsman.gateway.fingerprints import LIBRARY_AGENTS, PRODUCT_AGENTS
from pointsman.gateway.identify import Caller, Identifier, user_agent_of
from pointsman.gateway.keyring import KeyRing


def caller(headers: dict[bytes, bytes], outline: Outline = PLAIN, ip: str = "127.0.0.1") -> Caller:
    return Identifier(KeyRing(), require_key=False).identify(headers, None, outline, ip)


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_is_recognised(name: str) -> None:
    headers, outline, agent_id, source = CLIENTS[name]
    found = caller(headers, outline)
    assert (found.agent_id, found.source) == (agent_id, source)


@pytest.mark.parametrize("table", [PRODUCT_AGENTS, LIBRARY_AGENTS])
def test_user_agent_tables_are_in_the_form_in_which_they_are_looked_up(table: dict[str, str]) -> None:
    assert all(
        user_agent_of(name.upper().encode() + b" x").count(agent) == 1 for name, agent in table.items()
    )


def test_claude_code_brings_its_session_and_prompt_id() -> None:
    found = caller(CLAUDE_CODE)
    assert (found.session_key, found.turn_id, found.subagent) == ("0b0c-11", "p-3", None)


def test_a_claude_code_subagent_keeps_the_agent_and_has_a_conversation_of_its_own() -> None:
    found = caller(CLAUDE_CODE | {b"x-claude-code-agent-id": b"ag-5"})
    assert (found.agent_id, found.session_key, found.subagent) == ("claude-code", "0b0c-11/ag-5", "ag-5")


def test_codex_brings_its_thread_and_turn() -> None:
    found = caller(CODEX)
    assert (found.session_key, found.turn_id, found.subagent) == ("th-1", "turn-7", None)


def test_a_codex_subagent_keeps_the_agent() -> None:
    found = caller(CODEX | {b"x-openai-subagent": b"review"})
    assert (found.agent_id, found.subagent) == ("codex", "review")


def test_a_spawned_codex_thread_is_a_subagent_even_when_it_does_not_say_which() -> None:
    assert caller(CODEX | {b"x-codex-parent-thread-id": b"th-0"}).subagent == "th-1"


@pytest.mark.parametrize("value", [b"not json", b"[]", b'{"turn_id":7}', b""])
def test_unreadable_turn_metadata_costs_the_turn_id_only(value: bytes) -> None:
    found = caller(CODEX | {b"x-codex-turn-metadata": value})
    assert (found.agent_id, found.session_key, found.turn_id) == ("codex", "th-1", None)


def test_another_originator_is_not_codex() -> None:
    assert caller(agent("curl/8.5.0", originator="my-tool")).agent_id == "curl"


def test_opencode_and_open_webui_bring_their_conversation() -> None:
    assert caller(OPENCODE).session_key == "ses_42"
    found = caller(OPEN_WEBUI)
    assert (found.session_key, found.turn_id) == ("c1", "m1")


def test_a_bare_session_id_names_the_conversation_but_no_agent() -> None:
    found = caller(agent("curl/8.5.0", x_session_id="mine"))
    assert (found.agent_id, found.session_key) == ("curl", "mine")


def test_a_product_user_agent_outranks_the_prompt() -> None:
    assert (
        caller(agent("opencode/1.18.33"), says("You are Cline, an AI coding agent.")).agent_id == "opencode"
    )
