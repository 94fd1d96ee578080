import json

import pytest

from pointsman.calibration.graders import code_in, grade, json_in
from pointsman.calibration.items import Item, bundled

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def exact(text, *answers):
    return grade(Item(prompt="?", answer=list(answers)), text).score


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Paris", "Paris"),
        ("**paris**.", "Paris"),
        ("I think about it.\n\nAnswer: Paris", "Paris"),
        ("Paris\nIt is the capital of France.", "Paris"),
        ("The sum is 1,024.", "1024"),
        ("so it is 7.50", "7.5"),
        ("2 and 2 are **4**.", "4"),
        ("It takes 2 hours.", "2"),
        ("`[20, 40]`", "[20, 40]"),
        ("$\\boxed", "boxed"),
    ],
)
def test_right_answers_are_known_in_other_clothes(text, answer):
    assert exact(text, "no", answer) == 1.0


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("London", "Paris"),
        ("", "Paris"),
        ("12 or 13", "12"),
        ("Not Paris", "Paris"),
        ("24 hours, 2 before", "2"),
    ],
)
def test_wrong_answers_are_wrong(text, answer):
    assert exact(text, answer) == 0.0


@pytest.mark.parametrize(
    ("text", "score", "detail"),
    [
        ('{"city": "Paris", "size": 2}', 1.0, "right"),
        ('Here it is:\n```json\n{"city": " paris", "size": 2}\n```', 1.0, "right"),
        ('{"city": "Paris", "size": 3}', 0.5, "partly"),
        ('{"city": "Rome", "size": true}', 0.0, "wrong"),
        ('{"size": 2}', 0.0, "missing_field"),
        ("Paris", 0.0, "no_json"),
        ("[" * 100_000, 0.0, "no_json"),
    ],
)
def test_json_is_held_to_its_schema_and_values(text, score, detail):
    item = Item(prompt="?", schema=CITY, expect={"city": "Paris", "size": 2})
    found = grade(item, text)
    assert (found.score, found.detail) == (score, detail)


def test_a_boolean_is_no_number():
    item = Item(prompt="?", schema={"type": "object"}, expect={"ok": True, "n": 1})
    assert grade(item, '{"ok": 1, "n": true}').score == 0.0


def test_the_longest_block_is_the_code():
    assert code_in("```sh\nls\n```\nand\n```python\nx = 1\ny = 2\n```") == "x = 1\ny = 2\n"
    assert code_in("x = 1") == "x = 1"


@pytest.mark.parametrize("item", [one for one in bundled() if one.answer], ids=lambda item: item.name)
def test_each_bundled_answer_is_right_and_another_is_not(item):
    assert all(grade(item, one).score == 1.0 for one in item.accepted)
    assert grade(item, "something else entirely").score == 0.0


@pytest.mark.parametrize(
    "item", [one for one in bundled() if one.schema is not None], ids=lambda item: item.name
)
def test_each_bundled_schema_takes_what_is_expected(item):
    whole = dict.fromkeys(item.schema["required"], "a word") | item.expect
    assert grade(item, json.dumps(whole)).score == 1.0
    assert grade(item, "{}").score == 0.0


def test_json_among_words_is_found():
    assert json_in('Sure! {"a": 1} Is there more?') == {"a": 1}
