"""Small protocols between layers that do not see each other; `app` binds them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pointsman.core.events import RequestRecord
from pointsman.core.keys import ApiKey
from pointsman.core.outcomes import OutcomeRecord
from pointsman.core.snapshot import PolicySnapshot


class Recorder(Protocol):
    """Takes finished attempts and outcomes. `append` and `append_all` return only when the records survive
    a kill of the process."""

    def append(self, record: RequestRecord | OutcomeRecord) -> None: ...

    def append_all(self, records: Sequence[RequestRecord]) -> None: ...


class Control(Protocol):
    """What the control API may ask of the running gateway. All answers are JSON-able.

    `policy` is the running snapshot; `pool` the connections to the database, None while it is away;
    `inbox` takes what agents report (`store.inbox.Inbox`); `memory` is the task memory
    (`memory.keeper.TaskMemory`).
    """

    @property
    def policy(self) -> PolicySnapshot: ...

    @property
    def pool(self) -> Any: ...

    @property
    def inbox(self) -> Any: ...

    @property
    def memory(self) -> Any: ...

    @property
    def phase_intervals_s(self) -> Mapping[str, float]:
        """How often this gateway's learner runs each phase, by name; empty when it has none."""
        ...

    async def forget(self, agent_id: str) -> Sequence[str]:
        """Drops an agent from this process, after what it did has reached the store, and returns all names
        under which that knows it: its id, and the one that stands for it when it is anonymous."""
        ...

    def logged_as(self, agent_id: str) -> str:
        """The name under which an agent is in the log: its own, or a keyed hash if it is anonymous."""
        ...

    def key_of(self, headers: Mapping[bytes, bytes]) -> ApiKey | None:
        """The caller's API key, None without one. `headers` have names in lower case. Raises
        `core.errors.Unauthenticated` for an unknown or revoked key, and for none where one is required."""
        ...

    def status(self) -> Mapping[str, Any]:
        """Figures of this process: `version`, `pid`, `started_s`, `url`, `requests`, `in_flight` and the
        like; what it does not know it leaves out."""
        ...

    def models(self) -> Sequence[Mapping[str, Any]]:
        """One entry a target, by id, each with the fields of `core.snapshot.Target`."""
        ...

    def agents(self) -> Sequence[Mapping[str, Any]]:
        """One entry an agent, by `id`: `source`, `first_seen_us`, `last_seen_us`, `tiers`."""
        ...

    def health(self) -> Sequence[Mapping[str, Any]]:
        """One entry a target seen so far: `target`, `state`, `latency_ms`, `last_error` and the like."""
        ...

    async def reload(self) -> Mapping[str, Any]:
        """Reads the configuration again. Returns the running `version` and what changed; raises
        `core.errors.InvalidRequest`, keeping the old one, when it is not valid."""
        ...

    async def keys_changed(self) -> None:
        """API keys in the store have changed: the gateway reads them again before this returns."""
        ...
