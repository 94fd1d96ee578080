"""What `pointsman up` tells its user once it serves."""

from collections import Counter
from typing import TextIO

from pointsman.app.runtime import Runtime


def greet(out: TextIO, url: str, runtime: Runtime) -> None:
    """Says where the gateway is, which providers it found, and what to try first."""
    targets = runtime.policies.policy.current.targets
    counts = Counter(target.provider for target in targets.values())
    found = ", ".join(f"{name} ({count})" for name, count in sorted(counts.items())) or "none"
    lines = [
        f"Pointsman serves on {url}",
        "",
        f"  providers (models)   {found}",
        f"  OpenAI clients       base URL {url}/v1",
        f"  Claude Code          ANTHROPIC_BASE_URL={url}",
        f"  Ollama clients       OLLAMA_HOST={url}",
        f"  state                {runtime.home.home}",
        "",
    ]
    if not targets:
        lines += [
            "There is no model yet. Set a provider's key such as OPENAI_API_KEY, start Ollama, or run",
            "`pointsman doctor`.",
            "",
        ]
    lines += ["Try it:", "", curl_line(url, keyed=runtime.require_keys), ""]
    out.write("\n".join(lines))
    out.flush()


def curl_line(url: str, *, keyed: bool) -> str:
    """A request that works as it stands, but for the key where one is required."""
    key = " -H 'authorization: Bearer YOUR_KEY'" if keyed else ""
    body = '{"model": "auto", "messages": [{"role": "user", "content": "Say hello in one sentence."}]}'
    return f"curl {url}/v1/chat/completions -H 'content-type: application/json'{key} -d '{body}'"
