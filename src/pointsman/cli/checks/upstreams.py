"""Checks of the providers: whether their keys are there, and whether they answer to them."""

import http.client
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from pointsman.app.endpoints import Place, places_of
from pointsman.app.weights import is_installed
from pointsman.cli.checks.finding import Finding, Situation
from pointsman.gateway.providers import PROVIDERS
from pointsman.gateway.providers.base import Endpoint

PATIENCE_S = 5.0
BRIDGE_PACKAGE = "any_llm"


def providers(situation: Situation) -> Iterator[Finding]:
    """Each provider there may be; then those that only lack a key."""
    places, warnings = places_of(situation.config, situation.environ)
    for text in warnings:
        remedy = "Set that variable, or mend the provider's table in the configuration."
        yield Finding(check="providers", verdict="warn", found=text, remedy=remedy)
    with ThreadPoolExecutor(max_workers=8) as threads:
        findings = list(threads.map(_asked, places))
    yield from findings
    yield from _bridged(situation)
    yield from _keyless(situation, {place.endpoint.provider.name for place in places})
    if not any(finding.verdict == "ok" and not finding.remedy for finding in findings):
        remedy = "Set a provider's key such as OPENAI_API_KEY, or start Ollama; else only local models serve."
        yield Finding(check="providers", verdict="warn", found="no provider is ready", remedy=remedy)


def _asked(place: Place) -> Finding:
    """Asks a provider for its list of models."""
    endpoint = place.endpoint
    check = f"provider {endpoint.provider.name}"
    try:
        status = _status(endpoint)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if not place.wanted:
            return Finding(check=check, verdict="ok", found="not running", remedy="Start it to use it.")
        found = f"{endpoint.base_url} cannot be reached: {error or type(error).__name__}"
        remedy = "Check the network, the proxy and the provider's `base_url`."
        return Finding(check=check, verdict="warn", found=found, remedy=remedy)
    return _answered(check, endpoint, status)


def _status(endpoint: Endpoint) -> int:
    provider = endpoint.provider
    headers = {**provider.headers, "accept": "application/json"}
    if endpoint.key:
        headers[provider.auth_header] = provider.auth_prefix + endpoint.key
    parts = urlsplit(endpoint.base_url + provider.models_path)
    connection = _connection(endpoint)
    try:
        connection.request("GET", f"{parts.path}{'?' + parts.query if parts.query else ''}", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _connection(endpoint: Endpoint) -> http.client.HTTPConnection:
    parts = urlsplit(endpoint.base_url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=PATIENCE_S)
    context = ssl.create_default_context()
    if not endpoint.verify_tls:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, parts.port, timeout=PATIENCE_S, context=context)


def _answered(check: str, endpoint: Endpoint, status: int) -> Finding:
    host = urlsplit(endpoint.base_url).netloc
    if status < 300:
        return Finding(check=check, verdict="ok", found=f"{host} answers")
    if status in (401, 403):
        remedy = "Put a valid key into the environment variable named by its `key_env`"
        remedy += f" ({endpoint.provider.key_env})." if endpoint.provider.key_env else "."
        return Finding(check=check, verdict="warn", found=f"{host} refuses the key ({status})", remedy=remedy)
    remedy = "Check its `base_url`, or wait if it is down."
    return Finding(check=check, verdict="warn", found=f"{host} answers {status}", remedy=remedy)


def _bridged(situation: Situation) -> Iterator[Finding]:
    """Providers that are reached through the bridge, which runs with the gateway."""
    config = situation.config.providers
    for name in [name for name, one in config.items() if one.enabled and one.bridge is not None]:
        check = f"provider {name}"
        if is_installed(BRIDGE_PACKAGE):
            yield Finding(
                check=check, verdict="ok", found="through the bridge, which starts with the gateway"
            )
        else:
            remedy = "pip install 'pointsman[bridge]'"
            yield Finding(check=check, verdict="warn", found="the bridge is not installed", remedy=remedy)


def _keyless(situation: Situation, there: set[str]) -> Iterator[Finding]:
    """Known providers that nobody asked for and that have no key: nothing is wrong with that."""
    config = situation.config.providers
    lacking = [
        f"{name} ({provider.key_env})"
        for name, provider in PROVIDERS.items()
        if provider.key_env and name not in there and name not in config
    ]
    if lacking:
        found = f"no key for {', '.join(lacking)}"
        yield Finding(check="other providers", verdict="ok", found=found, remedy="Set a key to use one.")
