"""Agents' specifications in a folder."""

import hashlib

import pytest

from pointsman.memory import agents


def test_each_markdown_file_is_an_agent(tmp_path):
    (tmp_path / "QA_TESTER.md").write_text("Writes tests.")
    (tmp_path / "notes.txt").write_text("no agent")
    (tmp_path / "folder.md").mkdir()
    specs, unreadable = agents.read_folder(tmp_path)
    assert (list(specs), unreadable) == (["QA_TESTER"], [])
    assert specs["QA_TESTER"].spec_hash == hashlib.sha256(b"Writes tests.").hexdigest()


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(agents, "MAX_SPEC_BYTES", 20)
    (tmp_path / "BINARY.md").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "HUGE.md").write_text("x" * 21)
    (tmp_path / "GOOD.md").write_text("fine")
    specs, unreadable = agents.read_folder(tmp_path)
    assert (list(specs), unreadable) == (["GOOD"], ["BINARY.md", "HUGE.md"])


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        agents.read_folder(tmp_path / "none")
