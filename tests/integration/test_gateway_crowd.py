"""Very many connections, and clients that read slower than their provider writes."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gateway_process import NO_DATABASE, GatewayProcess
from tests.gateway_world import CHAT, KEYS, chat, configuration, fresh, request, wire
from tests.raw_upstream import Flood, RawUpstream
from tests.scratch import scratch_folder

WANTED = 10_000
OWN_FILES = 600
"""What this process and the gateway need besides."""
MEGABYTE = 1_000_000


@pytest.fixture
def many_files() -> Iterator[int]:
    """As many connections as the system allows, up to the number wanted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard - OWN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def low_gateway(upstream: RawUpstream) -> Iterator[GatewayProcess]:
    """A gateway that is started with a low limit of open files, which it may raise."""
    low = ("sh", "-c", 'ulimit -Sn 256 && exec "$0" "$@"')
    with scratch_folder() as folder:
        environ = {**KEYS, "DATABASE_URL": NO_DATABASE}
        with GatewayProcess(folder, configuration(upstream.url), environ, before=low) as running:
            yield running


async def test_ten_thousand_idle_connections_stand_in_nobodys_way(
    low_gateway: GatewayProcess, many_files: int, capsys: pytest.CaptureFixture[str]
) -> None:
    low_gateway.read_in()
    port, before = low_gateway.port, low_gateway.resident_bytes
    with contextlib.ExitStack() as stack:
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            for _ in range(many_files)
        ]
        assert open_files(low_gateway) > many_files or await accepted(low_gateway, many_files)
        replies = await asyncio.gather(*[chat(port, fresh("single"), f"Number {n}.") for n in range(50)])
        assert {reply.status for reply in replies} == {200}
        for one in (idle[0], idle[many_files // 2], idle[-1]):
            one.sendall(request(b"", "/healthz", method="GET"))
            assert one.recv(15) == b"HTTP/1.1 200 OK"
        taken = (low_gateway.resident_bytes - before) / many_files
    with capsys.disabled():
        print(f"\n{many_files} idle connections: {taken / 1000:.1f} kB each")
    assert taken < 12_000


def open_files(gateway: GatewayProcess) -> int:
    return len(list(Path(f"/proc/{gateway.process.pid}/fd").iterdir()))


async def accepted(gateway: GatewayProcess, wanted: int) -> bool:
    async with asyncio.timeout(30):
        while open_files(gateway) < wanted:
            await asyncio.sleep(0.05)
    return True


async def test_a_slow_reader_slows_its_provider_down_and_fills_no_memory(
    port: int, gateway: GatewayProcess, upstream: RawUpstream
) -> None:
    model, flood = fresh("single"), Flood(4000)
    upstream.on("single", model, flood)
    gateway.read_in()
    before = gateway.resident_bytes
    one = await wire(port, limit=2**16)
    one.send(request(CHAT.body(model, stream=True)))
    await one.reader.readuntil(b"\r\n\r\n")
    held = await at_rest(flood)
    assert held < flood.count // 2
    assert gateway.resident_bytes - before < 30 * MEGABYTE
    read = 0
    while data := await one.reader.read(2**20):
        read += data.count(b'"content": "x')
        if data.endswith(b"0\r\n\r\n"):
            break
    assert flood.sent == flood.count
    assert read > flood.count * 0.9  # an event that lies across two reads may not be counted
    assert gateway.resident_bytes - before < 60 * MEGABYTE


async def at_rest(flood: Flood) -> int:
    """How much was sent when nothing more has been for half a second."""
    sent = -1
    async with asyncio.timeout(30):
        while sent != flood.sent or not sent:
            sent = flood.sent
            await asyncio.sleep(0.5)
    return sent
