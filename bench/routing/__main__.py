"""Routing quality on files of real outcomes, offline and under bandit feedback, with the product's own code.

usage: python -m bench.routing [FOLDER] [--short] [--seeds N] [--first-seed N] [--only offline|online]
    [--set NAME ...]

FOLDER holds parquet files with one row per prompt and model, in the columns task, prompt_id, prompt, model,
score (0 to 1) and, if known, cost_usd. A prompt counts when all models have answered it. A file that nothing
can be learned from is left out, saying why.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from bench.routing import offline, online, speed
from bench.routing.data import Outcomes, files_in, read

from pointsman.memory.embed import Embedder

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "routing"


def main() -> None:
    """Reads the files, measures, prints."""
    options = arguments()
    started, embedder = time.monotonic(), Embedder.load()
    paths = [p for p in files_in(options.folder) if not options.set or p.stem in options.set]
    sets = usable(paths, embedder)
    first = options.first_seed
    seeds = range(first, first + (1 if options.short else options.seeds))
    if options.only != "online" and any(one.costs is not None for one in sets):
        effort = offline.Effort(points=16, prompts=250, tasks=2) if options.short else offline.Effort()
        show_offline([one for one in sets if one.costs is not None], seeds, effort)
    if options.only != "offline":
        show_online(sets, seeds, 500 if options.short else max(online.CHECKPOINTS))
    speed.show(embedder)
    print(f"\ntook {time.monotonic() - started:.0f} s")


def usable(paths: Sequence[Path], embedder: Embedder) -> list[Outcomes]:
    """The files that can be read. Raises `SystemExit` if none can."""
    sets = []
    for path in paths:
        try:
            outcomes = read(path, embedder)
        except ValueError as error:
            print(f"left out: {error}")
            continue
        prompts, models = outcomes.scores.shape
        without = "" if outcomes.costs is not None else ", no costs that differ: regret only"
        print(f"{outcomes.name}: {prompts} prompts x {models} models{without}", flush=True)
        sets.append(outcomes)
    if not sets:
        raise SystemExit("no file to measure on")
    return sets


def arguments() -> argparse.Namespace:
    """The command line."""
    about, _, form = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m bench.routing", description=about, epilog=form.partition("\n\n")[2]
    )
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="default: the project's own")
    parser.add_argument("--short", action="store_true", help="one seed, fewer settings: within a minute")
    parser.add_argument("--seeds", type=int, default=5, help="how many splits and streams (default: 5)")
    parser.add_argument("--first-seed", type=int, default=0, help="where their seeds begin (default: 0)")
    parser.add_argument("--only", choices=["offline", "online"], help="one half of it (default: both)")
    parser.add_argument("--set", nargs="+", default=[], help="files by name without .parquet (default: all)")
    return parser.parse_args()


def show_offline(sets: Sequence[Outcomes], seeds: range, effort: offline.Effort) -> None:
    """RouterBench's and RouteLLM's measures, means over seeds."""
    print("\nOffline: learned from 70 % of the prompts, measured on the others; means over seeds.")
    print("AIQ: mean quality between the cheapest and the dearest model. acc: quality for half of the best")
    print("single model's cost. match: cost of that model's quality (share of its cost; -: not reached).")
    totals: dict[str, list[float]] = {}
    behind: list[str] = []
    for outcomes in sets:
        runs = [offline.measure(outcomes, seed, effort) for seed in seeds]
        print(f"\n{outcomes.name:34} {'AIQ':>7} {'acc':>7} {'match':>7} {'best':>7}")
        for same in zip(*runs, strict=True):
            aiq, accuracy, best = means(same, "aiq", "accuracy", "best")
            totals.setdefault(same[0].router, []).append(aiq)
            match = share([one.match for one in same])
            print(f"  {same[0].router:32} {aiq:7.4f} {accuracy:7.4f} {match} {best:7.4f}")
        rivals = {name: totals[name][-1] for name in offline.RIVALS}
        best_rival = max(rivals, key=rivals.__getitem__)
        gain = totals[offline.OURS][-1] - rivals[best_rival]
        behind.append(f"  {outcomes.name:32} {gain:+7.4f}  ({best_rival})")
        show_pair([pair for seed in seeds if (pair := offline.measure_pair(outcomes, seed, effort))])
        if gains := offline.unseen(outcomes, effort):
            mean, worst = np.mean(gains), min(gains)
            print(f"  tasks left out of learning: AIQ against not routing {mean:+.4f} (worst {worst:+.4f})")
    print("\npointsman worth less the best rival, AIQ", *behind, sep="\n")
    print("\nmean AIQ over the files")
    for name, values in totals.items():
        print(f"  {name:32} {np.mean(values):7.4f}")


def show_pair(pairs: Sequence[offline.Pair]) -> None:
    """RouteLLM's measures, means over seeds."""
    if pairs:
        apgr, half, most = means(pairs, "apgr", "cpt50", "cpt80")
        names = f"{pairs[0].strong} over {pairs[0].weak}"
        print(f"  {names}: APGR {apgr:.3f}, CPT50 {half:.1f} %, CPT80 {most:.1f} %")


def means(things: Sequence[object], *names: str) -> list[float]:
    """The mean of each named figure."""
    return [float(np.mean([getattr(one, name) for one in things])) for name in names]


def share(matches: Sequence[float]) -> str:
    """A mean share of cost, or a dash when most splits never reached the quality."""
    reached = [match for match in matches if np.isfinite(match)]
    return f"{np.mean(reached):6.0%} " if len(reached) * 2 > len(matches) else f"{'-':>7}"


def show_online(sets: Sequence[Outcomes], seeds: range, most: int) -> None:
    """Regret under bandit feedback, means over seeds."""
    marks = [*[point for point in online.CHECKPOINTS if point < most], "end"]
    for calibrate in (False, True):
        with_what = "after 50 prompts answered by all models" if calibrate else "from nothing"
        print(f"\nBandit feedback, {with_what}: regret against the best single model at {marks}")
        totals: dict[str, list[list[float]]] = {}
        for outcomes in sets:
            print(f"{outcomes.name}  (oracle: {online.oracle(outcomes):+.3f} a prompt)")
            for name in online.bandits(outcomes, 0):
                runs = []
                for seed in seeds:
                    bandit = online.bandits(outcomes, seed)[name]()
                    regrets = online.stream(outcomes, bandit, seed, calibrate, most)
                    runs.append(online.at_checkpoints(regrets)[: len(marks)])
                totals.setdefault(name, []).append(np.mean(runs, axis=0).tolist())
                print(
                    f"  {name:20} " + " ".join([f"{figure:8.1f}" for figure in totals[name][-1]]), flush=True
                )
        print("pointsman less the rival with the lowest regret at the end")
        for place, outcomes in enumerate(sets):
            print(row_of(outcomes.name, *_behind(totals, place)))
        print("mean over the files")
        for name, figures in totals.items():
            print(row_of(name, np.mean(figures, axis=0)))


def _behind(totals: dict[str, list[list[float]]], place: int) -> tuple[np.ndarray, str]:
    """How far our regrets on one file are above those of the best rival, and who that is."""
    rivals = {name: figures[place] for name, figures in totals.items() if name != online.OURS}
    best = min(rivals, key=lambda name: rivals[name][-1])
    return np.subtract(totals[online.OURS][place], rivals[best]), best


def row_of(name: str, figures: Sequence[float], note: str = "") -> str:
    """One line of regrets."""
    return f"  {name:20} " + " ".join([f"{figure:8.1f}" for figure in figures]) + f"  {note}".rstrip()


if __name__ == "__main__":
    main()
