"""Makes base URLs of what people write in environment variables and files."""

from typing import Final
from urllib.parse import urlsplit

from pointsman.gateway.providers.base import Provider

_OLLAMA_PORT: Final = 11434
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


def base_url_of(provider: Provider, written: str) -> str:
    """The base URL meant by `written` for `provider`. A URL without a path gets the provider's
    `base_url_suffix`, since vendors' own SDKs add that part themselves. Raises ValueError with what is
    wrong with it.

    >>> from pointsman.gateway.providers.anthropic import ANTHROPIC
    >>> base_url_of(ANTHROPIC, "https://proxy.example/"), base_url_of(ANTHROPIC, "https://proxy.example/v1")
    ('https://proxy.example/v1', 'https://proxy.example/v1')
    """
    if provider.models_dialect == "ollama":
        return ollama_url(written)
    url = checked(written)
    suffix = provider.base_url_suffix
    return url + suffix if suffix and not urlsplit(url).path else url


def checked(written: str) -> str:
    """`written` without surrounding blanks and trailing slashes, if it is an http(s) URL with a host and
    without credentials, query or fragment; else ValueError."""
    url = written.strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a URL such as https://host/v1")
    if "@" in parts.netloc:
        raise ValueError("must not contain credentials; name a variable with the key in `key_env`")
    if parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("must be a plain URL without query, fragment, blanks or special characters")
    if parts.port == 0:  # reading it refuses what is no port number
        raise ValueError("must name a port above 0")
    return url


def ollama_url(written: str) -> str:
    """The base URL that OLLAMA_HOST means: `host`, `host:port`, `:port` or a URL. Without a scheme it is
    http on port 11434; with one the scheme's own port. An address that only servers listen on
    (`0.0.0.0`) stands for this machine. Raises ValueError.

    >>> [ollama_url(host) for host in ("box:8000", "0.0.0.0", ":9", "https://box/", "[::1]:5")]
    ['http://box:8000', 'http://127.0.0.1:11434', 'http://127.0.0.1:9', 'https://box:443', 'http://[::1]:5']
    """
    text = written.strip().strip("\"'")
    scheme, has_scheme, rest = text.rpartition("://")
    if has_scheme and scheme not in ("http", "https"):
        raise ValueError("must be a host, host:port or an http(s) URL")
    parts = urlsplit(f"//{rest}")
    usual = {"http": 80, "https": 443}.get(scheme, _OLLAMA_PORT)
    host = _ANYWHERE.get(parts.hostname or "", parts.hostname or "")
    shown = f"[{host}]" if ":" in host else host
    port = usual if parts.port is None else parts.port
    return checked(f"{scheme or 'http'}://{shown}:{port}{parts.path}")
