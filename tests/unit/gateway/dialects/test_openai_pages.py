import json

import pytest
from openai.types import Model as SdkModel

from pointsman.core.snapshot import Model, Target
from pointsman.gateway.dialects.base import ModelCard, PageRequest
from pointsman.gateway.dialects.openai_models import ROUTES

GPT = Model(name="gpt-5", max_output_tokens=128_000, context_window_tokens=400_000)
CARDS = [
    ModelCard(name="auto", description="chosen per request"),
    ModelCard(
        name="openai/gpt-5:latest",
        created_s=1_700_000_000,
        context_window_tokens=400_000,
        target=Target(id="o/g", provider="openai", model=GPT, upstream_model="g", dialects=("openai_chat",)),
    ),
    ModelCard(name="embedder", kind="embedding"),
]
NAMES = [card.name for card in CARDS]


def page(path, rest=""):
    (route,) = [route for route in ROUTES if (route.method, route.path) == ("GET", path)]
    return route.page(
        PageRequest(method="GET", path=path, rest=rest, query=b"", headers={}, body=b"", cards=CARDS)
    )


def listed():
    return json.loads(page("/models").body)


def test_the_list_holds_aliases_chat_models_and_embedders():
    assert listed()["object"] == "list"
    assert [model["id"] for model in listed()["data"]] == NAMES


def test_the_sdks_strict_model_reads_every_entry():
    alias, gpt, _ = [SdkModel.model_validate_json(json.dumps(one), strict=True) for one in listed()["data"]]
    assert (alias.id, alias.owned_by, alias.created) == ("auto", "pointsman", 0)
    assert (gpt.id, gpt.owned_by, gpt.created) == ("openai/gpt-5:latest", "openai", 1_700_000_000)


def test_limits_are_told_where_they_are_known():
    alias, gpt, embedder = listed()["data"]
    assert (gpt["context_window"], gpt["max_model_len"], gpt["max_output_tokens"]) == (
        400_000,
        400_000,
        128_000,
    )
    assert "context_window" not in alias
    assert (alias["description"], embedder["type"]) == ("chosen per request", "embedding")


@pytest.mark.parametrize("name", NAMES)
def test_one_model_is_found_by_its_whole_name(name):
    assert json.loads(page("/models/*", rest=name).body)["id"] == name


def test_an_unknown_model_is_an_error_of_this_dialect():
    found = page("/models/*", rest="nobody/here:1")
    error = json.loads(found.body)["error"]
    assert (found.status, error["code"], error["param"]) == (404, "model_not_found", "model")
    assert "nobody/here:1" in error["message"]
