"""`pointsman up`: one process that serves until it is told to stop."""

import asyncio
import contextlib
import gc
import logging
import math
import resource
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import uvicorn
import uvloop
from msgspec.structs import replace

from pointsman.app.announcement import announce, withdraw
from pointsman.app.background import Background
from pointsman.app.config import Config, find_config, load_config
from pointsman.app.control import RunningControl
from pointsman.app.greeting import greet
from pointsman.app.logs import set_up_logs
from pointsman.app.paths import Paths, paths
from pointsman.app.private_files import kept_secret
from pointsman.app.runtime import Runtime
from pointsman.core.addresses import is_loopback
from pointsman.gateway.http.protocol import protocol_class
from pointsman.web.app import control_app

BACKLOG = 16_384
GC_YOUNG, GC_MIDDLE, GC_OLD = 20_000, 20, 20
SIGNALS = (signal.SIGINT, signal.SIGTERM)
_logger = logging.getLogger("pointsman")


class CannotStart(Exception):
    """Why the gateway cannot start, and what to do."""


def up(
    environ: Mapping[str, str],
    *,
    host: str | None = None,
    port: int | None = None,
    config_file: Path | None = None,
    out: TextIO = sys.stdout,
) -> None:
    """Serves until SIGINT or SIGTERM. `host` and `port` win over the configuration. Raises `ConfigInvalid`
    and `CannotStart`."""
    file = config_file or find_config(environ)
    config = load_config(file, environ)
    host = host or config.server.host
    port = config.server.port if port is None else port
    config = replace(config, server=replace(config.server, host=host, port=port))
    files = paths(environ)
    require_keys = _check_exposure(config, host)
    try:
        files.logs.mkdir(parents=True, exist_ok=True, mode=0o755)
    except OSError as error:
        raise CannotStart(
            f"cannot write {files.home}: {error.strerror}. Set POINTSMAN_HOME to a folder of yours."
        ) from error
    set_up_logs(files.gateway_log, config.log.level)
    _allow_many_connections()
    listening = _listen(host, port)
    runtime = Runtime(config, files, environ, file, require_keys=require_keys)
    with contextlib.closing(listening):
        uvloop.run(_serve(runtime, listening, out))


def calm_collector() -> None:
    """Lets the garbage collector look rarely, and never again at what is there from the start: requests
    leave few cycles, and each full look would hold them up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_YOUNG, GC_MIDDLE, GC_OLD)


async def _serve(runtime: Runtime, listening: socket.socket, out: TextIO) -> None:
    host, port = listening.getsockname()[:2]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    url = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    await runtime.open()
    server = Server(runtime)
    background = Background(runtime, server.server_state.connections)
    control = RunningControl(runtime, background, url, lambda: server.should_exit)
    token = _admin_token(runtime.home, runtime.environ)
    server.config.app = control_app(control, admin_token=token, loopback_only=is_loopback(host))
    background.start()
    announce(runtime.home.gateway, url)
    calm_collector()
    server.on_ready = lambda: greet(out, url, runtime)
    try:
        await server.serve([listening])
    finally:
        withdraw(runtime.home.gateway)
        await server.end_tasks()
        await background.stop()
        await runtime.close()


class Server(uvicorn.Server):
    """uvicorn with the gateway's protocol. The second signal ends it at once."""

    def __init__(self, runtime: Runtime) -> None:
        config = uvicorn.Config(
            app=_not_yet,
            http=protocol_class(runtime.frontend),
            loop="none",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=math.ceil(runtime.config.server.drain_timeout_s),
        )
        super().__init__(config)
        self.on_ready: Any = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts listening, then says so."""
        await super().startup(sockets)
        if self.on_ready is not None:
            self.on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals end the serving and not the process, so that what comes after it is still done."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._told_to_stop)
        yield

    def _told_to_stop(self) -> None:
        if self.should_exit:
            self.force_exit = True
            for number in SIGNALS:  # a third one ends the process wherever it is
                asyncio.get_running_loop().remove_signal_handler(number)
        self.should_exit = True

    async def end_tasks(self) -> None:
        """Cancels the requests that still run, and waits until each has been journaled."""
        tasks = tuple(self.server_state.tasks)
        for task in tasks:
            task.cancel("the gateway shuts down")
        await asyncio.gather(*tasks, return_exceptions=True)


async def _not_yet(scope: Any, receive: Any, send: Any) -> None:
    """Stands where the control API will be; nothing is served before it is there."""


def _check_exposure(config: Config, host: str) -> bool:
    """Whether keys are required. Beyond loopback they always are."""
    if is_loopback(host):
        return config.server.require_keys
    if not config.server.allow_beyond_loopback:
        raise CannotStart(
            f"listening on {host} would open the gateway to other machines. To do so on purpose, set "
            "allow_beyond_loopback = true under [server]; API keys are then required of every caller."
        )
    return True


def _allow_many_connections() -> None:
    """Raises the limit of open files to the highest this process may have: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:  # macOS calls its limit unlimited, and refuses it
            _logger.info("The limit of open files stays at %d: %s", soft, error)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise CannotStart(
            f"cannot listen on {host}:{port} ({error.strerror}). If another Pointsman runs there, "
            "`pointsman status` shows it; else choose a free port with POINTSMAN_PORT or --port."
        ) from error
    listening.setblocking(False)
    return listening


def _admin_token(files: Paths, environ: Mapping[str, str]) -> str:
    """The control API's token: from the environment, else the file's, made at the first start."""
    told = environ.get("POINTSMAN_ADMIN_TOKEN", "").strip()
    if told:
        return told
    return kept_secret(files.admin_token)
