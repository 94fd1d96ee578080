"""What kind of task a request is: `{priority}_{domain}_{complexity}`.

The domain follows from how near the text's embedding is to examples of each, and from its words; the
complexity from its length and words; the priority from its words. Words are English; of texts in other
languages the embedding alone tells. What the client states goes before. Such
a label steers routing, and never permits anything.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import log2
from typing import Final

import numpy as np
from msgspec import Struct

from pointsman.core.errors import InvalidRequest
from pointsman.memory.labels import (
    COMPLEX_WORDS,
    COMPLEXITIES,
    DOMAIN_EXAMPLES,
    DOMAIN_WORDS,
    GENERAL,
    PRIORITY_NAMES,
    PRIORITY_WORDS,
    SIMPLE_WORDS,
    USUAL_PRIORITY,
)
from pointsman.memory.texts import Floats, TextEmbedder

READ_CHARS: Final = 2000
WORD_POINTS: Final = 0.12
"""What each telling word adds to the cosine of its domain."""
MAX_WORDS: Final = 3
LEAST_LIKENESS: Final = 0.2
"""Below this nothing is told apart, and the domain is `general`."""
SHORT_CHARS: Final = 100
HEADER_PREFIX: Final = b"x-pointsman-"

_WORD: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_PRIORITY: Final = re.compile(r"P[0-9]")
_DOMAIN: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_COMPLEXITY: Final = re.compile(r"[a-z][a-z0-9]*")
_MAX_LABEL: Final = 40


class TaskLabels(Struct, frozen=True, kw_only=True):
    """The three parts of a task type. An empty one is not known."""

    priority: str = ""
    domain: str = ""
    complexity: str = ""

    @property
    def task_type(self) -> str:
        """The parts as one word."""
        return f"{self.priority}_{self.domain}_{self.complexity}"

    def over(self, other: "TaskLabels") -> "TaskLabels":
        """These labels, and `other`'s where one is not known."""
        return TaskLabels(
            priority=self.priority or other.priority,
            domain=self.domain or other.domain,
            complexity=self.complexity or other.complexity,
        )


NOTHING_STATED: Final = TaskLabels()


class Classifier:
    """Labels texts. Making one embeds all examples once; a text then takes some 30 microseconds."""

    def __init__(self, embedder: TextEmbedder) -> None:
        self._embedder = embedder
        self._domains = tuple(DOMAIN_EXAMPLES)
        examples = [text for texts in DOMAIN_EXAMPLES.values() for text in texts]
        self._examples = embedder.embed(examples)
        self._starts = np.cumsum([0, *[len(texts) for texts in DOMAIN_EXAMPLES.values()]])[:-1]

    def labels(
        self, text: str, vector: Floats | None = None, stated: TaskLabels = NOTHING_STATED
    ) -> TaskLabels:
        """The labels of `text`, of which `stated` ones stay. `vector` is the text's embedding, if it is
        there already."""
        if stated.priority and stated.domain and stated.complexity:
            return stated
        words = frozenset(_WORD.findall(text[:READ_CHARS].lower()))
        return stated.over(
            TaskLabels(
                priority=_priority(words),
                domain=stated.domain or self._domain(text, words, vector),
                complexity=_complexity(len(text), words),
            )
        )

    def _domain(self, text: str, words: frozenset[str], vector: Floats | None) -> str:
        if not words and text.isascii():
            return GENERAL
        if vector is None:
            vector = self._embedder.embed([text[:READ_CHARS]])[0]
        likeness = np.maximum.reduceat(self._examples @ vector, self._starts).tolist()
        scores = {
            domain: cosine + WORD_POINTS * min(len(words & DOMAIN_WORDS.get(domain, frozenset())), MAX_WORDS)
            for domain, cosine in zip(self._domains, likeness, strict=True)
        }
        best = max(scores, key=lambda domain: scores[domain])
        return best if scores[best] >= LEAST_LIKENESS else GENERAL


def _priority(words: frozenset[str]) -> str:
    return next((name for name, telling in PRIORITY_WORDS.items() if words & telling), USUAL_PRIORITY)


def _complexity(length: int, words: frozenset[str]) -> str:
    """A step for each fourfold length over SHORT_CHARS, a half one up or down for each telling word."""
    steps = log2(max(length, SHORT_CHARS) / SHORT_CHARS) / 2 + 0.5 * (
        len(words & COMPLEX_WORDS) - len(words & SIMPLE_WORDS)
    )
    return COMPLEXITIES[min(max(1 + round(steps), 0), len(COMPLEXITIES) - 1)]


