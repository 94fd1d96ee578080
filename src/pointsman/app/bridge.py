"""Providers that speak a form of their own, reached through a library that speaks to them (any-llm).

The library runs in a child process, which looks to the gateway like any OpenAI-compatible provider. So
its dependencies, its import time and its CPU time are not the gateway's.
"""

import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from pointsman.app.bridge_settings import BRIDGED_PATHS, BridgeSettings, Source
from pointsman.app.child import Child, Program, State
from pointsman.app.config.schema import ProviderConfig
from pointsman.app.weights import is_installed
from pointsman.gateway.providers.base import Endpoint, Provider, Timeouts

LIBRARY: Final = "any_llm"
REMEDY: Final = "pip install 'pointsman[bridge]'"
BACKLOG: Final = 512
PRICE_PROVIDERS: Final = {
    "azureopenai": "azure",
    "bedrock": "aws",
    "gemini": "google",
    "moonshot": "moonshotai",
    "sagemaker": "aws",
    "vertexai": "google",
    "xai": "x-ai",
}
"""The library's name to the price catalogue's, where they differ."""


class Bridge:
    """The process for all providers of `[providers]` that have a `bridge`; none, no process.

    It inherits a listening socket of ours: so its address is known at once, requests that come before it
    is ready, or while it is started again, wait in that socket, and no other process can take the port.
    A random token, made here, keeps other processes of this machine from spending the keys.
    """

    def __init__(
        self, providers: Mapping[str, ProviderConfig], environ: Mapping[str, str], logs: Path
    ) -> None:
        wanted = bridged(providers)
        self._state = State(name="bridge")
        self._child: Child | None = None
        self._listener: socket.socket | None = None
        self._endpoints: dict[str, Endpoint] = {}
        if not wanted:
            return
        if not is_installed(LIBRARY):
            reason = f"not installed: {LIBRARY}, needed for {', '.join(wanted)}"
            self._state = State(name="bridge", phase="missing", reason=reason, remedy=REMEDY)
            return
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        port = self._listener.getsockname()[1]
        token = secrets.token_urlsafe(24)
        sources = {
            name: Source(library_name=own.bridge or name, key_env=own.key_env, base_url=own.base_url)
            for name, own in wanted.items()
        }
        self._endpoints = {name: _endpoint(name, own, port, token) for name, own in wanted.items()}
        self._child = Child(_program(self._listener.fileno(), token, sources, environ, logs))

    async def start(self) -> None:
        """Starts the process in the background, if a provider needs it."""
        if self._child is not None:
            self._child.start()

    def endpoints(self) -> Mapping[str, Endpoint]:
        """Every bridged provider by name. They may be asked at once: early requests wait."""
        return self._endpoints

    def endpoint(self, name: str) -> Endpoint | None:
        """The bridged provider `name`, or None when it is not bridged or the library is not installed."""
        return self._endpoints.get(name)

    async def ready(self, patience_s: float = 30.0) -> bool:
        """Whether the process serves, or begins to within `patience_s` seconds."""
        return self._child is not None and await self._child.ready(patience_s)

    def states(self) -> list[State]:
        """How the process is; empty when no provider asks for it."""
        if self._child is not None:
            return [self._child.state]
        return [self._state] if self._state.phase == "missing" else []

    async def stop(self) -> None:
        """Ends the process and gives the port back."""
        if self._child is not None:
            await self._child.stop()
        if self._listener is not None:
            self._listener.close()
            self._listener = None


def bridged(providers: Mapping[str, ProviderConfig]) -> dict[str, ProviderConfig]:
    """Those of the file that are reached through the bridge."""
    return {name: own for name, own in providers.items() if own.enabled and own.bridge is not None}


def _endpoint(name: str, own: ProviderConfig, port: int, token: str) -> Endpoint:
    library_name = own.bridge or name
    base_url = f"http://127.0.0.1:{port}/{name}/v1"
    provider = Provider(
        name=name,
        base_url=base_url,
        dialects={
            form: path for form, path in BRIDGED_PATHS.items() if not own.dialects or form in own.dialects
        },
        price_provider=PRICE_PROVIDERS.get(library_name, library_name),
        local=bool(own.local),
    )
    return Endpoint(
        provider=provider,
        base_url=base_url,
        key=token,
        timeouts=Timeouts(
            connect_s=own.connect_timeout_s,
            first_byte_s=own.first_byte_timeout_s,
            idle_s=own.idle_timeout_s,
            total_s=own.total_timeout_s,
        ),
        max_connections=own.max_connections,
        retries=own.retries,
    )


def _program(
    listener: int, token: str, sources: dict[str, Source], environ: Mapping[str, str], logs: Path
) -> Program:
    """The child gets the whole environment: the vendors' libraries find credentials in many variables."""
    settings = BridgeSettings(parent_pid=os.getpid(), listener=listener, token=token, sources=sources)
    return Program(
        name="bridge",
        module="pointsman.app.bridge_child",
        settings=msgspec.json.encode(settings),
        log=logs / "bridge.log",
        environ=environ,
        inherits=(listener,),
    )
