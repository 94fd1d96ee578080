"""Writes the OpenAPI description of the operations."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pointsman import __version__
from pointsman.web.operations import Operation
from pointsman.web.shapes import Ready, Refused

_IN_PATH = re.compile(r"{(\w+)}")
_REF = "#/components/schemas/{name}"


def document(operations: Sequence[Operation], prefix: str) -> dict[str, Any]:
    """The description as OpenAPI 3.1."""
    types = {one for operation in operations for one in (operation.takes, operation.gives) if one}
    ordered = [Refused, *sorted(types, key=lambda one: one.__name__)]
    refs, schemas = msgspec.json.schema_components(ordered, ref_template=_REF)
    by_type = dict(zip(ordered, refs, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        described = _described(operation, by_type)
        if operation.at_root:
            at_root = described | {"operationId": operation.name + "_at_root"}
            paths.setdefault(operation.path, {})[operation.method.lower()] = at_root
        path = operation.path if operation.bare else prefix + operation.path
        paths.setdefault(path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Pointsman control API", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "admin_token": {"type": "http", "scheme": "bearer"},
                "api_key": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{"admin_token": []}],
    }


def _described(operation: Operation, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    gives = schemas[operation.gives] if operation.gives else {"type": "object"}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.what.partition(". ")[0].rstrip("."),
        "description": operation.what,
        "parameters": _parameters(operation),
        "responses": {
            str(operation.status): {"description": "Done.", "content": _json(gives)},
            **_failures(operation, schemas),
        },
    }
    if operation.takes:
        described["requestBody"] = {"required": True, "content": _json(schemas[operation.takes])}
    if operation.bare:
        described["security"] = []
    elif operation.by_agents:
        described["security"] = [{"api_key": []}, {"admin_token": []}, {}]
    elif operation.method == "GET":
        described["security"] = [{"admin_token": []}, {}]
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _IN_PATH.findall(operation.path)
    ]
    in_query = [
        {"name": one.name, "in": "query", "description": one.what, "schema": {"type": one.kind}}
        for one in operation.queries
    ]
    return in_path + in_query


def _failures(operation: Operation, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    """What else may come, by status."""
    told: dict[str, str] = {}
    if operation.takes or operation.queries or operation.name == "reload_config":
        told["400"] = "A value is not as it should be."
    if operation.by_agents:
        told["401"] = "The API key is unknown or revoked, or missing where one is required."
        told["403"] = (
            "The key is another agent's, or there is none and the caller is no program of this machine."
        )
        if operation.takes and not operation.needs_database:
            told["409"] = "The same was told before, with other content."
            told["503"] = "It could not be written down: tell it again."
    elif not operation.bare:
        told["401"] = "The admin token is missing or wrong."
        if operation.method == "GET":
            told["403"] = "Without the token: not a program of this machine."
    if _IN_PATH.search(operation.path):
        told["404"] = "There is no such thing."
    if operation.takes:
        told["413"] = "The body is too large."
        told["415"] = "The body is not declared as JSON."
    if operation.needs_database:
        told["503"] = "The database cannot be reached."
    refused = _json(schemas[Refused])
    failures = {status: {"description": what, "content": refused} for status, what in told.items()}
    if operation.gives is Ready:
        content = _json(schemas[Ready])
        failures["503"] = {"description": "Requests cannot be served.", "content": content}
    return failures


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
