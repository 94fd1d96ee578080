"""Every day: what a day without news changes (agents that fell silent return to the common baseline), and
what has become too old to keep."""

from datetime import timedelta
from typing import Final

from pointsman.learning.jobs import confidence
from pointsman.learning.work import Work
from pointsman.store import drifts, learned, learning

ALERT_DAYS: Final = 90
MORE_POLICY_DAYS: Final = 7
"""Policies are kept so much longer than the log whose decisions they made."""


async def run(work: Work) -> None:
    """Learns once more, which lets silence fade what agents had of their own, and forgets."""
    await confidence.run(work)
    work.progress("retention", 0, 0)
    options, today = work.options, work.now.date()
    async with work.connection.transaction():
        await learning.forget_before(
            work.connection,
            today - timedelta(days=options.log_days),
            today - timedelta(days=options.sums_days),
        )
        await drifts.forget(work.connection, work.now - timedelta(days=options.sums_days))
        await learned.forget(
            work.connection,
            alerts_before=work.now - timedelta(days=ALERT_DAYS),
            policies_before=work.now - timedelta(days=options.log_days + MORE_POLICY_DAYS),
        )
    await learning.refresh_models(work.connection)
