"""Starts the gateway as a user would, with one provider for each wire form, all of them stand-ins."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.contract.samples import DIALECTS, FAULTY_MODELS

FAMOUS = {"claude": ("gpt-5.5",)}
"""Models under a name that a client knows: Codex offers `apply_patch` only to those."""
_PROVIDER = """
[providers.{name}]
base_url = "{url}"
dialects = {dialects}
models = {models}
key_env = "STANDIN_KEY"
retries = 0
"""


def configuration(upstream: str) -> str:
    """`pointsman.toml` for a stand-in at `upstream`."""
    parts = ["[local]\nenabled = false\n"]
    for name, (dialect, path) in DIALECTS.items():
        faulty = [f"{name}-faulty-{n}" for n in range(FAULTY_MODELS)]
        url = f"{upstream}/p/{name}{path}"
        models = json.dumps([f"{name}-model", *faulty, *FAMOUS.get(name, ())])
        parts.append(_PROVIDER.format(name=name, url=url, dialects=[dialect], models=models))
    for name, dialect in (("embed", "openai_embeddings"), ("prose", "openai_completions")):
        url = f"{upstream}/p/{name}/v1"
        parts.append(_PROVIDER.format(name=name, url=url, dialects=[dialect], models=[f"{name}-model"]))
    abilities = 'abilities = ["tools", "images", "json_schema", "thinking", "documents"]'
    parts.append(f'[models."*"]\n{abilities}\ncontext_window_tokens = 131072\n')
    parts.append('[models."embed-model"]\nkind = "embedding"\n')
    return "\n".join(parts)


class Gateway:
    """A running `pointsman up`; leaving the context stops it. `written` replaces its configuration."""

    def __init__(self, folder: Path, upstream: str, written: str | None = None) -> None:
        self.folder = folder
        text = configuration(upstream) if written is None else written
        (folder / "pointsman.toml").write_text(text)

    def __enter__(self) -> "Gateway":
        self.errors = (self.folder / "stderr.txt").open("wb")
        command = [str(Path(sys.executable).with_name("pointsman")), "up", "--json", "--port", "0"]
        home = {
            "POINTSMAN_HOME": str(self.folder / "home"),
            "POINTSMAN_CONFIG": str(self.folder / "pointsman.toml"),
        }
        inherited = {n: os.environ[n] for n in ("PATH", "HOME", "LANG", "TMPDIR") if n in os.environ}
        self.process = subprocess.Popen(
            command,
            env={**inherited, **home, "STANDIN_KEY": "stand-in-key"},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("{"):
            self.process.kill()
            self.__exit__()
            said = (self.folder / "stderr.txt").read_text()
            code = self.process.returncode
            raise RuntimeError(f"`pointsman up` did not start, exit code {code}: {line}{said[-2000:]}")
        self.url = json.loads(line)["url"]
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        finally:
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.errors.close()
