"""Lists are read in all their providers' habits, and nothing odd in them is fatal."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.app.model_lists import Listed, read_list
from pointsman.core.features import Need


def one(entry: dict[str, Any], form: str = "openai") -> Listed:
    """The only model of a list."""
    (listed,) = read_list(json.dumps({"models" if form == "ollama" else "data": [entry]}).encode(), form)
    return listed


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"id": "models/gemini-2.5-pro"}, Listed(name="gemini-2.5-pro")),
        ({"id": "m", "created": 5}, Listed(name="m", created_s=5)),
        ({"id": "m", "created_at": "1970-01-01T00:01:00Z"}, Listed(name="m", created_s=60)),
        ({"id": "m", "max_model_len": 9}, Listed(name="m", context_window_tokens=9)),
        ({"id": "m", "context_window": 9}, Listed(name="m", context_window_tokens=9)),
        ({"id": "m", "max_completion_tokens": 3}, Listed(name="m", max_output_tokens=3)),
        ({"id": "m", "top_provider": {"max_completion_tokens": 3}}, Listed(name="m", max_output_tokens=3)),
        ({"id": "m", "capabilities": {"vision": False}}, Listed(name="m", cannot=Need.IMAGES)),
        ({"id": "m", "capabilities": {"function_calling": True}}, Listed(name="m", can=Need.TOOLS)),
        ({"id": "m", "created": "x", "created_at": 3, "context_length": -1}, Listed(name="m")),
        ({"id": "m", "top_provider": [], "capabilities": []}, Listed(name="m")),
    ],
)
def test_an_entry_is_read_in_its_providers_habit(entry: dict[str, Any], expected: Listed) -> None:
    assert one(entry) == expected


def test_ollama_tells_size_and_abilities() -> None:
    entry = {"model": "a:1b", "details": {"parameter_size": "999.5M"}, "capabilities": ["vision", "tools", 3]}
    assert one(entry, "ollama") == Listed(name="a:1b", parameters_b=0.9995, can=Need.TOOLS | Need.IMAGES)


@pytest.mark.parametrize("name", [None, 3, "", "a b", "a\r\nx: y", "ä", "x" * 201])
def test_a_name_that_could_do_harm_is_left_out(name: Any) -> None:
    assert read_list(json.dumps({"data": [{"id": name}, {"id": "good"}]}).encode(), "openai") == [
        Listed(name="good")
    ]


@pytest.mark.parametrize("body", [b"", b"{}", b"3", b'{"data": {}}', b"<html>"])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_list(body, "openai")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    ["id", "created", "created_at", "context_length", "top_provider", "capabilities", "details", "model"]
)


@given(st.lists(st.dictionaries(_KEYS, _JSON)), st.sampled_from(["openai", "ollama"]))
def test_no_entry_is_fatal(entries: list[dict[str, Any]], form: str) -> None:
    body = json.dumps({"data": entries, "models": entries}).encode()
    assert all(listed.name for listed in read_list(body, form))
