"""`pointsman calibrate`."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pointsman.cli import figures
from pointsman.cli.options import Failed, as_json, print_json

if TYPE_CHECKING:
    from pointsman.calibration.items import Item
    from pointsman.calibration.plan import Estimate, Plan
    from pointsman.cli.gateway import Gateway
    from pointsman.core.calibration import CalibrationResult

EPILOG = """\b
Examples:
  pointsman calibrate
  pointsman calibrate --models gpt-5-mini,claude-haiku-4-5 --budget-usd 0.50 --yes
  pointsman calibrate prompts.jsonl --judge auto
  pointsman calibrate --run-tests --prompts 60 --json

Stopped or killed, it goes on where it was when it is called in the same way again."""

KEY = "POINTSMAN_API_KEY"
NOT_RECORDED = "The gateway keeps no prompts, so there are none to take."
GIVE_A_FILE = "Give a file of prompts (JSON lines or CSV), or none for those that come with Pointsman."


@click.command(epilog=EPILOG)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--recorded", is_flag=True, help="Take prompts that the gateway has recorded.")
@click.option("--models", help="Models to ask, separated by commas.  [default: all that chat]")
@click.option(
    "--prompts", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many prompts."
)
@click.option(
    "--budget-usd",
    type=click.FloatRange(0, 1e6),
    default=1.0,
    show_default=True,
    help="What it may cost.",
)
@click.option("--judge", help="The alias or model that compares answers which nothing else can score.")
@click.option("--run-tests", is_flag=True, help="Also prompts with tests; runs models' code on this machine.")
@click.option(
    "--parallel", type=click.IntRange(1, 64), default=4, show_default=True, help="Models asked at a time."
)
@click.option("--fresh", is_flag=True, help="Begin anew instead of going on.")
@click.option("--yes", is_flag=True, help="Do not ask whether to start.")
@as_json
def command(
    file: Path | None, recorded: bool, run_tests: bool, prompts: int, as_json: bool, **options: Any
) -> None:
    """Put the same prompts to all models, score the answers, and start learning with what comes out.

    FILE holds prompts of yours: a JSON object a line with `prompt` and one of `answer`, `schema` (with
    `expect`), `tests`, or none of them for a judge to score; or CSV with the columns prompt and answer.
    Without FILE it takes prompts that come with Pointsman. No prompt is stored.
    """
    from pointsman.cli.gateway import running

    items, left_out = _items(file, recorded, run_tests, prompts)
    gateway = running()
    plan = _plan(gateway, items, options["models"], options["judge"])
    budget = round(options["budget_usd"] * 1_000_000)
    source = str(file.name) if file is not None else "bundled"
    told = _begin(gateway, plan, source, budget, options["fresh"])
    done = _results_of(told)
    _refuse_or_confirm(plan, done, budget, left_out, yes=options["yes"], quiet=as_json)
    why = _run(gateway, plan, told, budget, options["parallel"])
    found = _told(gateway, told["run"]["id"], plan, why)
    print_json(found) if as_json else _show(found)
    if why is not None:
        raise Failed(why, "What was scored is kept. Call it again to go on.")


def _items(file: Path | None, recorded: bool, run_tests: bool, prompts: int) -> "tuple[list[Item], int]":
    """The prompts, and how many were left out because their tests may not run."""
    from pointsman.calibration.items import BadItems, bundled, read

    if recorded:
        raise Failed(NOT_RECORDED, GIVE_A_FILE)
    try:
        every = bundled() if file is None else read(file)
    except BadItems as error:
        raise Failed(str(error)) from error
    allowed = [one for one in every if run_tests or one.grader != "tests"]
    if not allowed:
        raise Failed("All prompts have tests.", "Allow models' code to run on this machine with --run-tests.")
    return allowed[:prompts], len(every) - len(allowed)


def _plan(gateway: "Gateway", items: "Sequence[Item]", models: str | None, judge: str | None) -> "Plan":
    import msgspec

    from pointsman.calibration.plan import CannotPlan, plan_of
    from pointsman.core.snapshot import Target

    served = gateway.get("/models")
    targets = [msgspec.convert(one, Target) for one in served["models"]]
    aliases = {one["name"]: one["candidates"] for one in served["aliases"] if one["kind"] == "chat"}
    wanted = [name.strip() for name in (models or "").split(",") if name.strip()]
    try:
        return plan_of(items, wanted, targets, aliases, judge)
    except CannotPlan as error:
        raise Failed(str(error)) from error


def _begin(gateway: "Gateway", plan: "Plan", source: str, budget: int, fresh: bool) -> dict[str, Any]:
    from pointsman.calibration.items import digest_of

    targets = [target.id for target in plan.targets]
    wanted = {
        "digest": digest_of(plan.items, targets, plan.judge),
        "source": figures.cut(source, 200),
        "items": len(plan.items),
        "targets": targets,
        "budget_usd_micros": budget,
        "judge": plan.judge,
        "fresh": fresh,
    }
    begun: dict[str, Any] = gateway.post("/calibrations", wanted)
    return begun


def _results_of(told: dict[str, Any]) -> "list[CalibrationResult]":
    import msgspec

    from pointsman.core.calibration import CalibrationResult

    return msgspec.convert(told["results"], list[CalibrationResult])


def _refuse_or_confirm(
    plan: "Plan", done: "Sequence[CalibrationResult]", budget: int, left_out: int, *, yes: bool, quiet: bool
) -> None:
    """Says what it can cost, refuses what is over the budget, and asks."""
    from pointsman.calibration.plan import estimates_of, scored

    rows = estimates_of(plan, scored(done))
    spent = sum([one.cost_usd_micros for one in done])
    most = sum([row.cost_usd_micros for row in rows])
    if not quiet:
        _show_estimates(rows, spent)
        if left_out:
            click.echo(f"{left_out} prompts with tests are left out; --run-tests allows them.")
    if spent + most > budget:
        raise Failed(
            f"This can cost {figures.usd(spent + most)}, over the budget of {figures.usd(budget)}.",
            "Ask fewer models (--models) or prompts (--prompts), or allow more with --budget-usd.",
        )
    if any(row.prompts for row in rows) and not yes:
        count = sum([row.prompts for row in rows])
        click.confirm(f"Ask {count} questions for at most {figures.usd(most)}?", abort=True, err=True)


def _show_estimates(rows: "Sequence[Estimate]", spent: int) -> None:
    from pointsman.cli.tables import Column, table

    titles = ("QUESTIONS", "TOKENS IN", "TOKENS OUT", "COST")
    columns = [Column("MODEL"), *[Column(title, right=True) for title in titles]]
    shown = [
        [
            row.model,
            *[figures.count(n) for n in (row.prompts, row.input_tokens, row.output_tokens)],
            figures.usd(row.cost_usd_micros),
        ]
        for row in rows
    ]
    table(columns, shown)
    click.echo("Tokens and cost are the most that is possible.")
    if spent:
        click.echo(f"It goes on with a calibration that has cost {figures.usd(spent)} so far.")


def _run(gateway: "Gateway", plan: "Plan", told: dict[str, Any], budget: int, parallel: int) -> str | None:
    """Runs it to its end; why it ended early, or None."""
    from msgspec import to_builtins

    from pointsman.calibration.asking import Asker, Refused
    from pointsman.calibration.plan import scored
    from pointsman.calibration.runner import OverBudget, Runner, Spent

    done = _results_of(told)
    path = f"/calibrations/{told['run']['id']}/results"
    spent = Spent(budget, sum([one.cost_usd_micros for one in done]))

    def keep(results: "Sequence[CalibrationResult]") -> None:
        gateway.post(path, {"results": to_builtins(results)})

    asker = Asker(gateway.url, os.environ.get(KEY, "").strip() or None)
    with _progress(len(plan.items) * len(plan.targets), len(scored(done))) as step:
        runner = Runner(plan, asker, keep, spent, step)
        try:
            runner.run(scored(done), parallel)
        except OverBudget:
            return "The budget is spent."
        except Refused as error:
            return f"The gateway refuses: {error} (an API key goes into {KEY})"
        except KeyboardInterrupt:
            return "Stopped."
    return None


@contextmanager
def _progress(total: int, done: int) -> "Iterator[Callable[[CalibrationResult], None]]":
    """A bar on a terminal's standard error; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    cost = 0
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("$0", total=total, completed=done)

        def step(one: "CalibrationResult") -> None:
            nonlocal cost
            cost += one.cost_usd_micros
            bar.update(task, advance=1, description=figures.usd(cost))

        yield step


