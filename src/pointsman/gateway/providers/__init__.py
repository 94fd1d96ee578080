"""Who serves models: a table of facts, one small file a provider."""

from typing import Final

from pointsman.gateway.providers.anthropic import ANTHROPIC
from pointsman.gateway.providers.base import Provider
from pointsman.gateway.providers.deepseek import DEEPSEEK
from pointsman.gateway.providers.gemini import GEMINI
from pointsman.gateway.providers.groq import GROQ
from pointsman.gateway.providers.local import LOCAL
from pointsman.gateway.providers.mistral import MISTRAL
from pointsman.gateway.providers.ollama import OLLAMA
from pointsman.gateway.providers.openai import OPENAI
from pointsman.gateway.providers.openrouter import OPENROUTER

PROVIDERS: Final[dict[str, Provider]] = {
    provider.name: provider
    for provider in (ANTHROPIC, OPENAI, GEMINI, MISTRAL, GROQ, DEEPSEEK, OPENROUTER, OLLAMA, LOCAL)
}
"""The known providers by name, in the order in which they are preferred for a model that several serve."""
