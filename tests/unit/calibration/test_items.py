from collections import Counter

import pytest

from pointsman.calibration.items import BadItems, Item, bundled, digest_of, read


def test_the_bundled_prompts_cover_the_domains_and_the_first_fifty_need_no_tests():
    found = bundled()
    assert len(found) == 60
    assert len({one.name for one in found}) == 60
    assert all(one.grader in ("exact", "json_schema") for one in found[:50])
    assert all(one.grader == "tests" for one in found[50:])
    assert min(Counter(one.domain for one in found).values()) >= 4
    assert len({one.domain for one in found[:8]}) == 8


def test_lines_are_read(tmp_path):
    file = tmp_path / "mine.jsonl"
    file.write_text('{"prompt": "1+1?", "answer": "2"}\n\n{"prompt": "Why?", "id": "why"}\n')
    one, other = read(file)
    assert (one.accepted, one.grader, len(one.name)) == (["2"], "exact", 24)
    assert (other.name, other.grader) == ("why", "judge")


def test_csv_is_read(tmp_path):
    file = tmp_path / "mine.CSV"
    file.write_text('prompt,answer,domain\n"1, 2?",3,data\nWhy?,,\n')
    one, other = read(file)
    assert (one.prompt, one.accepted, one.domain) == ("1, 2?", ["3"], "data")
    assert other.grader == "judge"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.jsonl", "", "no prompts"),
        ("a.jsonl", "not json", "line 1"),
        ("a.jsonl", '{"prompt": "a"}\n{"prompt": " "}', "line 2: the prompt is empty"),
        ("a.jsonl", '{"prompt": "a", "anser": "b"}', "anser"),
        ("a.jsonl", '{"prompt": "a", "answer": "b", "domain": "C++"}', "line 1: `domain`"),
        ("a.jsonl", '{"prompt": "a", "answer": "b", "tests": ["pass"]}', "give one of"),
        ("a.jsonl", '{"prompt": "a"}\n{"prompt": "a"}', "twice"),
        ("a.csv", "question\nx", "`prompt` is missing"),
        ("a.csv", "prompt,anser\nx,y", "anser"),
        ("a.csv", "prompt\nx,y", "more values"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path, name, text, told):
    (tmp_path / name).write_text(text)
    with pytest.raises(BadItems, match=told):
        read(tmp_path / name)


def test_the_digest_follows_what_is_asked_of_whom_and_not_the_order():
    one, other = Item(prompt="a"), Item(prompt="b", answer="c")
    same = digest_of([one, other], ["m", "n"], None)
    assert same == digest_of([other, one], ["n", "m"], None)
    assert len({same, digest_of([one], ["m", "n"], None), digest_of([one, other], ["m", "n"], "j")}) == 3