def _told(gateway: "Gateway", run: str, plan: "Plan", why: str | None) -> dict[str, Any]:
    """What came out, a row a model, best first. Ends the calibration if everything has its score."""
    from pointsman.calibration.plan import scored

    results = _results_of(gateway.get(f"/calibrations/{run}"))
    wanted = len(plan.items) * len(plan.targets)
    finished = why is None and len(scored(results)) == wanted
    if finished:
        gateway.post(f"/calibrations/{run}/results", {"finished": True})
    rows = [_row(target.id, [one for one in results if one.target == target.id]) for target in plan.targets]
    return {
        "calibration": run,
        "finished": finished,
        "cost_usd_micros": sum([one.cost_usd_micros for one in results]),
        "models": sorted(rows, key=lambda row: (-(row["score"] or 0.0), row["model"])),
    }


def _row(model: str, results: "Sequence[CalibrationResult]") -> dict[str, Any]:
    scores = [one.score for one in results if one.score is not None]
    times = [one.latency_ms for one in results if one.score is not None]
    return {
        "model": model,
        "scored": len(scores),
        "unanswered": len(results) - len(scores),
        "unanswered_for": dict(Counter([one.detail for one in results if one.score is None])),
        "score": sum(scores) / len(scores) if scores else None,
        "cost_usd_micros": sum([one.cost_usd_micros for one in results]),
        "latency_ms": sum(times) / len(times) if times else None,
    }


def _show(found: dict[str, Any]) -> None:
    from pointsman.cli.tables import Column, table

    titles = ("SCORE", "SCORED", "UNANSWERED", "LATENCY", "COST")
    columns = [Column("MODEL"), *[Column(title, right=True) for title in titles]]
    rows = [
        [
            one["model"],
            figures.share(one["score"]),
            figures.count(one["scored"]),
            figures.count(one["unanswered"]),
            figures.span(one["latency_ms"]),
            figures.usd(one["cost_usd_micros"]),
        ]
        for one in found["models"]
    ]
    click.echo()
    table(columns, rows)
    for one in found["models"]:
        if one["unanswered"]:
            why = ", ".join([f"{word.replace('_', ' ')} ({n})" for word, n in one["unanswered_for"].items()])
            click.echo(figures.printable(f"{one['model']} has no score for {one['unanswered']}: {why}"))
    if found["finished"]:
        click.echo("Learning counts this, for all agents, from its next round on.")
    else:
        click.echo("Not everything has a score: call it again to go on.")
