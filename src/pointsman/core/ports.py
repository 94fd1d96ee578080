"""Small protocols between layers that do not see each other; `app` binds them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pointsman.core.events import RequestRecord
from pointsman.core.snapshot import PolicySnapshot


class Recorder(Protocol):
    """Takes finished attempts. `append` returns only when the record survives a kill of the process."""

    def append(self, record: RequestRecord) -> None: ...


class SnapshotSource(Protocol):
    """Holds the running snapshot; reading it is one attribute access."""

    @property
    def current(self) -> PolicySnapshot: ...


class Control(Protocol):
    """What the control API may ask of the running gateway."""

    def status(self) -> Mapping[str, Any]: ...

    def models(self) -> Sequence[Mapping[str, Any]]: ...

    def agents(self) -> Sequence[Mapping[str, Any]]: ...

    async def reload(self) -> Mapping[str, Any]: ...
