"""The client reports what it should, tries again, and never breaks the work it reports on."""

import asyncio
import logging
import subprocess
import sys
from types import SimpleNamespace

import httpx
import pytest

from pointsman.client import AsyncPointsman, NotReported, Pointsman, request_id_of, wire

REQUEST = "req_0123456789abcdefghjkmn"
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(wire, "PAUSE_S", 0.0)
    monkeypatch.setattr(wire, "MAX_PAUSE_S", 0.0)


@pytest.fixture
def client(script):
    return Pointsman(script.url, "pm-key", "ci")


def test_feedback_says_what_the_api_wants(client, script):
    assert client.feedback(REQUEST, "success", quality=9, token_count=12).id == "an-id"
    (asked,) = script.asked
    metadata = {"completion_quality": 9, "token_count": 12}
    assert asked["path"] == "/agents/ci/feedback"
    assert asked["body"] == {"request_id": REQUEST, "outcome": "success", "metadata": metadata}
    assert asked["headers"]["authorization"] == "Bearer pm-key"


def test_thumbs_are_told_and_corrected_under_a_key_of_their_own(client, script):
    client.thumbs(REQUEST, True)
    client.thumbs(REQUEST, False, corrects=True)
    assert [one["body"]["thumbs"] for one in script.asked] == ["up", "down"]
    assert ["idempotency-key" in one["headers"] for one in script.asked] == [False, True]


def test_it_tries_again_with_the_same_key(client, script):
    script.answers = [(503, {}), (429, {}), (201, {"id": "t"})]
    assert client.create_task(task_title="x").id == "t"
    assert len({one["headers"]["idempotency-key"] for one in script.asked}) == 1
    assert len(script.asked) == 3


def test_a_task_with_a_name_is_known_by_it(client, script):
    client.create_task(task_id="T-1")
    with client.task(task_id="T-1"):
        pass
    assert ["idempotency-key" in one["headers"] for one in script.asked[:2]] == [False, True]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_what_cannot_succeed_is_not_tried_again(client, script, status, caplog):
    script.answers = [(status, {"error": {"type": "t", "message": "this is why"}})]
    answer = client.feedback(REQUEST, "error")
    assert (bool(answer), answer.status, answer.error) == (False, status, "this is why")
    assert len(script.asked) == 1
    assert "this is why" in caplog.text


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"", b'{"error": "x"}'])
def test_an_answer_that_is_no_json_object_does_no_harm(client, script, body):
    script.answers = [(400, body)]
    assert "400" in (client.feedback(REQUEST, "error").error or "")


def test_a_gateway_that_is_away_does_no_harm(caplog):
    answer = Pointsman(NOWHERE, agent="ci").feedback(REQUEST, "success")
    assert (bool(answer), answer.status) == (False, None)
    assert NOWHERE in caplog.text


def test_a_strict_client_raises(script):
    script.answers = [(409, {"error": {"message": "told before"}})]
    with pytest.raises(NotReported, match="told before") as raised:
        Pointsman(script.url, agent="ci", strict=True).feedback(REQUEST, "success")
    assert raised.value.answer.status == 409


@pytest.mark.parametrize("request_id", [None, "req_1", object(), {"x-request-id": REQUEST}])
def test_what_has_no_request_id_is_not_sent(client, script, request_id):
    assert "request id" in (client.feedback(request_id, "success").error or "")
    assert script.asked == []


def test_values_that_are_no_json_are_an_error_and_no_exception(client, script):
    assert not client.task_outcome("t", quality_score=float("nan"))
    assert not client.create_task(task_title=object())  # type: ignore[arg-type]
    assert script.asked == []


@pytest.mark.parametrize("address", ["127.0.0.1:8484", "ftp://here", "http://"])
def test_an_address_that_is_none_is_refused_at_once(address):
    with pytest.raises(ValueError, match="address"):
        Pointsman(address)


def test_address_and_key_come_from_the_environment(monkeypatch, script):
    monkeypatch.setenv("POINTSMAN_URL", script.url + "/")
    monkeypatch.setenv("POINTSMAN_API_KEY", "pm-other")
    Pointsman(agent="a/b").thumbs(REQUEST, True)
    assert script.asked[0]["path"] == "/agents/a%2Fb/feedback"
    assert script.asked[0]["headers"]["authorization"] == "Bearer pm-other"


def outcome_of(script):
    begun, told = script.asked
    assert (begun["path"], told["path"]) == ("/tasks", "/tasks/an-id/outcome")
    return told["body"]


def test_a_block_reports_its_success_and_its_requests(client, script):
    with client.task(domain="code", task_title="Fix") as task:
        for _ in range(2):
            task.saw(httpx.Response(200, headers={"x-pointsman-request-id": REQUEST}))
        assert task.saw("nothing") == "nothing"
        task.tell(tests_passed=3)
    told = outcome_of(script)
    assert (told["success"], told["request_ids"], told["tests_passed"]) == (True, [REQUEST], 3)
    assert script.asked[0]["body"] == {"domain": "code", "task_title": "Fix", "agent": "ci"}
    assert told["execution_time_seconds"] >= 0


