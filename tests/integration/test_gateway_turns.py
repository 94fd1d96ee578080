"""A tool loop stays with its model, though the choice would be another one by now."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.gateway_process import NO_DATABASE, GatewayProcess
from tests.gateway_world import KEYS, ask, configuration
from tests.raw_upstream import RawUpstream, answer, html

LADDER = '[aliases.ladder]\ncandidates = ["first/pair-0", "second/pair-0"]\n'
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
CALL = {"id": "call_7f3a9c51", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def loop_body(results: int) -> bytes:
    """The request after so many tool results of one conversation."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Look into it, please."}]
    for number in range(results):
        call = {**CALL, "id": f"call_7f3a9c5{number}"}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": f"nothing, {number}"})
    return json.dumps({"model": "ladder", "messages": messages, "tools": TOOLS}).encode()


@pytest.fixture
def upstream() -> Iterator[RawUpstream]:
    """A provider of its own, whose models no other test has made fail."""
    with RawUpstream() as running:
        yield running


async def test_a_turn_stays_where_its_fallback_took_it(upstream: RawUpstream, tmp_path: Path) -> None:
    upstream.on("first", "pair-0", html(502), answer)
    text = configuration(upstream.url, further=LADDER)
    with GatewayProcess(tmp_path, text, {**KEYS, "DATABASE_URL": NO_DATABASE}) as gateway:
        replies = [await ask(gateway.port, loop_body(results)) for results in range(3)]
    asked = [(one.headers["x-pointsman-model"], one.headers["x-pointsman-reason"]) for one in replies]
    assert [model for model, _ in asked] == ["second/pair-0"] * 3
    assert "turn goes on" in asked[1][1]


STEPS = """
[aliases.steps]
candidates = ["first/pair-0", "first/pair-1"]

[models.pair-0]
capability = { general = 75 }
price_usd_per_million = { input = 1.0, output = 2.0 }

[models.pair-1]
capability = { general = 95 }
price_usd_per_million = { input = 9.0, output = 18.0 }
"""


def said(*texts: str) -> bytes:
    """A conversation in which the human says these, each answered in between."""
    messages: list[dict[str, Any]] = []
    for text in texts:
        messages += [{"role": "user", "content": text}, {"role": "assistant", "content": "Done."}]
    return json.dumps({"model": "steps", "messages": messages[:-1]}).encode()


async def test_work_that_is_sent_back_goes_to_a_model_that_fails_less(
    upstream: RawUpstream, tmp_path: Path
) -> None:
    text = configuration(upstream.url, further=STEPS)
    with GatewayProcess(tmp_path, text, {**KEYS, "DATABASE_URL": NO_DATABASE}) as gateway:
        task, wrong, other = "Write a parser for the log", "No, that is wrong.", "Now write the documentation"
        replies = [
            await ask(gateway.port, said(task)),
            await ask(gateway.port, said(task, wrong)),
            await ask(gateway.port, said(task, wrong, other)),
        ]
    assert [one.headers["x-pointsman-model"] for one in replies] == [
        "first/pair-0",
        "first/pair-1",
        "first/pair-0",
    ]
    assert "stalled or corrected" in replies[1].headers["x-pointsman-reason"]
