"""What the posterior says of candidates for one task: success rates, deviations, and the terms they add up
from. The only part of the package that runs for a request."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from pointsman.core.posterior import Posterior
from pointsman.routing.evidence.cells import RECORD
from pointsman.routing.evidence.geometry import Frame

Floats = npt.NDArray[np.float32]

MOST_VARIANCE: Final = 0.25
"""No success rate is less known than this."""
LEAST_VARIANCE: Final = 1e-12
MAX_KEPT: Final = 1024
"""How many agents with their kinds of task and models are kept ready."""


class Estimates(Struct, frozen=True, kw_only=True):
    """One entry a candidate, in the order asked for. The success rate is `common` + `task` + `agent`, not
    cut; `deviation` is how unsure it is, `level_deviation` how unsure it is for the average task, `newness`
    (0-1) how much that is of what is not known of a model without evidence; `weight` how much evidence stands
    behind the candidate's model."""

    deviation: list[float]
    level_deviation: list[float]
    newness: list[float]
    common: list[float]
    task: list[float]
    agent: list[float]
    weight: list[float]


class _Asked(Struct, frozen=True, kw_only=True):
    """What hangs on the agent, the kind of task and the models asked for, but not on the very task: their
    `rows`, which of them are `new`, how far an agent's own evidence takes each away from what is usual for
    it (`departs`), and its `doubt` (a variance)."""

    rows: npt.NDArray[np.intp]
    few: bool
    new: list[bool]
    departs: Floats
    doubt: Floats
    level_deviation: list[float]
    newness: list[float]
    common: list[float]
    agent: list[float]
    weight: list[float]


class Estimator:
    """A posterior, ready for use. Making one copies nothing and costs microseconds."""

    __slots__ = (
        "_asked",
        "_centre",
        "_covariances",
        "_doubts",
        "_global",
        "_means",
        "_place",
        "_posterior",
        "_usual",
        "_weights",
        "frame",
    )

    def __init__(self, posterior: Posterior) -> None:
        self._posterior = posterior
        self.frame = Frame(posterior.geometry)
        size, rows = self.frame.size, len(posterior.models) + 1
        self._means = np.frombuffer(posterior.means, "<f4").reshape(rows, size)
        self._covariances = np.frombuffer(posterior.covariances, "<f4").reshape(rows, size, size)
        self._usual = np.frombuffer(posterior.usual, "<f4").reshape(rows, size)
        self._centre = np.frombuffer(posterior.centre, "<f4").reshape(size)
        self._weights = np.frombuffer(posterior.weights, "<f4").reshape(rows)
        self._global = self._means @ self._centre
        at_usual = np.einsum("mij,mj->mi", self._covariances, self._usual)
        at_centre = self._covariances @ self._centre
        self._doubts = np.array(
            [at_centre @ self._centre, at_usual @ self._centre, (at_usual * self._usual).sum(axis=1)]
        )
        self._place = {model: place for place, model in enumerate(posterior.models)}
        self._asked = lru_cache(maxsize=MAX_KEPT)(self._prepared)

    def knows(self, models: Sequence[str]) -> bool:
        """Whether there is evidence of each of these models."""
        return all(map(self._place.__contains__, models))

    def inputs(self, vector: bytes, kind: str = "") -> Floats:
        """The inputs of a task; of an unknown one (no vector, or one of another size), those of the average
        task, so that the task's share is 0."""
        if len(vector) != 4 * self.frame.raw:
            return self._centre
        return self.frame.inputs(vector, kind, self._centre).astype(np.float32)

    def estimate(
        self, agent: str, inputs: Floats, models: Sequence[str], priors: Sequence[float], slice: str = ""
    ) -> Estimates:
        """Estimates for `models`. `priors` are the success rates expected by capability, which are all there
        is to say of a model without evidence; there need be none when the posterior `knows` all models."""
        asked = self._asked(agent, slice, tuple(models))
        common = asked.common
        if True in asked.new:
            common = [
                rate + prior if new else rate
                for rate, prior, new in zip(common, priors, asked.new, strict=True)
            ]
        return Estimates(
            deviation=_deviations(self._variances(inputs, asked)),
            level_deviation=asked.level_deviation,
            newness=asked.newness,
            common=common,
            task=(self._means @ (inputs - self._centre))[asked.rows].tolist(),
            agent=asked.agent,
            weight=asked.weight,
        )

    def _variances(self, inputs: Floats, asked: "_Asked") -> Floats:
        """How unsure each model's success rate is on this task."""
        covariances = self._covariances[asked.rows] if asked.few else self._covariances
        from_usual = inputs - asked.departs
        spread = np.matmul(covariances, from_usual[:, :, None])[:, :, 0]
        variances: Floats = (spread * from_usual).sum(axis=1)
        return asked.doubt + (variances if asked.few else variances[asked.rows])

    def _prepared(self, agent: str, slice: str, models: tuple[str, ...]) -> "_Asked":
        """Copying the covariances of a few models pays only when they are few."""
        newcomer = len(self._place)
        place = [self._place.get(model, newcomer) for model in models]
        rows = np.array(place)
        few = 2 * len(place) < len(self._usual)
        delta = self._unpacked(agent, slice)
        mean, doubt, own = delta[:, rows]
        doubts = self._doubts[:, rows]
        level = doubts[0] - 2.0 * own * doubts[1] + own**2 * doubts[2] + doubt
        all_doubt = max(float(self._doubts[0, newcomer] + delta[1, newcomer]), LEAST_VARIANCE)
        return _Asked(
            rows=rows,
            few=few,
            new=[one == newcomer for one in place],
            departs=own[:, None] * self._usual[rows] if few else delta[2][:, None] * self._usual,
            doubt=doubt,
            level_deviation=_deviations(level),
            newness=np.clip(level / all_doubt, 0.0, 1.0).tolist(),
            common=self._global[rows].tolist(),
            agent=mean.tolist(),
            weight=self._weights[rows].tolist(),
        )

    def _unpacked(self, agent: str, slice: str) -> Floats:
        components, slices = self._posterior.components, self._posterior.slices
        deltas = np.zeros((3, len(self._place) + 1), np.float32)
        deltas[1] = components.get("agent", 0.0) + components.get("slice", 0.0)
        data = self._posterior.agents.get(agent, b"")
        records = np.frombuffer(data if _possible(data, self._posterior) else b"", RECORD)
        kinds = (0, slices.index(slice)) if slice in slices[1:] else (0,)
        for kind in kinds:
            mine = records[records["slice"] == kind]
            deltas[:, mine["model"]] = (mine["mean"], mine["variance"], mine["own"])
        return deltas


