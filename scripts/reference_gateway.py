"""The tables of the data plane: errors, routing, headers and the log's columns."""

import ast
import re
from pathlib import Path

from msgspec.structs import fields

from pointsman.core import errors
from pointsman.core.snapshot import AdaptiveConfig
from pointsman.gateway.dialects.registry import CODECS, ROUTES
from pointsman.gateway.fingerprints import LIBRARY_AGENTS, PRODUCT_AGENTS
from pointsman.gateway.providers import PROVIDERS
from pointsman.routing import gates, reasons, scorers
from pointsman.routing.profiles import BUILT_IN, DEFAULT
from pointsman.store.rows import COLUMNS
from reference_blocks import Blocks, code, first_sentence, table, yes

SOURCE = Path(__file__).parent.parent / "src" / "pointsman"

CODES = {
    "invalid_json": "the body is no JSON",
    "invalid_type": "a field has another type than the dialect gives it",
    "invalid_value": "a field has a value that the dialect does not know",
    "missing_field": "a field is missing that the dialect requires",
    "invalid_agent_id": "an agent id has characters that no agent id has",
    "model_not_found": "no model and no alias has the name asked for",
    "wrong_model_kind": "an embedding model was asked to chat, or a chat model to embed",
    "method_not_allowed": "status 405: the path is served under another method; `allow` names them",
    "foreign_host": "no key, and the host asked is no name of this machine",
    "foreign_origin": "no key, and a web page of another site asked",
    "connect_timeout": "no connection in `connect_timeout_s`",
    "connect_failed": "no connection: refused, no such host, or TLS failed",
    "headers_too_large": "status 431: the request head is over `max_header_bytes`",
    "invalid_task_label": "a header that describes the task has a value that it cannot have",
    "malformed_http": "the request, or the provider's answer, is not HTTP",
    "invalid_config": "control API: the configuration cannot be used, and the running one stays",
}
"""What the codes mean that stand at a raised error rather than at its class."""


def error_table() -> str:
    """The tree's leaves."""
    heads = ("error", "status", "code", "fault of", "retry helps", "another target asked", "when")
    rows = []
    for kind in _leaves():
        words = first_sentence(kind.__doc__)
        marks = (
            kind.status,
            code(kind.code or kind.kind),
            kind.fault,
            yes(kind.retryable),
            yes(kind.try_next),
        )
        rows.append((f"`{kind.__name__}`", *marks, words))
    return table(heads, rows)


def code_table() -> str:
    """The codes that are given where an error is raised. Raises ValueError for one without a meaning."""
    raised: dict[str, set[str]] = {}
    names = {kind.__name__ for kind in (*_leaves(), errors.ClientFault)}
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                for word in node.keywords:
                    if word.arg == "code" and isinstance(word.value, ast.Constant):
                        raised.setdefault(str(word.value.value), set()).add(node.func.id)
    if unknown := sorted(raised.keys() - CODES.keys()):
        raise ValueError(f"say in CODES of scripts/reference_gateway.py what {', '.join(unknown)} means")
    rows = [(f"`{name}`", code(*sorted(raised[name])), CODES[name]) for name in sorted(raised)]
    return table(("code", "error", "when"), rows)


def rendered_table() -> str:
    """Each error's status and words, by the shape of the answer."""
    rows = []
    for kind in _leaves():
        cells = []
        for name in ("openai_chat", "anthropic", "ollama_chat"):
            status, body = CODECS[name].render_error(kind("the message"), "req_1")
            words = re.findall(rb'"(?:type|code)":"(\w+)"', body)
            cells.append(f"{status} " + code(*[w.decode() for w in words if w != b"error"]))
        rows.append((f"`{kind.__name__}`", *cells))
    return table(("error", "OpenAI: `type`, `code`", "Anthropic: `error.type`", "Ollama"), rows)


def shapes() -> str:
    """One error in each shape."""
    error = errors.ContextTooLong("the request needs 9000 tokens", param="messages")
    parts = []
    for name, whose in (("openai_chat", "OpenAI"), ("anthropic", "Anthropic"), ("ollama_chat", "Ollama")):
        _, body = CODECS[name].render_error(error, "req_06gzt5nhcppca2vb53p2ws")
        parts.append(f"{whose}:\n\n```json\n{body.decode()}\n```")
    return "\n\n".join(parts)


def _leaves() -> list[type[errors.PointsmanError]]:
    found = []
    for branch in (errors.ClientFault, errors.UpstreamFault, errors.GatewayFault):
        found += [kind for kind in branch.__subclasses__() if kind.__module__ == errors.__name__]
    return found


