"""Pointsman: a self-hosted LLM gateway that learns which model to send each agent's request to."""

__version__ = "0.1.0"
