"""The control API over a real database."""

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace
from tests.plain_control import BEARER, PlainControl, a_policy, client_of, features_of
from tests.store_records import PLAIN, a_record, an_outcome

from pointsman.core.keys import digest_of
from pointsman.core.snapshot import encode_snapshot
from pointsman.store import api_keys, learned, snapshots
from pointsman.store.journal import JournalWriter
from pointsman.store.learned import Divergence, Score
from pointsman.store.loader import Loader
from pointsman.store.pool import create_pool
from pointsman.web.hindrances import NOTHING_YET

FEATURES = msgspec.json.encode(features_of())
CHOSEN = {
    "provider": "openai",
    "model": "gpt-x",
    "confidence": 0.9,
    "policy_version": 7,
    "features": FEATURES,
}


@pytest.fixture
def log(tmp_path, db_pool):
    """Puts records into the log the way they get there: through the journal."""

    async def put(*records):
        writer = JournalWriter(tmp_path, "worker")
        for record in records:
            writer.append(record)
        writer.close()
        assert await Loader(tmp_path, db_pool).drain() == len(records)

    return put


@pytest.fixture
def control(db_pool):
    return PlainControl(db_pool)


async def get(control, path, **query):
    async with client_of(control) as client:
        return await client.get("/api/v1" + path, params=query)


async def make_key(control, **wanted):
    async with client_of(control, headers=BEARER) as client:
        return await client.post("/api/v1/keys", json=wanted)


async def test_a_key_shows_its_secret_once_and_is_stored_by_hash(control, db_pool):
    answer = await make_key(control, name="ci", agent="ci-bot", daily_budget_usd_micros=5_000_000)
    assert answer.status_code == 201
    made = answer.json()
    (stored,) = await api_keys.listing(db_pool)
    assert (stored.digest, stored.agent) == (digest_of(made["secret"]), "ci-bot")
    assert control.done == ["keys_changed"]
    listed = await get(control, "/keys")
    assert made["secret"] not in listed.text
    assert stored.digest not in listed.text
    assert listed.json()["keys"][0]["hint"] == made["secret"][-4:]


async def test_the_secret_is_not_lost_when_the_keys_cannot_be_read_again(control, monkeypatch):
    async def fails():
        raise OSError("gone")

    monkeypatch.setattr(control, "keys_changed", fails)
    answer = await make_key(control, name="ci")
    assert (answer.status_code, answer.json()["secret"][:3]) == (201, "pm-")


async def test_a_revoked_key_stays_listed_with_its_end(control):
    key_id = (await make_key(control, name="ci")).json()["id"]
    async with client_of(control, headers=BEARER) as client:
        revoked = (await client.delete(f"/api/v1/keys/{key_id}")).json()
    assert revoked["revoked_s"] is not None
    assert (await get(control, "/keys")).json()["keys"] == [revoked]
    assert control.done == ["keys_changed", "keys_changed"]


async def test_revoking_what_is_not_there_is_not_found(control):
    async with client_of(control, headers=BEARER) as client:
        answer = await client.delete("/api/v1/keys/key_none")
    assert (answer.status_code, control.done) == (404, [])


async def test_pages_of_the_log_join_without_gap_or_overlap(control, log):
    same_time = [replace(a_record(number), started_at_us=PLAIN.started_at_us) for number in range(5)]
    await log(*same_time, *[a_record(number) for number in range(5, 9)])
    seen, before = [], None
    while True:
        page = (await get(control, "/log", limit=2, **({"before": before} if before else {}))).json()
        seen += [one["request_id"] for one in page["attempts"]]
        before = page["next"]
        if before is None:
            break
    assert seen == [f"req_{number:06}" for number in reversed(range(9))]


async def test_the_log_is_filtered(control, log):
    await log(a_record(1), a_record(2, agent_id="codex"), a_record(3, agent_id="codex", model="other"))
    found = (await get(control, "/log", agent="codex", model="other")).json()["attempts"]
    assert [one["request_id"] for one in found] == ["req_000003"]
    assert "features" not in found[0]
    assert (await get(control, "/log", since="2026-03-02")).json()["attempts"] == []


async def test_a_request_is_told_with_all_attempts_and_their_cost(control, log):
    second = a_record(1, attempt=1, cost_usd_micros=500, fallback_used=True, features=None)
    await log(a_record(1, finish_state="failed"), second)
    told = (await get(control, "/requests/req_000001")).json()
    assert [one["attempt"] for one in told["attempts"]] == [0, 1]
    assert told["cost_usd_micros"] == 1_500


async def test_an_unknown_request_is_not_found(control):
    for path in ("/requests/req_none", "/decisions/req_none"):
        answer = await get(control, path)
        assert answer.status_code == 404
        assert answer.json()["error"]["request_id"] == "req_none"


async def test_a_decision_is_made_again_from_the_running_policy(control, log):
    await log(a_record(1, **CHOSEN))
    told = (await get(control, "/decisions/req_000001")).json()
    assert told["same"] is True
    assert told["replayed"]["chosen"] == "openai/gpt-x"
    assert told["features"]["requested"] == "auto"


async def test_a_decision_is_made_again_from_the_policy_it_was_made_from(control, log, db_pool):
    stored = encode_snapshot(a_policy())
    version = await snapshots.publish(db_pool, stored, "configuration")
    control.policy = a_policy(99)
    del control.policy.targets["openai/gpt-x"]
    await log(a_record(1, **CHOSEN | {"policy_version": version}))
    told = (await get(control, "/decisions/req_000001")).json()
    assert (told["same"], told["replayed"]["snapshot_version"]) == (True, version)


