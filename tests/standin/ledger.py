"""Records what the stand-in was asked, and counts how often a fault has struck."""

import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Entry:
    """One request. `finished` is true when the answer was sent whole; `aborted` when the peer hung up
    before that."""

    provider: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any = None
    status: int = 0
    frames_sent: int = 0
    finished: bool = False
    aborted: bool = False
    aborted_after_s: float | None = None
    started: float = field(default_factory=time.monotonic, repr=False)

    def abort(self) -> None:
        """The peer is gone."""
        if not self.finished and not self.aborted:
            self.aborted = True
            self.aborted_after_s = round(time.monotonic() - self.started, 3)


class Ledger:
    """All requests since the last `clear`."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.strikes: Counter[str] = Counter()

    def clear(self) -> None:
        """Forgets everything."""
        self.entries.clear()
        self.strikes.clear()

    def strikes_again(self, key: str, times: int) -> bool:
        """Counts one more attempt at `key`; true for the first `times`."""
        self.strikes[key] += 1
        return self.strikes[key] <= times

    def rows(self) -> list[dict[str, Any]]:
        """The entries as JSON values."""
        return [asdict(e) for e in self.entries]
