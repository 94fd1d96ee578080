"""One process that serves one model file through llama.cpp's own HTTP server on the loopback.

Run by `local_models` as `python -m pointsman.app.llama_child`; it takes its settings from its input. In
a process of its own, so that a crash in native code, or the memory of a model, is not the gateway's.
"""

import hashlib
import os
import signal
import threading
from pathlib import Path
from typing import Any, Final

import xllamacpp

from pointsman.app.lifeline import Lifeline, Report
from pointsman.app.llama_settings import LlamaSettings, Weights

SLOTS: Final = 2
"""Requests that are answered at the same time; more wait for a slot."""
PROMPT_CACHE_MIB: Final = 64
BLOCK_BYTES: Final = 1 << 20


def main() -> None:
    """Serves until the parent ends or says so."""
    lifeline = Lifeline()
    settings = lifeline.take_settings(LlamaSettings)
    lifeline.follow(settings.parent_pid)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        assemble(settings.weights)
        server = xllamacpp.Server(parameters(settings))
    except (OSError, ValueError, RuntimeError) as error:
        remedy = f"see the log; if the file {settings.weights.file} is damaged, delete or reinstall it"
        lifeline.report(Report(failed=f"cannot serve {settings.name}: {error}", remedy=remedy))
        return
    lifeline.report(Report(ready=True))
    while server:
        threading.Event().wait()


def parameters(settings: LlamaSettings) -> Any:
    """llama.cpp's parameters for `settings`."""
    params = xllamacpp.CommonParams()
    params.model.path = settings.weights.file
    params.model_alias = {settings.name}
    params.hostnames = ["127.0.0.1"]
    params.port = settings.port
    params.reuse_port = settings.shares_port
    params.api_keys = [settings.key]
    params.ui = False
    params.endpoint_slots = False
    params.endpoint_metrics = True
    params.warmup = False
    params.n_ctx = settings.context_tokens
    params.n_parallel = SLOTS
    params.kv_unified = True
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.cpuparams.n_threads = settings.threads
    params.cpuparams_batch.n_threads = settings.threads
    params.use_jinja = True
    params.chat_template = settings.chat_template
    params.antiprompt = list(settings.stops)
    return params


def assemble(weights: Weights) -> None:
    """Joins the parts to the file, once: beside it first, so that a half-made file never counts. Raises
    ValueError when the result is not what it should be, OSError when it cannot be written."""
    file = Path(weights.file)
    if file.exists() or not weights.parts:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(f".new{os.getpid()}")
    digest = hashlib.sha256()
    try:
        with fresh.open("wb") as out:
            for part in weights.parts:
                with Path(part).open("rb") as data:
                    while block := data.read(BLOCK_BYTES):
                        digest.update(block)
                        out.write(block)
        if digest.hexdigest() != weights.sha256:
            raise ValueError(f"the installed parts of {file.name} do not add up to the published file")
        fresh.rename(file)
    finally:
        fresh.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
