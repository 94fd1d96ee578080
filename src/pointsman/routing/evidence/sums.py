"""What has been observed, as sums: all that a fit needs, and nothing of any single request.

The sums are exact (see `geometry.GRID`), so that parts made by several gateways, by SQL, or in another
order give the same bytes when merged, and a revision takes back precisely what it had added.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from msgspec import Struct, field

from pointsman.routing.evidence.geometry import Vector

Cell = tuple[str, str, str]
"""Agent, model, slice (the kind of task)."""

UNIT: Final = 256.0
"""Rewards and weights are multiples of 1/256, for the same reason as inputs are of 1/1024."""
MAX_WEIGHT: Final = 128.0


class Observation(Struct, frozen=True, kw_only=True):
    """One outcome: how well `model` did (`reward`, 0-1) for `agent` (empty: for none of its own, so that only
    what all share learns from it) on a task with these `inputs`
    (`Frame.inputs`). `slice` is the kind of task (`performance.slice_of`), `weight` how far the signal is
    trusted (0-128, 1 is one sure outcome), `at_s` when, in Unix seconds."""

    agent: str
    model: str
    inputs: Vector
    reward: float
    slice: str = ""
    weight: float = 1.0
    at_s: float = 0.0


class Sums(Struct, frozen=True, kw_only=True):
    """Statistics as they are stored and sent (little-endian float64)."""

    size: int
    geometry: int
    models: dict[str, bytes]
    cells: list[tuple[str, str, str, bytes]]
    seen_s: dict[str, float] = field(default_factory=dict)


class Statistics:
    """Sums of observations in one geometry.

    `models` maps a model to a square array: the weighted products of the inputs, then as last row and
    column those with the reward. `cells` maps agent, model and slice to the row of that array which belongs
    to the input 1: weight, weighted inputs, weighted reward. `seen_s` is when an agent was last heard of.
    """

    __slots__ = ("cells", "geometry", "models", "seen_s", "size")

    def __init__(self, size: int, geometry: int = 0) -> None:
        self.size = size
        self.geometry = geometry
        self.models: dict[str, Vector] = {}
        self.cells: dict[Cell, Vector] = {}
        self.seen_s: dict[str, float] = {}

    @property
    def weight(self) -> float:
        """How many outcomes all this is, by weight."""
        return float(sum([sums[0, 0] for sums in self.models.values()]))

    def add(self, observations: Iterable[Observation]) -> None:
        """Counts the observations. Raises `ValueError` on the first that cannot be true, having counted
        none."""
        self._count(observations, 1.0)

    def subtract(self, observations: Iterable[Observation]) -> None:
        """Takes observations back that had been added, because they are revised or erased. When their agent
        was last heard of stays."""
        self._count(observations, -1.0)

    def add_rows(
        self, keys: Sequence[Cell], inputs: Vector, rewards: Vector, weights: Vector | None = None
    ) -> None:
        """Counts many observations at once: one key, row of inputs, reward and weight each. Raises
        `ValueError` if a value cannot be true."""
        self._count_rows(keys, inputs, rewards, np.ones(len(keys)) if weights is None else weights, 1.0)

    def _count_rows(
        self, keys: Sequence[Cell], inputs: Vector, rewards: Vector, weights: Vector, sign: float
    ) -> None:
        rows = np.column_stack([inputs, _on_grid(rewards)])
        _refuse_bad(rows, weights)
        weighed = rows * (_on_grid(weights) * sign)[:, None]
        members: dict[str, list[int]] = {}
        for place, (_, model, _) in enumerate(keys):
            members.setdefault(model, []).append(place)
        for model, places in members.items():
            self._add(model, rows[places].T @ weighed[places])
        for key, row in zip(keys, weighed, strict=True):
            if key[0]:
                self._add_cell(key, row)

    def merge(self, other: "Statistics") -> None:
        """Adds the sums of `other`. Raises `ValueError` if it was made in another geometry."""
        if (self.size, self.geometry) != (other.size, other.geometry):
            raise ValueError("statistics of different geometries do not add up")
        for model, sums in other.models.items():
            self._add(model, sums)
        for key, row in other.cells.items():
            self._add_cell(key, row)
        for agent, at_s in other.seen_s.items():
            self.seen_s[agent] = max(self.seen_s.get(agent, at_s), at_s)

    def scaled(self, keep: float, models: Sequence[str] | None = None) -> "Statistics":
        """A copy in which `keep` (0-1) of the evidence is left, of all models or of those named: forgetting,
        for worlds that drift. Add new evidence to what is left of the old. Below 0 it takes that share out of
        what it is merged with."""
        fading = None if models is None else set(models)
        made = Statistics(self.size, self.geometry)
        for model, sums in self.models.items():
            made.models[model] = sums * (keep if fading is None or model in fading else 1.0)
        for key, row in self.cells.items():
            made.cells[key] = row * (keep if fading is None or key[1] in fading else 1.0)
        made.seen_s = dict(self.seen_s)
        return made

    def take_out(self, cell: Cell, row: Vector, share: float) -> None:
        """Takes out a `share` (0-1) of a cell's `row` whose observations are not known any more. What these
        added to the model's sums is then known by their mean alone: how they differed among themselves stays,
        and what is left are still sums of products."""
        self._add_cell(cell, row * -share)
        self._add(cell[1], np.outer(row, row) * (-share / row[0]))

    def sums(self) -> Sums:
        """All of it, to be stored or sent. Equal statistics give equal sums."""
        return Sums(
            size=self.size,
            geometry=self.geometry,
            models={model: sums.tobytes() for model, sums in sorted(self.models.items()) if sums[0, 0]},
            cells=[(*key, row.tobytes()) for key, row in sorted(self.cells.items()) if row[0]],
            seen_s=dict(sorted(self.seen_s.items())),
        )

    def _count(self, observations: Iterable[Observation], sign: float) -> None:
        each = list(observations)
        if not each:
            return
        if any(one.inputs.shape != (self.size,) for one in each):
            raise ValueError(f"inputs must have {self.size} components")
        self._count_rows(
            [(one.agent, one.model, one.slice) for one in each],
            np.array([one.inputs for one in each]),
            np.array([one.reward for one in each]),
            np.array([one.weight for one in each]),
            sign,
        )
        for one in each:
            self.seen_s[one.agent] = max(self.seen_s.get(one.agent, one.at_s), one.at_s)

    def _add(self, model: str, sums: Vector) -> None:
        found = self.models.get(model)
        self.models[model] = sums.copy() if found is None else found + sums

    def _add_cell(self, key: Cell, row: Vector) -> None:
        found = self.cells.get(key)
        self.cells[key] = row.copy() if found is None else found + row


def load(sums: Sums) -> tuple[Statistics, tuple[str, ...]]:
    """Statistics from their stored form, and what was left out because it cannot be true: a model, or
    `agent/model/slice`. A bad cell costs its own evidence and nothing else."""
    made, dropped = Statistics(sums.size, sums.geometry), []
    width = sums.size + 1
    for model, data in sums.models.items():
        square = _read(data, width * width)
        if square is not None and _possible_square(square.reshape(width, width)):
            made.models[model] = square.reshape(width, width).copy()
        else:
            dropped.append(model)
    for agent, model, kind, data in sums.cells:
        row = cell_row(data, sums.size)
        if model in made.models and row is not None:
            made.cells[agent, model, kind] = row.copy()
        elif model in made.models:
            dropped.append(f"{agent}/{model}/{kind}")
    made.seen_s = {agent: at_s for agent, at_s in sums.seen_s.items() if np.isfinite(at_s)}
    return made, tuple(dropped)


def cell_row(data: bytes, size: int) -> Vector | None:
    """A cell's row from its stored form, for inputs of that size; None if it cannot be true."""
    row = _read(data, size + 1)
    return row if row is not None and _possible_row(row) else None


