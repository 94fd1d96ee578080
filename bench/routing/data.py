"""Files of outcomes: one row per (prompt, model), as tables of prompts x models."""

from pathlib import Path

import duckdb
import numpy as np
from msgspec import Struct

from pointsman.memory.embed import Embedder

NEEDED = ("task", "prompt_id", "prompt", "model", "score")
COST = "cost_usd"
LEAST_PROMPTS = 100
"""Fewer tell nothing: 50 are answered by all models first, and 30 % are held out."""


class Outcomes(Struct, frozen=True, kw_only=True):
    """One file. `scores` (0-1) and `costs` (US dollars) are prompts x models, without gaps; `costs` is None
    when the file has none. `vectors` are the product's own, one row a prompt."""

    name: str
    models: list[str]
    tasks: np.ndarray
    vectors: np.ndarray
    scores: np.ndarray
    costs: np.ndarray | None


def files_in(folder: Path) -> list[Path]:
    """The folder's parquet files, by name. Raises `SystemExit` if there is none."""
    found = sorted(folder.glob("*.parquet"))
    if not found:
        raise SystemExit(f"no .parquet files in {folder}")
    return found


def read(path: Path, embedder: Embedder) -> Outcomes:
    """Reads one file. Prompts that some model has not answered are left out; models that have answered fewer
    than half of the prompts too. Raises `ValueError` on a file that nothing can be learned from, saying
    why."""
    cost = _cost_column(path)
    rows = _query(path, "select prompt_id, any_value(prompt), any_value(task) from {} group by 1 order by 1")
    cells = _query(path, f"select prompt_id, model, avg(score), avg({cost}) from {{}} group by 1, 2")
    prompts = {row[0]: place for place, row in enumerate(rows)}
    models = sorted({cell[1] for cell in cells})
    number = {model: place for place, model in enumerate(models)}
    scores = np.full((len(rows), len(models)), np.nan)
    costs = np.full_like(scores, np.nan)
    for prompt, model, score, cost_usd in cells:
        scores[prompts[prompt], number[model]] = np.nan if score is None else score
        costs[prompts[prompt], number[model]] = np.nan if cost_usd is None else cost_usd
    kept = np.flatnonzero(np.isfinite(scores).mean(axis=0) >= 0.5)
    whole = np.flatnonzero(np.isfinite(scores[:, kept]).all(axis=1))
    _refuse_useless(path, scores[np.ix_(whole, kept)])
    priced = costs[np.ix_(whole, kept)]
    texts = [rows[place][1] or "" for place in whole]
    return Outcomes(
        name=path.stem,
        models=[str(models[place]) for place in kept],
        tasks=np.array([str(rows[place][2]) for place in whole]),
        vectors=np.array([np.frombuffer(embedder.vector(text), "<f4") for text in texts], dtype=np.float64),
        scores=scores[np.ix_(whole, kept)],
        costs=priced if np.isfinite(priced).all() and np.ptp(priced.mean(axis=0)) > 0.0 else None,
    )


def _cost_column(path: Path) -> str:
    """What to read costs from. Raises `ValueError` if one of the other columns is not there."""
    columns = {row[0] for row in _query(path, "describe select * from {}")}
    if missing := [name for name in NEEDED if name not in columns]:
        raise ValueError(f"{path.name} has no column {', '.join(missing)}; it needs {', '.join(NEEDED)}")
    return COST if COST in columns else "null::double"


def _refuse_useless(path: Path, scores: np.ndarray) -> None:
    """Raises `ValueError` if `scores` (prompts x models) are too few, or not within 0 and 1."""
    prompts, models = scores.shape
    if prompts < LEAST_PROMPTS or models < 2:
        raise ValueError(
            f"{path.name} has {prompts} prompts that the same {models} models have answered; "
            f"it takes {LEAST_PROMPTS} prompts and 2 models"
        )
    low, high = float(scores.min()), float(scores.max())
    if low < 0.0 or high > 1.0:
        raise ValueError(f"the scores of {path.name} run from {low:g} to {high:g}; they must be 0 to 1")


def _query(path: Path, sql: str) -> list[tuple]:
    with duckdb.connect() as connection:
        source = "read_parquet('" + str(path).replace("'", "''") + "')"
        try:
            return connection.execute(sql.format(source)).fetchall()
        except duckdb.Error as error:
            raise ValueError(f"{path.name} cannot be read: {error}") from error
