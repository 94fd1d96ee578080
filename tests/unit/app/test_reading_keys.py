"""The keys in force are those of the store, however readings of it overlap."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pointsman.app import keys_file
from pointsman.app.background import Background
from pointsman.core.keys import ApiKey
from pointsman.gateway.keyring import KeyRing
from pointsman.store import api_keys

KEY = ApiKey(id="key_1", name="ci", digest="d" * 64, hint="abcd", created_s=1)


@pytest.fixture
def runtime(tmp_path: Path) -> Any:
    database = SimpleNamespace(pool=None)
    return SimpleNamespace(
        database=database, keyring=KeyRing(), home=SimpleNamespace(keys=tmp_path / "keys.json")
    )


async def test_an_older_reading_that_takes_longer_brings_no_revoked_key_back(
    runtime: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, answers = asyncio.Event(), [[KEY], []]

    async def listing(_: Any) -> list[ApiKey]:
        keys = answers.pop(0)
        if keys:
            await go_on.wait()
        return keys

    monkeypatch.setattr(api_keys, "listing", listing)
    background = Background(runtime, set())
    older = asyncio.create_task(background.read_keys())
    await asyncio.sleep(0)
    newer = asyncio.create_task(background.read_keys())
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(older, newer)
    assert keys_file.read(runtime.home.keys) == []


async def test_a_full_disk_keeps_no_key_from_being_revoked(
    runtime: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def listing(_: Any) -> list[ApiKey]:
        return []

    runtime.home.keys = runtime.home.keys / "no" / "folder"
    monkeypatch.setattr(api_keys, "listing", listing)
    await Background(runtime, set()).read_keys()
    assert "Cannot write" in caplog.text
