import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.routing.routing_world import SHOPS, asks, model, target, world

from pointsman.core.errors import NotFound
from pointsman.routing.candidates import MAX_NEAR_NAMES, candidates_of, check_name, near_names
from pointsman.routing.profiles import DEFAULT


def test_an_alias_answers_to_its_name_with_ollamas_tag():
    found = candidates_of(asks("auto:latest"), SHOPS, DEFAULT)
    assert found == candidates_of(asks("auto"), SHOPS, DEFAULT)
    assert not found.concrete


def test_a_model_of_that_name_comes_before_the_alias():
    own = world(target("ollama", model("auto:latest")), target("shop", model("m")))
    found = candidates_of(asks("auto:latest"), own, DEFAULT)
    assert [one.id for one in found.targets] == ["ollama/auto:latest"]


@pytest.mark.parametrize("name", ["nobody:latest", "auto:8b", "auto:latest:latest"])
def test_no_other_tag_leads_to_an_alias(name):
    with pytest.raises(NotFound):
        candidates_of(asks(name), SHOPS, DEFAULT)


def test_the_nearest_name_stands_first():
    assert near_names("gpt-minni", SHOPS.names)[0] == "gpt-mini"


def test_nothing_is_near_to_nonsense():
    assert near_names("zzzz", SHOPS.names) == []


@given(st.text(max_size=30), st.sets(st.text(max_size=12), max_size=20))
def test_near_names_are_known_few_and_in_one_order(name, known):
    near = near_names(name, known)
    assert len(near) <= MAX_NEAR_NAMES
    assert set(near) <= known
    assert near == near_names(name, sorted(known, reverse=True))


def test_a_name_is_known_if_an_alias_or_a_model_bears_it():
    for name in ("auto", "auto:latest", *SHOPS.names):
        check_name(name, SHOPS)
    with pytest.raises(NotFound):
        check_name("nobody", SHOPS)
