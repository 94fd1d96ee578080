"""What the posterior says of candidates, and what happens when it is spoilt."""

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from tests.unit.routing.evidence.evidence_world import FRAME, counted, outcomes

from pointsman.core.posterior import Posterior
from pointsman.routing.evidence import Estimator, checked, fit

SEEN = [*outcomes("m1", 30, 10, x=0.5), *outcomes("m2", 10, 30, x=-0.5), *outcomes("m2", 20, 0, agent="b")]
POSTERIOR = fit(counted(SEEN), FRAME)
MODELS = ["m2", "new", "m1"]
INPUTS = np.array([1.0, 0.25, 0.0], np.float32)


def estimate(posterior, agent="a", inputs=INPUTS):
    return Estimator(posterior).estimate(agent, inputs, MODELS, [0.5, 0.6, 0.5])


def spoilt(name, place, value):
    array = np.frombuffer(getattr(POSTERIOR, name), "<f4").copy()
    array[place] = value
    return replace(POSTERIOR, **{name: array.tobytes()})


def test_it_survives_its_way_through_json():
    read = msgspec.json.decode(msgspec.json.encode(POSTERIOR), type=Posterior)
    assert read == POSTERIOR
    assert estimate(read) == estimate(POSTERIOR)


def test_candidates_are_answered_in_the_order_asked_for():
    found = estimate(POSTERIOR)
    assert found.common[2] > found.common[0]
    assert found.weight == [60.0, 0.0, 40.0]
    assert found.deviation[1] > max(found.deviation[0], found.deviation[2])


def test_the_average_task_has_no_share_of_its_own():
    estimator = Estimator(POSTERIOR)
    found = estimator.estimate("a", estimator.inputs(b""), MODELS, [0.5] * 3)
    assert found.task == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)


def test_for_the_average_task_both_deviations_are_the_same():
    estimator = Estimator(POSTERIOR)
    found = estimator.estimate("a", estimator.inputs(b""), MODELS, [0.5] * 3)
    assert found.level_deviation == pytest.approx(found.deviation, abs=1e-4)


def test_what_is_not_known_of_a_model_in_general_falls_from_all_to_nothing():
    found = estimate(POSTERIOR)
    assert found.newness[1] == pytest.approx(1.0)
    assert all(0.0 <= found.newness[place] < 0.7 for place in (0, 2))
    seen = outcomes("m1", 3000, 1000)
    [known] = Estimator(fit(counted(seen), FRAME)).estimate("a", INPUTS, ["m1"], []).newness
    assert known < found.newness[2]


def test_a_sound_posterior_stays_as_it_is():
    assert checked(POSTERIOR) == (POSTERIOR, ())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["means", "covariances", "usual", "weights"])
def test_a_bad_model_takes_the_newcomers_place(name, value):
    mended, dropped = checked(spoilt(name, 0, value))
    assert dropped == ("m1",)
    found, whole = estimate(mended), estimate(POSTERIOR)
    assert (found.common[0], found.weight[2]) == (whole.common[0], 0.0)
    assert np.isfinite([*found.common, *found.task, *found.agent, *found.deviation]).all()


@pytest.mark.parametrize("data", [b"odd", b"\xff" * 16])
def test_an_agent_with_bad_deltas_returns_to_the_baseline(data):
    mended, dropped = checked(replace(POSTERIOR, agents={**POSTERIOR.agents, "a": data}))
    assert dropped == ("a",)
    assert estimate(mended).agent == [0.0, 0.0, 0.0]
    assert estimate(mended, "b") == estimate(POSTERIOR, "b")


@pytest.mark.parametrize("name", ["means", "centre"])
def test_a_bad_shared_level_must_not_be_published(name):
    with pytest.raises(ValueError, match="shared level"):
        checked(spoilt(name, -1, float("nan")))


def test_a_posterior_of_a_wrong_size_must_not_be_published():
    with pytest.raises(ValueError, match="wrong size"):
        checked(replace(POSTERIOR, means=b"\0" * 4))


def test_many_agents_take_little_room():
    seen = [one for n in range(200) for one in outcomes("m1", 1, 1, agent=f"agent-{n}")]
    posterior = fit(counted(seen), FRAME)
    assert sum(len(data) for data in posterior.agents.values()) <= 200 * 2 * 16
