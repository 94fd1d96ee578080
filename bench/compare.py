"""Pointsman beside nginx, Portkey and LiteLLM, in one run, as ratios.

usage: python bench/compare.py [--install] [--rounds N] [--only NAME ...] [--json FILE]

Each gateway runs alone on one CPU, pinned, with one worker; the client and the provider stand-in share
the other. Rounds are interleaved and the best of each figure is kept, so that a busy machine disturbs all
alike. CPU is the scheduler's count for the gateway's whole process tree: for Pointsman that includes its
PostgreSQL and the loading of the log, which the column `serving` leaves out. What is compared differs in
what it does per request: nginx only forwards bytes; see the notes in docs/reference/benchmarks.md.
"""

import argparse
import asyncio
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import peers
from measure import (
    Load,
    closed_loop,
    free_port,
    http_request,
    measured,
    start,
    wait_for_answer,
    wait_for_port,
)

GATEWAY_CPU, OTHER_CPU = 0, 1
CHUNKS = 200
SETTLE_S = 2.5
"""What a gateway still does after its last answer, such as writing its log, counts too."""
WARM_UP = 3000
"""Requests before the first that counts, so that what runs is what runs all day: caches full, code warm."""
FLOOR = "nginx proxy_pass"
SMALL = {
    "model": peers.MODEL,
    "messages": [
        {"role": "system", "content": "You are a careful assistant. " * 8},
        {"role": "user", "content": "Tell me what a pointsman does, in two sentences."},
    ],
}
LARGE = {
    **SMALL,
    "messages": [*SMALL["messages"], {"role": "user", "content": "one line of a long file\n" * 2800}],
}


@dataclass
class Figures:
    """One gateway's figures: CPU in microseconds, latencies in microseconds."""

    cpu_small_us: float = float("nan")
    own_small_us: float = float("nan")
    cpu_large_us: float = float("nan")
    p50_us: float = float("nan")
    p99_us: float = float("nan")
    first_token_us: float = float("nan")
    cpu_chunk_us: float = float("nan")
    failures: int = 0

    def best(self, other: "Figures") -> "Figures":
        """The lower of each figure; failures add up."""
        names = [name for name in vars(self) if name != "failures"]
        kept = {name: _lower(getattr(self, name), getattr(other, name)) for name in names}
        return Figures(**kept, failures=self.failures + other.failures)


def _lower(a: float, b: float) -> float:
    return b if a != a else a if b != b else min(a, b)


@contextmanager
def running(name: str, upstream: int) -> Iterator[tuple[int, peers.Peer] | None]:
    """Starts a gateway, waits until it answers, and ends it; None when it is not installed."""
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        place.chmod(0o755)
        peer = peers.PEERS[name](place, upstream, free_port())
        if peer is None:
            yield None
            return
        process = start(peer.command, GATEWAY_CPU, place / "log.txt", peer.env)
        try:
            wait_for_answer(peer.port, request_of(peer, SMALL), timeout_s=90)
            yield process.pid, peer
        except TimeoutError:
            print((place / "log.txt").read_text(errors="replace")[-2000:], file=sys.stderr)
            raise
        finally:
            stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process this run has started."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def request_of(peer: peers.Peer, body: dict[str, object], *, stream: bool = False) -> bytes:
    """The request's bytes for this gateway."""
    whole = {**body, "stream": True, "stream_options": {"include_usage": True}} if stream else body
    return http_request(peer.port, peer.path, json.dumps(whole).encode(), peer.headers)


