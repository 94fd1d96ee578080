"""The vendors' OpenAPI descriptions, changed to describe a gateway: as `exceptions.py` lists, and so that
they name its models and the errors it answers."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import yaml
from tests.contract.exceptions import CHANGES, UNCHECKED, UNCOVERED, Change

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
FOLDER = Path(__file__).parents[3] / "shared" / "specs"
FILES = {"openai": "openai-subset.json", "ollama": "ollama-openapi.yaml"}
REFUSALS = {"openai": ("400", "404"), "ollama": ("400", "403", "404")}
ERRORS = {
    "openai": {"$ref": "#/components/schemas/ErrorResponse"},
    "ollama": {
        "type": "object",
        "properties": {"error": {"type": "string", "minLength": 1}},
        "required": ["error"],
    },
}


def description(name: str, models: dict[str, Sequence[str]]) -> dict[str, Any]:
    """The description of "openai" or "ollama". `models` are those to ask for, by path; "" for all others.
    Raises FileNotFoundError when the descriptions are not there, KeyError for a change that fits nothing."""
    described: dict[str, Any] = yaml.safe_load((FOLDER / FILES[name]).read_text())
    for change in CHANGES:
        if change.description == name:
            apply(described, change)
    refusal = {"description": "Refused", "content": {"application/json": {"schema": ERRORS[name]}}}
    for path, methods in described["paths"].items():
        known = {"type": "string", "enum": list(models.get(path, models[""]))}
        for operation in methods.values():
            operation["responses"] |= dict.fromkeys(REFUSALS[name], refusal)
            _name_models(operation, known)
    return described


def apply(described: dict[str, Any], change: Change) -> None:
    """Puts the change's value where its pointer leads, or takes away what is there. Raises KeyError when
    nothing is there, or the same."""
    *way, last = change.pointer.strip("/").split("/")
    place: Any = described
    for step in way:
        step = step.replace("~1", "/")
        place = place[int(step)] if isinstance(place, list) else place[step]
    if last not in place or place[last] == change.value:
        raise KeyError(f"{change.description}{change.pointer} is not there, or already so")
    if change.value is None:
        del place[last]
    else:
        place[last] = change.value


def _name_models(operation: dict[str, Any], known: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter.get("name") == "model":
            parameter["schema"] = known
    if "requestBody" not in operation:
        return
    content = operation["requestBody"]["content"]["application/json"]
    named = {"type": "object", "properties": {"model": known}, "required": ["model"]}
    content["schema"] = {"allOf": [content["schema"], named]}
    content.pop("example", None)
    content.pop("examples", None)


def written(name: str, models: dict[str, Sequence[str]], folder: Path) -> tuple[Path, Path]:
    """The files for schemathesis: the description, and the settings that `exceptions.py` lists."""
    description_file, settings = folder / "description.json", folder / "schemathesis.toml"
    description_file.write_text(json.dumps(description(name, models)))
    settings.write_text("\n".join(_settings(name)))
    return description_file, settings


def _settings(name: str) -> Iterator[str]:
    yield "[checks]\nenabled = false"
    yield from (f"{check}.enabled = true" for check in CHECKS)
    unchecked = [(entry.path, f"checks.{entry.check}") for entry in UNCHECKED if entry.description == name]
    uncovered = [(path, "phases.coverage") for path in UNCOVERED[name]]
    for path, group in groupby(sorted(unchecked + uncovered), key=itemgetter(0)):
        yield f'[[operations]]\ninclude-path = "{path}"'
        yield from (f"{setting}.enabled = false" for _, setting in group)
