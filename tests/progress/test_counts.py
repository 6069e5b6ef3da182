from __future__ import annotations

import pytest

from classify_core.progress import ProgressCallback, ProgressEvent, Stage, combined
from classify_core.progress.counts import Counts
from classify_core.progress.drawing import drawn
from tests.progress.moments import Moments


def _counted(*events: ProgressEvent, total: int | None = 10, now: Moments | None = None) -> Counts:
    counts = Counts(total, now=now or Moments())
    for event in events:
        counts.add(event)
    return counts


def test_each_document_is_counted_under_the_last_thing_that_was_told_of_it() -> None:
    stages = (Stage.UPLOADED, Stage.CREATED, Stage.RUNNING)
    events = [ProgressEvent(stage, index) for index in range(3) for stage in stages[: index + 1]]
    assert _counted(*events).details() == "1 uploaded, 1 created, 1 running"


def test_done_failed_and_cached_documents_are_finished() -> None:
    events = [ProgressEvent(stage, index) for index, stage in enumerate([Stage.DONE, Stage.FAILED, Stage.CACHED])]
    counts = _counted(ProgressEvent(Stage.RUNNING, 0), *events)
    assert (counts.progress(), counts.details()) == ("3/10", "1 failed, 1 cached")


def test_without_a_total_the_finished_ones_are_told_alone() -> None:
    assert _counted(ProgressEvent(Stage.DONE, 0), total=None).progress() == "1"


def test_a_wait_is_told_with_the_seconds_that_are_left_until_something_else_is() -> None:
    now = Moments()
    counts = _counted(ProgressEvent(Stage.UPLOADED, 0), ProgressEvent(Stage.WAITING, 0, seconds=11.2), now=now)
    assert counts.details() == "1 uploaded, waiting 12 s for the plan's limit"
    now.pass_by(9.0)
    assert counts.details() == "1 uploaded, waiting 3 s for the plan's limit"
    counts.add(ProgressEvent(Stage.DONE, 5))
    assert counts.details() == "1 uploaded"


def test_a_wait_that_is_over_is_not_told_any_more() -> None:
    now = Moments()
    counts = _counted(ProgressEvent(Stage.WAITING, 0, seconds=2.0), now=now)
    now.pass_by(2.0)
    assert counts.details() == ""


def test_only_open_documents_are_remembered() -> None:
    counts = Counts(None)
    for index in range(1000):
        for stage in (Stage.UPLOADED, Stage.CREATED, Stage.RUNNING, Stage.DONE):
            counts.add(ProgressEvent(stage, index))
    assert counts.finished == 1000
    assert not counts._under_way


def test_a_thousand_events_a_second_are_drawn_ten_times_a_second() -> None:
    now, drawings = Moments(), list[int]()
    counts = Counts(None)
    with drawn(counts, lambda: drawings.append(counts.finished), every=0.1, now=now) as callback:
        for index in range(1000):
            now.pass_by(0.001)
            callback(ProgressEvent(Stage.DONE, index))
        assert 5 <= len(drawings) <= 10
    assert drawings[-1] == 1000


def test_what_was_done_is_drawn_also_where_the_call_fails() -> None:
    drawings: list[int] = []
    counts = Counts(None)
    with pytest.raises(KeyError), drawn(counts, lambda: drawings.append(counts.finished), every=60) as callback:
        callback(ProgressEvent(Stage.DONE, 0))
        raise KeyError
    assert drawings == [1]


def test_callbacks_are_combined_in_their_order() -> None:
    told: list[str] = []
    callback = combined(lambda event: told.append("first"), None, lambda event: told.append("second"))
    assert callback is not None
    callback(ProgressEvent(Stage.DONE, 0))
    assert told == ["first", "second"]


def test_one_callback_is_itself_and_none_is_none() -> None:
    def callback(event: ProgressEvent) -> None: ...

    own: ProgressCallback = callback
    assert combined(None, own) is own
    assert combined(None) is None


def test_an_event_is_plain_data_for_those_who_pass_it_on() -> None:
    assert ProgressEvent(Stage.WAITING, 3, "a.pdf", "clj-1", 2.5).as_data() == {
        "stage": "waiting",
        "index": 3,
        "source_name": "a.pdf",
        "job_id": "clj-1",
        "seconds": 2.5,
    }


def test_documents_that_are_in_no_call_count_without_a_place() -> None:
    counts = Counts(4)
    for event in (ProgressEvent(Stage.CACHED, -1), ProgressEvent(Stage.CACHED, -1), ProgressEvent(Stage.FAILED, -1)):
        counts.add(event)
    assert (counts.progress(), counts.details()) == ("3/4", "1 failed, 2 cached")
