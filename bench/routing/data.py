"""Files of outcomes: one row per (prompt, model), as tables of prompts x models."""

from pathlib import Path

import duckdb
import numpy as np
from msgspec import Struct

from pointsman.memory.embed import Embedder

COLUMNS = ("task", "prompt_id", "prompt", "model", "score", "cost_usd")


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
    than half of the prompts too."""
    rows = _query(path, "select prompt_id, any_value(prompt), any_value(task) from {} group by 1 order by 1")
    cells = _query(path, "select prompt_id, model, avg(score), avg(cost_usd) from {} group by 1, 2")
    prompts = {row[0]: place for place, row in enumerate(rows)}
    models = sorted({cell[1] for cell in cells})
    number = {model: place for place, model in enumerate(models)}
    scores = np.full((len(rows), len(models)), np.nan)
    costs = np.full_like(scores, np.nan)
    for prompt, model, score, cost in cells:
        scores[prompts[prompt], number[model]] = score
        costs[prompts[prompt], number[model]] = np.nan if cost is None else cost
    kept = np.flatnonzero(np.isfinite(scores).mean(axis=0) >= 0.5)
    whole = np.flatnonzero(np.isfinite(scores[:, kept]).all(axis=1))
    priced = costs[np.ix_(whole, kept)]
    texts = [rows[place][1] or "" for place in whole]
    return Outcomes(
        name=path.stem,
        models=[models[place] for place in kept],
        tasks=np.array([str(rows[place][2]) for place in whole]),
        vectors=np.array([np.frombuffer(embedder.vector(text), "<f4") for text in texts], dtype=np.float64),
        scores=np.clip(scores[np.ix_(whole, kept)], 0.0, 1.0),
        costs=priced if np.isfinite(priced).all() and len(priced) else None,
    )


def _query(path: Path, sql: str) -> list[tuple]:
    with duckdb.connect() as connection:
        source = "read_parquet('" + str(path).replace("'", "''") + "')"
        return connection.execute(sql.format(source)).fetchall()
