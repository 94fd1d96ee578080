"""The Ollama dialect: what Ollama's own clients, Open WebUI and many editors speak."""

from pointsman.gateway.dialects.ollama.codec import CODECS
from pointsman.gateway.dialects.ollama.paths import ROUTES

__all__ = ["CODECS", "ROUTES"]
