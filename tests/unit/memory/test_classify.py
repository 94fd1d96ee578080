"""Task types: told by the text, and stated by the client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.memory_world import Words

from pointsman.core.errors import InvalidRequest
from pointsman.memory.classify import Classifier, TaskLabels, label_of, parts_of, stated_labels
from pointsman.memory.embed import Embedder
from pointsman.memory.texts import Bundled


@pytest.fixture(scope="module")
def classifier():
    return Classifier(Bundled(Embedder.load()))


@pytest.mark.parametrize(
    ("text", "task_type"),
    [
        ("Add 2 deps, fix imports", "P2_code_trivial"),
        ("Write unit tests for the parser module", "P2_testing_simple"),
        ("prod is down!! outage in eu-west, nginx returns 502", "P0_infrastructure_simple"),
        ("URGENT: find the XSS vulnerability in this template", "P1_security_simple"),
        ("Group the orders table by customer in SQL", "P2_data_simple"),
        ("Summarize the meeting notes in an email", "P2_writing_simple"),
        ("Hi! How are you?", "P2_general_simple"),
        ("为解析器编写单元测试", "P2_testing_simple"),
        ("编写数据库迁移脚本", "P2_data_simple"),
        (
            "Design a distributed consensus architecture across three regions with strong consistency",
            "P2_reasoning_complex",
        ),
    ],
)
def test_usual_tasks_are_told_apart(classifier, text, task_type):
    assert classifier.labels(text).task_type == task_type


def test_long_texts_are_harder(classifier):
    assert classifier.labels("fix the function " * 300).complexity == "complex"


def test_a_text_without_words_is_general(classifier):
    assert classifier.labels("1 + 1 = ?").domain == "general"
    assert classifier.labels("").task_type == "P2_general_simple"


def test_what_is_stated_stays_and_the_rest_is_told_by_the_text(classifier):
    found = classifier.labels("Write unit tests", stated=TaskLabels(domain="data_science"))
    assert found.task_type == "P2_data_science_simple"


def test_what_is_stated_in_full_needs_no_embedding():
    words = Words()
    stated = TaskLabels(priority="P0", domain="code", complexity="complex")
    classifier = Classifier(words)
    words.texts.clear()
    assert classifier.labels("anything", stated=stated) == stated
    assert words.texts == []


@given(st.text(max_size=300))
def test_any_text_gets_a_task_type_that_can_be_read_back(text):
    found = Classifier(Words()).labels(text)
    assert parts_of(found.task_type) == found


HEADERS = {b"x-pointsman-domain": b"Code", b"x-pointsman-task-type": b"P0_infrastructure_complex"}


def test_a_header_for_one_part_goes_before_the_task_type():
    assert stated_labels(HEADERS).task_type == "P0_code_complex"


def test_headers_go_before_metadata():
    found = stated_labels({b"x-pointsman-priority": b"low"}, {"priority": "high", "domain": "data"})
    assert (found.priority, found.domain) == ("P3", "data")


def test_metadata_that_is_no_label_is_somebody_elses():
    assert stated_labels({}, {"domain": "https://a.example", "priority": 7, "task_type": "x"}) == TaskLabels()


@pytest.mark.parametrize(
    ("name", "value"),
    [("domain", b"!!"), ("priority", b"P77"), ("complexity", b"very_hard"), ("task-type", b"code")],
)
def test_a_header_that_is_no_label_is_refused_by_name(name, value):
    with pytest.raises(InvalidRequest, match=f"x-pointsman-{name}"):
        stated_labels({f"x-pointsman-{name}".encode(): value})


@given(st.sampled_from(["priority", "domain", "complexity"]), st.text(max_size=60))
def test_a_label_is_short_and_plain(part, text):
    label = label_of(part, text)
    assert label is None or (len(label) <= 40 and label.isascii() and label == label_of(part, label))
