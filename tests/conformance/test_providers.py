"""Every provider in the table keeps the rules of the seam."""

import re
from urllib.parse import urlsplit

import pytest

from pointsman.app.config.schema import Dialect
from pointsman.app.model_facts import facts_of
from pointsman.gateway.dialects.registry import CODECS
from pointsman.gateway.providers import PROVIDERS
from pointsman.gateway.providers.address import base_url_of
from pointsman.gateway.providers.base import Provider
from pointsman.gateway.providers.custom import PATHS, custom

each = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=list(PROVIDERS))


@each
def test_it_is_listed_under_its_own_name(provider: Provider) -> None:
    assert PROVIDERS[provider.name] is provider
    assert re.fullmatch(r"[a-z][a-z0-9-]*", provider.name)


@each
def test_a_key_travels_only_over_tls(provider: Provider) -> None:
    scheme = urlsplit(provider.base_url).scheme
    assert (scheme, provider.key_env is None) == (("http", True) if provider.local else ("https", False))


@each
def test_it_speaks_known_wire_forms_at_paths(provider: Provider) -> None:
    assert provider.dialects
    assert provider.dialects.keys() <= PATHS.keys()
    assert all(path.startswith("/") and not path.endswith("/") for path in provider.dialects.values())


@each
def test_its_first_wire_form_can_carry_a_chat(provider: Provider) -> None:
    assert next(iter(provider.dialects)) in {"openai_chat", "anthropic", "ollama_chat"}


@each
def test_paths_join_to_a_url_without_doubled_parts(provider: Provider) -> None:
    for path in provider.dialects.values():
        url = provider.base_url + path
        assert "//" not in url.partition("://")[2]
        assert "/v1/v1/" not in url


@each
def test_its_usual_models_are_known_and_priced(provider: Provider) -> None:
    assert bool(provider.default_models) != provider.local
    assert all(facts_of(name, provider.name).known for name in provider.default_models)


@each
def test_its_base_url_from_the_environment_is_itself(provider: Provider) -> None:
    if provider.name != "local":
        assert base_url_of(provider, provider.base_url + "/") == provider.base_url


def test_every_codec_has_a_path_for_custom_providers() -> None:
    assert PATHS.keys() >= CODECS.keys()


def test_the_configuration_knows_every_wire_form() -> None:
    assert set(Dialect.__args__) == set(PATHS)  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", list(PATHS))
def test_a_custom_provider_speaks_what_it_is_said_to(form: str) -> None:
    assert custom("mine", "http://box", [form]).dialects == {form: PATHS[form]}
