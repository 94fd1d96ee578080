"""How well-known clients give themselves away: data only, read by `identify` and `kinds`.

Seen on real clients' traffic or in their public documents. Everything here is a claim, never a proof:
it names a caller, it gives no right. A new client is one line.
"""

from typing import Final

PRODUCT_AGENTS: Final[dict[str, str]] = {
    "agents/js": "openai-agents",
    "agents/python": "openai-agents",
    "aider": "aider",
    "claude-cli": "claude-code",
    "claude-code": "claude-code",
    "cline": "cline",
    "codex": "codex",
    "continue": "continue",
    "langchain-anthropic": "langchain",
    "langchain-ollama": "langchain",
    "langchain-openai": "langchain",
    "open-webui": "open-webui",
    "opencode": "opencode",
    "pydantic-ai": "pydantic-ai",
}
"""User agents of one product: first word in lower case, whole or up to its first slash."""

PRODUCT_PREFIXES: Final[tuple[tuple[str, str], ...]] = (("codex_", "codex"), ("codex-", "codex"))
"""Products whose first word varies with the way they were started (`codex_exec`, `codex_cli_rs`)."""

LIBRARY_AGENTS: Final[dict[str, str]] = {
    "ai-sdk": "ai-sdk",
    "anthropic/js": "anthropic-js",
    "anthropic/python": "anthropic-python",
    "asyncanthropic/python": "anthropic-python",
    "asyncazureopenai/python": "openai-python",
    "asyncopenai/python": "openai-python",
    "azureopenai/js": "openai-js",
    "azureopenai/python": "openai-python",
    "curl": "curl",
    "ls/js": "continue",
    "ollama": "ollama-cli",
    "ollama-js": "ollama-js",
    "ollama-python": "ollama-python",
    "openai/js": "openai-js",
    "openai/python": "openai-python",
}
"""User agents of libraries, which many products share: a well-known prompt tells more than they do.
`ls/js` is Continue's minified SDK class."""

PROMPT_STARTS: Final[tuple[tuple[str, str], ...]] = (
    ("You are opencode", "opencode"),
    ("You are a title generator", "opencode"),
    ("You are Cline,", "cline"),
    ("You are an agent in the Continue CLI", "continue"),
    ("You are a coding agent running in the Codex CLI", "codex"),
    ("You are Claude Code", "claude-code"),
    ("x-anthropic-billing-header:", "claude-code"),
    ("You are an expert software engineer that generates concise, one-line Git commit", "aider"),
    ("*Briefly* summarize this partial conversation about programming", "aider"),
)
"""First words of a product's system prompt."""

PROMPT_PHRASES: Final[tuple[tuple[str, str], ...]] = (("SEARCH/REPLACE block", "aider"),)
"""Words that only one product's system prompt has, somewhere near its beginning."""

_DATE_WORDS: Final = """
monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
january february march april may june july august september october november december
jan feb mar apr jun jul aug sep sept oct nov dec st nd rd th t z am pm
utc gmt cet cest est edt cst cdt mst mdt pst pdt
"""

VARYING_WORDS: Final[frozenset[str]] = frozenset(_DATE_WORDS.split())
"""Words of dates and times, which change between two runs of the same agent."""
