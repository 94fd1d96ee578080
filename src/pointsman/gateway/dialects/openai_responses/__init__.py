"""The OpenAI Responses dialect: what Codex and the newer calls of OpenAI's SDKs speak."""

from pointsman.gateway.dialects.openai_responses.codec import CODEC, ROUTES

__all__ = ["CODEC", "ROUTES"]
