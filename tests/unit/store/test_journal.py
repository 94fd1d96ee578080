"""The journal holds what was appended, whatever the disk does."""

import errno
import os
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store_records import PLAIN, a_record

from pointsman.core.events import RequestRecord
from pointsman.store import journal as journal_module
from pointsman.store.frames import HEADER, encode_frame
from pointsman.store.journal import JournalWriter, segment_path
from pointsman.store.reader import JournalReader, UnknownFormat, journals


def written(root: Path, count: int, segment_bytes: int = 10**6) -> JournalReader:
    writer = JournalWriter(root, "worker", segment_bytes=segment_bytes)
    for number in range(count):
        writer.append(a_record(number))
    writer.close()
    return JournalReader(writer.folder)


def read_all(reader: JournalReader, chunk_bytes: int = 1 << 18) -> list[RequestRecord]:
    found = []
    for segment in reader.segments():
        offset, done = 0, False
        while not done:
            chunk = reader.read(segment, offset, closed=True, chunk_bytes=chunk_bytes)
            found += chunk.records
            offset, done = chunk.next, chunk.done
    return found


def test_records_come_out_in_order_over_segments(tmp_path: Path) -> None:
    reader = written(tmp_path, 50, segment_bytes=3000)
    assert len(reader.segments()) > 3
    assert read_all(reader) == [a_record(n) for n in range(50)]


@pytest.mark.parametrize("chunk_bytes", [1, 100, 1000])
def test_small_reads_find_the_same(tmp_path: Path, chunk_bytes: int) -> None:
    assert read_all(written(tmp_path, 20), chunk_bytes) == [a_record(n) for n in range(20)]


def test_a_journal_is_alive_until_it_is_closed(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "worker")
    (reader,) = journals(tmp_path)
    assert reader.is_alive()
    writer.close()
    assert not reader.is_alive()


def test_an_unfinished_end_of_a_live_segment_is_waited_for(tmp_path: Path) -> None:
    reader = written(tmp_path, 1)
    path = segment_path(reader.folder, 0)
    whole = path.stat().st_size
    frame = encode_frame(a_record(1))
    path.write_bytes(path.read_bytes() + frame[:-1])
    chunk = reader.read(0, 0, closed=False)
    assert (chunk.next, chunk.done, chunk.records) == (whole, False, [a_record(0)])
    path.write_bytes(path.read_bytes() + frame[-1:])
    assert reader.read(0, chunk.next, closed=False).records == [a_record(1)]


def test_a_torn_end_of_a_closed_segment_is_given_up(tmp_path: Path) -> None:
    reader = written(tmp_path, 2)
    path = segment_path(reader.folder, 0)
    path.write_bytes(path.read_bytes()[:-5])
    chunk = reader.read(0, 0, closed=True)
    assert (chunk.records, chunk.done) == ([a_record(0)], True)
    assert chunk.torn_bytes == len(encode_frame(a_record(1))) - 5


