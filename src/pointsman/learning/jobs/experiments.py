"""Every 12 hours: measures experiments. There are none in this version, and the phase says so."""

from pointsman.learning.work import Work


async def run(work: Work) -> None:
    """Measures the running experiments."""
    work.told.update(experiments=0, note="this version has no experiments")
