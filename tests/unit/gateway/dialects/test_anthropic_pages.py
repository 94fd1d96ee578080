import json

import pytest
from anthropic.types import ModelInfo

from pointsman.core.snapshot import Model, Target
from pointsman.gateway.dialects.anthropic import ROUTES
from pointsman.gateway.dialects.base import ModelCard, PageRequest

SONNET = Model(name="claude-sonnet", max_output_tokens=64000, context_window_tokens=200_000)
CARDS = [
    ModelCard(name="auto", description="chosen per request"),
    ModelCard(name="claude-auto"),
    ModelCard(
        name="anthropic/claude-sonnet:1",
        created_s=1_700_000_000,
        context_window_tokens=200_000,
        target=Target(id="a/s", provider="a", model=SONNET, upstream_model="s", dialects=("anthropic",)),
    ),
    ModelCard(name="embedder", kind="embedding"),
]
NAMES = ["auto", "claude-auto", "anthropic/claude-sonnet:1"]


def page(path, rest="", query=b"", method="GET"):
    (route,) = [route for route in ROUTES if (route.method, route.path) == (method, path)]
    return route.page(
        PageRequest(method=method, path=path, rest=rest, query=query, headers={}, body=b"", cards=CARDS)
    )


def listed(query=b""):
    return json.loads(page("/models", query=query).body)


def test_the_list_holds_aliases_and_chat_models():
    found = listed()
    assert [model["id"] for model in found["data"]] == NAMES
    assert (found["has_more"], found["first_id"], found["last_id"]) == (False, NAMES[0], NAMES[-1])


def test_the_sdks_strict_model_reads_every_entry():
    alias, _, sonnet = [
        ModelInfo.model_validate_json(json.dumps(model), strict=True) for model in listed()["data"]
    ]
    assert (alias.display_name, alias.lifecycle, alias.created_at.year) == ("auto", "active", 1970)
    assert (sonnet.created_at.year, sonnet.max_input_tokens, sonnet.max_tokens) == (2023, 200_000, 64000)


@pytest.mark.parametrize(
    ("query", "names", "more"),
    [
        (b"limit=1000", NAMES, False),
        (b"limit=2", NAMES[:2], True),
        (b"after_id=auto", NAMES[1:], False),
        (b"after_id=auto&limit=1", NAMES[1:2], True),
        (b"before_id=anthropic%2Fclaude-sonnet%3A1&limit=1", NAMES[1:2], True),
        (b"before_id=claude-auto", NAMES[:1], False),
        (b"limit=x", NAMES, False),
    ],
)
def test_the_list_can_be_cut(query, names, more):
    found = listed(query)
    assert ([model["id"] for model in found["data"]], found["has_more"]) == (names, more)


def test_an_empty_page_has_no_ids():
    found = listed(b"after_id=anthropic/claude-sonnet:1")
    assert (found["data"], found["first_id"], found["last_id"]) == ([], None, None)


def test_one_model_is_found_by_its_whole_name():
    assert json.loads(page("/models/*", rest=NAMES[2]).body)["id"] == NAMES[2]


@pytest.mark.parametrize("name", ["nobody", "embedder"])
def test_an_unknown_model_is_an_error_of_this_dialect(name):
    found = page("/models/*", rest=name)
    assert (found.status, json.loads(found.body)["error"]["type"]) == (404, "not_found_error")


def test_the_probe_is_answered():
    assert page("/api/hello").status == page("/api/hello", method="HEAD").status == 200
    assert page("/api/hello", method="HEAD").body == b""


def test_every_path_of_the_dialect():
    assert {(route.method, route.path, route.kind) for route in ROUTES} == {
        ("POST", "/messages", "chat"),
        ("POST", "/messages/count_tokens", "count"),
        ("GET", "/models", "page"),
        ("GET", "/models/*", "page"),
        ("GET", "/api/hello", "page"),
        ("HEAD", "/api/hello", "page"),
    }
