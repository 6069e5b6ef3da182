from __future__ import annotations

from classify_core.server.webhooks.schedule import Schedule, Waiting


def _waiting(number: int, host: str, due: float = 0.0) -> Waiting:
    return Waiting(due=due, number=number, event_id=str(number), host=host)


def _taken(schedule: Schedule, now: float = 0.0) -> list[int]:
    numbers = []
    while taken := schedule.take(now):
        numbers.append(taken.number)
    return numbers


def test_a_host_gets_its_deliveries_in_the_order_of_the_events() -> None:
    schedule = Schedule(at_once=9, at_once_per_host=9)
    for number in (3, 1, 2):
        schedule.add(_waiting(number, "a"))
    assert _taken(schedule) == [1, 2, 3]


def test_nothing_is_taken_before_it_is_due() -> None:
    schedule = Schedule(at_once=9, at_once_per_host=9)
    schedule.add(_waiting(1, "a", due=5.0))
    schedule.add(_waiting(2, "a", due=2.0))
    assert (_taken(schedule, 1.0), schedule.next_due()) == ([], 2.0)
    assert (_taken(schedule, 2.0), schedule.next_due()) == ([2], 5.0)


def test_a_host_holds_up_no_other() -> None:
    schedule = Schedule(at_once=9, at_once_per_host=2)
    for number in range(1, 6):
        schedule.add(_waiting(number, "a"))
    schedule.add(_waiting(6, "b"))
    assert sorted(_taken(schedule)) == [1, 2, 6]


def test_hosts_take_turns_where_there_is_room_for_one_more_only() -> None:
    schedule = Schedule(at_once=1, at_once_per_host=1)
    for number in range(4):
        schedule.add(_waiting(number, "a"))
        schedule.add(_waiting(number + 10, "b"))
    served = []
    while taken := schedule.take(0.0):
        assert schedule.take(0.0) is None
        served.append(taken.host)
        schedule.release(taken)
    assert served == ["a", "b"] * 4


def test_a_host_without_room_is_not_waited_for() -> None:
    schedule = Schedule(at_once=9, at_once_per_host=1)
    for number, host in ((1, "a"), (2, "a")):
        schedule.add(_waiting(number, host))
    taken = schedule.take(0.0)
    assert taken is not None
    assert schedule.next_due() is None  # only a release can change that
    schedule.release(taken)
    assert schedule.next_due() == 0.0
    assert _taken(schedule) == [2]


def test_no_host_is_remembered_that_has_nothing_left() -> None:
    schedule = Schedule(at_once=9, at_once_per_host=1)
    schedule.add(_waiting(1, "a"))
    taken = schedule.take(0.0)
    assert taken is not None
    schedule.release(taken)
    assert schedule._lines == {}
