"""JSON Schemas: checks those that are offered, and invents values that satisfy them."""

from typing import Any

import jsonschema_rs
from tests.standin.refusal import PLACEHOLDERS, need


def check_schema(schema: Any, param: str, *, strict: bool = False, is_object: bool = True) -> None:
    """Refuses what is no JSON Schema; `strict` also asks for closed objects with every field required."""
    need(isinstance(schema, dict), f"Invalid schema: {schema!r} is not an object.", param)
    if PLACEHOLDERS:
        return
    need(jsonschema_rs.meta.is_valid(schema), "Invalid schema: not a valid JSON Schema.", param)
    if is_object:
        need(schema.get("type") == "object", "Invalid schema: schema must have type 'object'.", param)
    if strict:
        _check_strict(schema, param, "()")


def _check_strict(schema: Any, param: str, where: str) -> None:
    if isinstance(schema, list):
        for entry in schema:
            _check_strict(entry, param, where)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object":
        closed = schema.get("additionalProperties") is False
        need(
            closed,
            f"Invalid schema: In context={where}, 'additionalProperties' is required to be false.",
            param,
        )
        missing = set(schema.get("properties", {})) - set(schema.get("required", []))
        need(
            not missing,
            f"Invalid schema: In context={where}, missing {sorted(missing)} in 'required'.",
            param,
        )
    for name, value in schema.items():
        _check_strict(value, param, f"{where}.{name}")


def invent(schema: Any, hints: dict[str, Any], root: Any = None, name: str = "") -> Any:
    """A value that satisfies `schema`; a property named in `hints` takes the hint if it fits."""
    root = schema if root is None else root
    if not isinstance(schema, dict):
        return "value"
    if "$ref" in schema:
        return invent(_resolve(schema["$ref"], root), hints, root, name)
    if name in hints and jsonschema_rs.is_valid({**schema, "$defs": root.get("$defs", {})}, hints[name]):
        return hints[name]
    for fixed in ("const", "default"):
        if fixed in schema:
            return schema[fixed]
    if schema.get("enum"):
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if schema.get(choice):
            return invent(schema[choice][0], hints, root, name)
    return _of_type(schema, hints, root)


def _of_type(schema: dict[str, Any], hints: dict[str, Any], root: Any) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {n: invent(s, hints, root, n) for n, s in schema.get("properties", {}).items()}
    if kind == "array":
        return [invent(schema.get("items", {}), hints, root)] * max(1, schema.get("minItems", 1))
    if kind in ("integer", "number"):
        return max(schema.get("minimum", 1), 1)
    if kind == "string":
        return "x" * max(schema.get("minLength", 1), 1)
    return True if kind == "boolean" else None


def _resolve(reference: str, root: Any) -> Any:
    value = root
    for step in reference.removeprefix("#/").split("/"):
        value = value[step]
    return value
