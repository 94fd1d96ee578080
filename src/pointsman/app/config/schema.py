"""The keys of `pointsman.toml`: names, types, limits, defaults. A key's description is shown with any
complaint about its value."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from pointsman.core.snapshot import AdaptiveConfig, Objective, Tier

DEFAULT_PORT: Final = 8484

Port = Annotated[int, Meta(ge=0, le=65535, description="a TCP port from 0 to 65535; 0 takes a free one")]
Bytes = Annotated[int, Meta(ge=1024, le=1 << 32, description="a number of bytes, 1024 or more")]
Seconds = Annotated[float, Meta(gt=0, le=86400, description="a number of seconds above 0, at most 86400")]
Interval = Annotated[
    float, Meta(ge=1, le=604_800, description="a number of seconds, 1 or more, at most a week")
]
Usd = Annotated[float, Meta(ge=0, le=1e6, description="US dollars, 0 or more")]
Tokens = Annotated[int, Meta(ge=0, le=1 << 31, description="a number of tokens, 0 or more")]
Points = Annotated[float, Meta(ge=0, le=100, description="a number from 0 to 100")]
Share = Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")]
Weight = Annotated[float, Meta(ge=0, le=100, description="a weight from 0 to 100")]
Milliseconds = Annotated[int, Meta(ge=1, le=3_600_000, description="a number of milliseconds, 1 or more")]
Days = Annotated[int, Meta(ge=1, le=3650, description="a number of days from 1 to 3650")]
Name = Annotated[str, Meta(min_length=1, max_length=200, description="a name of 1 to 200 characters")]
Variable = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="the NAME of an environment variable, not a secret itself",
    ),
]
Dialect = Literal[
    "openai_chat",
    "openai_responses",
    "openai_embeddings",
    "openai_completions",
    "anthropic",
    "ollama_chat",
    "ollama_generate",
    "ollama_embed",
    "ollama_embeddings",
]
Ability = Literal["tools", "images", "json_schema", "thinking", "documents", "audio", "logprobs"]
Kind = Literal["chat", "embedding"]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all tables of the file."""


class Server(Section, frozen=True, kw_only=True):
    """`[server]`: where the gateway listens and what clients may do."""

    host: Name = "127.0.0.1"
    port: Port = DEFAULT_PORT
    allow_beyond_loopback: bool = False
    require_keys: bool = False
    split_sdk_callers: bool = False
    max_body_bytes: Bytes = 64 * 1024 * 1024
    max_header_bytes: Bytes = 64 * 1024
    arrival_timeout_s: Seconds = 60.0
    idle_timeout_s: Seconds = 300.0
    drain_timeout_s: Seconds = 30.0


class Database(Section, frozen=True, kw_only=True):
    """`[database]`: without any of it Pointsman runs a PostgreSQL of its own."""

    url: str | None = None
    url_env: Variable = "DATABASE_URL"


class ProviderConfig(Section, frozen=True, kw_only=True):
    """`[providers.NAME]`: changes a known provider, or adds one (which needs a `base_url`, or the name that
    the bridge's library has for it in `bridge`)."""

    enabled: bool = True
    bridge: Name | None = None
    base_url: str | None = None
    key_env: Variable | None = None
    dialects: tuple[Dialect, ...] = ()
    models: tuple[Name, ...] = ()
    local: bool | None = None
    verify_tls: bool = True
    max_connections: Annotated[int, Meta(ge=1, le=65536, description="a number from 1 to 65536")] = 512
    retries: Annotated[int, Meta(ge=0, le=10, description="a number from 0 to 10")] = 1
    connect_timeout_s: Seconds = 5.0
    first_byte_timeout_s: Seconds = 120.0
    idle_timeout_s: Seconds = 120.0
    total_timeout_s: Seconds = 1800.0


class PriceConfig(Section, frozen=True, kw_only=True):
    """US dollars per million tokens."""

    input: Usd
    output: Usd = 0.0
    cached_input: Usd | None = None
    cache_write: Usd | None = None


class ModelConfig(Section, frozen=True, kw_only=True):
    """`[models."PATTERN"]`: what is known of the models of that name, better than the built-in table."""

    enabled: bool | UnsetType = UNSET
    tier: Tier | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    capability: dict[str, Points] = field(default_factory=dict)
    abilities: tuple[Ability, ...] | UnsetType = UNSET
    context_window_tokens: Tokens | UnsetType = UNSET
    max_output_tokens: Tokens | UnsetType = UNSET
    price_usd_per_million: PriceConfig | UnsetType = UNSET


