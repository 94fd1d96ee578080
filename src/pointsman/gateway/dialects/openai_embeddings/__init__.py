"""OpenAI's embeddings dialect."""

from pointsman.gateway.dialects.openai_embeddings.codec import CODEC, ROUTES

__all__ = ["CODEC", "ROUTES"]