def total_of(parts: Iterable[tuple[Statistics, float]]) -> Statistics:
    """The sum of parts, each with the share of it that still counts (one part a day, say, and 0.99^age).
    Raises `ValueError` on no parts or mixed geometries."""
    made: Statistics | None = None
    for part, keep in parts:
        faded = part.scaled(keep)
        if made is None:
            made = faded
        else:
            made.merge(faded)
    if made is None:
        raise ValueError("nothing to add up")
    return made


def _on_grid(values: Vector) -> Vector:
    return np.asarray(np.round(np.asarray(values, dtype=np.float64) * UNIT) / UNIT)


def _refuse_bad(rows: Vector, weights: Vector) -> None:
    if not (np.isfinite(rows).all() and np.isfinite(weights).all()):
        raise ValueError("an observation holds something that is no number")
    if (rows[:, 0] != 1.0).any():
        raise ValueError("the first input must be 1")
    if (rows[:, -1] < 0.0).any() or (rows[:, -1] > 1.0).any():
        raise ValueError("a reward is not within 0 and 1")
    if (weights < 0.0).any() or (weights > MAX_WEIGHT).any():
        raise ValueError(f"a weight is not within 0 and {MAX_WEIGHT:g}")


def _read(data: bytes, count: int) -> Vector | None:
    return np.frombuffer(data, "<f8") if len(data) == 8 * count else None


def _possible_square(square: Vector) -> bool:
    """Sums of products: symmetric, and no diagonal entry below 0."""
    return bool(
        np.isfinite(square).all()
        and (np.diagonal(square) >= 0).all()
        and np.allclose(square, square.T, rtol=1e-6, atol=1e-6)
        and -1e-6 <= square[0, -1] <= square[0, 0] + 1e-6
    )


def _possible_row(row: Vector) -> bool:
    return bool(np.isfinite(row).all() and row[0] >= 0 and -1e-6 <= row[-1] <= row[0] + 1e-6)
