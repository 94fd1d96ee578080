"""Runs a command-line agent in a project of its own, cut off from the user's settings."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.contract.node import CACHE, INSTALL_S, exclusive

HERE = Path(__file__).parent
TASK = "Please write hello.py and run it"
RUN_S = 90
NAMES = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
IDENTITY = dict.fromkeys(NAMES, "dev@pointsman.example")


class Project:
    """A git repository with nothing in it, and an empty home folder."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.root = folder / "project"
        self.home.mkdir()
        self.root.mkdir()
        subprocess.run(["git", "init", "--quiet", str(self.root)], check=True, timeout=20)

    def run(self, command: list[str], **environment: str) -> str:
        """Runs the agent; its output. Raises AssertionError with all it said if it failed."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), **IDENTITY, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )
        said = f"{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, said[-4000:]
        return said

    def program_output(self) -> str:
        """What the `hello.py` that the agent wrote prints."""
        file = self.root / "hello.py"
        return subprocess.run(
            [sys.executable, file], capture_output=True, text=True, check=True, timeout=20
        ).stdout.strip()


def write_json(file: Path, value: Any) -> None:
    """Writes a settings file with its folders."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value))


def aider() -> Path:
    """aider in a virtual environment of its own, installed from its lock at the first call. Raises
    RuntimeError with the installer's words if that fails."""
    lock = HERE / "aider" / "requirements.lock.txt"
    with exclusive([lock], "aider") as folder:
        if not (folder / "done").exists():
            uv = str(Path(sys.executable).with_name("uv"))
            python = str(folder / "bin" / "python")
            _must([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)])
            install = [uv, "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python", python]
            _must([*install, "-r", str(lock)])
            (folder / "done").touch()
    assert folder.is_relative_to(CACHE)
    return folder / "bin" / "aider"


def _must(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
