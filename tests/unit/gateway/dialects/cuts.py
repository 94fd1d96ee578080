"""Cuts bytes into chunks, as a network may."""

from itertools import pairwise

from hypothesis import strategies as st

CUTS = st.lists(st.integers(0, 400), max_size=8)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` cut at the given places; places beyond its end do not count."""
    places = [0, *sorted({cut for cut in cuts if cut < len(data)}), len(data)]
    return [data[start:end] for start, end in pairwise(places)]