@given(st.data())
def test_damage_never_loses_the_frames_around(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    reader = written(tmp_path_factory.mktemp("journal"), 6)
    path = segment_path(reader.folder, 0)
    text = bytearray(path.read_bytes())
    frame_bytes = (len(text) - len(HEADER)) // 6
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, min(len(text), start + frame_bytes)))
    text[start:end] = bytes(byte ^ 0xFF for byte in text[start:end])
    path.write_bytes(text)
    if start == len(HEADER) - 1:  # the format's number: who does not know a format must not guess
        with pytest.raises(UnknownFormat):
            read_all(reader)
        return
    touched = {(at - len(HEADER)) // frame_bytes for at in (start, end - 1) if at >= len(HEADER)}
    assert read_all(reader) == [a_record(n) for n in range(6) if n not in touched]


def test_much_rubbish_is_passed_over(tmp_path: Path) -> None:
    reader = written(tmp_path, 1)
    path = segment_path(reader.folder, 0)
    path.write_bytes(path.read_bytes() + b"\xc1" * 5_000_000 + encode_frame(a_record(1)))
    assert read_all(reader, chunk_bytes=1000) == [a_record(0), a_record(1)]


def test_a_frame_of_another_shape_is_counted_and_passed_over(tmp_path: Path) -> None:
    reader = written(tmp_path, 1)
    path = segment_path(reader.folder, 0)
    strange = b"\x91\x01"
    frame = b"\xc1\xf5" + len(strange).to_bytes(4, "little") + journal_crc(strange) + strange
    path.write_bytes(path.read_bytes() + frame + encode_frame(a_record(1)))
    chunk = reader.read(0, 0, closed=True)
    assert (chunk.unreadable, chunk.records) == (1, [a_record(0), a_record(1)])


def journal_crc(payload: bytes) -> bytes:
    return zlib.crc32(payload).to_bytes(4, "little")


def test_a_segment_of_another_version_is_left_alone(tmp_path: Path) -> None:
    reader = written(tmp_path, 1)
    path = segment_path(reader.folder, 0)
    path.write_bytes(path.read_bytes().replace(HEADER, HEADER[:-1] + b"\x63"))
    with pytest.raises(UnknownFormat, match="99"):
        reader.read(0, 0, closed=True)


def fail_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_fd: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(journal_module.os, "write", refuse)


def test_a_full_disk_holds_records_in_memory_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(tmp_path, "worker")
    with monkeypatch.context() as patch:
        fail_writes(patch)
        writer.append(a_record(0))
        writer.append(a_record(1))
        assert writer.counts.buffered == 2
    writer.append(a_record(2))
    writer.sync()
    assert (writer.counts.appended, writer.counts.buffered) == (3, 0)
    writer.close()
    assert read_all(JournalReader(writer.folder)) == [a_record(n) for n in range(3)]


def test_half_a_written_frame_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = JournalWriter(tmp_path, "worker")
    plain_write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(journal_module.os, "write", lambda fd, data: plain_write(fd, data[:10]))
        writer.append(a_record(0))
    assert segment_path(writer.folder, 0).stat().st_size == len(HEADER)
    writer.close()
    assert read_all(JournalReader(writer.folder)) == [a_record(0)]


def test_records_are_dropped_and_counted_when_memory_is_full_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "BUFFER_BYTES", 10)
    writer = JournalWriter(tmp_path, "worker")
    with monkeypatch.context() as patch:
        fail_writes(patch)
        writer.append(PLAIN)
    assert writer.counts.lost == 1
    writer.close()


def test_a_record_that_cannot_be_encoded_is_counted_as_lost(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "worker")
    writer.append(a_record(0, model="\ud800"))
    writer.append(a_record(1, tokens_in=2**70))
    assert (writer.counts.lost, writer.counts.appended) == (2, 0)
    writer.close()


def test_a_worker_name_is_made_fit_for_a_file(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "../a b/c")
    assert writer.folder.parent == tmp_path
    writer.close()
    assert [reader.worker for reader in journals(tmp_path)] == [".._a_b_c"]


def test_a_damaged_segment_is_kept_and_so_is_its_folder(tmp_path: Path) -> None:
    reader = written(tmp_path, 1)
    reader.discard(0, damaged=True)
    assert not reader.remove()
    assert [p.suffix for p in reader.folder.iterdir() if p.name != "writer.lock"] == [".bad"]
    assert reader.segments() == []


def test_an_emptied_folder_is_removed(tmp_path: Path) -> None:
    reader = written(tmp_path, 1)
    reader.discard(0, damaged=False)
    assert reader.remove()
    assert journals(tmp_path) == []


def test_foreign_folders_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes-nothex").mkdir()
    (tmp_path / ".new-worker-0123").mkdir()
    assert journals(tmp_path) == []
    assert journals(tmp_path / "missing") == []