class AliasConfig(Section, frozen=True, kw_only=True):
    """`[aliases.NAME]`: a name clients may ask for; without candidates it stands for every model."""

    candidates: tuple[Name, ...] = ()
    kind: Kind = "chat"
    objective: Objective | UnsetType = UNSET


class ShadowConfig(Section, frozen=True, kw_only=True):
    """What part of an agent's requests a cheaper model is given too, and who compares the answers."""

    share: Share = 0.05
    daily_budget_usd: Usd = 0.5
    judge: Name


class AgentConfig(Section, frozen=True, kw_only=True):
    """`[agents.NAME]`: changes a profile; `[agents.default]` is that of callers without one."""

    gate: Share | UnsetType = UNSET
    fallback: tuple[Name, ...] | UnsetType = UNSET
    objective: Objective | UnsetType = UNSET
    route_concrete: bool | UnsetType = UNSET
    tiers: tuple[Tier, ...] | UnsetType = UNSET
    allowed_models: tuple[Name, ...] | UnsetType = UNSET
    daily_budget_usd: Usd | UnsetType = UNSET
    latency_slo_ms: (
        Annotated[int, Meta(ge=1, le=3_600_000, description="a number of milliseconds, 1 or more")]
        | UnsetType
    ) = UNSET
    latency_slo_percentile: (
        Annotated[int, Meta(ge=1, le=99, description="a percentile from 1 to 99")] | UnsetType
    ) = UNSET
    latency_slo_of: Literal["answer", "chunk"] | UnsetType = UNSET
    success_signal: Literal["implicit", "explicit", "completion_time"] | UnsetType = UNSET
    log_requests: bool | UnsetType = UNSET
    anonymous: bool | UnsetType = UNSET
    feedback_weight: Weight | UnsetType = UNSET
    worth_usd: Usd | UnsetType = UNSET
    exploration: Share | UnsetType = UNSET
    silence_decay: Share | UnsetType = UNSET
    shadow: ShadowConfig | UnsetType = UNSET


class Local(Section, frozen=True, kw_only=True):
    """`[local]`: the models that Pointsman runs itself; no `models` means all that are installed."""

    enabled: bool = True
    models: tuple[Name, ...] = ()
    threads: Annotated[
        int, Meta(ge=0, le=1024, description="a number of threads; 0 leaves one core free")
    ] = 0


BUNDLED: Final = "bundled"
"""The embedder that comes with Pointsman."""


class Memory(Section, frozen=True, kw_only=True):
    """`[memory]`: what is remembered of tasks, and what embeds them."""

    agents_dir: str | None = None
    embedder: Name = BUNDLED


class Log(Section, frozen=True, kw_only=True):
    """`[log]`: the gateway's own log file, and how long rows of the request log are kept."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    retention_days: Days = 30


class Learning(Section, frozen=True, kw_only=True):
    """`[learning]`: how often what is learned, and how long it counts."""

    enabled: bool = True
    aggregate_every_s: Interval = 1800.0
    confidence_every_s: Interval = 3600.0
    rules_every_s: Interval = 21_600.0
    experiments_every_s: Interval = 43_200.0
    daily_every_s: Interval = 86_400.0
    least_outcomes: Annotated[int, Meta(ge=0, le=10**9, description="a number of outcomes")] = 40
    early_outcomes: Annotated[int, Meta(ge=0, le=10**9, description="a number of outcomes; 0: never")] = 100
    forget_per_day: Share = 0.02
    conversation_weight: Weight = 6.0


class Config(Section, frozen=True, kw_only=True):
    """The whole file, checked."""

    server: Server = Server()
    database: Database = Database()
    providers: dict[str, ProviderConfig] = field(default_factory=dict)
    models: dict[str, ModelConfig] = field(default_factory=dict)
    aliases: dict[str, AliasConfig] = field(default_factory=dict)
    agents: dict[str, AgentConfig] = field(default_factory=dict)
    adaptive: AdaptiveConfig = AdaptiveConfig()
    local: Local = Local()
    memory: Memory = Memory()
    learning: Learning = Learning()
    log: Log = Log()

    def database_url(self, environ: Mapping[str, str]) -> str | None:
        """The PostgreSQL to use: DATABASE_URL, the variable named in `database.url_env`, `database.url`;
        None for the embedded one."""
        for name in ("DATABASE_URL", self.database.url_env):
            if environ.get(name, "").strip():
                return environ[name].strip()
        return self.database.url
