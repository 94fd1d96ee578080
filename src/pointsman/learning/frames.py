"""Which geometry the sums are kept in, and the move to a better one.

The first one is plain; with more vectors seen it is fitted anew. Sums of different geometries do not add
up, so all contributions are counted again then, a batch a transaction; nothing is fitted in between.
"""

from typing import Final

import msgspec
import numpy as np

from pointsman.core.posterior import Geometry
from pointsman.learning.counting import Change, deltas_of
from pointsman.learning.sums import add_to_sums
from pointsman.learning.work import Work
from pointsman.memory.embed import EMBEDDING, SURFACE
from pointsman.memory.labels import DOMAIN_EXAMPLES
from pointsman.routing.evidence import Frame, fit_geometry, plain_geometry
from pointsman.store import day_sums, learning

BETTER_FROM: Final = (400, 4_000, 40_000)
"""With so many vectors the geometry is fitted, and fitted anew."""
KINDS: Final = tuple(sorted(DOMAIN_EXAMPLES))
MOST_FITTED: Final = 20_000
BATCH: Final = 10_000
_VECTOR_BYTES: Final = 4 * (EMBEDDING + SURFACE)


async def frame_in_use(work: Work) -> Frame:
    """The geometry in use, with all contributions counted in it."""
    stored = await learning.geometry(work.connection)
    if stored is None:
        geometry = plain_geometry(EMBEDDING, SURFACE, KINDS)
        await _put(work, geometry, 0)
    else:
        geometry = msgspec.msgpack.decode(stored[0], type=Geometry)
    frame = Frame(geometry)
    await _move(work, frame)
    return frame


async def better_frame(work: Work) -> Frame:
    """The same, after a change to a better geometry if there are vectors enough for one."""
    frame = await frame_in_use(work)
    stored = await learning.geometry(work.connection)
    fitted_with = stored[1] if stored is not None else 0
    seen = await learning.count_vectors(work.connection, _VECTOR_BYTES, BETTER_FROM[-1])
    if not any(fitted_with < least <= seen for least in BETTER_FROM):
        return frame
    work.progress("geometry", 0, 0)
    rows = await learning.vectors(work.connection, _VECTOR_BYTES, MOST_FITTED)
    raw = np.frombuffer(b"".join(rows), "<f4").astype(np.float64).reshape(len(rows), EMBEDDING + SURFACE)
    await _put(work, fit_geometry(raw, EMBEDDING, frame.geometry.version + 1, kinds=KINDS), seen)
    work.told["geometry"] = frame.geometry.version + 1
    return await frame_in_use(work)


async def _put(work: Work, geometry: Geometry, vectors: int) -> None:
    body = msgspec.msgpack.encode(geometry)
    await learning.put_geometry(work.connection, geometry.version, body, vectors)


async def _move(work: Work, frame: Frame) -> None:
    """Counts again what was counted in another geometry."""
    version, moved = frame.geometry.version, 0
    while True:
        async with work.connection.transaction():
            olds = await learning.of_other_geometry(work.connection, version, BATCH)
            if not olds:
                if moved:
                    await day_sums.keep_only(work.connection, version)
                return
            news = [msgspec.structs.replace(one, geometry=version) for one in olds]
            await add_to_sums(work, frame, deltas_of([Change(None, one) for one in news], frame))
            await learning.put_contributions(work.connection, news)
        moved += len(olds)
        work.progress("counting again", moved, 0)
