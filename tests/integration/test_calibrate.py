"""`pointsman calibrate` against a running gateway: asks, scores, is killed, and goes on."""

import asyncio
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.gateway_process import POINTSMAN, GatewayProcess
from tests.raw_upstream import Line, RawUpstream, completion, said
from tests.scratch import scratch_folder

CONFIG = """
[local]
enabled = false
[providers.shop]
base_url = "{url}/shop/v1"
dialects = ["openai_chat"]
models = ["good", "bad", "umpire"]
retries = 0
[models."*"]
price_usd_per_million = {{ input = 1, output = 10 }}
"""
ITEMS = [
    {"id": "sum", "prompt": "1+1?", "answer": "2", "domain": "reasoning"},
    {"id": "json", "prompt": "A city?", "schema": {"type": "object"}, "expect": {"city": "Rome"}},
    {"id": "code", "prompt": "Write f.", "tests": ["assert f() == 1"]},
    {"id": "essay", "prompt": "An essay?"},
]
ANSWERS = {
    "good": {"1+1?": "2", "A city?": '{"city": "Rome"}', "Write f.": "def f():\n    return 1"},
    "bad": {"1+1?": "3", "A city?": "Rome", "Write f.": "f = 1"},
}
PATIENCE_S = 120.0


async def answered(line: Line) -> None:
    asked = line.asked.body["messages"][-1]["content"]
    if line.asked.model == "umpire":
        first = asked.partition("SECOND ANSWER")[0]
        grades = {"first": 9, "second": 3} if "by good" in first else {"first": 3, "second": 9}
        text = json.dumps(grades)
    else:
        text = ANSWERS[line.asked.model].get(asked, f"by {line.asked.model}")
    body = completion(line.asked, text)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    await line.send(head % len(body) + body)


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[GatewayProcess, RawUpstream]]:
    with RawUpstream() as upstream, scratch_folder() as folder:
        for model in ("good", "bad", "umpire"):
            upstream.on("shop", model, answered)
        with GatewayProcess(folder, CONFIG.format(url=upstream.url)) as running:
            soon(lambda: '"open"' in cli(running, "status", "--json").stdout)
            yield running, upstream


def soon(find: Callable[[], Any]) -> Any:
    deadline_s = time.monotonic() + PATIENCE_S
    while not (found := find()):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    return found


