"""One process that loads the journals into the request log. Run by `loading` as
`python -m pointsman.app.loader_child`; it takes its settings from its input."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

import msgspec

from pointsman.app.lifeline import Report, begin
from pointsman.app.loader_settings import LoaderSettings
from pointsman.store.loader import Loader
from pointsman.store.pool import create_pool

CHUNK_BYTES: Final = 1024 * 1024
TELL_EVERY_S: Final = 0.5


def main() -> None:
    """Loads until the parent ends or says so."""
    lifeline, settings = begin(LoaderSettings)
    lifeline.report(Report(ready=True))
    asyncio.run(load(settings))


async def load(settings: LoaderSettings) -> None:
    """Runs the loader, and keeps its counts in the file."""
    pool = await create_pool(settings.dsn, max_size=2)
    loader = Loader(Path(settings.journals), pool, chunk_bytes=CHUNK_BYTES)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(loader.run())
        tasks.create_task(_tell(loader, Path(settings.counts)))


async def _tell(loader: Loader, file: Path) -> None:
    told = b""
    while True:
        counts = msgspec.json.encode(loader.counts)
        if counts != told:
            fresh = file.with_suffix(".new")
            with contextlib.suppress(OSError):  # a full disk: the next change is told
                fresh.write_bytes(counts)
                fresh.replace(file)
                told = counts
        await asyncio.sleep(TELL_EVERY_S)


if __name__ == "__main__":
    main()
