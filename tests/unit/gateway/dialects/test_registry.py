import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.gateway.dialects.base import Route
from pointsman.gateway.dialects.registry import CODECS, EMBEDDING_CODECS, ROUTE_TABLE, ROUTES
from pointsman.gateway.dialects.routes import RouteTable

EXACT = [route for route in ROUTES if not route.path.endswith("*")]
OPEN = [route for route in ROUTES if route.path.endswith("*")]


def route(path, codec="a", method="GET"):
    return Route(method=method, path=path, kind="page", codec=codec)


def found(method, path, is_anthropic=False):
    answer = ROUTE_TABLE.resolve(method, path, is_anthropic)
    return answer and (answer[0].path, answer[0].codec, answer[1])


@pytest.mark.parametrize("known", EXACT, ids=lambda known: f"{known.method} {known.path} {known.codec}")
@pytest.mark.parametrize("form", ["{}", "/v1{}", "{}/", "/v1{}/"])
def test_every_path_is_found_with_and_without_the_version(known, form):
    path = form.format(known.path)
    is_anthropic = known.codec == "anthropic"
    assert ROUTE_TABLE.resolve(known.method, path, is_anthropic) == (known, "")
    assert known.method in ROUTE_TABLE.allowed(path)


@pytest.mark.parametrize("known", OPEN, ids=lambda known: f"{known.method} {known.path} {known.codec}")
@pytest.mark.parametrize("rest", ["gpt-5", "openai/gpt-5:latest", "v1/x"])
def test_what_a_star_matched_is_returned(known, rest):
    path = "/v1" + known.path[:-1] + rest
    assert ROUTE_TABLE.resolve(known.method, path, known.codec == "anthropic") == (known, rest)


@pytest.mark.parametrize("path", ["/models", "/models/x/y"])
def test_the_model_lists_of_openai_and_anthropic_share_a_path(path):
    codecs = [ROUTE_TABLE.resolve("GET", path, is_anthropic)[0].codec for is_anthropic in (False, True)]
    assert codecs == ["openai_chat", "anthropic"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/messages"), ("POST", "/v1/responses"), ("POST", "/v1/completions"), ("HEAD", "/api/hello")],
)
def test_other_paths_do_not_depend_on_the_clients_dialect(method, path):
    assert ROUTE_TABLE.resolve(method, path, True) == ROUTE_TABLE.resolve(method, path, False) is not None


def test_a_known_path_under_another_method_is_told_from_an_unknown_one():
    assert found("PUT", "/v1/messages") is None
    assert ROUTE_TABLE.allowed("/v1/messages") == ("POST",)
    assert ROUTE_TABLE.allowed("/models/some/model") == ("GET",)
    assert ROUTE_TABLE.allowed("/v1/nowhere") == ()


@given(st.text(max_size=20))
def test_no_path_is_too_strange(text):
    for path in (text, "/" + text, "/v1/" + text):
        answer = ROUTE_TABLE.resolve("GET", path, False)
        assert answer is None or "GET" in ROUTE_TABLE.allowed(path)


def test_an_exact_path_wins_then_the_longest_prefix():
    table = RouteTable([route("/m/*"), route("/m/n/*", "b"), route("/m/n/o", "c")], preferred="z")
    answers = [table.resolve("GET", path, False) for path in ("/m/x", "/m/n/x", "/m/n/o")]
    assert [(known.codec, rest) for known, rest in answers] == [("a", "x"), ("b", "x"), ("c", "")]


@pytest.mark.parametrize("codecs", [("a", "a"), ("a", "b"), ("z", "z")])
def test_two_dialects_may_not_claim_one_path(codecs):
    with pytest.raises(ValueError, match="two routes claim GET /m"):
        RouteTable([route("/m", codec) for codec in codecs], preferred="z")


def test_the_preferred_dialect_may_share_a_path_in_any_order():
    for routes in ([route("/m"), route("/m", "z")], [route("/m", "z"), route("/m")]):
        table = RouteTable(routes, preferred="z")
        assert [table.resolve("GET", "/m", asked)[0].codec for asked in (False, True)] == ["a", "z"]


def test_a_path_below_the_version_is_no_prefix_of_a_longer_word():
    assert found("POST", "/v1messages") is None
    assert found("POST", "/v2/messages") is None


def test_every_routes_codec_is_in_the_table_and_pages_alone_have_a_page():
    assert {known.codec for known in ROUTES} <= set(CODECS)
    assert all((known.page is not None) == (known.kind == "page") for known in ROUTES)


def test_embedding_codecs_are_those_that_embed():
    assert "openai_embeddings" in EMBEDDING_CODECS
    for name, codec in CODECS.items():
        assert hasattr(codec, "stream_decoder") == (name not in EMBEDDING_CODECS)


def test_every_codec_is_reachable_by_a_path():
    assert {known.codec for known in ROUTES if known.kind in ("chat", "embed")} == set(CODECS)
