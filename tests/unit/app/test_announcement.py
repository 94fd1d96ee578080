"""The first living gateway of a home is the one that the commands ask."""

import json
import os
from pathlib import Path

import pytest

from pointsman.app.announcement import announce, withdraw


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gateway.json"


def url_in(file: Path) -> str:
    return json.loads(file.read_text())["url"]


def test_a_gateway_says_where_it_is_and_takes_it_back(file: Path) -> None:
    announce(file, "http://one")
    assert url_in(file) == "http://one"
    withdraw(file)
    assert not file.exists()


def test_a_living_gateway_is_not_talked_over(file: Path) -> None:
    file.write_text(json.dumps({"url": "http://first", "pid": os.getppid()}))
    announce(file, "http://second")
    withdraw(file)
    assert url_in(file) == "http://first"


@pytest.mark.parametrize("left", ['{"url": "http://dead", "pid": 2147483000}', "{", "[]", '{"pid": "x"}'])
def test_what_a_dead_gateway_left_is_replaced(file: Path, left: str) -> None:
    file.write_text(left)
    announce(file, "http://new")
    assert url_in(file) == "http://new"
