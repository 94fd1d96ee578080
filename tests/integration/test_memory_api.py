"""The task memory's operations over a real database."""

import json

import pytest
from msgspec.structs import replace
from tests.memory_world import Words, a_task
from tests.plain_control import BEARER, PlainControl, client_of
from tests.store_records import a_record

from pointsman.core.keys import ApiKey
from pointsman.core.snapshot import AgentProfile
from pointsman.memory import agents, history
from pointsman.store import forget
from pointsman.store.journal import JournalWriter
from pointsman.store.loader import Loader

EMBEDDER = Words()


@pytest.fixture
def control(db_pool):
    control = PlainControl(db_pool)
    control.memory.load(EMBEDDER)
    return control


@pytest.fixture
async def call(control):
    async with client_of(control, headers=BEARER) as client:

        async def ask(method, path, body=None, **query):
            answer = await client.request(method, "/api/v1" + path, json=body, params=query)
            return answer.status_code, answer.json()

        yield ask


@pytest.fixture
def add(db_pool):
    async def put(*tasks):
        for task in tasks:
            places = ", ".join(f"${number}" for number in range(1, len(task) + 1))
            sql = f"INSERT INTO task_executions ({', '.join(task)}) VALUES ({places})"
            await db_pool.execute(sql, *task.values())
        await history.embed_missing(db_pool, history.Scribe(EMBEDDER), lambda agent: True)

    return put


@pytest.fixture
async def specs(db_pool, tmp_path):
    """Brings specifications into the store."""

    async def put(**texts):
        for path in tmp_path.glob("*.md"):
            path.unlink()
        for name, text in texts.items():
            (tmp_path / f"{name}.md").write_text(text)
        return await agents.refresh(db_pool, EMBEDDER, tmp_path)

    return put


async def test_a_recommendation_names_agent_model_and_the_similar_tasks(call, add):
    await add(
        a_task("write game theory tests", assigned_model="opus"),
        a_task("write kalman tests"),
        a_task("bake a cake", agent_used="COOK"),
    )
    status, found = await call("POST", "/recommend", {"task": "write ecological tests"})
    assert status == 200
    assert (found["agent"], found["model"], found["model_basis"]) == ("QA_TESTER", "sonnet", "similar_tasks")
    assert {one["task_title"] for one in found["similar"]} == {
        "write game theory tests",
        "write kalman tests",
    }
    assert found["target"] is None


@pytest.fixture
async def as_codex(control):
    """Asks with a key of the agent `codex` that may use qwen."""
    key = ApiKey(id="k", name="k", digest="d", hint="h", agent="codex", allowed_models=("qwen",))
    control.ring["pm-codex"] = key
    async with client_of(control, headers={"authorization": "Bearer pm-codex"}) as client:

        async def ask(**wanted):
            return await client.post("/api/v1/recommend", json={"task": "write tests", **wanted})

        yield ask


async def test_a_key_of_an_agent_sees_its_own_tasks_and_models_only(as_codex, call, add, specs):
    await add(
        a_task("write own tests", agent_id="codex", assigned_model="qwen"),
        a_task("write secret tests", agent_used="SPY", assigned_model="gpt-x"),
    )
    await specs(SPY="write tests", QA_TESTER="write tests")
    answer = await as_codex()
    found = answer.json()
    assert ([one["task_title"] for one in found["similar"]], found["target"]) == (
        ["write own tests"],
        "ollama/qwen",
    )
    assert {one["name"] for one in found["agents"]} == {"QA_TESTER"}
    assert "secret" not in (await as_codex(agent="SPY")).text
    assert (await as_codex(models=["gpt-x"])).status_code == 403
    assert len((await call("POST", "/recommend", {"task": "write tests"}))[1]["similar"]) == 2


async def test_what_an_anonymous_agent_told_is_found_with_its_key(as_codex, control, add):
    hidden = AgentProfile(id="codex", anonymous=True)
    control.policy = replace(control.policy, agents={"codex": hidden})
    await add(a_task("write tests", agent_id="anon-codex", assigned_model="qwen"))
    assert len((await as_codex()).json()["similar"]) == 1


async def test_who_has_no_key_may_ask_for_a_recommendation_on_this_machine_alone(control):
    for peer, status in (("127.0.0.1", 200), ("203.0.113.9", 403)):
        async with client_of(control, peer=peer) as client:
            assert (await client.post("/api/v1/recommend", json={"task": "x"})).status_code == status


