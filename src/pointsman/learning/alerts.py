"""The alerts that learning raises: of what kind, about what, and one each hour, day or week at most."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pointsman.learning.work import Work
from pointsman.store import learned
from pointsman.store.learned import Alert

EACH_HOUR: Final = "%Y-%m-%dT%H"
EACH_DAY: Final = "%Y-%m-%d"
EACH_WEEK: Final = "%G-W%V"
ONCE: Final = ""


async def raise_alert(
    work: Work,
    kind: str,
    detail: Mapping[str, Any],
    *,
    agent_id: str = "",
    about: Sequence[str] = (),
    each: str = EACH_HOUR,
) -> None:
    """Raises an alert, unless there was one of the same kind, agent and things it is `about` in the same
    hour, day or week (`each`)."""
    key = " ".join([part for part in (kind, agent_id, *about, work.now.strftime(each)) if part])
    alert = Alert(key=key, kind=kind, agent_id=agent_id, detail=detail, at=work.now)
    await learned.raise_alert(work.connection, alert)
