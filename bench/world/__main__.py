"""python -m bench.world: what a gateway learns from traffic alone, in a world that changes half-way."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from bench.world.course import Done, course, report, summary
from bench.world.truth import EXPLORATION

from pointsman.store import migrate
from pointsman.store.embedded import start
from pointsman.store.pool import connect

QUICK = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


async def main() -> None:
    """Runs the world on a PostgreSQL of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400, help="of each agent before and after the drift")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--exploration", type=float, default=EXPLORATION, help="share of an agent's requests")
    parser.add_argument("--config", default="", help="lines for the gateway's configuration")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        courses: list[list[Done]] = []
        server = await start(Path(folder) / "database", settings=QUICK)
        try:
            for seed in given.seeds:
                name = f"world_{seed}"
                connection = await connect(server.dsn)
                await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
                await connection.close()
                dsn = server.dsn.replace("/pointsman?", f"/{name}?")
                connection = await connect(dsn)
                await migrate.migrate(connection)
                await connection.close()
                home = Path(folder) / f"home_{seed}"
                home.mkdir()
                seen = await course(
                    dsn,
                    home,
                    seed,
                    given.requests,
                    given.exploration,
                    more=given.config,
                    verbose=given.verbose,
                )
                print(f"seed {seed}\n" + report(seen, given.requests), flush=True)
                courses.append(seen)
            if courses[1:]:
                print(summary(courses, given.requests))
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
