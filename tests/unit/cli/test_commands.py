"""Commands against a control API of plain values."""

import json

import pytest
from msgspec.structs import replace
from tests.plain_control import a_target

from pointsman import __version__
from pointsman.core.money import LongRates, Price

ASKING = [
    ["status"],
    ["models"],
    ["agents"],
    ["agents", "x"],
    ["log"],
    ["explain", "req_1"],
    ["keys", "list"],
    ["keys", "create", "x"],
    ["keys", "revoke", "x"],
    ["config", "reload"],
    ["calibrate"],
]


@pytest.mark.parametrize("arguments", ASKING, ids=" ".join)
def test_without_a_gateway_it_says_how_to_start_one(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 1
    assert "pointsman up" in result.stderr
    assert result.stdout == ""


def test_a_gateway_that_has_gone_is_told_as_such(run, home, told):
    told.end()
    result = run("status")
    assert result.exit_code == 1
    assert told.url in result.stderr
    assert "pointsman up" in result.stderr


def test_another_program_at_that_address_is_not_taken_for_the_gateway(run, told, monkeypatch):
    monkeypatch.setattr("pointsman.cli.gateway.PREFIX", "/elsewhere")
    result = run("status")
    assert result.exit_code == 1
    assert "nothing at /elsewhere/status" in result.stderr


def test_version(run):
    assert __version__ in run("version").stdout
    assert json.loads(run("version", "--json").stdout)["version"] == __version__


def test_status_tells_the_essentials(run, told):
    result = run("status")
    assert result.exit_code == 0
    for word in (told.url, "4242", "version 7", "away", "openai/gpt-x", "half open", "810 ms", "overloaded"):
        assert word in result.stdout


def test_json_is_the_answer_itself(run, told):
    assert json.loads(run("status", "--json").stdout)["policy_version"] == 7
    assert json.loads(run("models", "--json").stdout)["aliases"][0]["name"] == "auto"
    assert json.loads(run("agents", "--json").stdout)["agents"][0]["id"] == "ci-bot"
    assert json.loads(run("agents", "ci-bot", "--json").stdout)["profile"]["gate"] == 0.7
    assert json.loads(run("config", "reload", "--json").stdout)["version"] == 8


def test_models_are_listed_with_prices(run, told):
    lines = run("models").stdout.splitlines()
    assert lines[0].split() == ["MODEL", "KIND", "TIER", "INPUT", "OUTPUT", "WINDOW", "CIRCUIT"]
    assert lines[1].split() == ["ollama/qwen", "chat", "medium", "free", "free", "-", "-"]
    assert "$2.5" in lines[2]
    assert "$10" in lines[2]
    assert "alias auto: any chat model (adaptive)" in lines


def test_a_model_that_takes_more_for_long_prompts_is_marked(run, told):
    long = LongRates(above_tokens=200_000, input_usd_micros=6_000_000)
    price = Price(
        input_usd_micros=3_000_000, output_usd_micros=15_000_000, source="catalogue", longer=(long,)
    )
    target = a_target("openai", "gpt-long", 90.0, price)
    told.control.policy = replace(told.control.policy, targets={target.id: target})
    assert run("models").stdout.splitlines()[1].split()[3:5] == ["$3+", "$15+"]


def test_models_of_one_provider(run, told):
    assert "openai/gpt-x" not in run("models", "--provider", "ollama").stdout
    assert run("models", "--provider", "gpu-box").stdout.startswith("There are no models at gpu-box.")


def test_agents_are_listed_with_what_they_used(run, told):
    line = run("agents").stdout.splitlines()[1].split()
    assert line[:8] == ["ci-bot", "header", "5", "1", "2", "12,345", "678", "$0.00123"]


def test_an_agent_is_told_with_its_profile(run, told):
    output = run("agents", "claude-code").stdout
    assert "profile gate" in output
    assert "0.65" in output


def test_what_the_gateway_refuses_is_an_error(run, told):
    result = run("agents", "nobody")
    assert result.exit_code == 1
    assert "nobody" in result.stderr


@pytest.mark.parametrize(
    "arguments", [["log"], ["explain", "req_1"], ["keys", "list"], ["keys", "create", "x"]]
)
def test_what_needs_the_database_says_that_it_is_away(run, told, arguments):
    result = run(*arguments)
    assert result.exit_code == 1
    assert "The database cannot be reached" in result.stderr


def test_the_configuration_is_read_again(run, told):
    output = run("config", "reload").stdout
    assert "policy 8" in output
    assert "ollama/new" in output
    assert told.control.done == ["reload"]


def test_a_change_without_the_token_says_where_it_is(run, told, home):
    (home / "admin.token").unlink()
    result = run("config", "reload")
    assert result.exit_code == 1
    assert "POINTSMAN_ADMIN_TOKEN" in result.stderr
    assert told.control.done == []


def test_url_and_token_can_come_from_the_environment(run, told, home, monkeypatch):
    (home / "admin.token").unlink()
    (home / "gateway.json").unlink()
    monkeypatch.setenv("POINTSMAN_URL", told.url + "/")
    monkeypatch.setenv("POINTSMAN_ADMIN_TOKEN", "the-admin-token")
    assert run("config", "reload").exit_code == 0


@pytest.mark.parametrize("url", ["127.0.0.1:8484", "ftp://x", "http://"])
def test_a_url_that_is_none_is_refused(run, monkeypatch, url):
    monkeypatch.setenv("POINTSMAN_URL", url)
    assert "POINTSMAN_URL" in run("status").stderr