def started(gateway: GatewayProcess, *words: str) -> "subprocess.Popen[str]":
    places = {"POINTSMAN_HOME": str(gateway.home), "POINTSMAN_CONFIG": str(gateway.config)}
    return subprocess.Popen(
        [str(POINTSMAN), *words],
        env={**os.environ, **places},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def cli(gateway: GatewayProcess, *words: str) -> "subprocess.CompletedProcess[str]":
    process = started(gateway, *words)
    out, errors = process.communicate(timeout=PATIENCE_S)
    return subprocess.CompletedProcess(words, process.returncode, out, errors)


def calibrated(gateway: GatewayProcess, *words: str) -> dict[str, Any]:
    done = cli(gateway, "calibrate", *words, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def a_file(folder: Path, items: list[dict[str, Any]] = ITEMS) -> str:
    file = folder / "prompts.jsonl"
    file.write_text("\n".join([json.dumps(one) for one in items]))
    return str(file)


def api(gateway: GatewayProcess, path: str) -> Any:
    asked = urllib.request.Request(gateway.url + "/api/v1" + path, headers=gateway.admin)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)


def scores(found: dict[str, Any]) -> dict[str, float]:
    return {one["model"]: one["score"] for one in found["models"]}


def test_answers_are_scored_by_answer_schema_tests_and_judge(shop, tmp_path) -> None:
    gateway, _ = shop
    words = ("--models", "good,bad", "--judge", "umpire", "--run-tests", "--budget-usd", "5")
    found = calibrated(gateway, a_file(tmp_path), *words)
    assert found["finished"]
    assert scores(found) == {"shop/good": pytest.approx(3.9 / 4), "shop/bad": pytest.approx(0.3 / 4)}
    told = api(gateway, f"/calibrations/{found['calibration']}")
    assert {one["grader"] for one in told["results"]} == {"exact", "json_schema", "tests", "judge"}
    assert told["run"]["finished_at"]
    request_id = next(one["request_id"] for one in told["results"] if one["item"] == "sum")
    row = soon(lambda: logged(gateway, request_id))
    assert {attempt["agent_id"] for attempt in row["attempts"]} == {"pointsman-calibration"}
    assert [one["label"] for one in row["outcomes"] if one["signal"] == "calibration"] in ([1.0], [0.0])


def logged(gateway: GatewayProcess, request_id: str) -> Any:
    try:
        return api(gateway, f"/requests/{request_id}")
    except urllib.error.HTTPError as error:
        if error.code != 404:  # it is not in the log yet
            raise
        return None


def test_killed_it_goes_on_where_it_was(shop, tmp_path) -> None:
    gateway, upstream = shop
    items = [{"prompt": f"{n}+0?", "answer": str(n)} for n in range(8)]
    gate = threading.Event()

    async def slowly(line: Line) -> None:
        number = int(line.asked.body["messages"][-1]["content"].partition("+")[0])
        while number >= 4 and not gate.is_set():
            await asyncio.sleep(0.01)
        body = completion(line.asked, str(number))
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        await line.send(head % len(body) + body)

    upstream.on("shop", "good", slowly)
    words = (a_file(tmp_path, items), "--models", "good", "--budget-usd", "5")
    process = started(gateway, "calibrate", *words, "--yes", "--json")
    soon(lambda: len(upstream.for_model("good")) and "4+0?" in str(upstream.for_model("good")[-1].body))
    process.kill()
    process.communicate()
    gate.set()
    before = len(upstream.for_model("good"))
    found = calibrated(gateway, *words)
    assert (found["finished"], scores(found)) == (True, {"shop/good": 1.0})
    assert len(upstream.for_model("good")) == before + 4
    upstream.on("shop", "good", answered)


def test_what_could_cost_more_than_the_budget_is_refused_before_it_starts(shop, tmp_path) -> None:
    gateway, upstream = shop
    before = len(upstream.asked)
    words = ("calibrate", a_file(tmp_path, ITEMS[:1]), "--models", "good,bad")
    done = cli(gateway, *words, "--yes", "--budget-usd", "0.00001")
    assert done.returncode == 1
    assert "over the budget" in done.stderr
    assert "shop/good" in done.stdout
    assert cli(gateway, *words).returncode == 1  # nobody says yes
    assert len(upstream.asked) == before


def test_it_is_told_why_a_model_has_no_score(shop, tmp_path) -> None:
    gateway, upstream = shop
    upstream.on("shop", "bad", said(400, b'{"error": {"message": "No."}}'))
    words = ("--models", "bad", "--budget-usd", "5", "--yes")
    done = cli(gateway, "calibrate", a_file(tmp_path, ITEMS[:1]), *words)
    upstream.on("shop", "bad", answered)
    assert "shop/bad has no score for 1: status 400 (1)" in done.stdout


def test_recorded_prompts_are_told_not_to_be_there(shop) -> None:
    gateway, _ = shop
    done = cli(gateway, "calibrate", "--recorded")
    assert done.returncode == 1
    assert "keeps no prompts" in done.stderr


def test_local_models_are_calibrated_without_a_network(tmp_path) -> None:
    with scratch_folder() as folder:
        config = "[providers.ollama]\nenabled = false\n"
        with GatewayProcess(folder, config) as running:
            soon(lambda: '"open"' in cli(running, "status", "--json").stdout)
            found = calibrated(running, "--prompts", "2", "--parallel", "1")
    names = {one["model"] for one in found["models"]}
    assert names == {"local/smollm2-135m-instruct", "local/gemma3-270m"}
    assert found["finished"]
    assert all(one["scored"] == 2 and one["cost_usd_micros"] == 0 for one in found["models"])
