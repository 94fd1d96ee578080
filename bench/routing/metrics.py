"""The measures of the papers: RouterBench's AIQ (Hu et al. 2024), RouteLLM's APGR and CPT (Ong et al. 2024).

A curve is a set of points (mean cost, mean quality); what lies between two points can be had by mixing them
at random, so curves are compared by their upper hulls.
"""

import numpy as np

Curve = tuple[np.ndarray, np.ndarray]


def hull(costs: np.ndarray, qualities: np.ndarray) -> Curve:
    """The upper hull, in which more money never buys less.

    >>> hull(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 0.2, 1.0, 0.9]))[0].tolist()
    [0.0, 2.0]
    """
    points: list[tuple[float, float]] = []
    for cost, quality in sorted(zip(costs.tolist(), qualities.tolist(), strict=True)):
        if points and quality <= points[-1][1]:
            continue
        if points and cost == points[-1][0]:
            points.pop()
        while len(points) > 1 and _under(points[-2], points[-1], (cost, quality)):
            points.pop()
        points.append((cost, quality))
    array = np.array(points)
    return array[:, 0], array[:, 1]


def _under(one: tuple[float, float], two: tuple[float, float], three: tuple[float, float]) -> bool:
    return (two[1] - one[1]) * (three[0] - one[0]) <= (three[1] - one[1]) * (two[0] - one[0])


def aiq(curve: Curve, low: float, high: float) -> float:
    """The mean quality over all costs from that of the cheapest to that of the dearest model."""
    grid = np.linspace(low, high, 4001)
    return float(np.interp(grid, *curve).mean())


def quality_at(curve: Curve, cost: float) -> float:
    """The quality that this much money buys."""
    return float(np.interp(cost, *curve))


def cost_for(curve: Curve, quality: float) -> float:
    """What this quality costs; infinity when the curve never reaches it."""
    costs, qualities = curve
    return float(np.interp(quality, qualities, costs)) if qualities[-1] >= quality else float("inf")


def gap_recovered(shares: np.ndarray, qualities: np.ndarray, weak: float, strong: float) -> tuple[float, ...]:
    """APGR, CPT50 and CPT80 (both in % of calls to the strong model) of points (share of calls, quality)."""
    order = np.argsort(shares, kind="stable")
    share = np.concatenate([[0.0], shares[order], [1.0]])
    gap = (np.concatenate([[weak], qualities[order], [strong]]) - weak) / (strong - weak)
    grid = np.linspace(0.0, 1.0, 1001)
    recovered = np.interp(grid, share, gap)
    reached = [grid[np.argmax(recovered >= wanted)] * 100.0 for wanted in (0.5, 0.8)]
    return float(recovered.mean()), float(reached[0]), float(reached[1])
