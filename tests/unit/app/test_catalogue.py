"""The catalogue is made of what providers answer over real connections, and of less when they do not."""

import pytest
from tests.unit.app.model_server import OLLAMA_LIST, OPENAI_LIST, ModelServer

from pointsman.app.catalogue import Catalogue, discover
from pointsman.app.config import parse_config
from pointsman.core.features import Need
from pointsman.core.snapshot import Model, Target

NO_OLLAMA = "[providers.ollama]\nenabled = false\n"


async def found(text: str = "", **environ: str) -> Catalogue:
    """What is discovered under a configuration and an environment, Ollama left out unless it is named."""
    own = text if "ollama" in text or "OLLAMA_HOST" in environ else text + NO_OLLAMA
    return await discover(parse_config(own), environ)


async def the_target(server: ModelServer) -> Target:
    """The one model that a server of the operator's own lists."""
    (target,) = (await found(f"[providers.box]\nbase_url = '{server.url}/v1'\n")).targets.values()
    return target


async def test_nothing_configured_finds_nothing_and_warns_of_nothing() -> None:
    assert await found() == Catalogue()


async def test_a_key_in_the_environment_brings_its_provider_and_its_list() -> None:
    async with ModelServer(OPENAI_LIST) as server:
        catalogue = await found(OPENAI_API_KEY="sk-real", OPENAI_BASE_URL=f"{server.url}/v1")
    assert list(catalogue.targets) == ["openai/gpt-5-mini"]
    assert catalogue.endpoints["openai"].base_url == f"{server.url}/v1"
    assert catalogue.warnings == []


async def test_the_list_is_asked_for_with_the_key_in_its_header() -> None:
    async with ModelServer({"data": []}) as server:
        await found(ANTHROPIC_API_KEY="sk-ant", ANTHROPIC_BASE_URL=server.url)
    (head,) = server.heads
    assert head.startswith("GET /v1/models?limit=1000 HTTP/1.1\r\n")
    assert "x-api-key: sk-ant\r\n" in head
    assert "anthropic-version: 2023-06-01\r\n" in head


async def test_a_listed_model_becomes_a_whole_target() -> None:
    async with ModelServer(OPENAI_LIST) as server:
        catalogue = await found(OPENAI_API_KEY="k", OPENAI_BASE_URL=f"{server.url}/v1")
    target = catalogue.targets["openai/gpt-5-mini"]
    assert (target.upstream_model, target.provider, target.local) == ("gpt-5-mini", "openai", False)
    assert target.dialects[0] == "openai_chat"
    assert target.model.abilities & Need.TOOLS
    assert (target.model.tier, target.model.context_window_tokens) == ("fast", 400_000)
    assert (target.model.price.source, target.model.price.input_usd_micros) == ("catalogue", 250_000)
    assert target.model.created_s == 1754425928


async def test_ollama_is_found_with_its_models_free_and_local() -> None:
    async with ModelServer(OLLAMA_LIST) as server:
        catalogue = await found(OLLAMA_HOST=f"127.0.0.1:{server.port}")
    chat, embedding = catalogue.targets.values()
    assert (chat.id, chat.local, chat.model.price.source) == ("ollama/llama3.2:latest", True, "free")
    assert chat.model.abilities & Need.COMPLETION
    assert (embedding.model.kind, embedding.model.abilities) == ("embedding", int(Need.EMBEDDING))


async def test_a_provider_of_ones_own_is_asked_at_its_address() -> None:
    async with ModelServer({"data": [{"id": "my/finetune-7b", "max_model_len": 4096}]}) as server:
        target = await the_target(server)
    assert (target.id, target.model.tier) == ("box/my/finetune-7b", "fast")
    assert (target.model.context_window_tokens, target.model.price.source) == (4096, "free")


