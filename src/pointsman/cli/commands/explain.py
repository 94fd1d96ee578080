"""`pointsman explain`."""

import time
from typing import Any

import click

from pointsman.cli import figures
from pointsman.cli.options import as_json, print_json

EPILOG = """\b
Examples:
  pointsman explain req_01jd0c4e9r3vx8k2m7n5p6q1s4
  pointsman explain req_01jd0c4e9r3vx8k2m7n5p6q1s4 --json | jq .decision.replayed.candidates
  pointsman explain last

The id of a request is in its answer's headers (x-pointsman-request-id) and in `pointsman log`."""


@click.command(epilog=EPILOG)
@click.argument("request_id", metavar="REQUEST_ID")
@as_json
def command(request_id: str, as_json: bool) -> None:
    """Tell why the request REQUEST_ID went to the model it went to (`last`: the newest in the log).

    The decision is made again from what was recorded, its features and its policy, so that this tells
    every candidate, what each gate said of it, and how its score adds up.
    """
    from pointsman.cli.gateway import quoted, running

    gateway = running()
    if request_id == "last":
        request_id = _newest(gateway)
    attempts = gateway.get(f"/requests/{quoted(request_id)}")
    decision = gateway.get(f"/decisions/{quoted(request_id)}")
    if as_json:
        print_json({"request": attempts, "decision": decision})
    else:
        _tell(attempts, decision)


def _newest(gateway: Any) -> str:
    from pointsman.cli.options import Failed

    found = gateway.get("/log", limit=1)["attempts"]
    if not found:
        raise Failed("The log is empty.", "Send a request first; `pointsman up` shows how.")
    return str(found[0]["request_id"])


def _tell(request: dict[str, Any], decision: dict[str, Any]) -> None:
    first, replayed = request["attempts"][0], decision["replayed"]
    _tell_head(first, replayed, decision)
    if replayed["candidates"]:
        click.echo("\nCandidates")
        _tell_candidates(replayed)
        click.echo("\nScores")
        for one in _ranked(replayed):
            _say(f"  {one['target']}: {_sum(one)}")
    if replayed["objective"] == "similar" and decision["features"].get("neighbours"):
        click.echo("\nSimilar tasks, which voted for the model that did them")
        for one in decision["features"]["neighbours"]:
            _say(f"  {_neighbour(one)}")
    if replayed["fallbacks"]:
        click.echo("\nFallbacks, in order")
        for place, one in enumerate(replayed["fallbacks"], 1):
            _say(f"  {place}. {one['target']} (score {one['score']:.2f}): {one['why']}")
    click.echo("\nWhat happened")
    for attempt in request["attempts"]:
        _say(f"  {_attempt(attempt)}")
    click.echo(f"  cost in all: {figures.usd(request['cost_usd_micros'])}")
    click.echo("\nOutcomes seen")
    for outcome in request["outcomes"]:
        _say(f"  {_outcome(outcome, request['attempts'][0]['agent_id'])}")
    if not request["outcomes"]:
        click.echo("  none so far: how good the answer was is unknown")


def _say(line: str) -> None:
    click.echo(figures.printable(line))


def _tell_head(first: dict[str, Any], replayed: dict[str, Any], decision: dict[str, Any]) -> None:
    from pointsman.cli.tables import pairs

    gate = f"gate {figures.share(replayed['gate'])}"
    rows = [
        ("request", f"{first['request_id']}, {figures.when(first['started_at_us'] / 1e6, time.time())}"),
        ("agent", f"{replayed['agent']} (profile {replayed['profile']}, {gate})"),
        ("asked for", f"{replayed['requested']} ({first['dialect']}, {first['kind'].replace('_', ' ')})"),
    ]
    if replayed["error"]:
        error = replayed["error"]
        rows.append(("refused", f"{error['status']} {error['code'] or error['kind']}: {error['message']}"))
    else:
        met = "meets" if replayed["gate_met"] else "does not meet"
        rows += [
            ("chosen", replayed["chosen"]),
            ("why", f"{replayed['reason_meaning']} ({replayed['reason_code']})"),
            ("in figures", replayed["reason"]),
            ("confidence", f"{figures.share(replayed['confidence'])} {met} the {gate}"),
        ]
    rows.append(("replay", _verdict(decision)))
    pairs(rows)


