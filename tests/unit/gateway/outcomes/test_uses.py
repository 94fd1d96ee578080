"""What calls of tools are for."""

import json

import pytest

from pointsman.gateway.outcomes.uses import Use, only_looks, use_of


@pytest.mark.parametrize(
    "command",
    [
        "rg -n 'a|b' src",
        "cd src && sed -n '1,200p' a.py",
        "git diff --stat HEAD~1",
        "ls src && grep -i error a.log",
        "git -C lib log -3",
        "cat build.log 2>/dev/null | grep -n error | head",
        "gh run view 12 --log-failed",
        "git --no-pager diff | cat",
        "env | grep PATH; command -v node; env LC_ALL=C sort a.txt",
        "test -f a.py; which python",
        "find . -name a.py \\( -size 1 -o -size 2 \\)",
    ],
)
def test_commands_that_only_look(command: str) -> None:
    assert only_looks(command)


@pytest.mark.parametrize(
    "command",
    [
        "pytest -q | tail -5",
        "sed -i s/a/b/ a.py",
        "sed -E -i.bak s/a/b/ a.py",
        "cat > a.py <<'EOF'\nx\nEOF",
        "find . -name '*.pyc' -delete",
        "git commit -m 'show the diff'",
        "git checkout show",
        "grep -q a b && make test",
        "echo $(make)",
        "env PYTHONPATH=src pytest -q",
        "command make test",
        "echo it\\'s; make",
        "python3 -c 'print(1)'",
        "",
    ],
)
def test_commands_that_do_something(command: str) -> None:
    assert not only_looks(command)


@pytest.mark.parametrize(
    ("name", "arguments", "use"),
    [
        ("Read", {"file_path": "a"}, Use.LOOK),
        ("write_stdin", {"session_id": 1, "chars": ""}, Use.WAIT),
        ("shell", {"command": ["bash", "-lc", "ls -l"]}, Use.LOOK),
        ("shell", {"command": ["make", "ls"]}, Use.WORK),
        ("Edit", {"file_path": "a"}, Use.WORK),
        ("mcp__files__read_file", {"path": "a"}, Use.LOOK),
        ("mcp__files__write_file", {"path": "a"}, Use.WORK),
        ("str_replace_based_edit_tool", {"command": "view", "path": "a"}, Use.LOOK),
        ("str_replace_based_edit_tool", {"command": "create", "path": "a"}, Use.WORK),
    ],
)
def test_the_use_of_a_call(name: str, arguments: object, use: Use) -> None:
    assert use_of(name, json.dumps(arguments)) is use


@pytest.mark.parametrize("arguments", ["", "{", "[]", "7", '{"command": 7}', '{"command": []}'])
def test_what_cannot_be_read_is_work(arguments: str) -> None:
    assert use_of("shell", arguments) is Use.WORK
