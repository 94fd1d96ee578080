import re

from hypothesis import example, given
from hypothesis import strategies as st

from pointsman.gateway.masks import Mask


@given(st.text(max_size=64))
@example("anon")
def test_a_mask_shows_nothing_of_the_name(name: str) -> None:
    assert re.fullmatch("anon-[0-9a-f]{16}", Mask(b"k")(name))


@given(st.text(), st.binary(min_size=1), st.binary(min_size=1))
def test_only_the_same_secret_gives_the_same_mask(name: str, one: bytes, other: bytes) -> None:
    assert (Mask(one)(name) == Mask(other)(name)) == (one == other)
