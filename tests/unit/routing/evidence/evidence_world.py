"""A small world to learn in: two inputs besides the 1, and outcomes on the grid that sums are exact on."""

import numpy as np
from hypothesis import strategies as st

from pointsman.routing.evidence import Frame, Observation, Statistics, plain_geometry

FRAME = Frame(plain_geometry(1, 1))
DAY_S = 86_400.0
FIGURES = st.integers(-2048, 2048).map(lambda steps: steps / 1024)
OBSERVATIONS = st.builds(
    lambda agent, model, kind, x, y, reward, weight, at_s: Observation(
        agent=agent,
        model=model,
        slice=kind,
        inputs=np.array([1.0, x, y]),
        reward=reward / 256,
        weight=weight / 256,
        at_s=at_s,
    ),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["m1", "m2", "m3"]),
    st.sampled_from(["", "code"]),
    FIGURES,
    FIGURES,
    st.integers(0, 256),
    st.integers(1, 512),
    st.floats(0, 1e9),
)


def counted(observations):
    statistics = Statistics(FRAME.size)
    statistics.add(observations)
    return statistics


def outcomes(model, successes, failures, agent="a", kind="", at_s=0.0, x=0.0):
    """So many successes and failures on the average task."""
    return [
        Observation(
            agent=agent,
            model=model,
            slice=kind,
            inputs=np.array([1.0, x, 0.0]),
            reward=reward,
            at_s=at_s,
        )
        for reward in [1.0] * successes + [0.0] * failures
    ]
