"""OpenAI's old completions dialect: a prompt to continue, as editors' autocompletion still asks for."""

from pointsman.gateway.dialects.openai_completions.codec import CODEC, ROUTES

__all__ = ["CODEC", "ROUTES"]
