"""The file is found, read, and overruled by the environment."""

import re
import tomllib
from pathlib import Path

import pytest
from msgspec.structs import fields

from pointsman.app.config import EXAMPLE, Config, find_config, load_config, parse_config
from pointsman.app.config.schema import (
    AgentConfig,
    AliasConfig,
    Database,
    Local,
    Log,
    Memory,
    ModelConfig,
    PriceConfig,
    ProviderConfig,
    Server,
)
from pointsman.core.snapshot import AdaptiveConfig

SHOWN = re.sub(r"(?m)^#(?=[a-z\[])", "", EXAMPLE)
"""The example with every key in force."""


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without a file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_no_file_is_fine(empty_folder: Path) -> None:
    assert load_config(None, {"POINTSMAN_HOME": str(empty_folder / "home")}) == Config()


def test_the_example_is_the_default() -> None:
    assert parse_config(EXAMPLE) == Config()


def test_the_example_loads_with_every_key_in_force() -> None:
    config = parse_config(SHOWN)
    assert config.providers.keys() == {"my-server"}
    assert config.agents["claude-code"].daily_budget_usd == 20.0


def test_the_example_shows_the_defaults() -> None:
    config = parse_config(SHOWN)
    plain = Config()
    for name in ("server", "adaptive", "local", "log"):
        assert getattr(config, name) == getattr(plain, name)


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("server", Server),
        ("database", Database),
        ("providers.my-server", ProviderConfig),
        ("models.llama3*", ModelConfig),
        ("models.llama3*.price_usd_per_million", PriceConfig),
        ("aliases.quick", AliasConfig),
        ("agents.claude-code", AgentConfig),
        ("adaptive", AdaptiveConfig),
        ("memory", Memory),
        ("local", Local),
        ("log", Log),
    ],
)
def test_the_example_shows_every_key(path: str, schema: type) -> None:
    table = tomllib.loads(SHOWN)
    for part in path.split("."):
        table = table[part]
    assert set(table) == {field.name for field in fields(schema)}


def test_files_are_looked_for_in_order(empty_folder: Path) -> None:
    home = empty_folder / "home"
    home.mkdir()
    environ = {"POINTSMAN_HOME": str(home)}
    assert find_config(environ) is None
    (home / "pointsman.toml").write_text("")
    assert find_config(environ) == home / "pointsman.toml"
    (empty_folder / "pointsman.toml").write_text("")
    assert find_config(environ) == empty_folder / "pointsman.toml"
    assert find_config({**environ, "POINTSMAN_CONFIG": "other.toml"}) == Path("other.toml")


def test_the_environment_wins_over_the_file() -> None:
    text = "[server]\nport = 1\nhost = '127.0.0.2'"
    config = parse_config(text, {"POINTSMAN_PORT": "9000", "POINTSMAN_HOST": "::1"})
    assert (config.server.port, config.server.host) == (9000, "::1")


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"DATABASE_URL": "postgresql://a", "PG": "postgresql://b"}, "postgresql://a"),
        ({"PG": "postgresql://b"}, "postgresql://b"),
        ({"PG": " "}, "postgresql://c/d"),
    ],
)
def test_the_database_is_found_in_order(environ: dict[str, str], url: str) -> None:
    config = parse_config("[database]\nurl_env = 'PG'\nurl = 'postgresql://c/d'")
    assert config.database_url(environ) == url


def test_without_a_database_url_the_embedded_one_is_meant() -> None:
    assert Config().database_url({}) is None


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "pointsman.toml"
    file.write_bytes(b"\xef\xbb\xbf[server]\nport = 7\n")
    assert load_config(file, {}).server.port == 7
