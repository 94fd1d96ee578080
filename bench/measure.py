"""Drives a target and reads what it costs: CPU of its whole process tree, latency seen by a client."""

import asyncio
import os
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import httptools
import psutil


def tree_cpu_s(pid: int, *, children: bool = True) -> float:
    """CPU seconds of a process (and all its children) so far, from the scheduler's own nanosecond count."""
    total = 0.0
    below = psutil.Process(pid).children(recursive=True) if children else []
    for process in [psutil.Process(pid), *below]:
        try:
            for task in Path(f"/proc/{process.pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0]) / 1e9
        except (OSError, psutil.NoSuchProcess):
            continue
    return total


@dataclass
class Load:
    """What one run of requests showed: how many, CPU microseconds each, latencies in microseconds."""

    requests: int
    cpu_us_each: float
    own_cpu_us_each: float = float("nan")
    latencies_us: list[float] = field(default_factory=list)
    first_us: list[float] = field(default_factory=list)
    failures: int = 0
    chunks: int = 0
    seconds: float = 0.0

    def percentile_us(self, share: float) -> float:
        """A latency percentile, share in 0-1."""
        ordered = sorted(self.latencies_us)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")


class Client(asyncio.Protocol):
    """A lean HTTP/1.1 client: one request at a time, body counted, first body byte timed."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.done: asyncio.Future[None] | None = None
        self.first_at_s: float | None = None
        self.events = 0
        self.status = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_exception(exc or ConnectionError("closed"))

    def on_body(self, body: bytes) -> None:
        """Counts events."""
        if self.first_at_s is None:
            self.first_at_s = time.perf_counter()
        self.events += body.count(b"\n\n")

    def on_message_complete(self) -> None:
        """Ends the request."""
        self.status = self.parser.get_status_code()
        if self.done is not None:
            self.done.set_result(None)

    async def ask(self, request: bytes) -> tuple[float, float]:
        """Sends a request: seconds to the first body byte, and to the end."""
        self.done = asyncio.get_running_loop().create_future()
        self.first_at_s = None
        began = time.perf_counter()
        self.transport.write(request)
        await self.done
        ended = time.perf_counter()
        return (self.first_at_s or ended) - began, ended - began


def http_request(port: int, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A POST as bytes."""
    lines = [f"POST {path} HTTP/1.1", f"host: 127.0.0.1:{port}", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + f"\r\ncontent-length: {len(body)}\r\n\r\n").encode() + body


async def closed_loop(port: int, request: bytes, connections: int, requests: int) -> Load:
    """`connections` clients ask again and again until `requests` have been answered."""
    load = Load(requests, float("nan"))
    left = requests
    loop = asyncio.get_running_loop()

    async def worker() -> None:
        nonlocal left
        _, client = await loop.create_connection(Client, "127.0.0.1", port)
        while left > 0:
            left -= 1
            first_s, whole_s = await client.ask(request)
            if client.status != 200:
                load.failures += 1
            load.first_us.append(first_s * 1e6)
            load.latencies_us.append(whole_s * 1e6)
        load.chunks += client.events
        client.transport.close()

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    load.seconds = time.perf_counter() - began
    return load


def measured(
    pid: int, port: int, request: bytes, connections: int, requests: int, settle_s: float = 0.3
) -> Load:
    """A closed loop with the target's CPU read before and after: of its whole process tree, with all that
    it still does in `settle_s` after the last answer, and of the serving process alone."""
    before_s, own_before_s = tree_cpu_s(pid), tree_cpu_s(pid, children=False)
    load = asyncio.run(closed_loop(port, request, connections, requests))
    load.own_cpu_us_each = (tree_cpu_s(pid, children=False) - own_before_s) / requests * 1e6
    time.sleep(settle_s)
    load.cpu_us_each = (tree_cpu_s(pid) - before_s) / requests * 1e6
    return load


def start(
    command: list[str], cpu: int, log: Path, env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts a process pinned to one CPU, its output in `log`."""
    with log.open("wb") as out:
        return subprocess.Popen(
            ["taskset", "-c", str(cpu), *command],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )


def wait_for_port(port: int, timeout_s: float = 60) -> None:
    """Returns once something listens; TimeoutError otherwise."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port} after {timeout_s:g} s")


def free_port() -> int:
    """A port nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_answer(port: int, request: bytes, timeout_s: float = 60) -> None:
    """Returns once `request` is answered with 200; TimeoutError otherwise."""
    deadline = time.monotonic() + timeout_s
    wait_for_port(port, timeout_s)
    while time.monotonic() < deadline:
        try:
            if asyncio.run(closed_loop(port, request, 1, 1)).failures == 0:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"port {port} did not answer with 200 within {timeout_s:g} s")
