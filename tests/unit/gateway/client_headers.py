"""Request headers and prompts as well-known clients send them, one entry a client."""

from pointsman.core.chat import Outline

CODEX_TURN = (
    b'{"session_id":"s-1","thread_id":"th-1","turn_id":"turn-7","root_turn_id":"turn-7","agent_name":"/root",'
    b'"request_kind":"turn","turn_trigger":"user","workspaces":{"/src":{"has_changes":true}},'
    b'"sandbox_mode":"workspace-write","model":"gpt-5.5"}'
)


def stainless(language: str, **more: str) -> dict[bytes, bytes]:
    """The headers which generated SDKs add."""
    names = {"lang": language, "os": "Linux", "arch": "x64", "package-version": "3.52.0", "retry-count": "0"}
    return {f"x-stainless-{name}".encode(): value.encode() for name, value in (names | more).items()}


def agent(user_agent: str, **more: str) -> dict[bytes, bytes]:
    """Common headers; `more` has underscores for hyphens."""
    common = {"host": "127.0.0.1", "content-type": "application/json", "accept": "*/*"}
    pairs = common | {"user-agent": user_agent} | {k.replace("_", "-"): v for k, v in more.items()}
    return {name.encode(): value.encode() for name, value in pairs.items()}


PLAIN = Outline(model="auto", first_user="hello", message_count=1)
CLAUDE_CODE = agent(
    "claude-cli/2.1.9 (external, cli)",
    authorization="Bearer sk-ant-any",
    anthropic_version="2023-06-01",
    x_app="cli",
    x_claude_code_session_id="0b0c-11",
    x_claude_code_prompt_id="p-3",
)
CODEX = agent(
    "codex_exec/0.169.0 (Debian 12.0.0; x86_64) unknown (codex_exec; 0.169.0)",
    authorization="Bearer any",
    originator="codex_exec",
    session_id="s-1",
    thread_id="th-1",
    x_codex_window_id="th-1:0",
    x_client_request_id="th-1",
) | {b"x-codex-turn-metadata": CODEX_TURN}
OPENCODE = agent(
    "opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14",
    x_session_id="ses_42",
    x_session_affinity="ses_42",
)
AI_SDK = agent("ai-sdk/openai-compatible/3.0.37 ai-sdk/provider-utils/5.0.30 runtime/bun/1.3.13")
OPENAI_PYTHON = agent("OpenAI/Python 3.52.0", authorization="Bearer sk-any") | stainless("python")
AIDER = agent("OpenAI/Python 2.20.0", x_stainless_raw_response="true") | stainless("python")
OPEN_WEBUI = agent(
    "Python/3.11 aiohttp/3.13.2",
    x_openwebui_user_id="u1",
    x_openwebui_chat_id="c1",
    x_openwebui_message_id="m1",
)


def says(system: str, *tools: str) -> Outline:
    """A first request with this system prompt and these tools."""
    return Outline(model="auto", system=system, first_user="hello", tool_names=tools, message_count=2)


CLIENTS: dict[str, tuple[dict[bytes, bytes], Outline, str, str]] = {
    "claude code": (CLAUDE_CODE, says("You are Claude Code", "Bash"), "claude-code", "session"),
    "claude code, old": (agent("claude-cli/1.0.3 (external, sdk-cli)"), PLAIN, "claude-code", "user_agent"),
    "codex": (CODEX, PLAIN, "codex", "session"),
    "codex by ua": (agent("codex_cli_rs/0.80.0 (Mac OS 15)"), PLAIN, "codex", "user_agent"),
    "opencode": (OPENCODE, says("You are opencode"), "opencode", "session"),
    "cline": (AI_SDK, says("You are Cline, an AI coding agent.", "editor"), "cline", "prompt"),
    "continue": (agent("ls/JS 5.23.2"), says("You are an agent in the Continue CLI."), "continue", "prompt"),
    "aider": (AIDER, says("Act as an expert.\nAll changes use a *SEARCH/REPLACE block*"), "aider", "prompt"),
    "openai python": (OPENAI_PYTHON, PLAIN, "openai-python", "user_agent"),
    "openai async": (agent("AsyncOpenAI/Python 3.52.0"), PLAIN, "openai-python", "user_agent"),
    "openai js": (agent("OpenAI/JS 6.49.0"), PLAIN, "openai-js", "user_agent"),
    "anthropic python": (agent("Anthropic/Python 2.11.0"), PLAIN, "anthropic-python", "user_agent"),
    "anthropic js": (agent("Anthropic/JS 1.11.0"), PLAIN, "anthropic-js", "user_agent"),
    "ollama python": (
        agent("ollama-python/0.6.3 (x86_64 linux) Python/3.11.7"),
        PLAIN,
        "ollama-python",
        "user_agent",
    ),
    "ollama js": (agent("ollama-js/0.6.4 (x64 linux Node.js/v24)"), PLAIN, "ollama-js", "user_agent"),
    "ollama cli": (agent("ollama/0.12.0 (amd64 linux) Go/go1.24"), PLAIN, "ollama-cli", "user_agent"),
    "pydantic-ai": (agent("pydantic-ai/2.38.0"), PLAIN, "pydantic-ai", "user_agent"),
    "agents sdk": (agent("Agents/Python 0.24.0"), PLAIN, "openai-agents", "user_agent"),
    "langchain": (agent("langchain-anthropic/1.7.7"), PLAIN, "langchain", "user_agent"),
    "open webui": (OPEN_WEBUI, PLAIN, "open-webui", "session"),
    "curl": (agent("curl/8.5.0"), PLAIN, "curl", "user_agent"),
    "nobody": (agent("python-httpx/0.28"), PLAIN, "ip-127.0.0.1", "ip"),
}
"""name -> headers, outline, agent id, source"""
