"""Recognises an agent by what it always says: its system prompt and the names of its tools."""

import re
from functools import lru_cache
from typing import NamedTuple

from xxhash import xxh3_64_hexdigest, xxh3_64_intdigest

from pointsman.gateway.fingerprints import PROMPT_PHRASES, PROMPT_STARTS, VARYING_WORDS

MAX_KNOWN = 4096
PREFIX_CHARS = 1000
"""How much of a prompt counts. Further down prompts tend to carry what changes from run to run."""

_WORD = re.compile(r"(?<![\w/\\.:@~+-])[^\W\d_]++(?=[.:]*+(?![\w/\\@~+-]))")
"""A run of letters that is no part of a path, number, date, address, version or id."""


class Prompt(NamedTuple):
    """A system prompt, recognised. `agent` is the product it belongs to, if known; `words` hashes its
    stable words; `stable` is False if it has none."""

    agent: str | None
    words: int
    stable: bool


NO_PROMPT = Prompt(None, 0, False)


def stable_words(text: str) -> str:
    """The words of `text` without dates, times, numbers, ids, paths and addresses.

    >>> stable_words("You are Bob. Today is Friday, 21 Nov 2026; cwd: /home/bob/x1 (id 7f-3a).")
    'you are bob today is cwd id'
    """
    words = [word.lower() for word in _WORD.findall(text)]
    return " ".join([word for word in words if word not in VARYING_WORDS])


class PromptReader:
    """Reads system prompts, remembering up to `max_known` of them by hash (never their text)."""

    __slots__ = ("_known", "_max_known")

    def __init__(self, max_known: int = MAX_KNOWN) -> None:
        self._known: dict[int, Prompt] = {}
        self._max_known = max_known

    def read(self, system: str) -> Prompt:
        """What `system`, the leading text of a system prompt, tells."""
        if not system:
            return NO_PROMPT
        digest = xxh3_64_intdigest(system.encode("utf-8", "surrogatepass"))
        prompt = self._known.get(digest)
        if prompt is None:
            if len(self._known) >= self._max_known:
                self._known.clear()
            prompt = self._known[digest] = _read(system)
        return prompt


@lru_cache(maxsize=MAX_KNOWN)
def home_made(prompt: Prompt, tool_names: tuple[str, ...]) -> str | None:
    """The id of an agent nobody knows, `agent-` and eight hex digits: the same for the same prompt words
    and set of tools. None when there is nothing to tell it by."""
    if not prompt.stable and not tool_names:
        return None
    tools = "\0".join(sorted(set(tool_names)))
    return "agent-" + xxh3_64_hexdigest(f"{prompt.words:x}\0{tools}".encode("utf-8", "surrogatepass"))[:8]


def _read(system: str) -> Prompt:
    words = stable_words(system[:PREFIX_CHARS])
    return Prompt(_product(system.lstrip()), xxh3_64_intdigest(words.encode()), bool(words))


def _product(system: str) -> str | None:
    for start, agent in PROMPT_STARTS:
        if system.startswith(start):
            return agent
    for phrase, agent in PROMPT_PHRASES:
        if phrase in system:
            return agent
    return None
