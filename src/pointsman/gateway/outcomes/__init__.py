"""Sees how good decisions were from the traffic alone: from our own answers, and from what clients do next.

`observer` is called by the pipeline; `signals` is the table of what is looked for, one file each.
"""

from pointsman.gateway.outcomes.observer import Decided, Finder, Observer

__all__ = ["Decided", "Finder", "Observer"]
