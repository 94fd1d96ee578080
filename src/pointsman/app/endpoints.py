"""Which providers are there: those with a key in the environment, those in the file, and Ollama."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from pointsman.app.config.schema import Config, ProviderConfig
from pointsman.core.addresses import is_loopback
from pointsman.gateway.providers import PROVIDERS
from pointsman.gateway.providers.address import base_url_of, checked
from pointsman.gateway.providers.base import Endpoint, Provider, Timeouts
from pointsman.gateway.providers.custom import custom
from pointsman.gateway.providers.local import LOCAL
from pointsman.gateway.providers.ollama import OLLAMA

_ANY_ADDRESS = frozenset({"0.0.0.0", "::"})


class Place(Struct, frozen=True, kw_only=True):
    """A provider that may be asked. `models` are what the file says it serves (empty: it is to be asked).
    `wanted` is False for one that was only guessed to be there."""

    endpoint: Endpoint
    models: tuple[str, ...] = ()
    wanted: bool = True


def places_of(
    config: Config, environ: Mapping[str, str], bridged: Mapping[str, Endpoint] | None = None
) -> tuple[list[Place], list[str]]:
    """The providers to use, known ones first in their order of preference, and warnings about those that
    the operator seems to want but that cannot be used. `bridged` are the endpoints of the bridge."""
    places: list[Place] = []
    warnings: list[str] = []
    known = [provider for provider in PROVIDERS.values() if provider is not LOCAL]
    for provider in known:
        own = config.providers.get(provider.name)
        _add(places, warnings, provider, own, config, environ)
    for name, own in config.providers.items():
        if name not in PROVIDERS and own.base_url is not None:
            local = is_loopback(urlsplit(own.base_url).hostname)
            provider = custom(name, checked(own.base_url), own.dialects, key_env=own.key_env, local=local)
            _add(places, warnings, provider, own, config, environ)
    for name, endpoint in (bridged or {}).items():
        own = config.providers.get(name)
        places.append(Place(endpoint=endpoint, models=own.models if own is not None else ()))
    return places, warnings


def _add(
    places: list[Place],
    warnings: list[str],
    provider: Provider,
    own: ProviderConfig | None,
    config: Config,
    environ: Mapping[str, str],
) -> None:
    """Adds the provider's place, or a warning, or neither when nothing speaks for it."""
    if own is not None and (not own.enabled or own.bridge is not None):
        return
    try:
        place = _place(provider, own, config, environ)
    except ValueError as error:
        warnings.append(f"{provider.name} is not used: {error}")
        return
    if place is not None:
        places.append(place)


def _place(
    provider: Provider, own: ProviderConfig | None, config: Config, environ: Mapping[str, str]
) -> Place | None:
    key = _key(provider, own, environ)
    if key is None and own is None and provider.key_env is not None:
        return None
    base_url = _base_url(provider, own, config, environ)
    guessed = own is None and provider is OLLAMA and base_url == OLLAMA.base_url
    if guessed and _is_ourselves(base_url, config):
        return None
    facts = _adapted(provider, own)
    settings = own or ProviderConfig()
    endpoint = Endpoint(
        provider=facts,
        base_url=base_url,
        key=key,
        timeouts=Timeouts(
            connect_s=settings.connect_timeout_s,
            first_byte_s=settings.first_byte_timeout_s,
            idle_s=settings.idle_timeout_s,
            total_s=settings.total_timeout_s,
        ),
        max_connections=settings.max_connections,
        retries=settings.retries,
        verify_tls=settings.verify_tls,
    )
    return Place(endpoint=endpoint, models=settings.models, wanted=not guessed)


def _adapted(provider: Provider, own: ProviderConfig | None) -> Provider:
    """The provider's facts as the file changes them."""
    if own is None:
        return provider
    forms: Iterable[str] = own.dialects or provider.dialects
    local = provider.local if own.local is None else own.local
    return replace(provider, dialects={form: provider.dialects[form] for form in forms}, local=local)


def _key(provider: Provider, own: ProviderConfig | None, environ: Mapping[str, str]) -> str | None:
    """The secret, or None. A provider of the file needs the key that it names, and a known provider its
    usual one unless it is reached at another address. Raises ValueError."""
    named = own.key_env if own is not None else None
    variable = named or provider.key_env
    if variable is None:
        return None
    key = environ.get(variable, "").strip()
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise ValueError(f"the key in {variable} has characters that no key has")
    if not key and own is not None and (named is not None or own.base_url is None):
        raise ValueError(f"the environment variable {variable} is not set")
    return key or None


def _base_url(
    provider: Provider, own: ProviderConfig | None, config: Config, environ: Mapping[str, str]
) -> str:
    """Where the provider is: as the file says, else the environment, else as usual. The environment may
    hold the address of this very gateway, meant for clients: then it is passed over. Raises ValueError."""
    if own is not None and own.base_url is not None:
        url = base_url_of(provider, own.base_url)
        if _is_ourselves(url, config):
            raise ValueError(f"its base_url {url} is that of this gateway")
        return url
    variable = provider.base_url_env
    written = environ.get(variable, "").strip() if variable is not None else ""
    if not written:
        return provider.base_url
    try:
        url = base_url_of(provider, written)
    except ValueError as error:
        raise ValueError(f"{variable} {error}") from None
    return provider.base_url if _is_ourselves(url, config) else url


def _is_ourselves(url: str, config: Config) -> bool:
    """Whether a request to `url` would come back to this gateway."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    near = is_loopback(host) or host in _ANY_ADDRESS or host == config.server.host
    return near and port == config.server.port