def stated_labels(headers: Mapping[bytes, bytes], metadata: Mapping[str, object] | None = None) -> TaskLabels:
    """What the client says of its task: `x-pointsman-task-type`, `-domain`, `-complexity` and `-priority`
    before the body's metadata `task_type`, `domain`, `complexity` and `priority`.

    Raises `InvalidRequest` for a header that is no label. Metadata may mean something else to the client,
    so what is no label there is ignored.
    """
    found = NOTHING_STATED if _STATING.isdisjoint(headers) else _from_headers(headers)
    return found.over(_from_metadata(metadata)) if metadata else found


def labels_told(told: Mapping[str, str | None]) -> TaskLabels:
    """What somebody says of a task in the fields `priority`, `domain` and `complexity`, as labels. Raises
    `InvalidRequest` for one that is none.

    >>> labels_told({"priority": "high", "domain": "Data Science", "complexity": None}).task_type
    'P1_data_science_'
    """
    found = []
    for part in PARTS:
        text = told.get(part)
        label = "" if text is None else label_of(part, text)
        if label is None:
            raise InvalidRequest(f"`{part}` must be {_wanted(part)}, not {text!r:.42}.", param=part)
        found.append(label)
    return _labels(found)


def label_of(part: str, text: str) -> str | None:
    """`text` as the label `part` (`priority`, `domain` or `complexity`), or None when it is none.

    >>> label_of("domain", "Data Science"), label_of("priority", "high"), label_of("complexity", "a_b")
    ('data_science', 'P1', None)
    """
    text = text.strip()[: _MAX_LABEL + 1]
    if part == "priority":
        named = PRIORITY_NAMES.get(text.lower(), text.upper())
        return named if _PRIORITY.fullmatch(named) else None
    plain = re.sub(r"[\s-]+", "_", text.lower())
    form = _DOMAIN if part == "domain" else _COMPLEXITY
    return plain if len(plain) <= _MAX_LABEL and form.fullmatch(plain) else None


def parts_of(task_type: str) -> TaskLabels | None:
    """The labels of a `{priority}_{domain}_{complexity}`, or None when it is none.

    >>> parts_of("P0_data_science_complex").domain
    'data_science'
    """
    pieces = task_type.strip().split("_")
    if len(pieces) < 3:
        return None
    found = [
        label_of(part, text)
        for part, text in zip(PARTS, (pieces[0], "_".join(pieces[1:-1]), pieces[-1]), strict=True)
    ]
    return _labels(found) if None not in found else None


PARTS: Final = ("priority", "domain", "complexity")
_HEADERS: Final = tuple([(part, HEADER_PREFIX + part.encode()) for part in PARTS])
_TASK_TYPE: Final = HEADER_PREFIX + b"task-type"
_STATING: Final = frozenset([_TASK_TYPE, *[name for _, name in _HEADERS]])


@lru_cache(maxsize=512)
def _one(part: str, text: str) -> str | None:
    return label_of(part, text)


def _labels(found: Sequence[str | None]) -> TaskLabels:
    priority, domain, complexity = [label or "" for label in found]
    return TaskLabels(priority=priority, domain=domain, complexity=complexity)


def _from_headers(headers: Mapping[bytes, bytes]) -> TaskLabels:
    found = _labels([_header_label(part, name, headers) for part, name in _HEADERS])
    whole = headers.get(_TASK_TYPE)
    if not whole:
        return found
    parts = parts_of(whole.decode("latin-1"))
    if parts is None:
        raise _misfit("x-pointsman-task-type", "PRIORITY_DOMAIN_COMPLEXITY, such as P1_code_simple")
    return found.over(parts)


def _header_label(part: str, name: bytes, headers: Mapping[bytes, bytes]) -> str | None:
    value = headers.get(name)
    if not value:
        return None
    label = _one(part, value.decode("latin-1"))
    if label is None:
        raise _misfit(name.decode(), _wanted(part))
    return label


def _from_metadata(metadata: Mapping[str, object]) -> TaskLabels:
    found = [_one(part, value) if isinstance(value := metadata.get(part), str) else None for part in PARTS]
    whole = metadata.get("task_type")
    parts = parts_of(whole) if isinstance(whole, str) else None
    return _labels(found).over(parts) if parts is not None else _labels(found)


def _wanted(part: str) -> str:
    if part == "priority":
        return "P0 to P9, or critical, urgent, high, medium, normal or low"
    words = "words" if part == "domain" else "a word"
    return f"{words} of the letters a to z and digits, at most {_MAX_LABEL} characters"


def _misfit(name: str, wanted: str) -> InvalidRequest:
    return InvalidRequest(f"The header `{name}` must be {wanted}.", param=name, code="invalid_task_label")
