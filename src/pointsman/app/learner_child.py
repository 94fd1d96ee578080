"""One process that learns. Run by `learner` as `python -m pointsman.app.learner_child`; it takes its settings
from its input."""

import asyncio
import contextlib
import logging
import os
import signal
from typing import Final

from pointsman.app.learner_settings import LearnerSettings
from pointsman.app.lifeline import Lifeline, Report
from pointsman.app.logs import FORMAT
from pointsman.learning.worker import work

NICENESS: Final = 10


def main() -> None:
    """Learns until the parent ends or says so."""
    lifeline = Lifeline()
    settings = lifeline.take_settings(LearnerSettings)
    lifeline.follow(settings.parent_pid)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format=FORMAT)
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    lifeline.report(Report(ready=True))
    asyncio.run(work(settings.dsn, settings.options))


if __name__ == "__main__":
    main()
