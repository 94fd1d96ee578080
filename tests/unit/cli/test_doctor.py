"""`pointsman doctor`."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pointsman.cli.checks import machine
from pointsman.gateway.providers import PROVIDERS


@pytest.fixture(autouse=True)
def _nobody_else(home, monkeypatch):
    """No provider's key, no Ollama, and a port that is free."""
    for provider in PROVIDERS.values():
        for name in (provider.key_env, provider.base_url_env):
            if name:
                monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    monkeypatch.setenv("POINTSMAN_PORT", "0")


def findings(run):
    told = json.loads(run("doctor", "--json").stdout)
    return {one["check"]: one for one in told["findings"]}


class Provider(BaseHTTPRequestHandler):
    def do_GET(self):
        good = self.headers["authorization"] == "Bearer good"
        self.send_response(200 if good else 401)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def provider(monkeypatch):
    with HTTPServer(("127.0.0.1", 0), Provider) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        yield
        server.shutdown()
        thread.join()


def test_a_fresh_machine_has_nothing_to_mend(run):
    result = run("doctor")
    assert result.exit_code == 0
    assert "0 to mend" in result.stdout
    assert "OPENAI_API_KEY" in result.stdout


def test_every_finding_that_is_not_fine_says_what_to_do(run):
    for finding in findings(run).values():
        assert finding["verdict"] == "ok" or finding["remedy"], finding


def test_a_mistake_in_the_configuration_is_to_be_mended(run, home):
    (home / "pointsman.toml").write_text("[server]\nidle_timeout_s = -1\n")
    result = run("doctor", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["ok"] is False
    assert findings(run)["configuration"]["verdict"] == "fail"


def test_a_port_in_use_is_told(run, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("POINTSMAN_PORT", str(taken.getsockname()[1]))
        found = findings(run)["gateway"]
    assert found["verdict"] == "fail"
    assert "--port" in found["remedy"]


def test_a_running_gateway_is_told(run, told):
    assert findings(run)["gateway"] == {
        "check": "gateway",
        "verdict": "ok",
        "found": f"runs at {told.url}",
        "remedy": "",
    }


def test_a_gateway_without_models_is_told(run, told):
    told.control.policy.targets.clear()
    assert findings(run)["gateway"]["verdict"] == "warn"


def test_a_database_that_does_not_answer_is_told(run, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x")
    found = findings(run)["database"]
    assert found["verdict"] == "fail"
    assert "DATABASE_URL" in found["remedy"]


def test_a_database_that_only_the_gateway_knows_to_be_away_is_told(run, told):
    told.control.parts = {"database": {"state": "away", "error": "migrated by a newer Pointsman"}}
    result = run("doctor", "--json")
    assert result.exit_code == 1
    found = findings(run)["gateway's database"]
    assert (found["verdict"], found["found"]) == ("fail", "migrated by a newer Pointsman")


@pytest.mark.parametrize(("reason", "verdict"), [("", "ok"), ("ended with code 1: MemoryError", "warn")])
def test_a_learner_that_ends_again_and_again_is_told(run, told, reason, verdict):
    told.control.parts = {"learner": [{"name": "learner", "phase": "starting", "reason": reason}]}
    found = findings(run)["learning"]
    assert found["verdict"] == verdict
    assert reason in found["found"]


def test_a_provider_that_takes_the_key_is_fine(run, provider, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "good")
    found = findings(run)
    assert found["provider openai"]["verdict"] == "ok"
    assert "providers" not in found  # nothing to say of all of them


def test_a_provider_that_refuses_the_key_is_told(run, provider, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "stolen")
    result = run("doctor", "--json")
    assert "refuses the key" in result.stdout
    assert "stolen" not in result.stdout


def test_a_configured_provider_that_is_down_is_told(run, home):
    (home / "pointsman.toml").write_text('[providers.mine]\nbase_url = "http://127.0.0.1:1/v1"\n')
    assert findings(run)["provider mine"]["verdict"] == "warn"


def test_too_little_disk_space_is_told(home, monkeypatch):
    for bytes_free, verdict in ((10**8, "fail"), (10**9, "warn"), (10**10, "ok")):
        usage = type("Usage", (), {"free": bytes_free})
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _, usage=usage: usage)
        (found,) = machine.disk_space(situation(home))
        assert found.verdict == verdict


def test_a_home_that_is_a_file_cannot_be_written(home):
    (home / "file").touch()
    (found,) = machine.home_writable(situation(home / "file"))
    assert found.verdict == "fail"


def situation(home):
    from pointsman.app.config import Config
    from pointsman.cli.checks.finding import Situation

    return Situation(environ={}, home=home, file=None, config=Config())


def test_known_providers_without_a_key_are_named_and_not_asked(run):
    found = findings(run)["other providers"]
    assert found["verdict"] == "ok"
    assert "ANTHROPIC_API_KEY" in found["found"]


def test_a_key_that_the_file_asks_for_and_that_is_missing_is_told(run, home):
    (home / "pointsman.toml").write_text('[providers.openai]\nkey_env = "MY_KEY"\n')
    assert "MY_KEY" in run("doctor").stdout
