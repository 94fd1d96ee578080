"""An embedder of words that anybody can follow, and tasks to remember."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from xxhash import xxh3_64_intdigest

from pointsman.memory.texts import Floats


class Words:
    """Each word is a direction of its own; texts are alike as far as they share words."""

    def __init__(self, name: str = "words-256", dimensions: int = 256) -> None:
        self.name = name
        self.dimensions = dimensions
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> Floats:
        self.texts += texts
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                draw = np.random.default_rng(xxh3_64_intdigest(word.encode()))
                row += draw.standard_normal(self.dimensions).astype(np.float32)
            length = float(np.linalg.norm(row))
            row /= length or 1.0
        return rows


def a_task(title: str, **changes: Any) -> dict[str, Any]:
    """A finished task's columns."""
    task = {
        "task_title": title,
        "task_description": title,
        "agent_id": "ci",
        "agent_used": "QA_TESTER",
        "assigned_model": "sonnet",
        "success": True,
    }
    return task | changes
