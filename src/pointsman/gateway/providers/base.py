"""What a provider is: facts, no code. One small file each; `providers/__init__.py` is the table."""

from msgspec import Struct, field


class Provider(Struct, frozen=True, kw_only=True):
    """Who serves.

    `dialects` maps each wire form the provider speaks to its path below `base_url`; the first is the one
    that others are translated to. `auth_header`/`auth_prefix` say how the key is presented (`x-api-key`
    with no prefix, or `authorization` with `Bearer `). `key_env` names the environment variable with
    the secret (None: no key needed). `headers` are sent unless the client's own of that name are
    forwarded. `models_path` lists what is served; `price_provider` is the catalogue's name for it.
    `base_url_suffix` is appended to a base URL from `base_url_env` that has no path of its own.
    """

    name: str
    base_url: str
    dialects: dict[str, str]
    key_env: str | None = None
    base_url_env: str | None = None
    base_url_suffix: str = ""
    auth_header: str = "authorization"
    auth_prefix: str = "Bearer "
    headers: dict[str, str] = field(default_factory=dict)
    models_path: str = "/models"
    models_dialect: str = "openai"
    price_provider: str | None = None
    default_models: tuple[str, ...] = ()
    local: bool = False


class Timeouts(Struct, frozen=True, kw_only=True):
    """Seconds to wait: for a connection, for the response's first byte, between two chunks of a body,
    and in all."""

    connect_s: float = 5.0
    first_byte_s: float = 120.0
    idle_s: float = 120.0
    total_s: float = 1800.0


class Endpoint(Struct, frozen=True, kw_only=True):
    """A provider ready to be called: its facts, where it is, and the secret, which never leaves here
    except towards this provider.

    `retries` is how often one target is asked again before the next one, `verify_tls` False is for
    private certificates only.
    """

    provider: Provider
    base_url: str
    key: str | None = None
    timeouts: Timeouts = Timeouts()
    max_connections: int = 512
    retries: int = 1
    verify_tls: bool = True

    def __repr__(self) -> str:
        return f"Endpoint({self.provider.name} at {self.base_url})"
