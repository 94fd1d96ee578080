"""What a calibration will ask, and what that can cost at most."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Final

from msgspec import Struct

from pointsman.calibration.items import Item
from pointsman.core.calibration import CalibrationResult
from pointsman.core.chat import Usage
from pointsman.core.snapshot import Model, Target
from pointsman.gateway.shadow.judge import INSTRUCTIONS, MAX_OUTPUT_TOKENS, MOST_CHARS

CHARS_PER_TOKEN: Final = 3
"""Fewer than usual, so that the estimate is not too low."""
TOKENS_BESIDE: Final = 30
"""What a request has beside its text."""
ORDERS: Final = 2
"""A judge sees each pair in both orders, so that the place of an answer earns nothing."""

Done = Collection[tuple[str, str]]
"""Items and targets that have their score."""


class CannotPlan(Exception):
    """What was asked for cannot be done, and why."""


class Plan(Struct, frozen=True, kw_only=True):
    """`items` put to `targets`; `judge` (an alias or a model) compares what nothing else can score, at
    `judges`, one of which it stands for."""

    items: Sequence[Item]
    targets: Sequence[Target]
    judge: str | None = None
    judges: Sequence[Model] = ()

    @property
    def graded(self) -> list[Item]:
        """What is scored without a judge."""
        return [one for one in self.items if one.grader != "judge"]

    @property
    def judged(self) -> list[Item]:
        """What a judge scores."""
        return [one for one in self.items if one.grader == "judge"]


class Estimate(Struct, frozen=True, kw_only=True):
    """What is still to be asked of one model, and what that is at most."""

    model: str
    prompts: int
    input_tokens: int
    output_tokens: int
    cost_usd_micros: int


def plan_of(
    items: Sequence[Item],
    wanted: Sequence[str],
    served: Sequence[Target],
    aliases: Mapping[str, Sequence[str]],
    judge: str | None,
) -> Plan:
    """The plan for the models `wanted` (names or `provider/name`; empty: all that chat). `aliases` are the
    names a judge may also have, with their candidates. Raises `CannotPlan`."""
    chats = [target for target in served if target.model.kind == "chat"]
    targets = _targets(wanted, chats)
    if not targets:
        raise CannotPlan("No model is served that chats.")
    judges: list[Model] = []
    if any(item.grader == "judge" for item in items):
        if judge is None:
            raise CannotPlan(
                "Some prompts have no answer, schema or tests: name a --judge to compare answers."
            )
        if len(targets) < 2:
            raise CannotPlan("A judge compares answers: name two models or more.")
        judges = [target.model for target in _judges(judge, chats, aliases)]
    return Plan(items=items, targets=targets, judge=judge if judges else None, judges=judges)


def _targets(wanted: Sequence[str], chats: Sequence[Target]) -> list[Target]:
    if not wanted:
        return sorted(chats, key=lambda target: target.id)
    found = {}
    for name in wanted:
        serving = [target for target in chats if name in (target.id, target.model.name)]
        if not serving:
            raise CannotPlan(f"No model {name!r} is served that chats; `pointsman models` lists them.")
        found[serving[0].id] = serving[0]
    return list(found.values())


def _judges(judge: str, chats: Sequence[Target], aliases: Mapping[str, Sequence[str]]) -> list[Target]:
    names = aliases.get(judge, [judge])
    found = [one for one in chats if not names or one.id in names or one.model.name in names]
    if not found:
        raise CannotPlan(f"No judge {judge!r} is served; `pointsman models` lists models and aliases.")
    return found


def pairs_of(item: Item, targets: Sequence[str]) -> list[tuple[str, str]]:
    """Who is compared with whom: each with its neighbours in a ring whose order follows from the item."""
    ring = sorted(targets, key=lambda target: _hash(f"{item.name}\0{target}"))
    if len(ring) < 3:
        return list(pairwise(ring))
    return list(zip(ring, [*ring[1:], ring[0]], strict=True))


def estimates_of(plan: Plan, done: Done = ()) -> list[Estimate]:
    """What is left to ask, a row a model and one for the judge."""
    rows = []
    for target in plan.targets:
        left = [one for one in plan.graded if (one.name, target.id) not in done]
        left += [one for one in plan.judged if not _is_done(one, plan, done)]
        rows.append(_estimate(target.id, target.model, left))
    if plan.judge is not None:
        rows.append(_judge_estimate(plan, [one for one in plan.judged if not _is_done(one, plan, done)]))
    return rows


def scored(results: Iterable[CalibrationResult]) -> set[tuple[str, str]]:
    """Which items have their score at which targets."""
    return {(one.item, one.target) for one in results if one.score is not None}


def _is_done(item: Item, plan: Plan, done: Done) -> bool:
    return all((item.name, target.id) in done for target in plan.targets)


def _estimate(name: str, model: Model, items: Sequence[Item]) -> Estimate:
    prompts = [tokens_of(len(item.prompt) + len(item.system)) for item in items]
    tokens_out = sum([output_tokens(item, model) for item in items])
    return _row(name, [model], prompts, tokens_out)


def _judge_estimate(plan: Plan, items: Sequence[Item]) -> Estimate:
    targets = [target.id for target in plan.targets]
    looks: list[int] = []
    for item in items:
        pairs = len(pairs_of(item, targets)) * ORDERS
        shown = min(len(item.prompt), MOST_CHARS)
        shown += 2 * min(item.max_output_tokens * CHARS_PER_TOKEN, MOST_CHARS)
        looks += pairs * [tokens_of(len(INSTRUCTIONS) + shown + 300)]
    return _row(f"judge {plan.judge}", plan.judges, looks, len(looks) * MAX_OUTPUT_TOKENS)


def _row(name: str, models: Sequence[Model], prompts: Sequence[int], tokens_out: int) -> Estimate:
    """The estimate for prompts of so many tokens each, at the rates of the longest."""
    usage = Usage(input_tokens=sum(prompts), output_tokens=tokens_out)
    longest = max(prompts, default=0)
    return Estimate(
        model=name,
        prompts=len(prompts),
        input_tokens=usage.input_tokens,
        output_tokens=tokens_out,
        cost_usd_micros=max([model.price.at(longest).total_usd_micros(usage) for model in models]),
    )


def judging_cost(plan: Plan, shown: Sequence[Mapping[str, str]]) -> int:
    """What one look of the judge costs at most, in micro-USD."""
    tokens_in = tokens_of(sum([len(message["content"]) for message in shown]))
    usage = Usage(input_tokens=tokens_in, output_tokens=MAX_OUTPUT_TOKENS)
    return max([model.price.cost_usd_micros(usage) for model in plan.judges], default=0)


def tokens_of(characters: int) -> int:
    """How many tokens a text may have."""
    return -(-characters // CHARS_PER_TOKEN) + TOKENS_BESIDE


def output_tokens(item: Item, model: Model) -> int:
    """How long the answer may become."""
    return min(item.max_output_tokens, model.max_output_tokens or item.max_output_tokens)


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
