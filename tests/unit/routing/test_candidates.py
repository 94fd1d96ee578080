from hypothesis import given
from hypothesis import strategies as st
from tests.unit.routing.routing_world import SHOPS

from pointsman.routing.candidates import MAX_NEAR_NAMES, near_names


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
