"""Gives a share of some agents' requests to a cheaper model too, and has a judge compare the answers, so that
evidence comes of models that would not have been asked. The client is not concerned: all of it happens after
its answer, nothing of it is given out or executed, and no text is kept."""

from pointsman.gateway.shadow.runner import Shadows

__all__ = ["Shadows"]
