"""One process that learns. Run by `learner` as `python -m pointsman.app.learner_child`; it takes its settings
from its input."""

import asyncio
import contextlib
import os
from typing import Final

from pointsman.app.learner_settings import LearnerSettings
from pointsman.app.lifeline import Report, begin
from pointsman.learning.worker import work

NICENESS: Final = 10


def main() -> None:
    """Learns until the parent ends or says so."""
    lifeline, settings = begin(LearnerSettings)
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    lifeline.report(Report(ready=True))
    asyncio.run(work(settings.dsn, settings.options))


if __name__ == "__main__":
    main()
