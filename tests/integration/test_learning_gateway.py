"""A running gateway and the process that learns beside it."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.gateway_process import POINTSMAN, GatewayProcess
from tests.gateway_world import CHAT, KEYS, configuration
from tests.raw_upstream import RawUpstream
from tests.scratch import scratch_folder

AT_ONCE = "\n[learning]\nleast_outcomes = 1\n"
"""Decisions go by the very first outcomes."""
SWAP_WITHIN_S = 10.0
"""Two seconds on a calm machine."""
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def learning_gateway() -> Iterator[GatewayProcess]:
    """A gateway with a database and a provider of its own, whose models no other test has made fail."""
    with (
        RawUpstream() as upstream,
        scratch_folder() as folder,
        GatewayProcess(folder, configuration(upstream.url) + AT_ONCE, KEYS) as running,
    ):
        yield running


def call(gateway: GatewayProcess, path: str, body: bytes | None = None, **headers: str) -> Any:
    asked = urllib.request.Request(gateway.url + path, body, {**gateway.admin, **headers})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return answer, json.load(answer)


def cli(gateway: GatewayProcess, *words: str) -> dict[str, Any]:
    places = {"POINTSMAN_HOME": str(gateway.home), "POINTSMAN_CONFIG": str(gateway.config)}
    done = subprocess.run(
        [str(POINTSMAN), *words, "--json"], env={**os.environ, **places}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def soon(find: Callable[[], Any], within_s: float = PATIENCE_S) -> Any:
    deadline_s = time.monotonic() + within_s
    while not (found := find()):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    return found


def policy_version(gateway: GatewayProcess) -> int:
    return call(gateway, "/api/v1/status")[1]["policy_version"]


def learned_rows(gateway: GatewayProcess) -> int:
    return cli(gateway, "learn", "--phase", "aggregate")["phases"][0]["told"]["changed"]


def give_feedback(gateway: GatewayProcess, model: str, outcome: str) -> None:
    headers = {"content-type": "application/json", "x-agent-id": "night-build"}
    answer, _ = call(gateway, CHAT.path, CHAT.body(model), **headers)
    said = {"request_id": answer.headers["x-pointsman-request-id"], "outcome": outcome}
    call(gateway, "/api/v1/agents/night-build/feedback", json.dumps(said).encode(), **headers)


def test_what_agents_tell_becomes_the_policy_of_the_running_gateway(learning_gateway: GatewayProcess):
    gateway = learning_gateway
    told = soon(lambda: _learning(gateway))
    assert [one["error"] for one in told["phases"]] == [None] * 5
    for _ in range(5):
        give_feedback(gateway, "single-0", "success")
        give_feedback(gateway, "single-1", "error")
    counted = 0

    def all_counted() -> bool:
        nonlocal counted
        counted += learned_rows(gateway)
        return counted >= 10

    soon(all_counted)
    before = policy_version(gateway)
    (ran,) = cli(gateway, "learn", "--phase", "confidence")["phases"]
    published = ran["told"]["published"]
    assert published > before
    soon(lambda: policy_version(gateway) >= published, SWAP_WITHIN_S)
    found = cli(gateway, "policy", "diff", str(before), str(published))["changes"]
    rates = {one["name"]: one["after"] for one in found if one["kind"] == "model"}
    assert rates["single-0"] > rates["single-1"]
    trust = cli(gateway, "agents", "night-build")["confidence"]
    assert trust["single-0"]["score"] > trust["single-1"]["score"]


def test_a_rollback_reaches_the_running_gateway_and_learning_waits(learning_gateway: GatewayProcess):
    gateway = learning_gateway
    soon(lambda: _learning(gateway))
    pinned = cli(gateway, "policy", "rollback", "1")["pinned_version"]
    soon(lambda: policy_version(gateway) >= pinned, SWAP_WITHIN_S)
    marks = {one["version"]: one["pinned"] for one in cli(gateway, "policy", "list")["policies"]}
    assert [version for version, is_pinned in marks.items() if is_pinned] == [pinned]
    assert cli(gateway, "policy", "release") == {"pinned_version": None}


def test_the_process_that_learns_comes_again_and_ends_with_the_gateway(learning_gateway: GatewayProcess):
    gateway = learning_gateway
    (state,) = soon(lambda: _learner(gateway))
    os.kill(state["pid"], 9)
    (fresh,) = soon(lambda: [one for one in _learner(gateway) if one["pid"] != state["pid"]])
    assert gateway.stop() == 0
    assert not Path(f"/proc/{fresh['pid']}").exists()
    gateway.start()


def test_a_reload_reaches_the_process_that_learns(learning_gateway: GatewayProcess):
    gateway = learning_gateway
    (state,) = soon(lambda: _learner(gateway))
    before = gateway.config.read_text()
    reload_with(gateway, before)
    assert [one["pid"] for one in _learner(gateway)] == [state["pid"]]
    told = reload_with(gateway, before + "rules_every_s = 77.0\n")
    assert told["needs_restart"] == []
    (fresh,) = soon(lambda: _learner(gateway))
    assert fresh["pid"] != state["pid"]
    intervals_s = {one["phase"]: one["every_s"] for one in call(gateway, "/api/v1/learning")[1]["phases"]}
    assert intervals_s["rules"] == 77.0
    reload_with(gateway, before + "enabled = false\n")
    assert call(gateway, "/api/v1/status")[1]["learner"] == []
    reload_with(gateway, before)
    assert soon(lambda: _learner(gateway))


def reload_with(gateway: GatewayProcess, config: str) -> dict[str, Any]:
    gateway.config.write_text(config)
    return cli(gateway, "config", "reload")


def _learner(gateway: GatewayProcess) -> list[dict[str, Any]]:
    states = call(gateway, "/api/v1/status")[1]["learner"]
    return [one for one in states if one["phase"] == "ready" and one["pid"]]


def _learning(gateway: GatewayProcess) -> dict[str, Any] | None:
    """How learning is, once every phase has run."""
    try:
        _, told = call(gateway, "/api/v1/learning")
    except urllib.error.HTTPError:
        return None  # the database is not there yet
    return told if all(one["finished_at"] for one in told["phases"]) else None
