"""A budget is kept however its documents interleave."""

from __future__ import annotations

import asyncio
import random

import pytest

from classify_core import Answer, CreditLimitError
from classify_core.models import JobUsage
from classify_core.pricing import Budget, Reservation


def answer(*, job_id: str | None = "job", former: bool = False, usage: JobUsage | None = None) -> Answer:
    return Answer(type=None, confidence=0.5, job_id=job_id, is_from_former_job=former, usage=usage)


def told(credits: float, parse_credits: float | None = None) -> JobUsage:  # noqa: A002 - the field's name
    return JobUsage(credits=credits, parse_credits=parse_credits)


def test_what_would_exceed_the_limit_is_refused_with_what_to_do() -> None:
    budget = Budget(10)
    budget.reserve(4.0).settle(answer(usage=told(3.0)))
    budget.reserve(5.0)

    with pytest.raises(CreditLimitError, match=r"max_credits=10 would be exceeded: 3 .* 5 more .* needs 3;.*raise"):
        budget.reserve(3.0)
    budget.reserve(2.0)


@pytest.mark.parametrize("price", [0.0, 1.0, None])
def test_nothing_is_begun_once_the_limit_is_reached(price: float | None) -> None:
    budget = Budget(2)
    budget.reserve(2.0).settle(answer())

    with pytest.raises(CreditLimitError, match=r"max_credits=2 is reached \(2 credits spent\)"):
        budget.reserve(price)


@pytest.mark.parametrize(
    ("given", "price", "expected"),
    [
        (answer(usage=told(7.0)), 3.0, 7.0),
        (answer(usage=told(0.0, 2.0)), 3.0, 2.0),
        (answer(usage=told(0.0)), 3.0, 0.0),
        (answer(usage=JobUsage()), 3.0, 3.0),
        (answer(), 3.0, 3.0),
        (answer(), None, 1.0),
        (answer(), 0.0, 0.0),
        (answer(former=True), 3.0, 0.0),
        (answer(former=True, usage=told(3.0)), 3.0, 0.0),
        (answer(job_id=None), 3.0, 0.0),
    ],
    ids=[
        "told", "told of parsing", "told free", "told nothing", "not asked", "not asked nor counted",
        "known to be free", "former", "former and told", "no job",
    ],
)  # fmt: skip
def test_an_answer_spends_what_it_cost(given: Answer, price: float | None, expected: float) -> None:
    budget = Budget(100)
    budget.reserve(price).settle(given)

    assert (budget.spent, budget.reserved) == (expected, 0.0)


def test_what_was_not_made_is_given_back_and_what_may_be_billed_is_kept() -> None:
    budget = Budget(10)
    budget.reserve(6.0).release()
    assert (budget.spent, budget.reserved) == (0.0, 0.0)
    budget.reserve(6.0).keep()
    assert (budget.spent, budget.reserved) == (6.0, 0.0)


@pytest.mark.parametrize("first", ["settle", "release", "keep"])
def test_only_the_first_end_of_a_reservation_counts(first: str) -> None:
    budget = Budget(10)
    reservation = budget.reserve(4.0)
    ends = {"settle": lambda: reservation.settle(answer()), "release": reservation.release, "keep": reservation.keep}
    ends[first]()
    after = budget.spent

    for end in ends.values():
        end()

    assert (budget.spent, budget.reserved) == (after, 0.0)


def test_without_a_limit_nothing_is_refused_and_all_is_counted() -> None:
    budget = Budget(None)
    for _ in range(3):
        budget.reserve(1e9).settle(answer())

    assert budget.spent == 3e9


def test_many_small_prices_fill_a_limit_to_the_last() -> None:
    budget = Budget(1.0)
    for _ in range(10):
        budget.reserve(0.1).keep()
    assert budget.spent == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(20))
async def test_concurrent_documents_never_exceed_the_limit(seed: int) -> None:
    draw, budget, due = random.Random(seed), Budget(50), 0.0

    async def pause() -> None:
        for _ in range(draw.randrange(4)):
            await asyncio.sleep(0)

    def end(reservation: Reservation, price: float) -> float:
        cost, kind = float(draw.randint(0, int(price))), draw.randrange(4)
        if kind == 0:
            reservation.release()
        elif kind == 1:
            reservation.keep()
        else:
            reservation.settle(answer(usage=told(cost) if kind == 2 else None))
        return {0: 0.0, 1: price, 2: cost, 3: price}[kind]

    async def document() -> None:
        nonlocal due
        await pause()
        price = float(draw.randint(0, 9))
        try:
            reservation = budget.reserve(price)
        except CreditLimitError:
            assert budget.spent >= 50 or budget.spent + budget.reserved + price > 50
            return
        await pause()
        due += end(reservation, price)
        assert budget.spent + budget.reserved <= 50

    await asyncio.gather(*(document() for _ in range(100)))

    assert (budget.spent, budget.reserved) == (due, 0.0)
    assert budget.spent <= 50


def test_a_limit_of_nothing_lets_pass_what_costs_nothing() -> None:
    budget = Budget(0)
    budget.reserve(0.0).release()
    with pytest.raises(CreditLimitError, match="max_credits=0 is reached"):
        budget.reserve(1.0)
