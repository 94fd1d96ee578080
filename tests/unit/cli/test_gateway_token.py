"""Which token goes where."""

import pytest

from pointsman.cli.gateway import running, token


@pytest.fixture
def environ(tmp_path):
    (tmp_path / "admin.token").write_text("from-home\n")
    (tmp_path / "gateway.json").write_text('{"url": "http://10.0.0.5:8484", "pid": 1}')
    return {"POINTSMAN_HOME": str(tmp_path)}


def test_the_home_tells_url_and_token(environ):
    assert running(environ).url == "http://10.0.0.5:8484"
    assert token(environ) == "from-home"


def test_the_environment_wins(environ):
    assert token(environ | {"POINTSMAN_ADMIN_TOKEN": "told"}) == "told"
    assert running(environ | {"POINTSMAN_URL": "http://localhost:9"}).url == "http://localhost:9"


def test_the_token_of_the_home_does_not_go_to_another_machine(environ):
    assert token(environ | {"POINTSMAN_URL": "https://gateway.example"}) is None
    assert token(environ | {"POINTSMAN_URL": "http://localhost:9"}) == "from-home"
    assert token(environ | {"POINTSMAN_URL": "http://10.0.0.5:8484/"}) == "from-home"
