"""The operations of the task memory and of assignment."""

from typing import Final

from pointsman.memory.recommend import Recommendation
from pointsman.routing.assignment import Assignments
from pointsman.store.forget import Erased
from pointsman.store.model_tiers import ModelTier
from pointsman.web import assignment, memory
from pointsman.web.memory_shapes import (
    AssignmentWanted,
    GapList,
    OverloadedAgents,
    RecommendationWanted,
    TierList,
    TierWanted,
    UnusedAgents,
)
from pointsman.web.operations import Operation

MEMORY_OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/recommend",
        name="recommend",
        what="Recommends an agent and a model for a task, from how similar tasks went: first what is "
        "reliable, then what is cheap. The similar tasks are told with it. The task's text is not kept. "
        "A key made for agents is told of their tasks only, and of models it may use. Called with the "
        "agent's API key.",
        handler=memory.recommend,
        takes=RecommendationWanted,
        gives=Recommendation,
        needs_database=True,
        by_agents=True,
    ),
    Operation(
        method="POST",
        path="/assign",
        name="assign",
        what="Gives each of some agents a model, so that the sum of the scores is highest and no model "
        "gets more agents than it can carry. Nothing is changed by it.",
        handler=assignment.assigned,
        takes=AssignmentWanted,
        gives=Assignments,
    ),
    Operation(
        method="GET",
        path="/agents/unused",
        name="unused_agents",
        what="Agents with a tier or a specification that did no task lately.",
        handler=memory.unused,
        queries=(memory.DAYS,),
        gives=UnusedAgents,
        needs_database=True,
    ),
    Operation(
        method="GET",
        path="/agents/overloaded",
        name="overloaded_agents",
        what="Agents that did many tasks lately, and too few of them well.",
        handler=memory.overloaded,
        queries=memory.OVERLOADED_QUERIES,
        gives=OverloadedAgents,
        needs_database=True,
    ),
    Operation(
        method="DELETE",
        path="/agents/{agent_id}",
        name="forget_agent",
        what="Erases an agent for good: its requests, tasks, embeddings, evidence and name. What it has "
        "cost is kept under `forgotten`, so that sums stay true. A key that names it is not revoked.",
        handler=memory.forget_agent,
        gives=Erased,
        needs_database=True,
    ),
    Operation(
        method="GET",
        path="/gaps",
        name="gaps",
        what="Failed tasks that are far from what any agent is for: work that wants an agent of its own.",
        handler=memory.gaps,
        queries=memory.GAP_QUERIES,
        gives=GapList,
        needs_database=True,
    ),
    Operation(
        method="GET",
        path="/model-tiers",
        name="model_tiers",
        what="The model each agent starts with while nothing is known of its tasks.",
        handler=memory.tiers,
        gives=TierList,
        needs_database=True,
    ),
    Operation(
        method="PUT",
        path="/model-tiers/{agent_name}",
        name="put_model_tier",
        what="Sets the model an agent starts with. A name that ends in `*` stands for all that begin so.",
        handler=memory.put_tier,
        takes=TierWanted,
        gives=ModelTier,
        needs_database=True,
    ),
    Operation(
        method="DELETE",
        path="/model-tiers/{agent_name}",
        name="remove_model_tier",
        what="Drops an agent's tier.",
        handler=memory.remove_tier,
        gives=ModelTier,
        needs_database=True,
    ),
)
"""They come before paths that would take `unused` for an agent's id."""
