"""From a task's vector to the inputs of the evidence model.

The inputs are a 1 (so that sums of inputs count), the scaled embedding, the scaled surface features, one
indicator per task cluster, and one per kind of task that the text was classified as. Measured on public
routing data, what a router recovers is the *kind* of task, hardly the single prompt; clusters say the kind,
and the linear part what lies between. Kinds by name are there from the first request on, when there is
nothing yet to make clusters from.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from pointsman.core.posterior import Geometry

Vector = npt.NDArray[np.float64]

GRID: Final = 1024.0
"""Inputs are multiples of 1/1024, so that sums of their products are exact in double precision (up to a
total weight of 10^8), and therefore the same in whatever order and place they are added."""
LIMIT: Final = 4.0
"""No scaled component is larger: one odd prompt must not pull a fit."""
MAX_CLUSTERS: Final = 32
LEAST_PER_CLUSTER: Final = 20
LLOYD_STEPS: Final = 15
RESTARTS: Final = 3
FAMILIAR_SHARE: Final = 0.95
"""The radius is where this share of the fitted tasks lies within."""
FADING: Final = 4
"""With this power of the distance an unfamiliar task loses its inputs: what was learned of other tasks does
harm where it does not hold."""


class Frame:
    """A geometry, ready for use: its arrays, read in place."""

    __slots__ = (
        "_kinds",
        "_squares",
        "centres",
        "embedding",
        "geometry",
        "mean",
        "radius",
        "raw",
        "scale",
        "size",
    )

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        self.embedding = geometry.embedding
        self.raw = geometry.embedding + geometry.surface
        self.mean = np.frombuffer(geometry.mean, "<f8")
        self.scale = np.frombuffer(geometry.scale, "<f8")
        self.centres = np.frombuffer(geometry.centres, "<f8").reshape(geometry.clusters, self.raw)
        self._squares = (self.centres**2).sum(axis=1)
        self.radius = geometry.radius
        named = 1 + self.raw + geometry.clusters
        self._kinds = {kind: named + place for place, kind in enumerate(geometry.kinds)}
        self.size = named + len(geometry.kinds)

    @property
    def blocks(self) -> tuple[tuple[str, int, int], ...]:
        """The parts of the inputs as (name, start, end); each has a weight of its own in the fit."""
        named = self.size - len(self._kinds)
        edges = (0, 1, 1 + self.embedding, 1 + self.raw, named, self.size)
        names = ("bias", "embedding", "surface", "cluster", "kind")
        return tuple([(n, a, b) for n, a, b in zip(names, edges, edges[1:], strict=False) if b > a])

    def inputs(self, vector: bytes, kind: str = "", usual: npt.NDArray[np.float32] | None = None) -> Vector:
        """The inputs of one task, from its float32 vector and its kind. A vector of another size or with a
        component that is no number tells nothing: the inputs are then a 1 and zeros. What an unfamiliar task
        loses is filled up with the inputs of the `usual` one, so that an estimate goes to a model's mean."""
        if len(vector) != 4 * self.raw:
            return self._nothing()
        raw = np.frombuffer(vector, "<f4")
        scaled = np.minimum(np.maximum((raw - self.mean) * self.scale, -LIMIT), LIMIT)
        row = self._nothing()
        if not isfinite(float(raw.sum())):
            return row
        row[1 : 1 + self.raw] = scaled
        if len(self.centres):
            far = self._squares - 2.0 * (self.centres @ scaled)
            nearest = int(far.argmin())
            row[1 + self.raw + nearest] = 1.0
            distance = max(float(far[nearest] + scaled @ scaled), 0.0) ** 0.5
            if distance > self.radius:
                named = 1 + self.raw + len(self.centres)
                familiar = (self.radius / distance) ** FADING
                row[1:named] *= familiar
                if usual is not None:
                    row[1:named] += (1.0 - familiar) * usual[1:named]
        if kind in self._kinds:
            row[self._kinds[kind]] = 1.0
        return np.rint(row * GRID) / GRID

    def inputs_of(self, vectors: Vector, kinds: Sequence[str] = ()) -> Vector:
        """The inputs of many tasks, one a row of raw vectors, with their kinds if these are known."""
        rows = np.zeros((len(vectors), self.size))
        rows[:, 0] = 1.0
        good = np.isfinite(vectors).all(axis=1)
        scaled = np.clip((vectors[good] - self.mean) * self.scale, -LIMIT, LIMIT)
        rows[good, 1 : 1 + self.raw] = scaled
        if len(self.centres) and good.any():
            far = _squares(scaled, self.centres)
            nearest = far.argmin(axis=1)
            known = np.flatnonzero(good)
            rows[known, 1 + self.raw + nearest] = 1.0
            distance = np.sqrt(far[np.arange(len(nearest)), nearest])
            rows[known, 1:] *= np.minimum(1.0, self.radius / np.maximum(distance, 1e-9))[:, None] ** FADING
        for place in np.flatnonzero(good).tolist() if kinds else ():
            if kinds[place] in self._kinds:
                rows[place, self._kinds[kinds[place]]] = 1.0
        return np.asarray(np.rint(rows * GRID) / GRID)

    def _nothing(self) -> Vector:
        inputs = np.zeros(self.size)
        inputs[0] = 1.0
        return inputs


