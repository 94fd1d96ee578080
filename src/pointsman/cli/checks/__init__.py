"""What `pointsman doctor` looks at. A new check is a function and an entry in CHECKS."""

from typing import Final

from pointsman.cli.checks import machine, parts, running, services, upstreams
from pointsman.cli.checks.finding import Check

CHECKS: Final[tuple[Check, ...]] = (
    machine.python,
    machine.home_writable,
    machine.disk_space,
    services.configuration,
    services.gateway,
    parts.postgres_programs,
    services.database,
    running.database_in_use,
    running.learning,
    parts.local_models,
    upstreams.providers,
)
"""All checks, in the order in which one thing needs another."""
