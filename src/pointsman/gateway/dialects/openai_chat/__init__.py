"""The OpenAI Chat Completions dialect: what most clients and most providers speak."""

from pointsman.gateway.dialects.openai_chat.codec import CODEC, ROUTES
from pointsman.gateway.dialects.openai_chat.usage import UsageChunkFilter, with_usage

__all__ = ["CODEC", "ROUTES", "UsageChunkFilter", "with_usage"]
