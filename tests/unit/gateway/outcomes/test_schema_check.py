"""A value is blamed only for what is certain."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.gateway.outcomes.schema_check import violation

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


def schema_of(value: Any) -> dict[str, Any]:
    """A strict schema that the value keeps."""
    match value:
        case bool():
            return {"type": "boolean"}
        case None:
            return {"type": ["null", "string"]}
        case int():
            return {"type": "integer", "enum": [value]}
        case float():
            return {"type": "number"}
        case str():
            return {"const": value}
        case list():
            return {"type": "array", "items": {"anyOf": [schema_of(one) for one in value]} if value else {}}
    properties = {name: schema_of(one) for name, one in value.items()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(value),
        "additionalProperties": False,
    }


@given(JSON)
def test_what_keeps_a_schema_is_never_blamed(value: Any) -> None:
    assert violation(value, schema_of(value)) is None


@given(JSON, JSON)
def test_any_schema_is_borne(value: Any, schema: Any) -> None:
    assert violation(value, schema) is None or isinstance(schema, dict | bool)


@pytest.mark.parametrize(
    ("value", "schema", "code"),
    [
        (1, {"type": "string"}, "wrong_type"),
        (True, {"type": "integer"}, "wrong_type"),
        (1.0, {"type": "integer"}, None),
        ("x", {"enum": ["a"]}, "not_in_enum"),
        ({}, {"required": ["a"]}, "missing_field"),
        ({"b": 1}, {"additionalProperties": False}, "unknown_field"),
        ([], {"minItems": 1}, "too_few"),
        (1, {"anyOf": [{"type": "string"}, {"type": "null"}]}, "no_variant_fits"),
        ({"a": 1}, {"$ref": "#/$defs/x", "$defs": {"x": {"required": ["b"]}}}, "missing_field"),
        (1, {"$ref": "https://example.com/schema"}, None),
        ("x", {"pattern": "^y"}, None),
    ],
)
def test_keywords(value: Any, schema: Any, code: str | None) -> None:
    assert violation(value, schema) == code


def test_a_schema_that_refers_to_itself_ends() -> None:
    assert violation({}, {"$ref": "#"}) is None
