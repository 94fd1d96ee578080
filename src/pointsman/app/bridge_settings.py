"""What `bridge` tells a `bridge_child`. Apart from it, for only the child imports the library."""

from typing import Final

from msgspec import Struct

BRIDGED_PATHS: Final = {"openai_chat": "/chat/completions", "openai_embeddings": "/embeddings"}
"""The dialects that the bridge speaks, and where."""


class Source(Struct, frozen=True, kw_only=True):
    """One bridged provider: the library's name for it, the NAME of the variable with its key (None: the
    library's usual ones), and its address if it is not the usual one."""

    library_name: str
    key_env: str | None = None
    base_url: str | None = None


class BridgeSettings(Struct, frozen=True, kw_only=True):
    """`listener` is an inherited listening socket. Only who knows `token` is served. `sources` by the
    provider's name in our configuration."""

    parent_pid: int
    listener: int
    token: str
    sources: dict[str, Source]