async def test_models_named_in_the_file_are_taken_without_asking() -> None:
    async with ModelServer(OPENAI_LIST) as server:
        text = f"[providers.box]\nbase_url = '{server.url}'\nmodels = ['a', 'b']\n"
        catalogue = await found(text)
    assert list(catalogue.targets) == ["box/a", "box/b"]
    assert server.heads == []


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (ModelServer({}, status=500), "it answered with status 500"),
        (ModelServer({}, status=401), "the key in OPENAI_API_KEY is probably wrong"),
        (ModelServer(b"<html>"), "its list of models is not readable"),
        (ModelServer(b"[" * 100_000), "its list of models is not readable"),
        (ModelServer({"data": 3}), "the answer is no list of models"),
        (ModelServer(OPENAI_LIST, delay_s=3.0), "in time"),
    ],
    ids=["broken", "wrong-key", "html", "deep", "no-list", "slow"],
)
async def test_a_provider_that_does_not_list_keeps_its_usual_models(server: ModelServer, why: str) -> None:
    async with server:
        catalogue = await found(OPENAI_API_KEY="k", OPENAI_BASE_URL=f"{server.url}/v1")
    assert "openai/gpt-5.5" in catalogue.targets
    (warning,) = catalogue.warnings
    assert why in warning.replace("within 1.2 s", "in time")
    assert "usual models are assumed" in warning


async def test_an_ollama_that_was_named_but_is_away_is_warned_of() -> None:
    catalogue = await found(OLLAMA_HOST="127.0.0.1:1")
    assert list(catalogue.endpoints) == ["ollama"]
    assert catalogue.warnings[0].startswith("ollama: cannot list the models at http://127.0.0.1:1")


async def test_the_gateways_own_address_is_not_taken_for_a_provider() -> None:
    async with ModelServer(OPENAI_LIST) as server:
        text = f"[server]\nport = {server.port}\n"
        catalogue = await found(
            text, OPENAI_API_KEY="k", OPENAI_BASE_URL=f"http://localhost:{server.port}/v1"
        )
    assert catalogue.endpoints["openai"].base_url == "https://api.openai.com/v1"
    assert server.heads == []


async def test_an_unknown_price_is_assumed_and_said() -> None:
    async with ModelServer({"data": [{"id": "novel-large"}]}) as server:
        catalogue = await found(OPENAI_API_KEY="k", OPENAI_BASE_URL=f"{server.url}/v1")
    assert catalogue.targets["openai/novel-large"].model.price.source == "assumed"
    assert "the price of novel-large is not known" in catalogue.warnings[0]


async def test_a_price_from_the_operator_silences_the_warning() -> None:
    text = "[models.'novel*']\nprice_usd_per_million = { input = 1 }\n"
    async with ModelServer({"data": [{"id": "novel-large"}]}) as server:
        catalogue = await found(text, OPENAI_API_KEY="k", OPENAI_BASE_URL=f"{server.url}/v1")
    assert catalogue.warnings == []


async def test_what_is_no_model_for_text_is_left_out() -> None:
    listed = {
        "data": [{"id": name} for name in ("whisper-1", "tts-1", "gpt-image-1", "gpt-4o", "omni-moderation")]
    }
    async with ModelServer(listed) as server:
        catalogue = await found(OPENAI_API_KEY="k", OPENAI_BASE_URL=f"{server.url}/v1")
    assert list(catalogue.targets) == ["openai/gpt-4o"]


async def test_a_provider_can_be_asked_again() -> None:
    async with ModelServer(OPENAI_LIST) as server:
        environ = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{server.url}/v1"}
        assert await found(**environ) == await found(**environ)


def test_a_provider_that_falls_silent_keeps_the_models_it_had():
    had = Catalogue(targets={name: target_of(name) for name in ("a/one", "a/two", "b/three")})
    now = Catalogue(targets={"a/usual": target_of("a/usual")}, silent=["a"])
    assert sorted(now.after(had).targets) == ["a/one", "a/two"]


def test_a_provider_that_was_silent_from_the_start_has_its_usual_models():
    now = Catalogue(targets={"a/usual": target_of("a/usual")}, silent=["a"])
    assert sorted(now.after(Catalogue()).targets) == ["a/usual"]


def target_of(identity):
    provider, _, name = identity.partition("/")
    return Target(
        id=identity, provider=provider, model=Model(name=name), upstream_model=name, dialects=("openai_chat",)
    )
