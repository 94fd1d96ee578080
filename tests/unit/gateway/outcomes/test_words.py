"""What a human's words say, once all that is not the human's has been taken out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.gateway.outcomes.harness import stripped, words_of
from pointsman.gateway.outcomes.lexicon import CORRECTION, PRAISE, RETRY, UNDO, VERDICTS, asks, verdict_of


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("no, that is wrong. try again", CORRECTION),
        ("That's not what I asked for", CORRECTION),
        ("it still doesn't work", CORRECTION),
        ("This doesn\u2019t compile", CORRECTION),
        ("Hmm, you forgot the second case", CORRECTION),
        ("I said Python, not Go", CORRECTION),
        ("Nein, das ist falsch", CORRECTION),
        ("ça ne marche pas", CORRECTION),
        ("no funciona", CORRECTION),
        ("não funciona", CORRECTION),
        ("non funziona", CORRECTION),
        ("不对，重新写", CORRECTION),
        ("違います", CORRECTION),
        ("не работает", CORRECTION),
        ("Try again", RETRY),
        ("versuch es nochmal", RETRY),
        ("Undo that please", UNDO),
        ("Thanks, now add tests", PRAISE),
        ("perfect!", PRAISE),
        ("It works", PRAISE),
        ("danke!", PRAISE),
        ("merci", PRAISE),
        ("ありがとう", PRAISE),
        ("спасибо", PRAISE),
        ("Thanks, but it still fails", None),
        ("Now add a test for the parser", None),
        ("Add an undo button to the editor", None),
        ("Write a function that says no when asked", None),
        ("Note that the schema has changed", None),
        ("Notify the user", None),
        ("Greatest common divisor in Rust please", None),
        ("", None),
        ("doesn't work", CORRECTION),
        ("That's not quite right", CORRECTION),
        ("I still get the same error", CORRECTION),
        ("Now I get an ImportError: no module named x", CORRECTION),
        ("The second test still fails", CORRECTION),
        ("wait, that's the wrong file", CORRECTION),
        ("es funktioniert immer noch nicht", CORRECTION),
        ("動きません", CORRECTION),
        ("안 돼요", CORRECTION),
        ("works!", PRAISE),
        ("Thanks! That fixed it.", PRAISE),
        ("cool, next the docs", PRAISE),
        ("고마워요", PRAISE),
        ("no problem, thanks", None),
        ("No, no need", None),
        ("No, that\u2019s fine", None),
        ("No, problem is still there", "correction"),
        ("No, server is down now", "correction"),
        ("Nein, passt so nicht", "correction"),
        ("нет, надо иначе", "correction"),
        ("No, that's fine. Leave it", None),
        ("Нет, спасибо", None),
        ("nein, passt so", None),
        ("no-op handlers should be skipped", None),
        ("non existent keys should raise KeyError", None),
        ("primary key should be a uuid", None),
        ("superclass of Foo should be abstract", None),
        ("Klasse User braucht noch ein Feld", None),
        ("Класс User должен наследовать Base", None),
        ("Merci de corriger le titre", None),
        ("It is better to use a dataclass here", None),
        ("Why did you use a dict here?", None),
        ("Same error handling for the other endpoints", None),
        ("Rollback strategy for deployments?", None),
        ("Incorrect passwords should lock the account", None),
    ],
)
def test_verdicts_in_many_words(words: str, verdict: str | None) -> None:
    assert verdict_of(words) == verdict


def test_a_long_message_is_a_task_however_it_goes_on() -> None:
    assert verdict_of("Please write this. " * 40 + "No, that is wrong.") is None


@pytest.mark.parametrize(
    ("text", "human"),
    [
        ("<system-reminder>no</system-reminder>Go on", "Go on"),
        ("Go on<environment_context>wrong</environment_context>", "Go on"),
        ("<environment_details>\nwrong", ""),
        ("Look:\n```\nwrong\n```\nand fix it", "Look:\n\nand fix it"),
        ("> you said: wrong\nGo on", "Go on"),
        ("<task>Go on</task>", "Go on"),
        ("a < b and b > c", "a < b and b > c"),
    ],
)
def test_only_the_humans_words_are_left(text: str, human: str) -> None:
    assert stripped(text) == human


def test_the_last_human_message_counts() -> None:
    assert words_of(["first", "<system-reminder>x</system-reminder>", "second"]).human == "second"


def test_files_that_a_client_adds_are_nobodys_words() -> None:
    assert words_of(["I have *added these files to the chat* so you see all", "Go on"]).human == "Go on"


@given(st.text(max_size=300))
def test_reading_never_fails_and_finds_known_verdicts_only(text: str) -> None:
    assert verdict_of(stripped(text)) in (None, *VERDICTS)


@pytest.mark.parametrize(
    ("words", "verdict"),
    [("No", None), ("No, use tabs", None), ("нет", None), ("No, that's wrong. Use tabs", CORRECTION)],
)
def test_a_no_to_a_question_is_an_answer(words: str, verdict: str | None) -> None:
    assert asks("Done. Shall I run the tests, too?")
    assert verdict_of(words, asked=True) == verdict
