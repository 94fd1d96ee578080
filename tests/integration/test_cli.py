"""Commands that need the log and the keys, over a control API with a real database."""

import asyncio
import json
from contextlib import asynccontextmanager

import msgspec
import pytest
import uvicorn
from click.testing import CliRunner
from msgspec.structs import replace
from tests.plain_control import TOKEN, PlainControl, a_policy, features_of
from tests.store_records import NOON_US, a_record, an_outcome

from pointsman.cli.group import main
from pointsman.core.features import Neighbour
from pointsman.core.snapshot import Alias
from pointsman.store.journal import JournalWriter
from pointsman.store.loader import Loader
from pointsman.web.app import control_app

FEATURES = msgspec.json.encode(features_of())
CHOSEN = {
    "provider": "openai",
    "model": "gpt-x",
    "confidence": 0.9,
    "policy_version": 7,
    "features": FEATURES,
}


@asynccontextmanager
async def served(control):
    """The control API on a port of this machine."""
    app = control_app(control, admin_token=TOKEN, loopback_only=True)
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none")
    server, listening = uvicorn.Server(config), config.bind_socket()
    listening.listen()
    task = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await task
    listening.close()


@pytest.fixture
async def run(db_pool, tmp_path, monkeypatch):
    """Runs commands as a user would, beside the API."""
    monkeypatch.setenv("POINTSMAN_HOME", str(tmp_path))
    monkeypatch.setenv("POINTSMAN_ADMIN_TOKEN", TOKEN)

    async def invoke(*arguments):
        return await asyncio.to_thread(CliRunner().invoke, main, [str(one) for one in arguments])

    policy = a_policy()
    aliases = {**policy.aliases, "alike": Alias(name="alike", objective="similar")}
    async with served(PlainControl(db_pool, replace(policy, aliases=aliases))) as url:
        monkeypatch.setenv("POINTSMAN_URL", url)
        yield invoke


@pytest.fixture
def log(tmp_path, db_pool):
    async def put(*records):
        writer = JournalWriter(tmp_path / "journal", "worker")
        for record in records:
            writer.append(record)
        writer.close()
        await Loader(tmp_path / "journal", db_pool).drain()

    return put


async def test_a_key_is_made_listed_and_revoked_by_name(run):
    made = await run("keys", "create", "ci", "--agent", "ci-bot", "--daily-budget", "5")
    assert made.stdout.startswith("pm-")
    assert len(made.stdout.splitlines()) == 1  # the secret alone, so that it can be piped
    listed = (await run("keys", "list")).stdout
    assert all(word in listed for word in ("ci", "ci-bot", "$5.00", made.stdout.strip()[-4:]))
    assert "is revoked" in (await run("keys", "revoke", "ci")).stdout
    assert "There are no keys" in (await run("keys", "list")).stdout
    assert "ci-bot" in (await run("keys", "list", "--all")).stdout


async def test_one_of_two_keys_of_a_name_is_not_revoked_by_it(run):
    await run("keys", "create", "ci")
    await run("keys", "create", "ci")
    result = await run("keys", "revoke", "ci")
    assert result.exit_code == 1
    assert "key_" in result.stderr


async def test_a_key_as_json(run):
    made = json.loads((await run("keys", "create", "x", "--allow-model", "auto", "--json")).stdout)
    assert (made["allowed_models"], made["secret"][:3]) == (["auto"], "pm-")


async def test_the_log_is_shown_oldest_first(run, log):
    await log(*[a_record(number) for number in range(30)])
    lines = (await run("log", "-n", "3")).stdout.splitlines()
    assert [line.split()[2] for line in lines[1:]] == ["req_000027", "req_000028", "req_000029"]
    assert "$0.00100" in lines[1]
    assert "120 ms" in lines[1]


async def test_the_log_is_filtered_and_read_over_several_pages(run, log, monkeypatch):
    monkeypatch.setattr("pointsman.cli.commands.log.PAGE", 4)
    await log(*[a_record(number, agent_id=f"agent-{number % 2}") for number in range(20)])
    found = json.loads((await run("log", "-n", "9", "--agent", "agent-1", "--json")).stdout)["attempts"]
    assert [one["request_id"] for one in found] == [f"req_{number:06}" for number in range(3, 20, 2)]


async def test_the_summary_adds_up(run, log):
    await log(a_record(1), a_record(2), a_record(3, agent_id="codex"))
    output = (await run("log", "--summary", "--since", "2026-03-01", "--agent", "claude-code")).stdout
    assert "$0.00200" in output
    assert "codex" not in output