async def test_a_decision_whose_policy_is_gone_cannot_be_made_again(control, log):
    await log(a_record(1, **CHOSEN | {"policy_version": 41}))
    answer = await get(control, "/decisions/req_000001")
    assert answer.status_code == 404
    assert "Policy 41" in answer.json()["error"]["message"]


async def test_a_decision_made_before_its_policy_was_numbered_says_so(control, log):
    await log(a_record(1, **CHOSEN | {"policy_version": 0}))
    told = (await get(control, "/decisions/req_000001")).json()
    assert told["same"] is True
    assert "the policy that runs now" in told["note"]


async def test_a_request_refused_before_a_decision_has_none(control, log):
    await log(a_record(1, features=None, error_code="invalid_api_key"))
    answer = await get(control, "/decisions/req_000001")
    assert answer.status_code == 404
    assert "invalid_api_key" in answer.json()["error"]["message"]


async def test_the_summary_sums_by_agent_and_model(control, log):
    await log(a_record(1), a_record(2), a_record(3, agent_id="codex", finish_state="failed"))
    rows = (await get(control, "/summary", since="2026-03-01")).json()["rows"]
    assert [(row["agent_id"], row["requests"], row["cost_usd_micros"], row["errors"]) for row in rows] == [
        ("claude-code", 2, 2_000, 0),
        ("codex", 1, 1_000, 1),
    ]


async def test_agents_are_counted_over_the_days_asked_for(control, log):
    await log(a_record(1), a_record(2, kind="side_title"))
    told = (await get(control, "/agents", days=3650)).json()
    agents = {agent["id"]: agent for agent in told["agents"]}
    assert set(agents) == {"ci-bot", "claude-code"}
    used = agents["claude-code"]["tiers"]["fast"]
    assert (used["requests"], used["side_requests"], used["cost_usd_micros"]) == (1, 1, 2_000)
    assert told["counted"] == "the last 3650 days"


async def test_an_agents_confidence_is_told_by_model(control, log):
    await log(a_record(1))
    score = {"score": 0.8, "deviation": 0.1, "observations": 12.0}
    at = datetime(2026, 3, 1, tzinfo=UTC)
    made = Score(agent_id="claude-code", model="large", reference_score=0.8, reference_at=at, **score)
    await learned.put_scores(control.pool, [made], at)
    told = (await get(control, "/agents/claude-code")).json()
    assert told["confidence"] == {"large": {**score, "updated_at": "2026-03-01T00:00:00Z"}}
    assert (told["user_satisfaction"], told["hindrances"]) == ({}, [NOTHING_YET])


async def test_a_divergence_is_told_as_reviewed_once_somebody_has_looked_at_it(control):
    now = datetime.now(UTC)
    figures = {"global_score": 0.9, "agent_score": 0.2, "deviation": 0.1, "observations": 12.0}
    times = {"first_seen": now, "last_seen": now, "reviewed_at": None}
    seen = Divergence(agent_id="codex", model="qwen/qwen3", **figures, **times)
    await learned.put_divergence(control.pool, seen)
    async with client_of(control, headers=BEARER) as client:
        path = "/api/v1/agents/codex/divergences/review"
        assert (await client.post(path, json={"model": "qwen/qwen3"})).json()["reviewed_at"] is not None
        assert (await client.post(path, json={"model": "gpt-x"})).status_code == 404
        (told,) = (await client.get("/api/v1/learning")).json()["divergences"]
    assert told["reviewed_at"] is not None


async def test_phases_are_told_with_the_intervals_that_are_configured(control):
    told = (await get(control, "/learning")).json()
    every_s = {one["phase"]: one["every_s"] for one in told["phases"]}
    assert (every_s["aggregate"], every_s["daily"]) == (900.0, None)


async def test_a_database_that_is_not_migrated_yet_is_told_as_away(make_database):
    pool = await create_pool(await make_database())
    answer = await get(PlainControl(pool), "/log")
    await pool.close()
    assert answer.status_code == 503
    assert answer.json()["error"]["type"] == "database_away"


async def test_a_database_that_does_not_answer_is_told_as_away(tmp_path):
    pool = await create_pool(f"postgresql://postgres@/nobody?host={tmp_path}")
    answer = await get(PlainControl(pool), "/log")
    await pool.close()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_request_tells_the_outcomes_seen(control, log):
    await log(a_record(1, decision_id="req_000001"), an_outcome(1), an_outcome(2))
    (told,) = (await get(control, "/requests/req_000001")).json()["outcomes"]
    assert (told["signal"], told["label"], told["weight"]) == ("tool_result", 0.0, 0.15)
    assert told["target"] == "somewhere/small"


async def test_what_was_corrected_is_told_as_such(control, log):
    told = {"signal": "told_outcome", "source": "told", "decision_id": "req_000001"}
    first = replace(an_outcome(1), **told, event_id="out_a", seen_at_us=1_000)
    second = replace(first, event_id="out_b", attempt=1, seen_at_us=2_000)
    await log(a_record(1, decision_id="req_000001"), first, second)
    found = (await get(control, "/requests/req_000001")).json()["outcomes"]
    assert {one["attempt"]: one["corrected"] for one in found} == {0: True, 1: False}


async def test_what_another_agent_tells_corrects_nothing(control, log):
    told = {"signal": "told_task", "source": "told", "decision_id": "req_000001"}
    own = replace(an_outcome(1), **told, event_id="out_a", seen_at_us=1_000)
    other = replace(own, event_id="out_b", agent_id="somebody-else", seen_at_us=2_000)
    await log(a_record(1, decision_id="req_000001"), own, other)
    found = (await get(control, "/requests/req_000001")).json()["outcomes"]
    assert [one["corrected"] for one in found] == [False, False]
    assert [one["agent_id"] == own.agent_id for one in found] == [True, False]
