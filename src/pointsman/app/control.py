"""What the control API may ask of the running gateway (`core.ports.Control`)."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from pointsman import __version__
from pointsman.app.background import Background
from pointsman.app.catalogue import unknown_names
from pointsman.app.config import ConfigInvalid, load_config
from pointsman.app.runtime import Runtime
from pointsman.core.errors import InvalidRequest
from pointsman.core.keys import ApiKey
from pointsman.core.snapshot import PolicySnapshot
from pointsman.memory.keeper import TaskMemory
from pointsman.store.inbox import Inbox
from pointsman.store.pool import Pool


class RunningControl:
    """Answers from the runtime; changes go through it. `url` is where it listens, `draining`
    whether it is about to end."""

    def __init__(
        self, runtime: Runtime, background: Background, url: str, draining: Callable[[], bool]
    ) -> None:
        self._runtime = runtime
        self._background = background
        self._url = url
        self._draining = draining
        self._started_s = time.time()

    @property
    def policy(self) -> PolicySnapshot:
        """The running snapshot."""
        return self._runtime.policies.policy.current

    @property
    def pool(self) -> Pool | None:
        """Connections to the database; None while it has not been reached."""
        database = self._runtime.database
        return database.pool if database is not None else None

    @property
    def inbox(self) -> Inbox:
        """Where reports are taken."""
        return self._runtime.inbox

    def logged_as(self, agent_id: str) -> str:
        """The agent's name in the log."""
        anonymous = self.policy.profile(agent_id).anonymous
        return self._runtime.parts.mask(agent_id) if anonymous else agent_id

    @property
    def memory(self) -> TaskMemory:
        """The task memory."""
        return self._runtime.memory

    @property
    def phase_intervals_s(self) -> Mapping[str, float]:
        """How often its learner runs each phase, by name."""
        return self._runtime.learner.intervals_s

    async def forget(self, agent_id: str) -> Sequence[str]:
        """Drops an agent from this process once the store has all it did; the names it is known by."""
        parts = self._runtime.parts
        if self.pool is not None:
            await self._runtime.loading.drain(self.pool)
        names = (agent_id, parts.mask(agent_id))
        for name in names:
            parts.registry.forget(name)
        return names

    def key_of(self, headers: Mapping[bytes, bytes]) -> ApiKey | None:
        """The caller's API key. Raises `Unauthenticated`, as for requests to models."""
        return self._runtime.parts.identifier.check_key(headers)

    def status(self) -> Mapping[str, Any]:
        """Figures of this process."""
        runtime = self._runtime
        return {
            "version": __version__,
            "pid": os.getpid(),
            "url": self._url,
            "home": str(runtime.home.home),
            "draining": self._draining(),
            "started_s": int(self._started_s),
            "policy_version": self.policy.version,
            "targets": len(self.policy.targets),
            "keys_required": runtime.require_keys,
            "database": self._database(),
            "journal": msgspec.to_builtins(runtime.journal.counts),
            "refused_unread": msgspec.to_builtins(runtime.parts.unread.counts),
            "loader": msgspec.to_builtins(runtime.loading.counts()),
            "inbox": msgspec.to_builtins(runtime.inbox.counts),
            "memory": msgspec.to_builtins(runtime.memory.state()),
            "local_models": msgspec.to_builtins(runtime.local_models.states()),
            "bridge": msgspec.to_builtins(runtime.bridge.states()),
            "loading": msgspec.to_builtins(runtime.loading.states()),
            "learner": msgspec.to_builtins(runtime.learner.states()),
            "warnings": [*runtime.catalogue.warnings, *unknown_names(runtime.config, self.policy)],
        }

    def models(self) -> Sequence[Mapping[str, Any]]:
        """One entry a target, by id."""
        return [msgspec.to_builtins(target) for _, target in sorted(self.policy.targets.items())]

    def agents(self) -> Sequence[Mapping[str, Any]]:
        """One entry an agent, by id."""
        return self._runtime.parts.registry.snapshot()

    def health(self) -> Sequence[Mapping[str, Any]]:
        """One entry a target that has been asked."""
        health = self._runtime.parts.health
        return [msgspec.to_builtins(entry) for entry in health.snapshot(self._runtime.now_s())]

    async def reload(self) -> Mapping[str, Any]:
        """Reads the configuration again and runs under it. Raises `InvalidRequest`, keeping the old one."""
        runtime = self._runtime
        try:
            config = load_config(runtime.config_file, runtime.environ)
            before = self.policy.targets
            needs_restart = runtime.needs_restart(config)
            await runtime.apply(config)
        except ConfigInvalid as error:
            raise InvalidRequest("; ".join(error.problems), code="invalid_config") from error
        except ValueError as error:
            raise InvalidRequest(str(error), code="invalid_config") from error
        after = self.policy.targets
        return {
            "version": self.policy.version,
            "added": sorted(after.keys() - before.keys()),
            "removed": sorted(before.keys() - after.keys()),
            "needs_restart": needs_restart,
        }

    async def keys_changed(self) -> None:
        """Reads the keys of the store again."""
        await self._background.read_keys()

    def _database(self) -> Mapping[str, Any]:
        runtime = self._runtime
        database = runtime.database
        if database is None:
            return {"state": "away", "error": runtime.database_error}
        kind = "embedded" if database.embedded is not None else "external"
        if runtime.database_error is not None:
            return {"state": "away", "kind": kind, "error": runtime.database_error}
        return {"state": "open", "kind": kind}
