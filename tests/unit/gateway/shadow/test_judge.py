import pytest

from pointsman.gateway.shadow import judge
from pointsman.gateway.shadow.judge import Grades


@pytest.mark.parametrize(
    ("answer", "grades"),
    [
        ('{"first": 1, "second": 2}', Grades(1, 2)),
        ('thinking {"first": 1, "second": 2} no: {"first": 10, "second": 0.5}', Grades(10, 0.5)),
        ('```json\n{"second": 3, "first": 4}\n```', Grades(4, 3)),
        ('{"first": 11, "second": 2}', None),
        ('{"first": true, "second": 2}', None),
        ('{"first": 1}', None),
        ("{first: 1}", None),
        ("", None),
    ],
)
def test_grades_are_read_from_the_last_whole_verdict(answer, grades):
    assert judge.grades_in(answer) == grades


def test_the_judge_is_not_told_whose_answers_it_sees():
    messages = judge.question("Why?", "Because.", "So.")
    text = messages[1]["content"]
    assert text.index("Why?") < text.index("Because.") < text.index("So.")
    assert messages == judge.question("Why?", "Because.", "So.")


def test_an_answer_cannot_forge_the_end_of_its_part():
    marks = [judge.question("Why?", text, "So.")[1]["content"].split("\n")[0] for text in ("a", "b")]
    assert marks[0] != marks[1]


def test_long_answers_are_cut():
    text = judge.question("Why?", "x" * 50_000, "So.")[1]["content"]
    assert len(text) < judge.MOST_CHARS + 1000
    assert "(cut here)" in text


def test_the_order_is_as_good_as_random_and_stays():
    keys = [f"req_{n}" for n in range(1000)]
    orders = [judge.first_is_shown_first(key) for key in keys]
    assert 400 < sum(orders) < 600
    assert orders == [judge.first_is_shown_first(key) for key in keys]


def test_several_looks_count_as_their_mean():
    looks = [Grades(8, 4), Grades(2, 6).swapped]
    assert judge.mean_of(looks) == Grades(7, 3)
