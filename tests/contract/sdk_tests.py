"""The OpenAI and Anthropic SDKs' own tests: fetched from the package index, and run against any server."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.contract.node import CACHE

HERE = Path(__file__).parent / "sdk"
SOURCES, EXTRAS = HERE / "sources.txt", HERE / "extras.lock.txt"
FETCH_S = 300
RUN_S = 240


class Fetched:
    """The unpacked archives and what their tests need; `folders` is by SDK."""

    def __init__(self, folder: Path) -> None:
        self.extras = folder / "extras"
        self.folders = {path.name.partition("-")[0]: path for path in (folder / "sources").iterdir()}

    def test_files(self, sdk: str) -> list[str]:
        """All of the SDK's files of resource tests, named below `tests/api_resources`."""
        top = self.folders[sdk] / "tests" / "api_resources"
        return sorted(path.relative_to(top).as_posix() for path in top.rglob("test_*.py"))


def fetched() -> Fetched:
    """The archives; from the package index at the first call. Raises RuntimeError with pip's own words if
    that fails."""
    key = hashlib.sha256(SOURCES.read_bytes() + EXTRAS.read_bytes()).hexdigest()[:16]
    folder = CACHE / f"sdk-{key}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _fetch(folder)
    return Fetched(folder)


def _fetch(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "sources").mkdir(parents=True)
    hashed = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--requirement"]
    extras, archives = folder / "extras", folder / "archives"
    _pip(["install", "--target", str(extras), *hashed, str(EXTRAS)], extras)
    as_source = ["--no-binary", ":all:", "--no-build-isolation", "--dest", str(archives)]
    _pip(["download", *as_source, *hashed, str(SOURCES)], extras)
    for archive in archives.glob("*.tar.gz"):
        with tarfile.open(archive) as opened:
            opened.extractall(folder / "sources", filter="data")
    (folder / "done").touch()


def _pip(arguments: Sequence[str], extras: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", *arguments],
        env=os.environ | {"PYTHONPATH": str(extras)},
        capture_output=True,
        text=True,
        timeout=FETCH_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the SDKs' tests could not be fetched:\n{done.stdout}{done.stderr[-2000:]}")


def run(
    have: Fetched, sdk: str, base_url: str, files: Iterable[str], unserved: Iterable[str]
) -> dict[str, str]:
    """Runs the files without the tests that match a pattern of `unserved`: test id to complaint, "" if it
    passed. The SDK is the installed one; only its tests come from the archive."""
    folder = have.folders[sdk]
    results = CACHE / f"{sdk}-{os.getpid()}.json"
    quiet = [
        "-q",
        "-o",
        "addopts=",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:logging",
        "--tb=line",
        "-p",
        "served_only",
    ]
    environ = {n: v for n, v in os.environ.items() if not n.startswith(("PYTEST_", "OPENAI_", "ANTHROPIC_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *quiet, *(f"tests/api_resources/{file}" for file in files)],
        cwd=folder,
        env=environ
        | {
            "PYTHONPATH": os.pathsep.join([str(have.extras), str(HERE)]),
            "TEST_API_BASE_URL": base_url,
            "SDK_UNSERVED": json.dumps(list(unserved)),
            "SDK_RESULTS": str(results),
        },
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"the tests of {sdk} did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    found: dict[str, str] = json.loads(results.read_text())
    results.unlink()
    return found
