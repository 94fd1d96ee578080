"""The operator's configuration: one file, every key typed and checked, all problems said at once."""

from pointsman.app.config.load import (
    EXAMPLE,
    ConfigInvalid,
    find_config,
    load_config,
    parse_config,
)
from pointsman.app.config.schema import (
    AgentConfig,
    AliasConfig,
    Config,
    ModelConfig,
    PriceConfig,
    ProviderConfig,
)

__all__ = [
    "EXAMPLE",
    "AgentConfig",
    "AliasConfig",
    "Config",
    "ConfigInvalid",
    "ModelConfig",
    "PriceConfig",
    "ProviderConfig",
    "find_config",
    "load_config",
    "parse_config",
]
