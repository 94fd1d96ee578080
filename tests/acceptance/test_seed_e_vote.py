"""Both unit tests of seed E, which its own code does not pass together."""

from msgspec import Struct

from pointsman.routing.vote import Tried, vote

MODEL_COST = {"haiku": 1, "sonnet": 10, "opus": 100}


class TaskHistory(Struct, kw_only=True):
    """The seed's row, as far as its tests look at it."""

    model_used: str
    success: bool
    similarity: float


def recommend_model(similar_tasks):
    tried = [Tried(name=t.model_used, success=t.success, similarity=t.similarity) for t in similar_tasks]
    return vote(tried, MODEL_COST)[0].name


def test_recommend_model_prefers_cheaper():
    """When success rates equal, prefer cheaper model."""
    similar_tasks = [
        TaskHistory(model_used="opus", success=True, similarity=0.9),
        TaskHistory(model_used="sonnet", success=True, similarity=0.9),
    ]
    assert recommend_model(similar_tasks) == "sonnet"


def test_recommend_model_weights_by_similarity():
    """Higher similarity tasks should have more influence."""
    similar_tasks = [
        TaskHistory(model_used="opus", success=True, similarity=0.95),
        TaskHistory(model_used="haiku", success=True, similarity=0.6),
    ]
    # Opus should win despite cost due to much higher similarity
    assert recommend_model(similar_tasks) == "opus"
