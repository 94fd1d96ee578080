"""What a decision costs: 20 candidates, evidence in the snapshot, one process."""

import time
from collections.abc import Callable

import numpy as np
from bench.routing.world import AGENT, asked, profile_of, snapshot_of
from msgspec.structs import replace

from pointsman.memory.classify import Classifier
from pointsman.memory.embed import DIMENSIONS, EMBEDDING, Embedder
from pointsman.memory.index import VectorIndex
from pointsman.memory.reader import TaskReader
from pointsman.memory.texts import Bundled
from pointsman.routing.engine import Router
from pointsman.routing.evidence import Frame, Statistics, fit, fit_geometry

CANDIDATES = 20
ANSWERED = 10_000
"""Requests before: the gateway is no longer new, so that one request in twenty explores."""
ROUNDS, REPEATS = 2000, 5
TASKS, NEIGHBOURS = 5000, 8
TEXT = (
    "Refactor the payment module so that refunds are idempotent, and add tests for the failure cases. " * 12
)
WORDS = [
    *TEXT.split()[:16],
    *["kalman", "filter", "invoice", "query", "index", "user", "login", "report", "chart", "train"],
]


def show(embedder: Embedder) -> None:
    """Prints medians in microseconds: that of the calmest of five rounds, and that of the middle one."""
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
        profile = profile_of(objective, gate=0.7, exploration=0.05)
        router = Router(replace(snapshot_of(models, costs, profile, evidence), answered=ANSWERED))
        report(objective, lambda row, router=router: router.decide(asked(vectors[row % len(vectors)], row)))
    report(f"embedding a text of {len(TEXT):,} characters", lambda row: embedder.vector(TEXT))
    texts = [" ".join(random.choice(WORDS, 180)) for _ in range(TASKS)]
    reader = TaskReader(embedder, Classifier(Bundled(embedder)), None)
    report("reading a text never seen before", lambda row: reader.read(f"{row} {texts[row % TASKS]}"))
    embeddings, index = embedder.embed(texts), VectorIndex[int](DIMENSIONS)
    index.put(range(TASKS), embeddings)
    nearest = embedder.embed([f"{text} again" for text in texts])
    report(f"its nearest of {TASKS:,} tasks", lambda row: index.search(nearest[row % TASKS], NEIGHBOURS))


def report(name: str, act: Callable[[int], object]) -> None:
    """Times `act`, told how often it was called before, and prints it."""
    times = np.zeros((REPEATS, ROUNDS))
    for repeat in range(REPEATS):
        for round_ in range(ROUNDS):
            started = time.perf_counter_ns()
            act(repeat * ROUNDS + round_)
            times[repeat, round_] = time.perf_counter_ns() - started
    medians = np.sort(np.median(times, axis=1)) / 1000.0
    print(f"  {name:42} p50 {medians[0]:6.0f}  of the middle round {medians[REPEATS // 2]:6.0f}")
