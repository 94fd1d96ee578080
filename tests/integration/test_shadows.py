"""A share of an agent's requests also goes to a cheaper model, unseen, and a judge compares the answers."""

import asyncio
import json
from collections.abc import Callable, Iterator

import pytest
from tests.gateway_process import NO_DATABASE, GatewayProcess
from tests.gateway_world import chat
from tests.raw_upstream import DONE, STREAM_HEAD, Line, RawUpstream, completion, delta
from tests.scratch import scratch_folder

from pointsman.core.events import RequestRecord

CONFIG = """
[local]
enabled = false
[providers.shop]
base_url = "{url}/shop/v1"
dialects = ["openai_chat"]
models = ["dear", "cheap", "cheap-too", "arbiter"]
retries = 0
[models.dear]
capability = {{ general = 99 }}
price_usd_per_million = {{ input = 10, output = 100 }}
[models.cheap]
capability = {{ general = 10 }}
price_usd_per_million = {{ input = 1, output = 10 }}
[models.arbiter]
price_usd_per_million = {{ input = 1, output = 10 }}
[aliases.work]
candidates = ["dear", "cheap"]
[aliases.panel]
candidates = ["cheap-too", "arbiter"]
[agents.kin]
fallback = []
shadow = {{ share = 1.0, daily_budget_usd = 1.0, judge = "panel" }}
[agents.watched]
fallback = []
shadow = {{ share = 1.0, daily_budget_usd = 1.0, judge = "arbiter" }}
[agents.private]
log_requests = false
shadow = {{ share = 1.0, daily_budget_usd = 1.0, judge = "arbiter" }}
[agents.poor]
shadow = {{ share = 1.0, daily_budget_usd = 0.0001, judge = "arbiter" }}
"""


def whole(text: Callable[[str], str]) -> Callable[[Line], object]:
    """Answers, streamed if asked so, with what `text` makes of the last message."""

    async def behave(line: Line) -> None:
        said = text(line.asked.body["messages"][-1]["content"])
        if line.asked.body.get("stream"):
            await line.send(STREAM_HEAD)
            await line.chunk(delta(line.asked, said))
            await line.chunk(delta(line.asked, None, "stop") + DONE)
            await line.send(b"0\r\n\r\n")
            return
        body = completion(line.asked, said)
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        await line.send(head % len(body) + body)

    return behave


def verdict(shown: str) -> str:
    """The judge likes what the dear model says, wherever it stands."""
    first = shown.partition("SECOND ANSWER")[0]
    dear_is_first = "a dear word" in first
    return json.dumps({"first": 9 if dear_is_first else 4, "second": 4 if dear_is_first else 9})


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[GatewayProcess, RawUpstream]]:
    with RawUpstream() as upstream, scratch_folder() as folder:
        upstream.on("shop", "dear", whole(lambda _: "a dear word"))
        upstream.on("shop", "cheap", whole(lambda _: "a cheap word"))
        upstream.on("shop", "arbiter", whole(verdict))
        with GatewayProcess(folder, CONFIG.format(url=upstream.url), {"DATABASE_URL": NO_DATABASE}) as one:
            yield one, upstream


def shadow_rows(gateway: GatewayProcess, agent: str) -> list[RequestRecord]:
    return [row for row in gateway.journal() if row.agent_id == agent and row.kind == "shadow"]


async def shadows_of(gateway: GatewayProcess, agent: str, least: int) -> list[RequestRecord]:
    for _ in range(100):
        rows = shadow_rows(gateway, agent)
        if len(rows) >= least:
            return rows
        await asyncio.sleep(0.05)
    raise AssertionError(f"no shadows of {agent}")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_cheaper_answer_is_compared_in_both_orders(shop, stream: bool) -> None:
    gateway, upstream = shop
    before, earlier = len(upstream.asked), len(shadow_rows(gateway, "watched"))
    reply = await chat(gateway.port, "work", f"Say a word {stream}", stream=stream, x_agent_id="watched")
    assert reply.headers["x-pointsman-model"] == "shop/dear"
    assert b"cheap" not in reply.body
    rows = (await shadows_of(gateway, "watched", earlier + 3))[-3:]
    assert [row.model for row in rows] == ["cheap", "arbiter", "arbiter"]
    assert [asked.model for asked in upstream.asked[before:]] == ["dear", "cheap", "arbiter", "arbiter"]
    shown = [asked.body["messages"][-1]["content"] for asked in upstream.asked[-2:]]
    assert {text.index("a dear word") < text.index("a cheap word") for text in shown} == {True, False}
    await asyncio.sleep(0.1)
    told = [one for one in gateway.outcomes() if one.decision_id == rows[0].request_id]
    assert [(one.signal, one.detail, one.target) for one in told if one.signal == "judged"] == [
        ("judged", "worse", "shop/cheap")
    ]
    assert [one.label for one in told if one.signal == "judged"] == [0.4]


async def test_nobody_else_sees_requests_of_agents_that_opted_out_or_asked_by_name(shop) -> None:
    gateway, upstream = shop
    before = len(upstream.asked)
    await chat(gateway.port, "work", x_agent_id="private")
    await chat(gateway.port, "dear", x_agent_id="watched")
    await chat(gateway.port, "work", x_agent_id="other")
    await asyncio.sleep(0.5)
    assert [asked.model for asked in upstream.asked[before:]] == ["dear", "dear", "dear"]


async def test_a_judge_of_another_family_is_taken_where_there_is_one(shop) -> None:
    gateway, _ = shop
    await chat(gateway.port, "work", "Say a word to kin", x_agent_id="kin")
    rows = await shadows_of(gateway, "kin", 3)
    assert [row.model for row in rows] == ["cheap", "arbiter", "arbiter"]


async def test_without_money_nothing_is_compared(shop) -> None:
    gateway, upstream = shop
    before = len(upstream.asked)
    await chat(gateway.port, "work", x_agent_id="poor")
    await asyncio.sleep(0.5)
    assert [asked.model for asked in upstream.asked[before:]] == ["dear"]


async def test_shadows_cost_the_agent_nothing_but_are_told(shop) -> None:
    gateway, _ = shop
    rows = await shadows_of(gateway, "watched", 3)
    assert all(row.cost_usd_micros > 0 and row.key_id is None for row in rows)
    assert "met a bug" not in gateway.logged()