async def test_following_prints_what_is_new_once(run, log, monkeypatch):
    waits = iter([None, None])

    def wait(_):
        if next(waits, "over") == "over":
            raise KeyboardInterrupt

    monkeypatch.setattr("pointsman.cli.commands.log.time.sleep", wait)
    monkeypatch.setattr("pointsman.cli.commands.log.OVERLAP_S", 999_999)
    await log(a_record(1), a_record(2))
    result = await run("log", "--follow", "--json")
    printed = [json.loads(line)["request_id"] for line in result.stdout.splitlines()]
    assert (result.exit_code, printed) == (0, ["req_000001", "req_000002"])


async def test_the_log_shows_what_was_told_of_a_request(run, log, db_pool):
    await log(a_record(1), a_record(2))
    told = "UPDATE gateway_request_log SET outcome = 'user_rejected', completion_quality = 2"
    await db_pool.execute(f"{told} WHERE request_id = 'req_000002'")
    lines = (await run("log")).stdout.splitlines()
    assert [line.endswith("told: user rejected") for line in lines[-2:]] == [False, True]
    attempts = json.loads((await run("log", "--json")).stdout)["attempts"]
    assert [(one["outcome"], one["completion_quality"]) for one in attempts] == [
        (None, None),
        ("user_rejected", 2.0),
    ]


@pytest.mark.parametrize("arguments", [["log"], ["explain", "req_000001"]], ids=" ".join)
async def test_control_characters_of_clients_do_not_reach_the_terminal(run, log, arguments):
    evil = msgspec.json.encode(features_of("auto\x1b[2J"))
    await log(a_record(1, requested_model="auto\x1b[2J", **CHOSEN | {"features": evil}))
    output = (await run(*arguments)).stdout
    assert "auto?[2J" in output
    assert "\x1b" not in output


async def test_explain_tells_the_whole_decision(run, log):
    failed = a_record(1, **CHOSEN, finish_state="failed", error_code="upstream_timeout")
    await log(failed, a_record(1, attempt=1, fallback_used=True, features=None))
    output = (await run("explain", "req_000001")).stdout
    for told in (
        "openai/gpt-x",
        "the same as logged, from policy 7",
        "confidence  0.90 meets the gate 0.70",
        "openai/gpt-x: 90.00 capability = 90.00",
        "1. ollama/qwen (score 60.00)",
        "attempt 1: openai/gpt-x failed (upstream_timeout)",
        "attempt 2: somewhere/small completed",
        "cost in all: $0.00200",
    ):
        assert told in output


async def test_explain_tells_the_outcomes_seen(run, log):
    unseen = a_record(2, **CHOSEN, decision_id="req_000002")
    seen = a_record(1, **CHOSEN, decision_id="req_000001")
    await log(seen, unseen, an_outcome(1, seen_at_us=NOON_US + 5_000_000, weight=0.5))
    output = (await run("explain", "req_000001")).stdout
    assert "tool result: command failed (observed) bad, counts 0.50, 5.0 s later" in output
    assert "none so far" in (await run("explain", "req_000002")).stdout


async def test_explain_tells_what_staying_with_the_conversations_model_saves(run, log):
    warm = replace(features_of(), warm="openai/gpt-x", context_tokens=100_000)
    await log(a_record(1, **CHOSEN | {"features": msgspec.json.encode(warm)}))
    output = (await run("explain", "last")).stdout
    assert "The conversation is with openai/gpt-x; a switch would lose $0.0" in output


async def test_explain_names_the_outcome_that_was_told(run, log):
    told = an_outcome(1, signal="told_outcome", detail="outcome", outcome="user_rejected", source="told")
    await log(a_record(1, **CHOSEN, decision_id="req_000001"), told)
    assert "told outcome: user rejected (told) bad" in (await run("explain", "req_000001")).stdout


async def test_explain_tells_the_tasks_that_voted(run, log):
    near = Neighbour(model="gpt-x", similarity=0.9, success=True, agent="QA", task="t-1")
    features = msgspec.json.encode(replace(features_of("alike"), neighbours=(near,)))
    await log(a_record(1, **CHOSEN | {"features": features}))
    assert "0.90: task t-1 by QA with gpt-x, well" in (await run("explain", "last")).stdout


async def test_explain_says_when_the_replay_differs(run, log):
    await log(a_record(1, **CHOSEN | {"provider": "ollama", "model": "qwen"}))
    output = (await run("explain", "last")).stdout
    assert "DIFFERS: ollama/qwen was logged" in output


async def test_explain_last_of_an_empty_log(run):
    result = await run("explain", "last")
    assert result.exit_code == 1
    assert "The log is empty" in result.stderr


async def test_explain_as_json(run, log):
    await log(a_record(1, **CHOSEN))
    told = json.loads((await run("explain", "req_000001", "--json")).stdout)
    assert told["decision"]["same"] is True
    assert told["request"]["attempts"][0]["request_id"] == "req_000001"


async def test_explain_of_an_unknown_request(run):
    result = await run("explain", "req_none")
    assert result.exit_code == 1
    assert "The log has no request 'req_none'" in result.stderr
