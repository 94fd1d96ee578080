"""What the running gateway is: its state and its models; and its configuration, read again."""

from collections.abc import Mapping
from typing import Any

from msgspec import to_builtins
from starlette.requests import Request

from pointsman.core.ports import Control
from pointsman.web.answers import Answered
from pointsman.web.shapes import Ready


async def alive(control: Control, request: Request) -> Any:
    """The process answers: that is all this says."""
    return {"alive": True}


async def ready(control: Control, request: Request) -> Any:
    """Whether requests can be served."""
    targets = len(control.policy.targets)
    draining = bool(control.status().get("draining", False))
    found = Ready(
        ready=targets > 0 and not draining,
        targets=targets,
        draining=draining,
        database=database_state(control),
    )
    return found if found.ready else Answered(found, 503)


async def status(control: Control, request: Request) -> Any:
    """This process's figures, the policy, the database and the targets' health."""
    policy = control.policy
    return {
        "policy_version": policy.version,
        "targets": len(policy.targets),
        "aliases": len(policy.aliases),
        "agents": len(control.agents()),
        "database": {"state": database_state(control)},
        **control.status(),
        "health": list(control.health()),
    }


async def models(control: Control, request: Request) -> Any:
    """Targets with their health, and the aliases that lead to them."""
    health = {one["target"]: one for one in control.health()}
    return {
        "models": [{**one, "health": health.get(one["id"])} for one in control.models()],
        "aliases": [to_builtins(alias) for _, alias in sorted(control.policy.aliases.items())],
    }


async def reload(control: Control, request: Request) -> Any:
    """Reads the configuration again; an invalid one is refused and the running one stays."""
    return await control.reload()


def database_state(control: Control) -> str:
    """`open` or `away`: what the gateway noticed last, else whether it has ever reached its database."""
    told = control.status().get("database")
    if isinstance(told, Mapping):
        return str(told["state"])
    return "away" if control.pool is None else "open"