def fail_in(block):
    with block as task:
        task.tell(success=True)
        raise LookupError("a secret")


def test_an_exception_passes_and_only_its_type_is_told(client, script):
    with pytest.raises(LookupError, match="secret"):
        fail_in(client.task())
    told = outcome_of(script)
    assert (told["success"], told["error_message"]) == (False, "LookupError")
    assert "secret" not in str(told)


def test_an_interruption_is_neither_success_nor_failure(client, script):
    with pytest.raises(KeyboardInterrupt), client.task():
        raise KeyboardInterrupt
    told = outcome_of(script)
    assert ("success" in told, told["error_message"]) == (False, "KeyboardInterrupt")


FORKING = """
import os, sys
from pointsman.client import Pointsman
with Pointsman(sys.argv[1], agent="ci").task():
    child = os.fork()
    if child == 0:
        sys.exit(1)
    os.waitpid(child, 0)
"""


def test_a_process_that_was_forked_inside_a_block_does_not_report_its_end(script):
    subprocess.run([sys.executable, "-c", FORKING, script.url], check=True, timeout=60)
    assert outcome_of(script)["success"] is True


def test_a_failure_may_be_told_without_an_exception(client, script):
    with client.task() as task:
        task.tell(success=False, quality_score=2)
    assert outcome_of(script)["success"] is False


def test_a_task_that_could_not_be_begun_is_begun_at_the_end(client, script):
    script.answers = [(503, {}), (201, {"id": "an-id"}), (200, {})]
    with client.task():
        pass
    first, second, told = script.asked
    assert first["headers"]["idempotency-key"] == second["headers"]["idempotency-key"]
    assert told["path"] == "/tasks/an-id/outcome"


def test_a_block_runs_though_the_gateway_is_away(caplog):
    with Pointsman(NOWHERE, agent="ci").task() as task:
        done = True
    assert (done, task.id) == (True, None)
    assert "not reported" in caplog.text


def test_a_strict_block_raises_its_own_exception_first():
    strict = Pointsman(NOWHERE, agent="ci", strict=True)
    with pytest.raises(NotReported), strict.task():
        pass
    with pytest.raises(LookupError), strict.task():
        raise LookupError


async def test_the_async_client_does_the_same(script):
    client = AsyncPointsman(script.url, agent="ci")
    async with client.task(domain="code") as task:
        await task.saw_hook(httpx.Response(200, headers={"x-pointsman-request-id": REQUEST}))
        task.tell(tests_failed=0)
    assert outcome_of(script)["request_ids"] == [REQUEST]
    assert (await client.feedback(REQUEST, "timeout")).id == "an-id"
    assert (await client.thumbs(REQUEST, False)).id == "an-id"
    assert (await client.create_task()).id == (await client.get_task("t")).id == "an-id"
    assert await client.task_outcome("t", success=True)


async def test_an_async_block_that_is_cancelled_is_reported(script):
    inside = asyncio.Event()

    async def work():
        async with AsyncPointsman(script.url, agent="ci").task():
            inside.set()
            await asyncio.Event().wait()

    running = asyncio.create_task(work())
    await inside.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert outcome_of(script)["error_message"] == "CancelledError"


class Headers(dict):
    """Headers as some libraries have them."""


HEADERS = {"X-Pointsman-Request-Id": REQUEST}


@pytest.mark.parametrize(
    "response",
    [
        REQUEST,
        HEADERS,
        Headers(HEADERS),
        httpx.Headers(HEADERS),
        httpx.Response(200, headers=HEADERS),
        SimpleNamespace(headers=HEADERS),
        SimpleNamespace(response=SimpleNamespace(headers=HEADERS)),
        SimpleNamespace(http_response=SimpleNamespace(headers=HEADERS)),
        SimpleNamespace(_response=SimpleNamespace(headers=HEADERS)),
        SimpleNamespace(_request_id=REQUEST),
    ],
)
def test_the_request_id_is_found(response):
    assert request_id_of(response) == REQUEST


@pytest.mark.parametrize(
    "other", ["req_011CSHoEeqs5C35K2UUqR7Fy", "", b"", 7, [], SimpleNamespace(headers=7)]
)
def test_other_things_have_no_request_id(other):
    assert request_id_of(other) is None


def test_its_log_has_a_name_of_its_own(caplog):
    with caplog.at_level(logging.WARNING, "pointsman.client"):
        Pointsman(NOWHERE, agent="ci", retries=0).thumbs(REQUEST, True)
    assert caplog.records[0].name == "pointsman.client"


def test_a_recommendation_is_asked_for_and_told(client, script):
    script.answers = [(200, {"agent": "DBA", "model": "haiku", "similar": []})]
    assert client.recommend("Add an index", models=["haiku", "opus"], limit=3).body["model"] == "haiku"
    assert asyncio.run(AsyncPointsman(script.url).recommend("Add an index", agent="DBA"))
    assert [one["path"] for one in script.asked] == ["/api/v1/recommend"] * 2
    assert script.asked[0]["body"] == {"task": "Add an index", "models": ["haiku", "opus"], "limit": 3}
