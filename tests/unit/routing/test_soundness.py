"""Evidence that cannot be true is left out of a policy."""

import numpy as np
from msgspec.structs import replace
from tests.unit.routing.routing_world import SHOPS, asks

from pointsman.routing.engine import decide
from pointsman.routing.evidence import Frame, Statistics, fit, plain_geometry
from pointsman.routing.soundness import sound


def learned():
    """A policy with evidence of one model."""
    statistics = Statistics(1)
    statistics.add_rows([("coder", "gpt-x", "")] * 20, np.ones((20, 1)), np.ones(20))
    return replace(SHOPS, evidence=fit(statistics, Frame(plain_geometry(0, 0))))


def test_good_evidence_stays_as_it_is():
    policy = learned()
    assert sound(policy) == (policy, ())
    assert sound(SHOPS) == (SHOPS, ())


def test_a_bad_agent_loses_its_own_evidence_only():
    policy = learned()
    bad = replace(policy.evidence, agents={"coder": b"odd"})
    found, dropped = sound(replace(policy, evidence=bad))
    assert dropped == ("coder",)
    assert found.evidence == replace(policy.evidence, agents={})


def test_evidence_whose_shared_level_is_bad_goes_and_decisions_go_on():
    policy = learned()
    bad = replace(policy.evidence, means=b"\xff" * len(policy.evidence.means))
    found, dropped = sound(replace(policy, evidence=bad))
    assert (found.evidence, dropped) == (None, ("*",))
    assert decide(asks(), found) == decide(asks(), SHOPS)