def _deviations(variances: Floats) -> list[float]:
    return np.sqrt(np.minimum(np.maximum(variances, 0.0), MOST_VARIANCE)).tolist()  # type: ignore[no-any-return]


def checked(posterior: Posterior) -> tuple[Posterior, tuple[str, ...]]:
    """The posterior with what cannot be true replaced by the prior, and the names of what was: a model takes
    the newcomer's row, an agent loses its deltas. Raises `ValueError` when the shared level itself is bad:
    such a posterior must not be published."""
    frame = Frame(posterior.geometry)
    size, rows = frame.size, len(posterior.models) + 1
    means = _array(posterior.means, (rows, size), "means")
    covariances = _array(posterior.covariances, (rows, size, size), "covariances")
    usual = _array(posterior.usual, (rows, size), "usual")
    weights = _array(posterior.weights, (rows,), "weights")
    centre = _array(posterior.centre, (size,), "centre")
    good = _good_rows(means, covariances, usual, weights)
    if not (good[-1] and np.isfinite(centre).all()):
        raise ValueError("the shared level of the posterior holds something that is no number")
    bad = np.flatnonzero(~good)
    means[bad], covariances[bad], usual[bad], weights[bad] = means[-1], covariances[-1], usual[-1], 0.0
    agents = {agent: data for agent, data in posterior.agents.items() if _possible(data, posterior)}
    dropped = [posterior.models[place] for place in bad]
    dropped += [agent for agent in posterior.agents if agent not in agents]
    if not dropped:
        return posterior, ()
    mended = replace(
        posterior,
        means=means.tobytes(),
        covariances=covariances.tobytes(),
        usual=usual.tobytes(),
        weights=weights.tobytes(),
        agents=agents,
    )
    return mended, tuple(dropped)


def _array(data: bytes, shape: tuple[int, ...], name: str) -> Floats:
    if len(data) != 4 * int(np.prod(shape)):
        raise ValueError(f"{name} of the posterior have a wrong size")
    return np.frombuffer(data, "<f4").reshape(shape).copy()


def _good_rows(means: Floats, covariances: Floats, usual: Floats, weights: Floats) -> npt.NDArray[np.bool_]:
    diagonals = np.diagonal(covariances, axis1=1, axis2=2)
    good = np.isfinite(means).all(axis=1) & np.isfinite(covariances).all(axis=(1, 2))
    good &= np.isfinite(usual).all(axis=1) & np.isfinite(weights) & (weights >= 0)
    return np.asarray(good & (diagonals >= 0).all(axis=1))


def _possible(data: bytes, posterior: Posterior) -> bool:
    if len(data) % RECORD.itemsize:
        return False
    records = np.frombuffer(data, RECORD)
    figures = np.array([records["mean"], records["variance"], records["own"]])
    numbered = (records["model"] < len(posterior.models)).all() and (
        records["slice"] < len(posterior.slices)
    ).all()
    return bool(numbered and np.isfinite(figures).all() and (figures[1] >= 0).all())
