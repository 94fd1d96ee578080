"""What keeps the gateway from learning of an agent."""

import pytest
from msgspec.structs import replace

from pointsman.core.calibration import CALIBRATION_AGENT
from pointsman.core.snapshot import AgentProfile
from pointsman.web import hindrances
from pointsman.web.hindrances import Learner, hindrances_of

LEARNER = Learner(enabled=True, has_evidence=True, pinned_version=None)
BOT = AgentProfile(id="bot")


@pytest.mark.parametrize(("requests", "outcomes"), [(0, 0.0), (300, 0.4)])
def test_an_agent_whose_work_is_seen_or_that_has_done_nothing_is_not_hindered(requests, outcomes):
    assert hindrances_of(BOT, requests, outcomes, LEARNER) == []


def test_an_agent_of_whose_work_nothing_is_seen_is_told_to_send_feedback():
    assert hindrances_of(BOT, 300, 0.0, LEARNER) == [hindrances.NOTHING_SEEN]


def test_the_calibrations_own_agent_is_not_told_to_send_feedback():
    assert hindrances_of(AgentProfile(id=CALIBRATION_AGENT), 300, 0.0, LEARNER) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"log_requests": False}, hindrances.NOT_LOGGED), ({"anonymous": True}, hindrances.ANONYMOUS)],
)
def test_a_profile_that_keeps_an_agent_out_is_named_instead(changes, why):
    assert hindrances_of(replace(BOT, **changes), 300, 0.0, LEARNER) == [why]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"enabled": False}, hindrances.TURNED_OFF),
        ({"has_evidence": False}, hindrances.NOTHING_YET),
        ({"pinned_version": 7}, "Policy 7 is pinned; `pointsman policy release` lets learning publish."),
    ],
)
def test_what_keeps_the_learner_from_learning_holds_for_every_agent(changes, why):
    assert hindrances_of(BOT, 300, 5.0, replace(LEARNER, **changes)) == [why]


@pytest.mark.parametrize("changes", [{"enabled": False}, {"pinned_version": 7}])
def test_who_keeps_learning_back_is_not_told_that_outcomes_are_still_being_counted(changes):
    learner = replace(LEARNER, has_evidence=False, **changes)
    assert hindrances.NOTHING_YET not in hindrances_of(BOT, 300, 0.0, learner)
