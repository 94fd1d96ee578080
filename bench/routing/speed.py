"""What a decision costs: 20 candidates, evidence in the snapshot, one process."""

import time
from collections.abc import Callable

import numpy as np
from bench.routing.world import AGENT, asked, profile_of, snapshot_of

from pointsman.memory.embed import EMBEDDING, Embedder
from pointsman.routing.engine import Router
from pointsman.routing.evidence import Frame, Statistics, fit, fit_geometry

CANDIDATES = 20
ROUNDS = 2000
TEXT = (
    "Refactor the payment module so that refunds are idempotent, and add tests for the failure cases. " * 12
)


def show(embedder: Embedder) -> None:
    """Prints medians and 95th percentiles in microseconds."""
    random = np.random.default_rng(0)
    models = [f"m{number}" for number in range(CANDIDATES)]
    vectors = random.normal(size=(2000, len(embedder.vector(TEXT)) // 4))
    frame = Frame(fit_geometry(vectors, EMBEDDING, version=1))
    statistics = Statistics(frame.size, 1)
    keys = [(AGENT, models[number], "") for number in random.integers(CANDIDATES, size=len(vectors))]
    statistics.add_rows(keys, frame.inputs_of(vectors), (random.random(len(vectors)) < 0.7).astype(float))
    evidence, costs = fit(statistics, frame), np.linspace(1e-5, 1e-3, CANDIDATES)
    print(f"\nOne decision among {CANDIDATES} candidates, microseconds")
    for objective in ("reliable", "worth", "explore"):
        router = Router(
            snapshot_of(models, costs, profile_of(objective, gate=0.7, exploration=0.05), evidence)
        )
        report(objective, lambda row, router=router: router.decide(asked(vectors[row], row)))
    report(f"embedding a text of {len(TEXT):,} characters", lambda row: embedder.vector(TEXT))


def report(name: str, act: Callable[[int], object]) -> None:
    """Times `act` and prints it."""
    times = []
    for round_ in range(ROUNDS):
        started = time.perf_counter_ns()
        act(round_)
        times.append(time.perf_counter_ns() - started)
    half, most = np.percentile(times, [50, 95]) / 1000.0
    print(f"  {name:42} p50 {half:6.0f}  p95 {most:6.0f}")
