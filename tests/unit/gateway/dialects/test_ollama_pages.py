import json

import ollama
import pytest
from tests.unit.gateway.dialects.ollama_samples import as_json

from pointsman.core.features import Need
from pointsman.core.snapshot import Model, Target
from pointsman.gateway.dialects.base import ModelCard, PageRequest
from pointsman.gateway.dialects.ollama import ROUTES

MODEL = Model(name="gpt-x", context_window_tokens=200_000)
CARDS = [
    ModelCard(name="auto", description="chosen per request"),
    ModelCard(
        name="openai/gpt-x",
        created_s=1_700_000_000,
        abilities=int(Need.TOOLS | Need.IMAGES | Need.JSON_SCHEMA),
        context_window_tokens=200_000,
        target=Target(id="o/x", provider="o", model=MODEL, upstream_model="gpt-x-1", dialects=("a",)),
    ),
    ModelCard(
        name="qwen3:8b",
        abilities=int(Need.THINKING | Need.COMPLETION),
        target=Target(id="l/q", provider="l", model=MODEL, upstream_model="qwen3:8b", dialects=("b",)),
    ),
    ModelCard(name="embedder", kind="embedding"),
    ModelCard(name="embedder:latest", kind="embedding"),
]
NAMES = ["auto:latest", "openai/gpt-x:latest", "qwen3:8b", "embedder:latest"]


def page(method, path, body=None):
    (route,) = [route for route in ROUTES if (route.method, route.path) == (method, path)]
    raw = as_json(body) if body is not None else b""
    return route.page(
        PageRequest(method=method, path=path, rest="", query=b"", headers={}, body=raw, cards=CARDS)
    )


def shown(name, field="model"):
    return json.loads(page("POST", "/api/show", {field: name}).body)


def test_the_list_holds_every_model_once_and_with_a_tag():
    found = json.loads(page("GET", "/api/tags").body)["models"]
    assert [model["name"] for model in found] == [model["model"] for model in found] == NAMES
    assert len({model["digest"] for model in found}) == len(NAMES)
    assert {len(model["digest"]) for model in found} == {64}
    assert [model.get("remote_model") for model in found] == [None, "gpt-x-1", "qwen3:8b", None]


def test_the_list_tells_what_each_model_can_do():
    found = [model["capabilities"] for model in json.loads(page("GET", "/api/tags").body)["models"]]
    all_of_them = ["completion", "tools", "vision", "thinking", "insert"]
    assert found == [all_of_them, all_of_them[:3], ["completion", "thinking", "insert"], ["embedding"]]


def test_the_sdk_reads_the_list():
    models = ollama.ListResponse.model_validate_json(page("GET", "/api/tags").body).models
    assert [model.model for model in models] == NAMES
    assert (models[0].modified_at.year, models[1].modified_at.year, models[1].size) == (1970, 2023, 0)
    assert (models[2].details.family, models[2].details.families) == ("qwen3", ["qwen3"])


def test_no_model_is_loaded_here():
    assert ollama.ProcessResponse.model_validate_json(page("GET", "/api/ps").body).models == []


@pytest.mark.parametrize("name", ["openai/gpt-x", "openai/gpt-x:latest"])
@pytest.mark.parametrize("field", ["model", "name"])
def test_a_model_is_shown_under_each_of_its_names(name, field):
    found = shown(name, field)
    assert found["capabilities"] == ["completion", "tools", "vision"]
    assert found["model_info"]["general.architecture"] == "gpt-x"
    assert found["model_info"]["gpt-x.context_length"] == 200_000
    assert found["modified_at"] == "2023-11-14T22:13:20Z"


def test_the_sdk_reads_a_shown_model():
    found = ollama.ShowResponse.model_validate(shown("qwen3:8b"))
    assert found.capabilities == ["completion", "thinking", "insert"]
    assert found.modelinfo["general.architecture"] == found.details.family == "qwen3"


def test_an_alias_can_do_what_its_models_can():
    found = shown("auto")
    assert found["capabilities"] == ["completion", "tools", "vision", "thinking", "insert"]
    assert found["model_info"]["auto.context_length"] == 200_000


def test_an_embedder_only_embeds():
    assert shown("embedder")["capabilities"] == ["embedding"]


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"model": "qwen3"}, 404, "model 'qwen3' not found"),
        ({}, 400, "model is required"),
        ([], 400, "the request body is no JSON object with a model"),
    ],
)
def test_what_cannot_be_shown_is_an_error_of_this_dialect(body, status, error):
    found = page("POST", "/api/show", body)
    assert (found.status, json.loads(found.body)) == (status, {"error": error})


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_probes_are_answered(method):
    root = page(method, "/")
    assert (root.status, root.body) == (200, b"Ollama is running")
    assert root.content_type.startswith(b"text/plain")
    assert set(json.loads(page(method, "/api/version").body)) == {"version"}
    assert page(method, "/api/tags").status == 200


@pytest.mark.parametrize("verb", ["pull", "push", "create", "copy", "blobs/*"])
def test_clients_do_not_manage_models(verb):
    found = page("POST", f"/api/{verb}", {"model": "x"})
    assert found.status == 403
    assert "configuration" in json.loads(found.body)["error"]


def test_clients_do_not_delete_models():
    assert page("DELETE", "/api/delete", {"model": "x"}).status == 403


def test_there_are_no_model_files():
    assert page("HEAD", "/api/blobs/*").status == 404


def test_every_path_that_asks_a_model():
    asking = {(route.method, route.path, route.kind, route.codec) for route in ROUTES if route.page is None}
    assert asking == {
        ("POST", "/api/chat", "chat", "ollama_chat"),
        ("POST", "/api/generate", "chat", "ollama_generate"),
        ("POST", "/api/embed", "embed", "ollama_embed"),
        ("POST", "/api/embeddings", "embed", "ollama_embeddings"),
    }


def test_only_pages_that_tell_nothing_are_open():
    assert {route.path for route in ROUTES if route.open} == {"/", "/api/version"}