def _verdict(decision: dict[str, Any]) -> str:
    note = f" {decision['note']}" if decision["note"] else ""
    policy = f"policy {decision['recorded']['policy_version']}"
    if decision["same"] is None:
        return f"cannot be compared with the log.{note}"
    if decision["same"]:
        return f"the same as logged, from {policy}.{note}"
    recorded = decision["recorded"]
    return f"DIFFERS: {recorded['target']} was logged ({recorded['reason_code']}, {policy}).{note}"


def _tell_candidates(replayed: dict[str, Any]) -> None:
    from pointsman.cli.tables import Column, table

    columns = [
        Column(""),
        Column("TARGET"),
        Column("SCORE", right=True),
        Column("CONFIDENCE", right=True),
        Column("EXPECTED COST", right=True),
        Column("GATES", wrap=True),
    ]
    table(columns, [_candidate(one, replayed["chosen"]) for one in _ranked(replayed)])
    for one in replayed["candidates"]:
        if one["staying_usd_micros"]:
            click.echo(_staying(one))


def _staying(one: dict[str, Any]) -> str:
    terms = one["staying_usd_micros"]
    saved = figures.usd(sum([term["value"] for term in terms]))
    parts = ", ".join([f"{figures.usd(term['value'])} {term['name']}" for term in terms])
    return f"The conversation is with {one['target']}; a switch would lose {saved}: {parts}."


def _ranked(replayed: dict[str, Any]) -> list[dict[str, Any]]:
    """The chosen one first, then its fallbacks in order, then the rest by score."""
    order = [replayed["chosen"], *[one["target"] for one in replayed["fallbacks"]]]
    places = {target: place for place, target in enumerate(order)}
    return sorted(
        replayed["candidates"],
        key=lambda one: (places.get(one["target"], len(order)), -(one["score"] or 0), one["target"]),
    )


def _candidate(one: dict[str, Any], chosen: str | None) -> list[str]:
    return [
        "*" if one["target"] == chosen else "",
        one["target"],
        figures.share(one["score"]),
        figures.share(one["confidence"]),
        figures.usd(one["expected_cost_usd_micros"]),
        _gates(one["verdicts"]),
    ]


def _gates(verdicts: list[dict[str, Any]]) -> str:
    refused = [f"{one['gate']}: {one['reason']}" for one in verdicts if not one["passed"]]
    if refused:
        return "refused by " + "; ".join(refused)
    noted = [f"; {one['gate']}: {one['reason']}" for one in verdicts if one["reason"]]
    return f"passed all {len(verdicts)}{''.join(noted)}"


def _sum(one: dict[str, Any]) -> str:
    """The terms of a score, which add up to it."""
    terms = [
        f"{'-' if term['value'] < 0 else '+'} {abs(term['value']):.2f} {term['name']}"
        for term in one["terms"]
    ]
    return f"{' '.join(terms).removeprefix('+ ')} = {figures.share(one['score'])}"


def _neighbour(one: dict[str, Any]) -> str:
    went = "well" if one["success"] else "wrong"
    near = figures.share(one["similarity"])
    return f"{near}: task {one['task']} by {one['agent']} with {one['model']}, {went}"


def _attempt(one: dict[str, Any]) -> str:
    where = f"{one['provider']}/{one['model']}" if one["model"] else "no model"
    error = f" ({one['error_code']})" if one["error_code"] else ""
    tokens = f"{figures.count(one['tokens_in'])} tokens in, {figures.count(one['tokens_out'])} out"
    return (
        f"attempt {one['attempt'] + 1}: {where} {one['finish_state'].replace('_', ' ')}{error} "
        f"after {figures.span(one['latency_ms'])}, {tokens}, {figures.usd(one['cost_usd_micros'])}"
    )


def _outcome(one: dict[str, Any], agent: str) -> str:
    label = one["label"]
    word = "says nothing of quality" if label is None else "good" if label >= 0.5 else "bad"
    counts = "" if label is None else f", counts {one['weight']:.2f}"
    counts = ", corrected since" if one["corrected"] else counts
    if one["agent_id"] != agent:
        counts = f", does not count: from {one['agent_id']}, but the request is {agent}'s"
    detail = one["outcome"] if one["source"] == "told" and one["outcome"] else one["detail"]
    code = f"{one['signal']}: {detail}".replace("_", " ")
    return f"{code} ({one['source']}) {word}{counts}, {figures.span(one['delay_ms'])} later"
