"""Journals of earlier versions stay readable."""

from pathlib import Path

from tests.store_records import a_record

from pointsman.store.frames import HEADER, MAGIC
from pointsman.store.journal import JournalWriter, segment_path
from pointsman.store.reader import JournalReader


def test_a_segment_of_the_version_before_is_read(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "worker")
    writer.append(a_record(1))
    writer.close()
    path = segment_path(writer.folder, 0)
    path.write_bytes(MAGIC + b"\x01" + path.read_bytes()[len(HEADER) :])
    assert JournalReader(writer.folder).read(0, 0, closed=True).records == [a_record(1)]
