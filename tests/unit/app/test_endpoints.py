"""Which providers are used, where they are, and with which key."""

import pytest

from pointsman.app.config import parse_config
from pointsman.app.endpoints import Place, places_of
from pointsman.gateway.providers.base import Endpoint, Provider


def places(text: str = "", **environ: str) -> dict[str, Place]:
    """The places by provider name; there must be no warnings."""
    found, warnings = places_of(parse_config(text), environ)
    assert warnings == []
    return {place.endpoint.provider.name: place for place in found}


def warnings(text: str = "", **environ: str) -> list[str]:
    """What is warned of."""
    return places_of(parse_config(text), environ)[1]


def test_only_a_guessed_ollama_is_there_without_keys() -> None:
    (place,) = places().values()
    assert (place.endpoint.base_url, place.wanted) == ("http://127.0.0.1:11434", False)


def test_each_key_brings_its_provider() -> None:
    assert {"groq", "mistral"} <= places(GROQ_API_KEY="a", MISTRAL_API_KEY="b").keys()


def test_a_disabled_provider_is_left_alone() -> None:
    assert "groq" not in places("[providers.groq]\nenabled = false", GROQ_API_KEY="a")


def test_a_key_goes_only_to_its_own_provider() -> None:
    found = places(GROQ_API_KEY="a", MISTRAL_API_KEY="b")
    assert (found["groq"].endpoint.key, found["mistral"].endpoint.key) == ("a", "b")
    assert found["ollama"].endpoint.key is None


def test_the_file_changes_limits_and_forms() -> None:
    text = "[providers.openai]\nretries = 3\ntotal_timeout_s = 9\ndialects = ['openai_responses']"
    endpoint = places(text, OPENAI_API_KEY="a")["openai"].endpoint
    assert (endpoint.retries, endpoint.timeouts.total_s) == (3, 9)
    assert endpoint.provider.dialects == {"openai_responses": "/responses"}


def test_the_file_wins_over_the_environment() -> None:
    text = "[providers.openai]\nbase_url = 'https://a/v1'\nkey_env = 'MINE'"
    found = places(text, OPENAI_API_KEY="a", OPENAI_BASE_URL="https://b/v1", MINE="m")
    assert (found["openai"].endpoint.base_url, found["openai"].endpoint.key) == ("https://a/v1", "m")


def test_a_known_provider_at_another_address_needs_no_key() -> None:
    text = "[providers.openai]\nbase_url = 'http://10.0.0.1/v1'"
    assert places(text)["openai"].endpoint.key is None


@pytest.mark.parametrize(
    ("base_url", "extra", "local"),
    [
        ("http://localhost:8000/v1", "", True),
        ("https://models.example/v1", "", False),
        ("https://models.example/v1", "local = true", True),
        ("http://localhost:8000/v1", "local = false", False),
    ],
)
def test_servers_on_this_machine_are_local_unless_said_otherwise(
    base_url: str, extra: str, local: bool
) -> None:
    found = places(f"[providers.box]\nbase_url = '{base_url}'\n{extra}")
    assert found["box"].endpoint.provider.local is local


@pytest.mark.parametrize(
    ("text", "environ", "warning"),
    [
        ("[providers.groq]", {}, "groq is not used: the environment variable GROQ_API_KEY is not set"),
        ("", {"GROQ_API_KEY": "a\r\nx: y"}, "groq is not used: the key in GROQ_API_KEY has characters"),
        ("", {"GROQ_API_KEY": "a", "GROQ_BASE_URL": "box"}, "groq is not used: GROQ_BASE_URL must be a URL"),
        ("", {"OLLAMA_HOST": "a:b:c"}, "ollama is not used: OLLAMA_HOST"),
        (
            "[providers.x]\nbase_url = 'http://h'\nkey_env = 'K'",
            {},
            "x is not used: the environment variable K",
        ),
        ("[providers.x]\nbase_url = 'http://[::1]:8484/v1'", {}, "that of this gateway"),
    ],
)
def test_what_cannot_be_used_is_said(text: str, environ: dict[str, str], warning: str) -> None:
    (found,) = warnings(text, **environ)
    assert warning in found


def test_a_warning_never_shows_a_key() -> None:
    (found,) = warnings("", GROQ_API_KEY="gsk secret")
    assert "secret" not in found


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8484", "http://localhost:8484/v1", "http://0.0.0.0:8484/a/x"]
)
def test_a_clients_variable_for_this_gateway_is_passed_over(url: str) -> None:
    found = places(ANTHROPIC_API_KEY="a", ANTHROPIC_BASE_URL=url)
    assert found["anthropic"].endpoint.base_url == "https://api.anthropic.com/v1"


def test_ollama_is_not_sought_where_this_gateway_listens() -> None:
    assert places("[server]\nport = 11434") == {}


def test_bridged_providers_are_taken_from_the_bridge_with_the_files_models() -> None:
    config = parse_config("[providers.gemini]\nbridge = 'gemini'\nmodels = ['m']")
    provider = Provider(name="gemini", base_url="http://127.0.0.1:1/v1", dialects={"openai_chat": "/c"})
    endpoint = Endpoint(provider=provider, base_url=provider.base_url)
    found, warned = places_of(config, {"GEMINI_API_KEY": "k"}, {"gemini": endpoint})
    assert [(place.endpoint, place.models) for place in found[1:]] == [(endpoint, ("m",))]
    assert (found[0].endpoint.provider.name, warned) == ("ollama", [])
