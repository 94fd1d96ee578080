"""Reports are on the disk before they are acknowledged, and delivered in order, whoever is killed when."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reports_told import begun, ended, feedback

from pointsman.store import inbox as inbox_module
from pointsman.store.inbox import Inbox, InboxFull, Refusal, line_of, read

FEW_BYTES = 300


class Place:
    """Takes what is delivered, unless it is away."""

    def __init__(self):
        self.reports = []
        self.kept = []
        self.away = False
        self.refuses = {}

    async def deliver(self, reports):
        if self.away:
            raise OSError("no database")
        self.reports += reports
        return [self.refuses.get(report.id) for report in reports]

    async def keep(self, refused):
        self.kept += refused


@pytest.fixture
def place():
    return Place()


@pytest.fixture
async def inbox(tmp_path, place):
    made = Inbox(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def running(inbox, place):
    """An inbox whose place can be reached."""
    task = asyncio.create_task(inbox.deliver_forever(place.deliver, place.keep))
    while not inbox.reachable:
        await asyncio.sleep(0)
    yield inbox
    task.cancel()


async def test_what_is_delivered_is_told_so(running, place):
    report = feedback("success")
    assert await running.put(report) is True
    assert place.reports == [report]
    assert (running.counts.taken, running.counts.delivered, running.counts.held) == (1, 1, 0)


async def test_while_the_place_is_away_reports_are_safe(inbox, place, tmp_path):
    reports = [begun(), begun(), begun()]
    assert [await inbox.put(one) for one in reports] == [False] * 3
    await inbox.deliver_all(place.deliver, place.keep)
    assert place.reports == reports
    assert await inbox.put(feedback("success")) is False


async def test_what_could_not_be_delivered_stays(inbox, place):
    await inbox.put(feedback("success"))
    place.away = True
    for _ in range(2):
        with pytest.raises(OSError, match="no database"):
            await inbox.deliver_all(place.deliver, place.keep)
    place.away = False
    await inbox.deliver_all(place.deliver, place.keep)
    assert len(place.reports) == 1


async def test_the_next_process_takes_over_what_a_dead_one_left(tmp_path, place):
    left = [begun(), feedback("error")]
    dead = Inbox(tmp_path, segment_bytes=FEW_BYTES)
    for report in left:
        await dead.put(report)
    dead.close()
    heir = Inbox(tmp_path)
    fresh = begun()
    await heir.put(fresh)
    await heir.deliver_all(place.deliver, place.keep)
    assert place.reports == [*left, fresh]
    heir.close()
    assert list(tmp_path.iterdir()) == []


async def test_the_reports_of_a_living_process_are_left_to_it(tmp_path, place, inbox):
    await inbox.put(begun())
    other = Inbox(tmp_path)
    await other.deliver_all(place.deliver, place.keep)
    assert place.reports == []
    other.close()


async def test_a_repeat_is_written_once(inbox, place):
    report = feedback("success")
    assert [await inbox.put(report), await inbox.put(report)] == [False, False]
    await inbox.deliver_all(place.deliver, place.keep)
    assert place.reports == [report]


async def test_other_content_under_the_same_id_is_a_conflict_also_for_an_heir(tmp_path, inbox):
    await inbox.put(feedback("success"))
    assert (await inbox.put(feedback("error"))).why == "conflict"
    inbox.close()
    heir = Inbox(tmp_path)
    assert (await heir.put(feedback("error"))).why == "conflict"
    inbox.__init__(tmp_path)
    heir.close()


async def test_a_refusal_is_told_to_the_sender(running, place):
    report = ended(begun().id, success=True)
    refusal = place.refuses[report.id] = Refusal("unknown", "no task")
    assert await running.put(report) == refusal
    assert [one.told for one in place.kept] == [True]


async def test_a_refusal_nobody_waits_for_is_kept_for_people(inbox, place):
    report = ended(begun().id, success=True)
    place.refuses[report.id] = Refusal("unknown", "no task")
    await inbox.put(report)
    await inbox.deliver_all(place.deliver, place.keep)
    assert [(one.report, one.told) for one in place.kept] == [(report, False)]


async def test_a_full_inbox_says_so(inbox, monkeypatch):
    monkeypatch.setattr(inbox_module, "MAX_HELD", 1)
    await inbox.put(begun())
    with pytest.raises(InboxFull):
        await inbox.put(begun())


async def test_a_full_disk_says_so_and_leaves_no_half_line(inbox, place, monkeypatch):
    real, report = inbox_module.os.write, begun()

    def half(descriptor, text):
        return real(descriptor, text[: len(text) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(inbox_module.os, "write", half)
        with pytest.raises(OSError, match="disk full"):
            await inbox.put(report)
    await inbox.put(report)
    await inbox.deliver_all(place.deliver, place.keep)
    assert (place.reports, inbox.counts.damaged) == ([report], 0)


async def test_damage_costs_only_its_line_and_the_file_is_kept(tmp_path, place):
    dead = Inbox(tmp_path)
    reports = [begun(), begun()]
    for report in reports:
        await dead.put(report)
    dead.close()
    (path,) = tmp_path.glob("*/*.reports")
    content = b"deadbeef {}\n" + path.read_bytes()
    path.write_bytes(content)
    heir = Inbox(tmp_path)
    await heir.deliver_all(place.deliver, place.keep)
    heir.close()
    assert (place.reports, heir.counts.damaged) == (reports, 1)
    assert [kept.read_bytes() for kept in tmp_path.glob("*.bad")] == [content]


async def test_many_at_once_are_all_delivered_in_order(tmp_path, place):
    inbox = Inbox(tmp_path, segment_bytes=FEW_BYTES)
    reports = [begun() for _ in range(50)]
    await asyncio.gather(*[inbox.put(one) for one in reports])
    await inbox.deliver_all(place.deliver, place.keep)
    assert place.reports == reports
    inbox.close()


@given(st.lists(st.text(max_size=30), max_size=5), st.data())
def test_a_cut_file_gives_a_whole_beginning(titles, data):
    reports = [begun(task_title=title) for title in titles]
    content = b"".join([line_of(report) for report in reports])
    cut = data.draw(st.integers(0, len(content)))
    whole = content[:cut].count(b"\n")
    assert list(read(content[:cut])) == reports[:whole]


@given(st.binary(max_size=200))
def test_no_bytes_are_taken_for_a_report(noise):
    assert not [report for report in read(noise) if report is not None]


async def test_a_bug_of_the_place_ends_the_delivery_and_is_not_hidden(inbox, place):
    async def bug(_):
        raise ZeroDivisionError

    await inbox.put(begun())
    with pytest.raises(ZeroDivisionError):
        await inbox.deliver_forever(bug, place.keep)
    assert inbox.reachable is False
