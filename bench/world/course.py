"""The course of the world: agents work side by side, the gateway learns when its time comes, and half-way the
models change."""

import random
import time
from collections import Counter
from pathlib import Path
from random import Random
from statistics import mean
from typing import Final, NamedTuple

from bench.world.agents import Agent, Asked
from bench.world.running import running
from bench.world.truth import AGENTS, EXPLORATION, MODELS, best_value, skill

REQUEST_S: Final = 90.0
"""So much time passes from one request of an agent to its next: some forty an hour."""
LOOK_EVERY: Final = 25
"""After so many requests of all agents the background work is looked after, as a running gateway does by
itself every second."""
WINDOW: Final = 100
TOKENS: Final = (1500, 350)
"""Input and output tokens by which the report tells costs."""


class Done(NamedTuple):
    """One request of the course: the agent's number for it, and what was asked."""

    number: int
    drifted: bool
    asked: Asked


async def course(
    dsn: str,
    folder: Path,
    seed: int,
    requests: int,
    exploration: float = EXPLORATION,
    *,
    more: str = "",
    verbose: bool = False,
) -> list[Done]:
    """Everything that was asked. Each agent makes `requests` requests before the drift, and as many after."""
    random.seed(seed)
    done: list[Done] = []
    async with running(dsn, folder, seed, exploration, more) as (gateway, learning):
        agents = [Agent(name, gateway, Random(f"{seed}/{name}")) for name in AGENTS]
        counts: Counter[str] = Counter()
        for half in (1, 2):
            gateway.provider.drifted = half == 2
            while waiting := [one for one in agents if counts[one.name] < half * requests]:
                agent = min(waiting, key=lambda one: counts[one.name])
                async for asked in agent.task():
                    done.append(Done(counts[agent.name], half == 2, asked))
                    counts[agent.name] += 1
                    gateway.clock.pass_time(REQUEST_S / len(agents))
                    if len(done) % LOOK_EVERY == 0:
                        began_s = time.perf_counter()
                        before = len(learning.ran)
                        await learning.look()
                        if verbose:
                            _tell(
                                learning.ran[before:],
                                len(done),
                                time.perf_counter() - began_s,
                                learning.policy,
                            )
    return done


def _tell(ran, count, seconds, policy) -> None:
    for phase, told in ran:
        if phase == "confidence":
            told = {name: told.get(name) for name in ("outcomes", "changed", "published", "replay", "note")}
            print(f"{count:5} {phase} {seconds:.2f} s {told}")


def share(seen: list[Done], agent: str, domain: str, first: int, last: int) -> float | None:
    """The share of an agent's requests in a domain, of those numbered `first` up to `last`, that went to the
    model of best value; None without any."""
    mine = [
        one
        for one in seen
        if one.asked.agent == agent
        and one.asked.domain == domain
        and first <= one.number < last
        and not one.asked.side
    ]
    good = [one for one in mine if one.asked.is_best(drifted=one.drifted)]
    return len(good) / len(mine) if mine else None


def share_of_all(seen: list[Done], first: int, last: int) -> float:
    """The share of the work of all agents, of their requests numbered `first` up to `last`, that went to the
    models of best value."""
    work = [one for one in seen if first <= one.number < last and not one.asked.side]
    good = [one for one in work if one.asked.is_best(drifted=one.drifted)]
    return len(good) / max(len(work), 1)


class Apart(NamedTuple):
    """Shares of all agents' work: `tried` was explored with, `stalled` was taken over by another model in a
    turn which got nowhere, and of the rest `chosen` went to the model of best value."""

    tried: float
    stalled: float
    chosen: float

    def __str__(self) -> str:
        return f"{self.tried:.0%} explored, {self.stalled:.0%} taken over, of the rest {self.chosen:.0%}"


