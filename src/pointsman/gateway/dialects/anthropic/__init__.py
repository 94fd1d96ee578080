"""The Anthropic Messages dialect: what Claude Code and Anthropic's SDKs speak."""

from pointsman.gateway.dialects.anthropic.codec import CODEC, ROUTES

__all__ = ["CODEC", "ROUTES"]
