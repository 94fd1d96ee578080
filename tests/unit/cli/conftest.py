"""A home of its own for each test, and a control API that the commands can call."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from click.testing import CliRunner, Result
from tests.plain_control import TOKEN, PlainControl

from pointsman.cli.group import main
from pointsman.web.app import control_app

Run = Callable[..., Result]


class Told:
    """A control whose app runs in a thread; `url` is where."""

    def __init__(self) -> None:
        self.control = PlainControl()
        app = control_app(self.control, admin_token=TOKEN, loopback_only=True)
        config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none")
        self.server = uvicorn.Server(config)
        self.socket = config.bind_socket()
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})

    def begin(self) -> None:
        self.socket.listen()  # from here on callers wait in line, if the thread is not there yet
        self.thread.start()

    def end(self) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and nothing in the environment that names another."""
    for name in ("URL", "ADMIN_TOKEN", "CONFIG", "HOST", "PORT"):
        monkeypatch.delenv(f"POINTSMAN_{name}", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("POINTSMAN_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def told(home: Path) -> Iterator[Told]:
    """A control API that `home` tells of, with its token."""
    running = Told()
    running.begin()
    (home / "gateway.json").write_text(json.dumps({"url": running.url, "pid": 1}))
    (home / "admin.token").write_text(TOKEN + "\n")
    yield running
    running.end()


@pytest.fixture
def run(home: Path) -> Run:
    """Runs a command as a user would."""

    def invoke(*arguments: Any) -> Result:
        return CliRunner().invoke(main, [str(one) for one in arguments])

    return invoke
