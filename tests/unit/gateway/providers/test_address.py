"""Base URLs are made of what people write."""

import pytest

from pointsman.gateway.providers import PROVIDERS
from pointsman.gateway.providers.address import base_url_of, checked, ollama_url


@pytest.mark.parametrize(
    ("name", "written", "url"),
    [
        ("anthropic", "https://api.anthropic.com", "https://api.anthropic.com/v1"),
        ("anthropic", "https://api.anthropic.com/v1/", "https://api.anthropic.com/v1"),
        ("anthropic", "http://10.0.0.1:80/a/x/v1", "http://10.0.0.1:80/a/x/v1"),
        ("groq", "https://api.groq.com", "https://api.groq.com/openai/v1"),
        ("openai", " https://eu.api.openai.com/v1 ", "https://eu.api.openai.com/v1"),
        ("deepseek", "https://api.deepseek.com", "https://api.deepseek.com"),
    ],
)
def test_a_vendors_variable_means_what_its_sdk_makes_of_it(name: str, written: str, url: str) -> None:
    assert base_url_of(PROVIDERS[name], written) == url


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("box", "http://box:11434"),
        ("box:1", "http://box:1"),
        (":1", "http://127.0.0.1:1"),
        ("0.0.0.0:1", "http://127.0.0.1:1"),
        ("[::]:1", "http://[::1]:1"),
        ("http://box", "http://box:80"),
        ("https://box/ollama/", "https://box:443/ollama"),
        ('"box"', "http://box:11434"),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(written: str, url: str) -> None:
    assert ollama_url(written) == url


@pytest.mark.parametrize("written", ["ftp://box", "box:99999", "box:x", "[::1"])
def test_what_ollama_host_cannot_mean_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        ollama_url(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "box",
        "ftp://box",
        "https://",
        "https://user:pass@box",
        "https://box?x=1",
        "https://box#x",
        "https://box/a b",
        "https://box/\r\nx: y",
        "https://böx",
        "https://box:99999",
        "https://box:0",
    ],
)
def test_what_is_no_plain_url_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        checked(written)
