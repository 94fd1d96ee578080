"""The reference pages say what the code says."""

import pytest
from scripts import reference


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_is_up_to_date(name):
    written = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert written == reference.PAGES[name](), "run: python scripts/reference.py"
