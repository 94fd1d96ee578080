"""What a tool call is for, told by the tool's name and the shell command: to look at something, to wait for
something that runs, or to do something. Sees arguments, gives out a word.

What was only looked at says nothing of the work: a file may quote a failed test, and a search that finds
nothing ends with exit code 1.
"""

import re
from collections.abc import Mapping
from enum import Enum
from itertools import dropwhile
from typing import Any, Final

import msgspec

MAX_COMMAND_CHARS: Final = 4_000


class Use(Enum):
    """What a call is for. Where it cannot be told it is work."""

    WORK = "work"
    LOOK = "look"
    WAIT = "wait"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LOOKS: Final = _words(
    "read grep glob ls list view notebookread webfetch websearch read_file read_files readfile view_file "
    "open_file list_dir list_files list_directory search search_files search_file_content codebase_search "
    "grep_search file_search fetch_rules web_search fetch"
)
WAITS: Final = _words(
    "bashoutput taskoutput agentoutputtool write_stdin wait wait_agent command_status await sleep"
)
"""Names of tools that look, and of those that ask for the state of what runs, in small letters."""
LOOKERS: Final = _words(
    "cat nl head tail sed grep egrep fgrep rg ag fd find ls tree wc stat file du df pwd cd echo printf which "
    "type command test [ [[ diff cmp pgrep ps env printenv date uname whoami basename dirname realpath "
    "readlink sort uniq cut tr column jq less more bat strings xxd true journalctl view"
)
"""Programs that only look, by themselves; `view` is also what editors' tools are told to do."""
RUNNERS: Final = _words("env command")
"""Those among them that may run another program."""
SUBCOMMANDS: Final[Mapping[str, frozenset[str]]] = {
    "git": _words("diff log show status blame grep ls-files rev-parse"),
    "gh": _words("view list checks diff status"),
    "kubectl": _words("get describe logs"),
    "docker": _words("logs ps images inspect"),
}
"""Programs of which some subcommands only look."""
_COMMANDS: Final = ("command", "cmd")
_HARMLESS: Final = re.compile(r"(?:\d|&)?>>?\s*(?:/dev/null|&\d)")
_QUOTED: Final = re.compile(r"\\.|'[^']*+(?:'|\Z)|\"(?:\\.|[^\"\\])*+(?:\"|\Z)", re.DOTALL)
_BETWEEN: Final = re.compile(r"[|&;\n]+")
_CHANGES: Final = re.compile(r"[<>`]|\$\(|\s-(?:exec|delete)\b|\bsed (?:.* )?-(?:-in-place|\w*i)")


def use_of(name: str, arguments: str) -> Use:
    """What a call of the tool `name` is for.

    >>> [use_of("Bash", '{"command": "%s"}' % one) for one in ("cd src && rg 'a|b'", "pytest | tail")]
    [<Use.LOOK: 'look'>, <Use.WORK: 'work'>]
    >>> use_of("Read", "{}"), use_of("BashOutput", "{}")
    (<Use.LOOK: 'look'>, <Use.WAIT: 'wait'>)
    """
    tool = name.lower().rpartition("__")[2]  # mcp__SERVER__TOOL
    if tool in LOOKS:
        return Use.LOOK
    if tool in WAITS:
        return Use.WAIT
    return Use.LOOK if only_looks(_command(arguments)) else Use.WORK


def only_looks(command: str) -> bool:
    """Whether a shell command changes nothing and runs nothing but programs that look."""
    if not command or len(command) > MAX_COMMAND_CHARS:
        return False
    bare = _HARMLESS.sub(" ", _QUOTED.sub("''", command))
    if _CHANGES.search(bare):
        return False
    programs = [words for part in _BETWEEN.split(bare) if (words := part.split())]
    return bool(programs) and all(_looks(words) for words in programs)


def _looks(words: list[str]) -> bool:
    program, *rest = words
    if program in RUNNERS and rest[:1] != ["-v"]:
        run = list(dropwhile(lambda word: word.startswith("-") or "=" in word, rest))
        return not run or _looks(run)
    known = SUBCOMMANDS.get(program)
    if known is None:
        return program in LOOKERS
    rest = [word for word in rest if word != "--no-pager"]
    if rest[:1] == ["-C"]:
        del rest[:2]
    return bool(rest) and (rest[0] in known or (program == "gh" and rest[1:2] != [] and rest[1] in known))


def _command(arguments: str) -> str:
    """The shell command in a call's arguments: a string, or the words of `bash -lc COMMAND`."""
    if len(arguments) > 2 * MAX_COMMAND_CHARS:
        return ""
    try:
        found: Any = msgspec.json.decode(arguments)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    command = next((found[name] for name in _COMMANDS if name in found), "")
    if isinstance(command, list) and command:
        shell = len(command) > 2 and str(command[1]).startswith("-") and "c" in str(command[1])
        return str(command[2]) if shell else " ".join(map(str, command))
    return command if isinstance(command, str) else ""
