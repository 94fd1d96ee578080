"""Files have their places below the home folder."""

from pathlib import Path

import platformdirs

from pointsman.app.paths import home, paths


def test_the_environment_names_the_home(tmp_path: Path) -> None:
    assert home({"POINTSMAN_HOME": str(tmp_path)}) == tmp_path


def test_without_it_the_home_is_the_users_data_folder() -> None:
    assert home({"POINTSMAN_HOME": " "}) == Path(platformdirs.user_data_dir("pointsman", appauthor=False))


def test_a_tilde_means_the_users_folder() -> None:
    assert home({"POINTSMAN_HOME": "~/pm"}) == Path.home() / "pm"


def test_every_file_is_below_the_home_and_nothing_is_made(tmp_path: Path) -> None:
    root = tmp_path / "not-there"
    files = paths({"POINTSMAN_HOME": str(root)})
    assert files.admin_token == root / "admin.token"
    assert files.gateway == root / "gateway.json"
    assert all(getattr(files, name).is_relative_to(root) for name in files.__struct_fields__)
    assert not root.exists()