async def test_the_text_of_a_recommendation_is_stored_nowhere(call, add, db_pool):
    await call("POST", "/recommend", {"task": "xyzzy plugh"})
    assert await db_pool.fetchval("SELECT count(*) FROM task_executions") == 0


async def test_labels_of_a_recommendation_can_be_stated(call):
    asked = {"task": "hello", "domain": "Data Science", "priority": "high", "agent": "DBA"}
    _, found = await call("POST", "/recommend", asked)
    assert found["task_type"] == "P1_data_science_simple"
    assert (found["model"], found["model_basis"]) == ("haiku", "tier")


@pytest.mark.parametrize(
    "body",
    [{}, {"task": ""}, {"task": "x", "limit": 0}, {"task": "x", "domain": "!!"}, {"task": "x", "more": 1}],
)
async def test_a_recommendation_that_makes_no_sense_is_refused(call, body):
    status, found = await call("POST", "/recommend", body)
    assert (status, found["error"]["type"]) == (400, "invalid_request")


async def test_without_an_embedder_it_says_so(db_pool):
    async with client_of(PlainControl(db_pool), headers=BEARER) as client:
        answer = await client.post("/api/v1/recommend", json={"task": "x"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "task_memory_away")


async def test_only_agents_that_may_be_chosen_are(call, add, specs):
    await add(a_task("write tests"))
    await specs(DBA="writes sql", QA_TESTER="writes tests")
    _, found = await call("POST", "/recommend", {"task": "write tests", "agents": ["DBA"]})
    assert (found["agent"], found["similar"]) == ("DBA", [])


async def test_tiers_are_listed_set_and_dropped(call):
    _, found = await call("GET", "/model-tiers")
    assert len(found["tiers"]) == 19
    status, made = await call("PUT", "/model-tiers/MY_BOT", {"default_model": "haiku", "notes": "small"})
    assert (status, made["notes"]) == (200, "small")
    _, kept = await call("PUT", "/model-tiers/MY_BOT", {"default_model": "opus"})
    assert (kept["default_model"], kept["notes"], kept["updated_us"] > 0) == ("opus", "small", True)
    assert (await call("DELETE", "/model-tiers/MY_BOT"))[1]["default_model"] == "opus"
    assert (await call("DELETE", "/model-tiers/MY_BOT"))[0] == 404


async def test_a_tier_is_set_and_dropped_under_any_case_of_its_name(call):
    await call("PUT", "/model-tiers/MY_BOT", {"default_model": "haiku"})
    _, made = await call("PUT", "/model-tiers/my_bot", {"default_model": "opus"})
    assert (made["agent_name"], made["default_model"]) == ("MY_BOT", "opus")
    assert len((await call("GET", "/model-tiers"))[1]["tiers"]) == 20
    assert (await call("DELETE", "/model-tiers/My_Bot"))[1]["agent_name"] == "MY_BOT"


async def test_a_tier_for_every_agent_is_refused(call):
    assert (await call("PUT", "/model-tiers/*", {"default_model": "haiku"}))[0] == 400


async def test_unused_agents_are_those_without_a_task(call, add, specs):
    await add(a_task("x", agent_used="DBA"), a_task("y", agent_used="COORD_WEB"))
    await specs(COOK="cooks")
    _, found = await call("GET", "/agents/unused")
    assert "COOK" in found["agents"]
    assert not {"DBA", "COORD_*"} & set(found["agents"])
    assert len(found["agents"]) == 18


async def test_overloaded_agents_did_much_and_little_of_it_well(call, add):
    await add(*[a_task(f"t{n}", success=n % 2 == 0, execution_time_seconds=2.0) for n in range(60)])
    _, found = await call("GET", "/agents/overloaded")
    (one,) = found["agents"]
    assert (one["agent_used"], one["task_count"], one["success_rate"], one["avg_duration_ms"]) == (
        "QA_TESTER",
        60,
        0.5,
        2000.0,
    )
    assert (await call("GET", "/agents/overloaded", tasks=60))[1]["agents"] == []


async def test_gaps_are_failed_tasks_far_from_every_agent(call, add, specs):
    await add(
        a_task("bake a cake", success=False),
        a_task("write tests", success=False),
        a_task("paint the fence", success=True),
    )
    assert (await call("GET", "/gaps"))[1]["agents"] == 0
    await specs(QA_TESTER="write tests")
    _, found = await call("GET", "/gaps")
    (gap,) = found["gaps"]
    assert (gap["task_title"], gap["nearest_agent"], gap["distance"] > 0.5) == (
        "bake a cake",
        "QA_TESTER",
        True,
    )
    assert len((await call("GET", "/gaps", threshold=0))[1]["gaps"]) == 2


@pytest.mark.parametrize("threshold", ["-1", "3", "nan", "x"])
async def test_a_threshold_that_is_no_distance_is_refused(call, threshold):
    assert (await call("GET", "/gaps", threshold=threshold))[0] == 400


async def test_a_specification_is_embedded_again_only_when_it_has_changed(specs):
    assert (await specs(A="one", B="two")).embedded == ("A", "B")
    EMBEDDER.texts.clear()
    assert (await specs(A="one", B="two")).embedded == ()
    assert EMBEDDER.texts == []
    changed = await specs(A="three")
    assert (changed.embedded, changed.forgotten) == (("A",), ("B",))


async def test_an_agent_is_given_one_model_however_its_name_is_written(call):
    _, found = await call("POST", "/assign", {"agents": ["Claude-Code", "claude-code"], "models": ["qwen"]})
    assert [one["agent_id"] for one in found["assignments"]] == ["claude-code"]
    status, found = await call("POST", "/assign", {"agents": ["claude code"]})
    assert (status, "'claude code'" in found["error"]["message"]) == (400, True)


async def test_assignment_answers_in_the_fields_of_seed_d(call):
    _, found = await call("POST", "/assign", {"agents": ["a", "b"], "models": ["gpt-x", "qwen"]})
    assert [one["model_id"] for one in found["assignments"]] == ["openai/gpt-x", "ollama/qwen"]
    assert set(found["assignments"][0]) == {
        *("agent_id", "model_id", "capability_score", "performance_score", "performance_adjustment"),
        *("has_performance_data", "success_rate", "avg_latency_ms"),
    }


async def test_capacities_bound_how_many_agents_a_model_gets(call):
    body = {"agents": ["a", "b", "c"], "capacities": {"gpt-x": 1, "qwen": 1}}
    _, found = await call("POST", "/assign", body)
    assert (len(found["assignments"]), len(found["unassigned"])) == (2, 1)


@pytest.mark.parametrize(
    "body",
    [
        {"agents": []},
        {"agents": ["a"], "models": ["nobody"]},
        {"agents": ["a"], "models": ["qwen"], "capacities": {"gpt-x": 1}},
        {"agents": ["a"], "capacities": {"qwen": -1}},
    ],
)
async def test_an_assignment_that_makes_no_sense_is_refused(call, body):
    assert (await call("POST", "/assign", body))[0] == 400


async def test_forgetting_an_agent_leaves_it_in_no_table(call, add, db_pool, tmp_path, specs):
    writer = JournalWriter(tmp_path / "journal", "worker")
    for record in (a_record(1, agent_id="bob"), a_record(2, agent_id="anon-bob"), a_record(3)):
        writer.append(record)
    writer.close()
    await Loader(tmp_path / "journal", db_pool).drain()
    await add(a_task("x", agent_id="bob"), a_task("y", agent_used="bob"), a_task("z"))
    await specs(bob="does things")
    spent = await db_pool.fetchval("SELECT sum(cost_usd_micros) FROM agent_volume")
    status, erased = await call("DELETE", "/agents/bob")
    assert (status, erased["rows"]["task_executions"], erased["rows"]["gateway_request_log"]) == (200, 2, 2)
    assert await everywhere(db_pool, "bob") == []
    assert await db_pool.fetchval("SELECT sum(cost_usd_micros) FROM agent_volume") == spent
    assert await db_pool.fetchval("SELECT count(*) FROM task_executions") == 1


async def everywhere(pool, word):
    """The tables in which a row has the word."""
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return [
        name
        for (name,) in tables
        if await pool.fetchval(f"SELECT count(*) FROM {name} AS one WHERE one::text ~ '\\m{word}\\M'")
    ]


async def test_an_agent_nobody_knows_cannot_be_forgotten(call, control):
    assert (await call("DELETE", "/agents/nobody"))[0] == 404


async def test_keys_that_name_a_forgotten_agent_are_told(db_pool, call):
    _, key = await call("POST", "/keys", {"name": "k", "agent": "bob"})
    assert (await forget.forget(db_pool, ["bob"])).keys == [key["id"]]


async def test_forgetting_needs_the_token(control):
    async with client_of(control) as client:
        answer = await client.delete("/api/v1/agents/bob")
    assert answer.status_code == 401
    assert json.loads(answer.content)["error"]["type"] == "admin_token_needed"