def plain_geometry(embedding: int, surface: int, kinds: tuple[str, ...] = ()) -> Geometry:
    """The geometry to begin with, before any traffic: components as they come, no clusters."""
    size = embedding + surface
    return Geometry(
        version=0,
        embedding=embedding,
        surface=surface,
        mean=np.zeros(size).tobytes(),
        scale=np.ones(size).tobytes(),
        kinds=kinds,
    )


def fit_geometry(
    vectors: Vector, embedding: int, version: int, seed: int = 0, kinds: tuple[str, ...] = ()
) -> Geometry:
    """A geometry for the tasks seen (raw vectors, one a row; their outcomes play no part): both parts of the
    vector are centred and scaled to a total variance of 1, so that neither drowns the other, and tasks are
    grouped into at most 32 clusters of 20 or more on average. The same vectors and seed give the same
    bytes."""
    good = vectors[np.isfinite(vectors).all(axis=1)]
    surface = vectors.shape[1] - embedding
    if len(good) < 2:
        return replace(plain_geometry(embedding, surface, kinds), version=version)
    mean, scale = good.mean(axis=0), _scales(good, embedding)
    scaled = np.clip((good - mean) * scale, -LIMIT, LIMIT)
    count = min(MAX_CLUSTERS, len(good) // LEAST_PER_CLUSTER)
    centres = _clusters(scaled, count, seed) if count > 1 else np.zeros((0, scaled.shape[1]))
    radius = 0.0
    if len(centres):
        radius = float(np.quantile(np.sqrt(_squares(scaled, centres).min(axis=1)), FAMILIAR_SHARE))
    return Geometry(
        version=version,
        embedding=embedding,
        surface=surface,
        mean=mean.astype("<f8").tobytes(),
        scale=scale.astype("<f8").tobytes(),
        clusters=len(centres),
        centres=centres.astype("<f8").tobytes(),
        radius=radius,
        kinds=kinds,
    )


def _scales(vectors: Vector, embedding: int) -> Vector:
    """The embedding keeps its shape (one factor for all); each surface feature is put on the same scale."""
    spread = vectors.std(axis=0)
    scale = np.empty(vectors.shape[1])
    scale[:embedding] = 1.0 / max(float(np.sqrt((spread[:embedding] ** 2).sum())), 1e-6)
    surface = spread[embedding:]
    alive = surface > 1e-6
    scale[embedding:] = np.where(alive, 1.0 / np.maximum(surface, 1e-6), 0.0) / np.sqrt(max(alive.sum(), 1))
    return scale


def _squares(rows: Vector, centres: Vector) -> Vector:
    """Squared distances, rows x centres."""
    cross = rows @ centres.T
    far: Vector = (rows**2).sum(axis=1)[:, None] - 2.0 * cross + (centres**2).sum(axis=1)
    return np.maximum(far, 0.0)


def _clusters(rows: Vector, count: int, seed: int) -> Vector:
    """k-means: the best of a few seeded k-means++ starts (Arthur and Vassilvitskii 2007)."""
    generator = np.random.default_rng(seed)
    tries = [_lloyd(rows, _spread(rows, count, generator)) for _ in range(RESTARTS)]
    return min(tries, key=lambda found: found[0])[1]


def _spread(rows: Vector, count: int, generator: np.random.Generator) -> Vector:
    chosen = [rows[generator.integers(len(rows))]]
    far = _squares(rows, chosen[0][None, :])[:, 0]
    for _ in range(count - 1):
        total = far.sum()
        share = far / total if total > 0 else np.full(len(rows), 1.0 / len(rows))
        chosen.append(rows[generator.choice(len(rows), p=share)])
        far = np.minimum(far, _squares(rows, chosen[-1][None, :])[:, 0])
    return np.array(chosen)


def _lloyd(rows: Vector, centres: Vector) -> tuple[float, Vector]:
    for _ in range(LLOYD_STEPS):
        nearest = _squares(rows, centres).argmin(axis=1)
        counts = np.bincount(nearest, minlength=len(centres))
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, rows)
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
    return float(_squares(rows, centres).min(axis=1).sum()), centres
