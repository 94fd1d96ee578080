"""Whether a JSON value breaks a JSON Schema, as far as can be said for sure.

Only keywords that are understood count, so a value is never blamed for what this does not know: patterns,
formats, references outside of the schema. It is no validator for other uses.
"""

from collections.abc import Mapping
from typing import Any, Final

MAX_DEPTH: Final = 32

Schema = Any
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "number": (int, float),
    "integer": (int, float),
}


def violation(value: Any, schema: Schema) -> str | None:
    """A code for the first breach found, None when there is none: `wrong_type`, `missing_field`,
    `unknown_field`, `not_in_enum`, `no_variant_fits`, `too_few`.

    >>> violation({"a": 1}, {"type": "object", "required": ["a", "b"]})
    'missing_field'
    """
    return _Check(schema).breach(value, schema, 0)


class _Check:
    """One check; `root` is where references begin."""

    def __init__(self, root: Schema) -> None:
        self._root = root

    def breach(self, value: Any, schema: Schema, depth: int) -> str | None:
        if schema is False:
            return "no_variant_fits"
        if not isinstance(schema, dict) or depth > MAX_DEPTH:
            return None
        if "$ref" in schema:
            return self.breach(value, self._referred(schema["$ref"]), depth + 1)
        return (
            _wrong_value(value, schema)
            or self._in_variants(value, schema, depth)
            or self._in_object(value, schema, depth)
            or self._in_array(value, schema, depth)
        )

    def _referred(self, reference: Any) -> Schema:
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        found = self._root
        for name in reference.strip("#/").split("/"):
            found = found.get(name) if name and isinstance(found, dict) else found
        return found

    def _in_variants(self, value: Any, schema: Mapping[str, Any], depth: int) -> str | None:
        for part in _list_of(schema.get("allOf")):
            found = self.breach(value, part, depth + 1)
            if found is not None:
                return found
        for keyword in ("anyOf", "oneOf"):
            variants = _list_of(schema.get(keyword))
            if variants and all(self.breach(value, one, depth + 1) for one in variants):
                return "no_variant_fits"
        return None

    def _in_object(self, value: Any, schema: Mapping[str, Any], depth: int) -> str | None:
        if not isinstance(value, dict):
            return None
        if any(name not in value for name in _list_of(schema.get("required"))):
            return "missing_field"
        properties = schema.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        closed = schema.get("additionalProperties") is False and "patternProperties" not in schema
        for name, inner in value.items():
            if name in properties:
                found = self.breach(inner, properties[name], depth + 1)
                if found is not None:
                    return found
            elif closed:
                return "unknown_field"
        return None

    def _in_array(self, value: Any, schema: Mapping[str, Any], depth: int) -> str | None:
        if not isinstance(value, list):
            return None
        least = schema.get("minItems")
        if isinstance(least, int) and len(value) < least:
            return "too_few"
        items = schema.get("items")
        if isinstance(items, dict) and "prefixItems" not in schema:
            for inner in value:
                found = self.breach(inner, items, depth + 1)
                if found is not None:
                    return found
        return None


def _wrong_value(value: Any, schema: Mapping[str, Any]) -> str | None:
    wanted = schema.get("type")
    kinds = [wanted] if isinstance(wanted, str) else _list_of(wanted)
    known = [kind for kind in kinds if isinstance(kind, str)]
    if known and not any(_is_a(value, kind) for kind in known):
        return "wrong_type"
    choices = schema.get("enum")
    if isinstance(choices, list) and value not in choices:
        return "not_in_enum"
    return "not_in_enum" if "const" in schema and value != schema["const"] else None


def _is_a(value: Any, kind: str) -> bool:
    types = _TYPES.get(kind)
    if types is None:
        return True
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, types)


def _list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
