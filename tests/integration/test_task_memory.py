"""The task memory over a real PostgreSQL with pgvector."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from tests.memory_world import Words, a_task

from pointsman.memory import history
from pointsman.memory.classify import Classifier
from pointsman.memory.keeper import TaskMemory
from pointsman.memory.mirror import TaskMirror
from pointsman.store import task_memory

EMBEDDER = Words()


def anyone(agent):
    return True


def no_shy(agent):
    return agent != "shy"


@pytest.fixture
def add(db_pool):
    """Puts tasks in, and embeds them."""

    async def put(*tasks, embedded=True):
        for task in tasks:
            await db_pool.execute(
                f"INSERT INTO task_executions ({', '.join(task)}) "
                f"VALUES ({', '.join(f'${n}' for n in range(1, len(task) + 1))})",
                *task.values(),
            )
        if embedded:
            await history.embed_missing(db_pool, history.Scribe(EMBEDDER), anyone)

    return put


async def near(pool, text, limit=5, agents=(), embedder=EMBEDDER):
    (vector,) = embedder.embed([text]).tolist()
    return await task_memory.similar(pool, vector, embedder.name, limit, agents)


async def test_pgvector_extension(db_pool):
    assert await db_pool.fetchval("SELECT true FROM pg_extension WHERE extname = 'vector'")


async def test_embedding_similarity_query(db_pool, add):
    await add(a_task("test task"))
    (found,) = await near(db_pool, "test task", limit=1)
    assert found.similarity > 0.99
    row = await db_pool.fetchrow("SELECT * FROM task_history")
    assert (row["task_description"], row["agent_used"], row["model_used"]) == (
        "test task",
        "QA_TESTER",
        "sonnet",
    )


async def test_the_nearest_comes_first_and_failures_are_there_too(db_pool, add):
    await add(
        a_task("parse the file"), a_task("parse the file quickly", success=False), a_task("bake a cake")
    )
    found = await near(db_pool, "parse the file")
    assert [(one.task_title, one.success) for one in found[:2]] == [
        ("parse the file", True),
        ("parse the file quickly", False),
    ]


async def test_open_tasks_and_tasks_without_a_model_are_not_found(db_pool, add):
    await add(a_task("parse", success=None), a_task("parse", assigned_model=None))
    assert await near(db_pool, "parse") == []


async def test_among_the_tasks_of_some_agents_all_are_looked_at(db_pool, add):
    await add(*[a_task(f"parse file {n}") for n in range(60)], a_task("bake a cake", agent_used="COOK"))
    assert [one.agent_used for one in await near(db_pool, "parse file 3", agents=["COOK"])] == ["COOK"]


async def test_a_hundred_other_embedders_rows_do_not_hide_ours(db_pool, add):
    await add(*[a_task("parse the file") for _ in range(100)])
    await db_pool.execute("UPDATE task_executions SET embedder = 'another'")
    await add(a_task("bake a cake"))
    assert len(await near(db_pool, "parse the file")) == 1


async def test_the_index_is_used_for_the_global_search(db_pool, add):
    await add(a_task("parse"))
    async with db_pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        sql = task_memory._with(256, "similar")
        vector = EMBEDDER.embed(["parse"])[0].tolist()
        plan = await connection.fetch("EXPLAIN " + sql, vector, EMBEDDER.name, 5)
    assert "task_executions_embedding_256" in "\n".join(row[0] for row in plan)


async def test_tasks_without_words_and_of_agents_that_opted_out_get_no_embedding(db_pool, add):
    await add(a_task("", task_title=None), a_task("secret", agent_id="shy"), embedded=False)
    assert await history.embed_missing(db_pool, history.Scribe(EMBEDDER), no_shy) == 0


async def test_labels_that_nobody_told_are_read_from_the_words(db_pool, add):
    told = a_task("Write unit tests for the module", priority="P0", domain="prose")
    await add(told, a_task("Write unit tests for the module"), embedded=False)
    await history.embed_missing(db_pool, history.Scribe(EMBEDDER, Classifier(EMBEDDER)), anyone)
    types = await db_pool.fetch("SELECT task_type FROM task_executions ORDER BY priority")
    assert [row["task_type"] for row in types] == ["P0_prose_simple", "P2_testing_simple"]


async def test_an_agent_that_opts_out_later_loses_its_embeddings(db_pool, add):
    await add(a_task("secret", agent_id="shy"), a_task("open"))
    await TaskMemory().respect(db_pool, no_shy)
    rows = await db_pool.fetch("SELECT agent_id FROM task_executions WHERE task_embedding IS NOT NULL")
    assert [row["agent_id"] for row in rows] == ["ci"]


async def test_two_workers_do_not_embed_the_same_task(db_pool, add):
    await add(*[a_task(f"task {n}") for n in range(300)], embedded=False)
    done = await asyncio.gather(
        *[history.embed_missing(db_pool, history.Scribe(EMBEDDER), anyone) for _ in range(3)]
    )
    assert sum(done) <= 300
    assert await db_pool.fetchval("SELECT count(*) FROM task_executions WHERE embedder IS NULL") == 0


async def test_another_embedder_embeds_anew_and_has_an_index_of_its_own(db_pool, add):
    await add(a_task("parse the file"), a_task("bake a cake"))
    other = Words("words-64", 64)
    await task_memory.ensure_index(db_pool, 64)
    assert await near(db_pool, "parse the file", embedder=other) == []
    assert await history.embed_missing(db_pool, history.Scribe(other), anyone, of_others=True) == 2
    (first, _) = await near(db_pool, "parse the file", embedder=other)
    assert (first.task_title, first.similarity > 0.99) == ("parse the file", True)
    assert await near(db_pool, "parse the file") == []


@pytest.fixture
def mirror(tmp_path):
    return TaskMirror(EMBEDDER.name, EMBEDDER.dimensions, tmp_path / "memory" / "tasks.index")


def heard(mirror, text, count=3):
    return [one.model for one in mirror.neighbours(EMBEDDER.embed([text])[0], count)]


async def test_the_mirror_finds_what_the_store_finds(db_pool, add, mirror):
    await add(*[a_task(f"parse file {n}", assigned_model=f"m{n}") for n in range(40)])
    assert await mirror.refresh(db_pool) == 40
    (vector,) = EMBEDDER.embed(["parse file 7"])
    stored = await near(db_pool, "parse file 7", limit=3)
    found = mirror.neighbours(vector, 3)
    assert {one.task for one in found} == {str(one.id) for one in stored}
    assert found[0].similarity == pytest.approx(stored[0].similarity, abs=2e-3)


async def test_the_mirror_follows_outcomes_and_reads_only_what_is_new(db_pool, add, mirror):
    await add(a_task("parse", success=None))
    await mirror.refresh(db_pool)
    assert heard(mirror, "parse") == []
    await db_pool.execute("UPDATE task_executions SET success = false")
    assert await mirror.refresh(db_pool) == 1
    assert [one.success for one in mirror.neighbours(EMBEDDER.embed(["parse"])[0])] == [False]
    assert await mirror.refresh(db_pool) == 0


async def test_an_erased_embedding_leaves_the_mirror(db_pool, add, mirror):
    await add(a_task("secret", agent_id="shy"))
    await mirror.refresh(db_pool)
    await task_memory.drop_embeddings(db_pool, ["shy"])
    await mirror.refresh(db_pool)
    assert (heard(mirror, "secret"), len(mirror)) == ([], 0)


async def test_a_deleted_task_leaves_the_mirror_when_it_is_rebuilt(db_pool, add, mirror):
    await add(a_task("parse"), a_task("bake", assigned_model="opus"))
    await mirror.refresh(db_pool)
    await db_pool.execute("DELETE FROM task_executions WHERE task_title = 'parse'")
    await mirror.rebuild(db_pool)
    assert heard(mirror, "parse") == ["opus"]


async def test_the_mirror_comes_back_from_its_file_and_goes_on(db_pool, add, mirror, tmp_path):
    await add(a_task("parse"))
    await mirror.refresh(db_pool)
    await mirror.save()
    await add(a_task("bake", assigned_model="opus"))
    second = TaskMirror(EMBEDDER.name, EMBEDDER.dimensions, tmp_path / "memory" / "tasks.index")
    assert await second.restore()
    assert heard(second, "parse") == ["sonnet"]
    assert await second.refresh(db_pool) == 1
    assert heard(second, "bake", 1) == ["opus"]


async def test_a_file_of_another_embedder_or_a_broken_one_is_not_taken(db_pool, add, mirror, tmp_path):
    await add(a_task("parse"))
    await mirror.refresh(db_pool)
    await mirror.save()
    file = tmp_path / "memory" / "tasks.index"
    assert not await TaskMirror("another", 256, file).restore()
    file.write_bytes(b"nonsense" * 50)
    assert not await TaskMirror(EMBEDDER.name, 256, file).restore()


async def test_no_more_tasks_are_held_than_wanted_and_the_newest_stay(db_pool, add, mirror, monkeypatch):
    monkeypatch.setattr("pointsman.memory.mirror.MAX_TASKS", 5)
    await add(*[a_task(f"file {n}", assigned_model=f"m{n}") for n in range(12)])
    await mirror.refresh(db_pool)
    assert len(mirror) == 5
    assert "m11" in heard(mirror, "file 11", 5)


async def test_usage_counts_only_finished_tasks_of_the_time_asked_for(db_pool, add):
    old = datetime.now(UTC) - timedelta(days=40)
    await add(a_task("a"), a_task("b", success=False), a_task("c", success=None), a_task("d", timestamp=old))
    (used,) = await task_memory.used(db_pool, datetime.now(UTC) - timedelta(days=30))
    assert (used.agent_used, used.task_count, used.success_rate) == ("QA_TESTER", 2, 0.5)


async def test_what_the_store_sends_is_the_vector_that_was_stored(db_pool, add):
    await add(a_task("parse the file"))
    (change,) = await task_memory.changes(
        db_pool, EMBEDDER.name, datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0), 10
    )
    sent = np.frombuffer(change.embedding, ">f2", offset=4).astype(np.float32)
    assert np.allclose(sent, EMBEDDER.embed(["parse the file"])[0], atol=1e-3)
