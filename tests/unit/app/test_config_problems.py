"""Mistakes in the file are all named at once, each by its full path and with its remedy."""

from pathlib import Path

import pytest

from pointsman.app.config import ConfigInvalid, load_config, parse_config


def problems(text: str, environ: dict[str, str] | None = None) -> list[str]:
    """What is wrong with a file of this text."""
    with pytest.raises(ConfigInvalid) as caught:
        parse_config(text, environ)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[server]\nprot = 1", "server.prot: unknown key; did you mean `port`?"),
        ("[sever]\n", "sever: unknown key; did you mean `server`?"),
        ("[server]\nport = 70000", "server.port: expected `int` <= 65535, got 70000; wanted: a TCP port"),
        ("[server]\nport = 'a'", "server.port: expected `int`, got `str`"),
        ("server = 3", "server must be a table, written as [server]"),
        ("[aliases]\nx = 3", "aliases.x must be a table, written as [aliases.x]"),
        (
            "[models.'gpt-*']\ntier = 'larg'",
            'models."gpt-*".tier: must be one of fast, medium, large',
        ),
        ("[models.a]\ncapability = {code = 101}", "models.a.capability.code: expected `float` <= 100"),
        (
            "[models.a]\nprice_usd_per_million = {output = 1}",
            "models.a.price_usd_per_million.input is missing",
        ),
        ("[models.a]\nabilities = ['fly']", "models.a.abilities[0]: may hold tools, images"),
        ("[agents.a]\ngate = nan", "agents.a.gate must be a finite number; wanted: a number from 0 to 1"),
        ("[agents.a]\nfallback = ['olama']", "did you mean `ollama`?"),
        ("[agents.a]\nfallback = ['*', 3]", "agents.a.fallback[1]: expected `str`"),
        ("[adaptive]\nlatency_weight = 0.5", "adaptive: adaptive weights must sum to 1.0"),
        (
            "[providers.opnai]",
            "no provider of that name is built in; did you mean `openai`?",
        ),
        ("[providers.zzz]", "providers.zzz: no provider of that name is built in; give its `base_url`"),
        ("[providers.x]\nbase_url = 'box'", "providers.x.base_url must be a URL"),
        ("[providers.'a/b']\nbase_url = 'http://b'", "it must have no `/`"),
        ("[providers.openai]\ndialects = ['ollama_chat']", "openai does not speak ollama_chat"),
        (
            "[providers.x]\nbridge = 'cohere'\nverify_tls = false",
            "providers.x.verify_tls: the bridge's library",
        ),
        ("[providers.x]\nbridge = 'cohere'\ndialects = ['anthropic']", "the bridge does not speak anthropic"),
        ("[server]\nhost = '0.0.0.0'", "set `server.allow_beyond_loopback = true`"),
        ("[database]\nurl = 'mysql://x'", "database.url must begin with postgresql://"),
        ("x =", "the file is not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(text: str, problem: str) -> None:
    found = problems(text)
    assert len(found) == 1
    assert problem in found[0]


def test_all_mistakes_are_named_at_once() -> None:
    text = "[server]\nprot = 1\nport = -1\n[log]\nlevel = 'loud'\n[agents.a]\ngate = 2\n[x]\n"
    named = [problem.split(":")[0] for problem in problems(text)]
    assert named == ["server.prot", "server.port", "log.level", "agents.a.gate", "x"]


def test_all_broken_rules_are_named_at_once() -> None:
    text = "[server]\nhost = '::'\n[providers.x]\n[agents.a]\nfallback = ['y']"
    assert len(problems(text)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "[providers.openai]\napi_key = 'plain'",
        "[providers.openai]\nkey = 'plain'",
        "[providers.openai]\nkey_env = 'sk-proj-1234567890abc'",
        "[providers.openai]\nmodels = ['a']\nbase_url = 'https://u:secretword@h'",
        "[database]\nurl = 'postgresql://u:secretword@h/d'",
        "[database]\nurl = 'postgresql://h/d?password=secretword'",
    ],
)
def test_secrets_are_refused_and_never_repeated(text: str) -> None:
    (found,) = problems(text)
    assert "key_env" in found or "url_env" in found
    assert not any(secret in found for secret in ("plain", "1234567890abc", "secretword"))


def test_a_bad_port_in_the_environment_is_named() -> None:
    assert problems("", {"POINTSMAN_PORT": "http"}) == ["POINTSMAN_PORT must be a number from 0 to 65535"]


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="cannot read the file") as caught:
        load_config(tmp_path / "no.toml", {})
    assert caught.value.path == tmp_path / "no.toml"


def test_a_file_that_is_not_text_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "pointsman.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigInvalid, match="not UTF-8 at byte 0"):
        load_config(file, {})
