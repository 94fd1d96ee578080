"""What a request is about, read once for each text and state of the memory."""

from uuid import uuid4

import numpy as np
import pytest

from pointsman.memory.classify import NOTHING_STATED, Classifier, TaskLabels
from pointsman.memory.embed import Embedder
from pointsman.memory.mirror import TaskMirror
from pointsman.memory.reader import TaskReader
from pointsman.memory.texts import Bundled
from pointsman.store.rows import EPOCH
from pointsman.store.task_memory import Change

EMBEDDER = Embedder.load()
BUNDLED = Bundled(EMBEDDER)
CLASSIFIER = Classifier(BUNDLED)


@pytest.fixture
def mirror():
    return TaskMirror(BUNDLED.name, BUNDLED.dimensions)


@pytest.fixture
def reader(mirror):
    return TaskReader(EMBEDDER, CLASSIFIER, mirror)


def finished(title, model):
    sent = b"\x01\x00\x00\x00" + EMBEDDER.embedding(title).astype(">f2").tobytes()
    return Change(
        id=uuid4(),
        agent_used="QA",
        assigned_model=model,
        task_type=None,
        success=True,
        changed_at=EPOCH,
        embedding=sent,
    )


def test_a_text_has_type_vector_and_no_neighbours_while_nothing_is_remembered(reader):
    found = reader.read("Write unit tests for the parser")
    assert (found.task_type, found.neighbours) == ("P2_testing_simple", ())
    assert found.vector == EMBEDDER.vector("Write unit tests for the parser")


def test_the_same_text_is_read_once_until_the_memory_changes(reader, mirror):
    first = reader.read("Write unit tests")
    assert reader.read("Write unit tests") is first
    mirror._take([finished("Write unit tests for the lexer", "haiku")])
    (near,) = reader.read("Write unit tests").neighbours
    assert (near.model, near.agent, near.success) == ("haiku", "QA", True)
    assert near.similarity > 0.5


def test_what_the_client_states_is_part_of_what_is_kept(reader):
    assert reader.read("hello").task_type == "P2_general_simple"
    assert reader.read("hello", TaskLabels(domain="code")).task_type == "P2_code_simple"


def test_a_text_that_says_nothing_has_no_neighbours(reader, mirror):
    mirror._take([finished("Write unit tests", "haiku")])
    assert not np.any(EMBEDDER.embedding(""))
    assert reader.read("").neighbours == ()


def test_what_only_learning_is_curious_about_is_read_now_and_then(reader: TaskReader) -> None:
    first = reader.sample("Write a parser for dates", NOTHING_STATED, 1.0)
    other = reader.sample("Bake a cake", NOTHING_STATED, 1.002)
    named = reader.sample("Bake a cake", TaskLabels(domain="code"), 1.003)
    later = reader.sample("Bake a cake", NOTHING_STATED, 1.03)
    assert [one.vector != b"" for one in (first, other, named, later)] == [True, False, False, True]
    assert named.task_type == TaskLabels(domain="code").task_type
