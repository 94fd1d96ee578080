"""`pointsman config`."""

import json
import tomllib


def test_the_path_is_where_a_file_would_go(run, home):
    assert run("config", "path").stdout.strip() == str(home / "pointsman.toml")
    assert json.loads(run("config", "path", "--json").stdout)["exists"] is False


def test_init_writes_a_valid_file_once(run, home):
    assert run("config", "init").exit_code == 0
    tomllib.loads((home / "pointsman.toml").read_text())
    assert run("config", "check").exit_code == 0
    again = run("config", "init")
    assert again.exit_code == 1
    assert "--force" in again.stderr
    assert run("config", "init", "--force").exit_code == 0


def test_init_says_when_it_cannot_write(run, home):
    result = run("config", "init", "--config", home)
    assert result.exit_code == 2
    (home / "file").touch()
    assert "Cannot write" in run("config", "init", "--config", home / "file" / "x.toml").stderr


def test_check_tells_all_problems(run, home):
    (home / "pointsman.toml").write_text('[server]\nport = "many"\nhots = "x"\n')
    result = run("config", "check")
    assert result.exit_code == 1
    assert "server.port" in result.stdout
    assert "hots" in result.stdout


def test_check_as_json(run, home):
    assert json.loads(run("config", "check", "--json").stdout) == {
        "file": None,
        "valid": True,
        "problems": [],
    }


def test_show_tells_defaults_too(run, home):
    assert "server.port = 8484" in run("config", "show").stdout.splitlines()
    assert json.loads(run("config", "show", "--json").stdout)["server"]["port"] == 8484


def test_show_refuses_an_invalid_file(run, home):
    (home / "pointsman.toml").write_text("[server")
    result = run("config", "show")
    assert result.exit_code == 1
    assert "TOML" in result.stderr
