"""Embeddings of a provider, for the memory."""

import asyncio
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
from tests.plain_control import a_target

from pointsman.app.provider_embedder import AT_ONCE, ProviderEmbedder
from pointsman.core.errors import UpstreamFault

TARGET = a_target("openai", "embed-x", 50.0)


class Provider:
    """Answers with as many numbers a text as it is told; `asked` are the inputs."""

    def __init__(self, dimensions=4, status=200):
        self.dimensions, self.status, self.asked = dimensions, status, []
        provider = SimpleNamespace(dialects={"openai_embeddings": "/embeddings"})
        self.endpoint = SimpleNamespace(provider=provider)

    async def send(self, path, extra, body):
        asked = msgspec.json.decode(body)
        assert (path, asked["model"]) == ("/embeddings", "embed-x")
        self.asked.append(asked["input"])
        data = [
            {"index": place, "embedding": [float(len(text)), *[1.0] * (self.dimensions - 1)]}
            for place, text in enumerate(asked["input"])
        ]
        return Answer(self.status, msgspec.json.encode({"data": data, "model": "embed-x"}))


class Answer:
    def __init__(self, status, body):
        self.status, self._body = status, body

    async def read(self, limit_bytes):
        return self._body


async def connected(provider):
    return await ProviderEmbedder.connected(TARGET, lambda: provider)


async def test_it_learns_its_dimensions_by_asking_once():
    embedder = await connected(Provider(7))
    assert (embedder.name, embedder.dimensions) == ("openai/embed-x", 7)


async def test_vectors_have_length_one_and_stand_in_the_order_of_the_texts():
    embedder = await connected(Provider())
    rows = await asyncio.to_thread(embedder.embed, ["a", "bbb", "cc"])
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1.0] * 3)
    assert np.argsort(rows[:, 0]).tolist() == [0, 2, 1]


async def test_many_texts_are_asked_in_parts_and_empty_ones_are_not_sent_empty():
    provider = Provider()
    embedder = await connected(provider)
    assert (await asyncio.to_thread(embedder.embed, [""] * (AT_ONCE + 1))).shape == (AT_ONCE + 1, 4)
    assert [len(texts) for texts in provider.asked[1:]] == [AT_ONCE, 1]
    assert "" not in provider.asked[1]


async def test_no_texts_ask_nobody():
    embedder = await connected(Provider())
    assert embedder.embed([]).shape == (0, 4)


@pytest.mark.parametrize("provider", [None, Provider(status=500)])
async def test_a_provider_that_is_away_or_refuses_is_a_fault(provider):
    with pytest.raises(UpstreamFault, match="openai/embed-x"):
        await connected(provider)


async def test_vectors_of_another_length_than_before_are_a_fault():
    provider = Provider()
    embedder = await connected(provider)
    provider.dimensions = 5
    with pytest.raises(UpstreamFault, match="another form"):
        await embedder.ask(["a"])
