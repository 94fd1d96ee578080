"""Plays a coding model for real agents: asked for `hello.py`, it writes the file with the agent's own
tools, runs it, and says what came out. Agents without tools get an edit block."""

from typing import Any

from tests.standin import tokens
from tests.standin.plan import Call, Plan, Say, call
from tests.standin.prompt import Offered, Prompt
from tests.standin.schemas import invent

PROGRAM = 'print("hello from " + "the file")\n'
OUTPUT = "hello from the file"
WRITE = """cat > hello.py <<'EOF'\nprint("hello from " + "the file")\nEOF\n"""
RUN = "python3 hello.py"
PATCH = '*** Begin Patch\n*** Add File: hello.py\n+print("hello from " + "the file")\n*** End Patch\n'
BLOCK = f"hello.py\n```python\n<<<<<<< SEARCH\n=======\n{PROGRAM}>>>>>>> REPLACE\n```\n"

_SHELLS = ("exec_command", "shell_command", "shell", "local_shell", "container.exec", "bash", "Bash")
_WRITERS = ("write", "Write", "write_file", "create_file")


def step(prompt: Prompt) -> Plan | None:
    """The next step, or None where no coding agent asks for `hello.py`."""
    if side := _side_request(prompt):
        return side
    if "hello.py" not in prompt.all_text:
        return None
    if "SEARCH/REPLACE" in prompt.all_text and not prompt.tools:
        return Plan([Say(tokens.pieces(f"I add the file.\n\n{BLOCK}"))])
    shell = _first(prompt, _SHELLS)
    if shell is None or "hello.py" not in prompt.asked:
        return None
    done = len(prompt.results)
    if done == 0:
        return Plan([_write(prompt, shell)])
    if done == 1:
        return Plan([_run(shell, RUN)])
    seen = prompt.results[-1].text
    said = OUTPUT if OUTPUT in seen else f"something else: {seen[-200:]}"
    return Plan([Say(tokens.pieces(f"Done. hello.py exists and prints: {said}"))])


def _side_request(prompt: Prompt) -> Plan | None:
    """Titles and commit messages, which agents ask for on the side."""
    if prompt.tools:
        return None
    if "title generator" in prompt.system:
        return Plan([Say(["Hello ", "file"])])
    if "commit message" in prompt.system:
        return Plan([Say(["feat: ", "add ", "hello.py"])])
    return None


def _first(prompt: Prompt, names: tuple[str, ...]) -> Offered | None:
    return next((prompt.tools[n] for n in names if n in prompt.tools), None)


def _write(prompt: Prompt, shell: Offered) -> Call:
    patch = prompt.tools.get("apply_patch")
    if patch is not None:
        return call("apply_patch", PATCH if patch.custom else {"input": PATCH}, patch)
    writer = _first(prompt, _WRITERS)
    if writer is None:
        return _run(shell, WRITE)
    hints = {"filePath": "hello.py", "file_path": "hello.py", "path": "hello.py", "content": PROGRAM}
    return call(writer.name, _fill(writer, hints), writer)


def _run(shell: Offered, command: str) -> Call:
    return call(shell.name, _fill(shell, _shell_hints(command)), shell)


def _shell_hints(command: str) -> dict[str, Any]:
    words = ["bash", "-lc", command]
    return {"cmd": command, "command": command, "words": words, "description": "Works on hello.py"}


def _fill(tool: Offered, hints: dict[str, Any]) -> Any:
    """The tool's required arguments, from the hints where they fit."""
    schema = dict(tool.schema or {})
    command = schema.get("properties", {}).get("command", {})
    if command.get("type") == "array":
        hints = {**hints, "command": hints["words"]}
    wanted = schema.get("required") or list(schema.get("properties", {}))
    schema["properties"] = {n: s for n, s in schema.get("properties", {}).items() if n in wanted}
    return invent(schema, hints)