def gate_table() -> str:
    """The gates in order."""
    rows = [
        (n, f"`{gate.name}`", first_sentence(type(gate).__doc__), yes(gate.yields), yes(gate.per_request))
        for n, gate in enumerate(gates.GATES, 1)
    ]
    return table(("", "gate", "rule", "yields", "asked for every request"), rows)


def scorer_table() -> str:
    """The scorers by the objective that names them."""
    rows = [(f"`{name}`", first_sentence(type(one).__doc__)) for name, one in scorers.SCORERS.items()]
    return table(("objective", "score"), rows)


def reason_table() -> str:
    """The codes of a decision."""
    return table(
        ("reason code", "meaning"), [(f"`{name}`", told) for name, told in reasons.REASON_CODES.items()]
    )


def profile_table() -> str:
    """The built-in profiles."""
    rows = [
        (
            f"`{one.id}`",
            one.gate,
            code(*one.fallback) or "nobody",
            f"{one.latency_slo_ms} ms, p{one.latency_slo_percentile}, {one.latency_slo_of}"
            if one.latency_slo_ms
            else "",
            f"`{one.success_signal}`",
        )
        for one in (DEFAULT, *BUILT_IN.values())
    ]
    return table(("profile", "gate", "fallback", "latency target", "success signal"), rows)


def weight_table() -> str:
    """The adaptive scorer's numbers."""
    rows = [(f"`{f.name}`", f.default) for f in fields(AdaptiveConfig)]
    return table(("key under `[adaptive]`", "default"), rows)


def forwarding_table() -> str:
    """Which headers travel when client and provider speak the same dialect."""

    def names(patterns: tuple[bytes, ...]) -> str:
        return code(*sorted([pattern.decode() for pattern in patterns])) or "none"

    rows = [(f"`{n}`", names(c.forward_headers), names(c.return_headers)) for n, c in CODECS.items()]
    return table(("dialect", "client to provider", "provider to client"), rows)


def agent_table() -> str:
    """User agents and the agents they name."""
    rows = [(f"`{agent}`", f"`{word}`", "product") for word, agent in PRODUCT_AGENTS.items()]
    rows += [(f"`{agent}`", f"`{word}`", "library") for word, agent in LIBRARY_AGENTS.items()]
    return table(("agent", "User-Agent begins with", "kind"), sorted(rows))


def route_table() -> str:
    """Every path."""
    rows = [
        (r.method, f"`{r.path}`", r.kind, f"`{r.codec}`", yes(r.open))
        for r in sorted(ROUTES, key=lambda r: (r.codec, r.path, r.method))
    ]
    return table(("method", "path", "kind", "dialect", "open"), rows)


def provider_table() -> str:
    """The providers that are known by name."""
    rows = [
        (f"`{p.name}`", code(p.key_env) if p.key_env else "", code(p.base_url_env) if p.base_url_env else "",
         code(*p.dialects))
        for p in PROVIDERS.values()
    ]  # fmt: skip
    return table(("provider", "key", "address", "dialects; others are translated to the first"), rows)


def column_table() -> str:
    """The request log's columns. Raises ValueError for a column without a meaning."""
    sql = _migrations()
    made = sql.partition("CREATE TABLE gateway_request_log (")[2].partition(");")[0]
    changes = re.findall(r"^ALTER TABLE gateway_request_log\s+([^;]+);", sql, re.MULTILINE)
    added = [word for change in changes for word in re.findall(r"ADD COLUMN (?:IF NOT EXISTS )?(.+)", change)]
    lines = [line.strip().rstrip(",") for line in (*made.splitlines(), *added)]
    columns = [re.fullmatch(r"([a-z_]+) ([a-z0-9\[\] ]+?)( NOT NULL.*)?", line) for line in lines]
    told = {found[1]: found for found in columns if found}
    if unknown := [name for name in (*COLUMNS, *told) if name not in COLUMN_MEANINGS]:
        raise ValueError(f"say in COLUMN_MEANINGS what {', '.join(unknown)} holds")
    order = [*COLUMNS, *[name for name in told if name not in COLUMNS]]
    rows = [(f"`{n}`", told[n][2], yes(not told[n][3]), COLUMN_MEANINGS[n]) for n in order]
    return table(("column", "type", "may be null", "meaning"), rows)


