"""The one check: format, lint, types, import contracts, size budget, tests. Stops at the first failure.

usage: python scripts/check.py [STEP ...]     (all steps, in order, when none is named)
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
STEPS: dict[str, list[str]] = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy"],
    "contracts": ["lint-imports", "--no-cache"],
    "size": [sys.executable, "scripts/size_budget.py"],
    "tests": [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "src", "tests"],
}


def main(names: list[str]) -> int:
    """Runs the named steps; the exit code of the first that fails, or 0."""
    for name in names or list(STEPS):
        started = time.monotonic()
        print(f"── {name}", flush=True)
        code = subprocess.run(STEPS[name], cwd=ROOT, check=False).returncode
        print(
            f"   {name}: {'ok' if code == 0 else 'FAILED'} in {time.monotonic() - started:.1f} s", flush=True
        )
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
