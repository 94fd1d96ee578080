"""A calibration's books: gone on with, each result once, each score an outcome that counts for all."""

from msgspec.structs import replace
from tests.learning_world import learn, publish, put, some_traffic

from pointsman.core.calibration import CALIBRATION_AGENT, CalibrationResult, CalibrationWanted
from pointsman.core.ids import new_request_id
from pointsman.core.snapshot import decode_snapshot
from pointsman.routing.evidence import Estimator
from pointsman.store import calibrations, outcomes, snapshots
from pointsman.store.pool import Pool, connect

WANTED = CalibrationWanted(
    digest="0" * 32, source="bundled", items=2, targets=("a/m", "b/n"), budget_usd_micros=1000
)


def a_result(item: str = "one", target: str = "a/m", score: float | None = 1.0) -> CalibrationResult:
    request_id = new_request_id() if score is not None else None
    return CalibrationResult(
        item=item, target=target, grader="exact", score=score, request_id=request_id, cost_usd_micros=7
    )


async def test_an_unfinished_one_is_gone_on_with(db_pool: Pool) -> None:
    first = await calibrations.begin(db_pool, WANTED)
    await calibrations.add(db_pool, first, [a_result()], CALIBRATION_AGENT, finished=False)
    assert await calibrations.begin(db_pool, WANTED) == first
    assert len(await calibrations.results(db_pool, first.id)) == 1
    await calibrations.add(db_pool, first, [], CALIBRATION_AGENT, finished=True)
    assert (await calibrations.begin(db_pool, WANTED)).id != first.id


async def test_a_result_counts_once_and_its_score_stays(db_pool: Pool) -> None:
    run = await calibrations.begin(db_pool, WANTED)
    first = a_result(score=1.0)
    assert await calibrations.add(db_pool, run, [first], CALIBRATION_AGENT, finished=False) == 1
    assert await calibrations.add(db_pool, run, [first], CALIBRATION_AGENT, finished=False) == 0
    again = a_result(score=0.0)
    assert await calibrations.add(db_pool, run, [again], CALIBRATION_AGENT, finished=False) == 0
    told = await outcomes.after(db_pool, 0)
    assert [(one.outcome.signal, one.outcome.label, one.outcome.decision_id) for one in told] == [
        ("calibration", 1.0, first.request_id)
    ]


async def test_what_had_no_answer_is_asked_again_and_its_cost_adds_up(db_pool: Pool) -> None:
    run = await calibrations.begin(db_pool, WANTED)
    await calibrations.add(db_pool, run, [a_result(score=None)], CALIBRATION_AGENT, finished=False)
    assert await outcomes.after(db_pool, 0) == []
    await calibrations.add(db_pool, run, [a_result(score=0.5)], CALIBRATION_AGENT, finished=False)
    (found,) = await calibrations.results(db_pool, run.id)
    assert (found.score, found.cost_usd_micros) == (0.5, 14)
    assert len(await outcomes.after(db_pool, 0)) == 1


async def test_what_was_found_out_counts_for_everyone_and_for_no_agent(database: str, db_pool: Pool) -> None:
    await publish(db_pool)
    signs = {"source": "told", "signal": "calibration"}
    traffic = some_traffic(60, agent_id=CALIBRATION_AGENT)
    await put(db_pool, [(request, replace(sign, **signs)) for request, sign in traffic])
    connection = await connect(database)
    try:
        assert (await learn(connection, "confidence"))["confidence"]["published"] == 2
        assert await connection.fetchval("SELECT count(*) FROM learning_cell_sums") == 0
        assert await connection.fetchval("SELECT count(*) FROM agent_confidence_scores") == 0
        assert await connection.fetchval("SELECT count(*) FROM agent_performance") == 0
        stored = await snapshots.get(db_pool, 2)
    finally:
        await connection.close()
    evidence = decode_snapshot(stored.body, 2).evidence
    estimator = Estimator(evidence)
    found = estimator.estimate("newcomer", estimator.inputs(b""), ["good", "bad"], [0.6, 0.6])
    assert found.common[0] > 0.75 > 0.5 > found.common[1]
    assert evidence.agents == {}
