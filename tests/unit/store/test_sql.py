"""The named queries and migration files are in form."""

from importlib.resources import files

import pytest

from pointsman.store.migrate import in_order, known
from pointsman.store.sql import parse, queries


@pytest.mark.parametrize(
    "file", [f.name[:-4] for f in (files("pointsman.store") / "queries").iterdir() if f.name.endswith(".sql")]
)
def test_each_file_of_queries_can_be_read(file: str) -> None:
    assert all(sql for sql in queries(file).values())


def test_a_query_without_description_is_refused() -> None:
    with pytest.raises(ValueError, match="no description"):
        parse("-- name: one\nSELECT 1;")


def test_two_queries_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two queries"):
        parse("-- name: one\n-- A.\nSELECT 1;\n-- name: one\n-- B.\nSELECT 2;")


def test_migrations_are_in_order_and_each_number_has_a_pre_file() -> None:
    names = [m.name for m in known()]
    assert names[0] == "0001_pre_foundation"
    assert names == [m.name for m in in_order({f"{m.name}.sql": m.sql for m in reversed(known())})]


@pytest.mark.parametrize("name", ["1_pre_x.sql", "0001_mid_x.sql", "0001_post_only.sql"])
def test_a_misnamed_or_lone_migration_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="pre"):
        in_order({name: "SELECT 1"})
