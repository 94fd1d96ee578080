"""Knows what each agent is for, from a folder with one Markdown file an agent (`QA_TESTER.md`).

A file is embedded when it is new, or its content or the embedder has changed; an agent whose file is gone
is forgotten.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from pointsman.memory.texts import TextEmbedder
from pointsman.store import agent_specs
from pointsman.store.agent_specs import EmbeddedSpec, SpecMark
from pointsman.store.pool import Pool

MAX_SPEC_BYTES: Final = 1_000_000
MAX_SPECS: Final = 10_000
READ_CHARS: Final = 4000
"""An agent's purpose stands at the beginning; what follows (procedures, templates) blurs it."""


class Refreshed(Struct, frozen=True, kw_only=True):
    """What a look into the folder came to: agents embedded, forgotten, and files that cannot be read."""

    embedded: tuple[str, ...]
    forgotten: tuple[str, ...]
    unreadable: tuple[str, ...]


class Spec(Struct, frozen=True):
    """One file: its text, and the SHA-256 of its content in hex."""

    text: str
    spec_hash: str


def read_folder(folder: Path) -> tuple[dict[str, Spec], list[str]]:
    """The specifications in the folder by agent, which is the file's name without `.md`; and the files
    that cannot be read. Raises OSError when the folder itself cannot be."""
    specs: dict[str, Spec] = {}
    unreadable: list[str] = []
    found = [path for path in folder.iterdir() if path.suffix.lower() == ".md" and path.is_file()]
    for path in sorted(found)[:MAX_SPECS]:
        try:
            specs[path.stem] = _read(path)
        except (OSError, ValueError):
            unreadable.append(path.name)
    return specs, unreadable


async def refresh(pool: Pool, embedder: TextEmbedder, folder: Path) -> Refreshed:
    """Brings the store in line with the folder. Raises OSError when the folder cannot be read: then all
    stays as it is. A file that cannot be read leaves its agent as it is."""
    specs, unreadable = await asyncio.to_thread(read_folder, folder)
    known = await agent_specs.marks(pool)
    news = [
        name for name, spec in specs.items() if known.get(name) != SpecMark(spec.spec_hash, embedder.name)
    ]
    kept = {Path(name).stem for name in unreadable}
    gone = [name for name in known if name not in specs and name not in kept]
    if news or gone:
        fresh = await asyncio.to_thread(_embedded, embedder, specs, news)
        await agent_specs.replace(pool, fresh, gone, datetime.now(UTC))
    return Refreshed(embedded=tuple(news), forgotten=tuple(gone), unreadable=tuple(unreadable))


def _read(path: Path) -> Spec:
    with path.open("rb") as file:
        content = file.read(MAX_SPEC_BYTES + 1)
    if len(content) > MAX_SPEC_BYTES:
        raise ValueError(f"{path.name} is over {MAX_SPEC_BYTES} bytes")
    return Spec(content.decode("utf-8-sig"), hashlib.sha256(content).hexdigest())


def _embedded(embedder: TextEmbedder, specs: Mapping[str, Spec], names: Sequence[str]) -> list[EmbeddedSpec]:
    texts = [f"{_spoken(name)}\n{specs[name].text[:READ_CHARS]}" for name in names]
    vectors = embedder.embed(texts).tolist()
    return [
        EmbeddedSpec(agent_name=name, vector=vector, mark=SpecMark(specs[name].spec_hash, embedder.name))
        for name, vector in zip(names, vectors, strict=True)
    ]


def _spoken(name: str) -> str:
    """A file's name as words.

    >>> _spoken("QA_TESTER")
    'qa tester'
    """
    return name.replace("_", " ").replace("-", " ").lower()
