"""What `loading` and a `loader_child` tell each other."""

from msgspec import Struct


class LoaderSettings(Struct, frozen=True, kw_only=True):
    """The journals to load and where to. The settings come over the child's input, since the address may
    hold a password. The child keeps its counts in the file `counts`."""

    parent_pid: int
    dsn: str
    journals: str
    counts: str
