"""The values the task memory's operations take and give."""

from typing import Annotated

from msgspec import Meta, Struct

from pointsman.store.model_tiers import ModelTier
from pointsman.store.task_memory import Gap, Used

TaskText = Annotated[str, Meta(min_length=1, max_length=100_000)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Label = Annotated[str, Meta(min_length=1, max_length=50)]
Names = Annotated[tuple[Name, ...], Meta(max_length=1000)]


class RecommendationWanted(Struct, kw_only=True, forbid_unknown_fields=True):
    """A task to find an agent and a model for. Its text is embedded and not kept. `agent` says who will do
    it, if that is settled; `agents` and `models` bound the choice (empty: any). `limit` is how many similar
    tasks are looked at."""

    task: TaskText
    agent: Name | None = None
    agents: Names = ()
    models: Names = ()
    priority: Label | None = None
    domain: Label | None = None
    complexity: Label | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 10


class UnusedAgents(Struct, kw_only=True):
    """Agents with a tier or a specification that did no task in `days` days."""

    days: int
    agents: list[str]


class OverloadedAgents(Struct, kw_only=True):
    """Agents that did more than `tasks` tasks in `days` days, fewer than `success_rate` of them well."""

    days: int
    tasks: int
    success_rate: float
    agents: list[Used]


class GapList(Struct, kw_only=True):
    """Failed tasks of the last `days` days that are farther than `threshold` from every agent's
    specification, the farthest first. `agents` is how many specifications there are: without any there is
    nothing to be far from."""

    days: int
    threshold: float
    agents: int
    gaps: list[Gap]


class TierList(Struct, kw_only=True):
    """All tiers."""

    tiers: list[ModelTier]


class TierWanted(Struct, kw_only=True, forbid_unknown_fields=True):
    """The model an agent starts with. Without `notes` those that are there stay."""

    default_model: Name
    notes: Annotated[str, Meta(max_length=2000)] | None = None


class AssignmentWanted(Struct, kw_only=True, forbid_unknown_fields=True):
    """Agents, by their ids, to be given models. `models` are names or ids of what is served (empty: all chat
    models); `capacities` says how many agents a model takes (without: an equal share, rounded up)."""

    agents: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=1000)]
    models: Names = ()
    capacities: dict[str, Annotated[int, Meta(ge=0, le=100_000)]] = {}
    task_type: Annotated[str, Meta(max_length=100)] = ""
