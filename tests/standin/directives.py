"""Directives in a prompt: `[[NAME:VALUE option:value ...]]`.

Faults (options `times:N` strikes only the first N requests with this text, `model:NAME` only that model):

    [[status:429 retry-after:3 type:T code:C]]  an error in the vendor's shape
    [[html]] [[html:502]]                       a web page where JSON was due
    [[truncate]]                                the body ends cleanly in its middle, without terminal event
    [[reset]]                                   the connection breaks; [[reset:early]] before any byte
    [[midstream-error]]                         an error event in the middle of a stream
    [[hang]]                                    never a byte; [[stall]] nothing after the middle
    [[garbage]]                                 200 with a body that is no JSON

Answers:

    [[slow:2]]  seconds before the first byte        [[pace:20]]  milliseconds between chunks
    [[chunks:50]]  as many words, a chunk each       [[say:TEXT]]  exactly this text
    [[refuse]] [[filter]] [[empty]]                  [[think]]  thinks first, where the form can say so
    [[call:NAME {"json":1}]]  calls this tool        [[badcall:NAME]]  with arguments that are no JSON
"""

import re
from dataclasses import dataclass, field

_DIRECTIVE = re.compile(r"\[\[([a-z-]+)(?::([^\]\s]+))?((?:\s[^\]]*)?)\]\]")
_TEXTUAL = re.compile(r"\[\[(say|call):(.*?)\]\]", re.DOTALL)


@dataclass
class Directive:
    """One directive: its value and its options."""

    name: str
    value: str = ""
    options: dict[str, str] = field(default_factory=dict)
    text: str = ""


def find_directives(text: str) -> dict[str, Directive]:
    """The directives in `text` by name; of two with one name the last."""
    found = {}
    for match in _TEXTUAL.finditer(text):
        found[match[1]] = Directive(match[1], match[2], text=match[0])
    for match in _DIRECTIVE.finditer(_TEXTUAL.sub("", text)):
        pairs = (word.partition(":") for word in match[3].split())
        options = {name: value for name, _, value in pairs}
        found[match[1]] = Directive(match[1], match[2] or "", options, match[0])
    return found


def without_directives(text: str) -> str:
    """`text` as a reader would see it."""
    return _DIRECTIVE.sub("", _TEXTUAL.sub("", text)).strip()