def measure_one(name: str, upstream: int, requests: int) -> Figures | None:
    """All figures of one gateway, measured once."""
    with running(name, upstream) as found:
        if found is None:
            return None
        pid, peer = found
        small, large = request_of(peer, SMALL), request_of(peer, LARGE)
        stream = request_of(peer, SMALL, stream=True)
        count = max(requests // (20 if name == "litellm" else 4 if name == "portkey" else 1), 200)
        asyncio.run(closed_loop(peer.port, small, 16, min(WARM_UP, count)))
        time.sleep(1.0)
        figures, loads = Figures(), []
        loads.append(measured(pid, peer.port, small, 16, count, SETTLE_S))
        figures.cpu_small_us = loads[-1].cpu_us_each
        figures.own_small_us = loads[-1].own_cpu_us_each if name == "pointsman" else figures.cpu_small_us
        loads.append(measured(pid, peer.port, large, 16, count // 4, SETTLE_S))
        figures.cpu_large_us = loads[-1].cpu_us_each
        loads.append(asyncio.run(closed_loop(peer.port, small, 1, min(count, 1500))))
        figures.p50_us, figures.p99_us = loads[-1].percentile_us(0.5), loads[-1].percentile_us(0.99)
        loads.append(streams := measured(pid, peer.port, stream, 4, max(count // 40, 10), SETTLE_S))
        if not streams.failures:
            figures.first_token_us = sorted(streams.first_us)[len(streams.first_us) // 2]
            figures.cpu_chunk_us = streams.cpu_us_each / CHUNKS
        figures.failures = sum(load.failures for load in loads)
        return figures


def direct(upstream: int, requests: int) -> Figures:
    """The stand-in asked without any gateway: what latencies are measured from."""
    request = http_request(upstream, "/v1/chat/completions", json.dumps(SMALL).encode(), {})
    body = json.dumps({**SMALL, "stream": True}).encode()
    streamed = http_request(upstream, "/v1/chat/completions", body, {})
    alone: Load = asyncio.run(closed_loop(upstream, request, 1, min(requests, 1500)))
    streams: Load = asyncio.run(closed_loop(upstream, streamed, 4, 40))
    return Figures(
        p50_us=alone.percentile_us(0.5),
        p99_us=alone.percentile_us(0.99),
        first_token_us=sorted(streams.first_us)[len(streams.first_us) // 2],
    )


def table(results: dict[str, Figures]) -> str:
    """The figures with their ratios to nginx, latencies as what each adds to a direct call."""
    base, floor = results["direct"], results.get(FLOOR)
    rows = [
        (
            "",
            "CPU s/1000 req",
            "x nginx",
            "serving",
            "x nginx",
            "68 kB",
            "x nginx",
            "us/chunk",
            "x nginx",
            "+p50",
            "+p99",
            "+first",
        )
    ]
    for name, found in results.items():
        if name == "direct":
            continue

        def ratio(field: str, found: Figures = found) -> str:
            return f"{getattr(found, field) / getattr(floor, field):.1f}" if floor else "-"

        rows.append(
            (
                name,
                f"{found.cpu_small_us / 1000:.4f}",
                ratio("cpu_small_us"),
                f"{found.own_small_us / 1000:.4f}",
                f"{found.own_small_us / floor.cpu_small_us:.1f}" if floor else "-",
                f"{found.cpu_large_us / 1000:.4f}",
                ratio("cpu_large_us"),
                f"{found.cpu_chunk_us:.1f}",
                ratio("cpu_chunk_us"),
                f"{found.p50_us - base.p50_us:.0f} us",
                f"{found.p99_us - base.p99_us:.0f} us",
                f"{found.first_token_us - base.first_token_us:.0f} us",
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )


def install() -> None:
    """Installs the peers below bench/.peers."""
    uv = Path(sys.executable).parent / "uv"
    program = str(uv) if uv.exists() else "uv"
    subprocess.run([program, "venv", "--quiet", "--clear", str(peers.LITELLM)], check=True)
    python = str(peers.LITELLM / "bin" / "python")
    subprocess.run([program, "pip", "install", "--quiet", "--python", python, peers.LITELLM_SPEC], check=True)
    peers.PORTKEY.mkdir(parents=True, exist_ok=True)
    npm = shutil.which("npm") or "npm"
    subprocess.run(
        [npm, "install", "--silent", "--no-fund", "--prefix", str(peers.PORTKEY), peers.PORTKEY_SPEC],
        check=True,
    )
    if shutil.which("nginx") is None and not Path("/usr/sbin/nginx").exists():
        print("nginx is missing, and with it the ratios: install nginx-light (Debian) or nginx.")


def main() -> int:
    """Runs the comparison and prints it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--install", action="store_true", help="install LiteLLM and Portkey first")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (3)")
    parser.add_argument("--requests", type=int, default=8000, help="plain requests a round (8000)")
    parser.add_argument("--only", nargs="*", default=list(peers.PEERS), help="measure only these")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    if asked.install:
        install()
    upstream = free_port()
    mock = [sys.executable, str(Path(__file__).parent / "mock_upstream.py"), str(upstream), str(CHUNKS), "0"]
    process = start(mock, OTHER_CPU, Path(tempfile.gettempdir()) / "pointsman-bench-upstream.log")
    results: dict[str, Figures] = {}
    try:
        wait_for_port(upstream)
        for turn in range(asked.rounds):
            print(f"round {turn + 1} of {asked.rounds}", file=sys.stderr, flush=True)
            for name in ["direct", *asked.only]:
                print(f"  {name}", file=sys.stderr, flush=True)
                found = (
                    direct(upstream, asked.requests)
                    if name == "direct"
                    else measure_one(name, upstream, asked.requests)
                )
                if found is None:
                    print(f"  {name} is not installed (see --install)", file=sys.stderr)
                else:
                    results[name] = results[name].best(found) if name in results else found
    finally:
        stop(process)
    print(table(results))
    for name, found in results.items():
        if found.failures:
            print(f"{name}: {found.failures} requests were not answered with 200")
    if asked.json:
        asked.json.write_text(json.dumps({name: vars(found) for name, found in results.items()}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