def other_tables() -> str:
    """The other tables, with the comments over them in the migrations."""
    found = re.findall(r"((?:^-- .*\n)+)CREATE TABLE (\w+)", _migrations(), re.MULTILINE)
    told = {name: " ".join([line[3:] for line in words.splitlines()]) for words, name in found}
    rows = [(f"`{name}`", words) for name, words in sorted(told.items()) if name != "gateway_request_log"]
    return table(("table", "what it holds"), rows)


def _migrations() -> str:
    files = sorted((SOURCE / "store" / "migrations").glob("*_pre_*.sql"))
    return "\n".join([file.read_text(encoding="utf-8") for file in files])


COLUMN_MEANINGS = {
    "request_id": "Id of the request: `req_` and 22 characters that sort by time. All attempts share it.",
    "attempt": "Counts from 0. More than one row: another target was asked, or the same one again.",
    "started_at": "When the attempt began, in UTC. The table is partitioned by its day.",
    "agent_id": "Who called.",
    "agent_source": "What told so: `key`, `header`, `body`, `path`, `session`, `user_agent`, `prompt`, `ip`; "
    "`none` when the request was refused before that.",
    "key_id": "Id of the API key, if one of ours was sent.",
    "kind": "`request`, `retry`, `side_title`, `side_commit`, `side_compaction`, `side_classifier`, or "
    "`shadow` (made by the gateway itself, to compare models). Only `request` is new work.",
    "dialect": "The client's wire form.",
    "requested_model": "The name that the client asked for.",
    "model": "The model asked. Empty: none was reached.",
    "provider": "The provider asked. Empty: none was reached.",
    "tier": "The model's tier.",
    "streamed": "Whether the client wanted a stream.",
    "status": "The provider's HTTP status, or that of the error.",
    "finish_state": "`completed`; `truncated` (the stream ended without its last event); `client_gone`; "
    "`failed`; `refused` (no provider was asked).",
    "finish_reason": "Why the model stopped: `stop`, `length`, `tool_calls` and so on.",
    "error_code": "The error's code; see [errors](errors.md).",
    "latency_ms": "Milliseconds from the attempt's begin to its end.",
    "time_to_first_token_ms": "Milliseconds to the first content. Null: none came, or not streamed.",
    "tokens_in": "Tokens of the prompt, cached ones included.",
    "tokens_out": "Tokens of the answer, reasoning included.",
    "tokens_cached": "Prompt tokens that the provider read from its cache.",
    "tokens_cache_write": "Prompt tokens that the provider wrote into its cache.",
    "tokens_reasoning": "Tokens of hidden reasoning within `tokens_out`.",
    "usage_estimated": "Whether the gateway counted the tokens because the provider did not say.",
    "cost_usd_micros": "Cost in millionths of a US dollar.",
    "price_source": "Where the price came from.",
    "price_version": "Which edition of that source.",
    "confidence": "How likely the chosen target was held to do the work, 0 to 1.",
    "fallback_used": "Whether this is another target than the one chosen first.",
    "decision_id": "Id of the decision; the request's id.",
    "policy_version": "Number of the policy decided by; 0: not yet stored at that time.",
    "reason_code": "Why this target; see [routing](routing.md). For a refusal the error's code.",
    "task_type": "What the request is about, `PRIORITY_DOMAIN_COMPLEXITY`; of a side request its kind. "
    "Empty: it was refused unread.",
    "session_key": "The conversation: the client's own id, or `conv-` and a hash.",
    "tool_call_ids": "Ids of the tool calls in the answer.",
    "losses": "What could not be carried to the provider or back; see [dialects](dialects.md).",
    "outcome": "What became of the work: `success`, `fallback`, `timeout`, `error` or `user_rejected`. Null: "
    "nobody has said.",
    "outcome_source": "`told` when somebody said so.",
    "outcome_at": "When it was said, in UTC.",
    "completion_quality": "How good the work was said to be, 0 to 10.",
    "features": "What the decision was made from, as JSON. On attempt 0 only.",
}

ERRORS: Blocks = {
    "errors": error_table,
    "codes": code_table,
    "rendered": rendered_table,
    "shapes": shapes,
}
ROUTING: Blocks = {
    "gates": gate_table,
    "scorers": scorer_table,
    "reasons": reason_table,
    "profiles": profile_table,
    "weights": weight_table,
}
HEADERS: Blocks = {"forwarding": forwarding_table, "agents": agent_table}
LOG: Blocks = {"columns": column_table, "tables": other_tables}
ENDPOINTS: Blocks = {"routes": route_table, "providers": provider_table}
