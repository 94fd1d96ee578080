"""Agents' own departures from a model's shared success, and those of each kind of task within.

Both are single numbers per agent, model and kind, so they can be integrated out of a model's equations by
corrections of rank one, and found again once the model's weights are known.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from pointsman.routing.evidence.geometry import Vector
from pointsman.routing.evidence.levels import Levels
from pointsman.routing.evidence.sums import Statistics

RECORD: Final = np.dtype(
    [("model", "<u2"), ("slice", "<u2"), ("mean", "<f4"), ("variance", "<f4"), ("own", "<f4")]
)
"""An agent's delta for one model and slice (slice 0 is for kinds of task not seen):
`own` is how far the agent's own evidence has replaced the shared level's, 0-1."""

Index = npt.NDArray[np.int64]


class Cells(Struct, frozen=True, kw_only=True):
    """The cells of one model: `rows` are weighted inputs and, last, the weighted reward less its prior;
    `agent` points each row to its agent in `agents`."""

    rows: Vector
    agent: Index
    agents: list[str]
    slices: list[str]

    def integrated_out(
        self, gram: Vector, moment: Vector, noise: float, levels: Levels
    ) -> tuple[Vector, Vector]:
        """The model's equations when the departures are not known: each cell's mean counts less."""
        if not len(self.rows):
            return gram, moment
        slice_share = 1.0 / (self.rows[:, 0] + noise / levels.slice)
        by_agent = self.by_agent(noise, levels)
        agent_share = 1.0 / (by_agent[:, 0] + noise / levels.agent)
        taken = (self.rows * slice_share[:, None]).T @ self.rows
        taken += (by_agent * agent_share[:, None]).T @ by_agent
        return gram - taken[:-1, :-1], moment - taken[:-1, -1]

    def by_agent(self, noise: float, levels: Levels) -> Vector:
        """What the cells say of their agents, each kind of task counting less the more it is its own."""
        stiff = noise / levels.slice
        rows = self.rows * (stiff / (self.rows[:, 0] + stiff))[:, None]
        summed = np.zeros((len(self.agents), rows.shape[1]))
        np.add.at(summed, self.agent, rows)
        return summed


class Deltas(Struct, frozen=True, kw_only=True):
    """Departures found: mean, variance and own share per agent, and in all per cell. The sums serve to learn
    the levels: squared coefficients, and how many of them are known."""

    agent: Vector
    cell: Vector
    agent_sums: tuple[float, float]
    slice_sums: tuple[float, float]
    explained: float


Keyed = tuple[tuple[str, str, str], Vector]


def cells_of(keyed: Sequence[Keyed], size: int, prior: float, keep: Callable[[str], float]) -> Cells:
    """The cells of one model, those of silent agents faded. `size` is that of the inputs."""
    found = sorted([one for one in keyed if one[1][0] > 0], key=lambda one: one[0])
    agents = sorted({key[0] for key, _ in found})
    place = {agent: index for index, agent in enumerate(agents)}
    index = np.array([place[key[0]] for key, _ in found], dtype=np.int64)
    rows = np.array([row for _, row in found]).reshape(-1, size + 1)
    rows[:, -1] -= prior * rows[:, 0]
    keeps = np.array([keep(agent) for agent in agents])
    faded = rows * keeps[index][:, None] if found else rows
    return Cells(rows=faded, agent=index, agents=agents, slices=[key[2] for key, _ in found])


def by_model(statistics: Statistics) -> dict[str, list[Keyed]]:
    """All cells, by their model."""
    found: dict[str, list[Keyed]] = {model: [] for model in statistics.models}
    for key, row in statistics.cells.items():
        if key[1] in found:
            found[key[1]].append((key, row))
    return found


def deltas_of(cells: Cells, own: Vector, covariance: Vector, noise: float, levels: Levels) -> Deltas:
    """The departures, given a model's weights and how sure these are."""
    if not len(cells.rows):
        return NOTHING
    by_agent = cells.by_agent(noise, levels)
    share = 1.0 / (by_agent[:, 0] + noise / levels.agent)
    mean = share * (by_agent[:, -1] - by_agent[:, :-1] @ own)
    variance = noise * share
    doubt = share**2 * _quadratic(by_agent[:, :-1], covariance)
    part = 1.0 / (cells.rows[:, 0] + noise / levels.slice)
    left = cells.rows[:, -1] - cells.rows[:, :-1] @ own
    inherited = mean[cells.agent]
    extra = part * (left - cells.rows[:, 0] * inherited)
    kept = 1.0 - cells.rows[:, 0] * part
    extra_variance = noise * part + (1.0 - kept) ** 2 * (variance + doubt)[cells.agent]
    total, total_variance = inherited + extra, noise * part + kept**2 * variance[cells.agent]
    replaced = by_agent[:, 0] * share
    explained = 2.0 * total * left - cells.rows[:, 0] * (total**2 + total_variance)
    return Deltas(
        agent=np.column_stack([mean, variance + levels.slice, replaced]),
        cell=np.column_stack([total, total_variance, 1.0 - kept * (1.0 - replaced[cells.agent])]),
        agent_sums=_sums(mean, variance + doubt, levels.agent),
        slice_sums=_sums(extra, extra_variance, levels.slice),
        explained=float(explained.sum()),
    )


NOTHING: Final = Deltas(
    agent=np.zeros((0, 3)), cell=np.zeros((0, 3)), agent_sums=(0.0, 0.0), slice_sums=(0.0, 0.0), explained=0.0
)


def records_of(found: Sequence[tuple[Cells, Deltas]], slices: Sequence[str]) -> dict[str, bytes]:
    """Each agent's deltas, packed; models are numbered as they come."""
    number = {kind: place for place, kind in enumerate(slices)}
    kept: dict[str, list[tuple[int, int, float, float, float]]] = {}
    for model, (cells, deltas) in enumerate(found):
        for agent, row in zip(cells.agents, deltas.agent.tolist(), strict=True):
            kept.setdefault(agent, []).append((model, 0, *row))
        for agent, kind, row in zip(cells.agent.tolist(), cells.slices, deltas.cell.tolist(), strict=True):
            kept[cells.agents[agent]].append((model, number[kind], *row))
    return {agent: np.array(rows, dtype=RECORD).tobytes() for agent, rows in sorted(kept.items())}


def _sums(means: Vector, variances: Vector, level: float) -> tuple[float, float]:
    return float((means**2).sum()), float((1.0 - np.minimum(variances / level, 1.0)).sum())


def _quadratic(rows: Vector, matrix: Vector) -> Vector:
    return np.asarray(((rows @ matrix) * rows).sum(axis=1))