def told_apart(seen: list[Done], first: int, last: int) -> Apart:
    """The shares of the requests numbered `first` up to `last`."""
    work = [one for one in seen if first <= one.number < last and not one.asked.side]
    usual = [one for one in work if not one.asked.tried and not one.asked.given_up]
    tried = sum([one.asked.tried for one in work]) / max(len(work), 1)
    stalled = sum([bool(one.asked.given_up) for one in work]) / max(len(work), 1)
    return Apart(tried, stalled, share_of_all(usual, first, last))


def apart_of(seen: list[Done], requests: int) -> dict[int, Apart]:
    """`told_apart` of the last WINDOW requests before and after the drift, by the number of the first."""
    return {end - WINDOW: told_apart(seen, end - WINDOW, end) for end in (requests, 2 * requests)}


def report(seen: list[Done], requests: int) -> str:
    """The shares by window, then cost and success beside those of fixed choices."""
    lines = []
    for agent, needs in AGENTS.items():
        for domain in needs.domains:
            parts = []
            for half in (0, 1):
                best = best_value(agent, domain, drifted=bool(half))
                shares = [
                    share(seen, agent, domain, half * requests + start, half * requests + start + WINDOW)
                    for start in range(0, requests, WINDOW)
                ]
                parts.append(
                    f"{best:7}" + " ".join(f"{one:5.0%}" if one is not None else "    -" for one in shares)
                )
                if half * requests + requests <= max(one.number for one in seen) + 2:
                    last = Counter(
                        one.asked.model
                        for one in seen
                        if (one.asked.agent, one.asked.domain) == (agent, domain)
                        and half * requests + requests - WINDOW <= one.number < half * requests + requests
                    )
                    parts[-1] += f" {dict(last)!s:34}"
            lines.append(f"  {agent:12}{domain:15} | " + " | ".join(parts))
    shares = shares_of(seen, requests)
    lines.append("  all, by 100 requests of each: " + " ".join([f"{one:.0%}" for one in shares]))
    for first, apart in apart_of(seen, requests).items():
        lines.append(f"  of requests {first}-{first + WINDOW}: {apart}")
    lines.append("  " + compared(seen))
    return "\n".join(lines)


def shares_of(seen: list[Done], requests: int) -> list[float]:
    """`share_of_all` of each 100 requests."""
    return [share_of_all(seen, start, start + WINDOW) for start in range(0, 2 * requests, WINDOW)]


def summary(courses: list[list[Done]], requests: int) -> str:
    """The means over several courses, and the worst of them, by 100 requests."""
    columns = list(zip(*[shares_of(seen, requests) for seen in courses], strict=True))
    means = " ".join([f"{mean(column):.0%}" for column in columns])
    worst = " ".join([f"{min(column):.0%}" for column in columns])
    lines = [f"mean of {len(courses)} seeds: {means}; the worst: {worst}"]
    for first in apart_of(courses[0], requests):
        found = [apart_of(seen, requests)[first] for seen in courses]
        apart = Apart(*[mean(column) for column in zip(*found, strict=True)])
        lines.append(f"  of requests {first}-{first + WINDOW}: {apart}")
    return "\n".join(lines)


def cost_usd(model: str) -> float:
    """What a request costs at a model."""
    offer = MODELS[model]
    return (TOKENS[0] * offer.input_usd + TOKENS[1] * offer.output_usd) / 1e6


def compared(seen: list[Done]) -> str:
    """Cost per request and expected success of the work, beside always one model."""
    work = [one for one in seen if one.asked.work is not None]
    found = []
    choices = {"routed": None} | {f"always {name}": name for name in MODELS} | {"best value": ""}
    for name, fixed in choices.items():
        cost, good = 0.0, 0.0
        for one in work:
            agent, domain = one.asked.agent, one.asked.domain
            model = fixed or (
                best_value(agent, domain, drifted=one.drifted) if fixed == "" else one.asked.model
            )
            cost += cost_usd(model)
            good += skill(agent, domain, model, drifted=one.drifted)
        found.append(f"{name} {good / len(work):.3f} at {cost / len(work) * 1e3:.2f} mUSD")
    return "; ".join(found)
