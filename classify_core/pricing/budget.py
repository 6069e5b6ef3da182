"""`max_credits`: what a classifier may still spend, with what is under way set aside."""

from __future__ import annotations

import asyncio
from typing import Final

from classify_core.classification import Answer
from classify_core.errors import CreditLimitError
from classify_core.pricing.prices import price_of_answer, price_of_pages

_ROUNDING: Final = 1e-9
"""As a share of the limit: many small prices added up may miss it by as much."""


class Budget:
    """Counts credits against a limit; used on one event loop at a time.

    Only what a job costs beyond the price that was reserved for it can exceed the limit.

    Args:
        limit: credits; None counts and refuses nothing.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self._spent = 0.0
        self._reserved = 0.0
        self._waiting: asyncio.Future[None] | None = None

    @property
    def spent(self) -> float:
        """Credits of the jobs that were made, told or expected."""
        return self._spent

    @property
    def reserved(self) -> float:
        """Credits set aside for what is under way."""
        return self._reserved

    async def reserved_for(self, price: float | None) -> Reservation:
        """The same as `reserve`, but waits as long as what is under way may turn out to cost less than it set aside.

        A job of a former run does: it is paid for already.

        Raises:
            CreditLimitError: the limit is reached, or would be exceeded.
        """
        while True:
            try:
                return self.reserve(price)
            except CreditLimitError as error:
                if self._reserved <= 0 or error.remaining <= 0 or error.remaining < _amount(price):
                    raise
            self._waiting = self._waiting or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._waiting)

    def reserve(self, price: float | None) -> Reservation:
        """Sets a document's price aside before anything is made of it.

        Args:
            price: its credits, 0.0 where it is known to be free; None where unknown: the price of one page then.

        Raises:
            CreditLimitError: the limit is reached, or would be exceeded.
        """
        amount = _amount(price)
        self._check(amount)
        self._reserved += amount
        return Reservation(self, amount)

    def _check(self, price: float) -> None:
        if self.limit is None:
            return
        is_free_at_none = price == self._spent == 0.0  # with a limit of 0, what costs nothing
        if self._spent >= self.limit and not is_free_at_none:
            raise CreditLimitError(
                f"max_credits={self.limit:g} is reached ({self._spent:g} credits spent); "
                "what is done is kept, raise max_credits to go on"
            )
        if self._spent + self._reserved + price > self.limit * (1.0 + _ROUNDING):
            raise CreditLimitError(
                f"max_credits={self.limit:g} would be exceeded: {self._spent:g} credits are spent, {self._reserved:g} "
                f"more are set aside for what is under way, and this document needs {price:g}; what is done is kept, "
                "raise max_credits to go on, or read fewer pages with parsing=",
                remaining=self.limit - self._spent,
            )

    def _settle(self, reserved: float, spent: float) -> None:
        self._reserved -= reserved
        self._spent += spent
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.set_result(None)


def _amount(price: float | None) -> float:
    return price_of_pages(None) if price is None else price


class Reservation:
    """A document's price, set aside until it is known what became of it; the first of its three ends counts."""

    __slots__ = ("_budget", "_price")

    def __init__(self, budget: Budget, price: float) -> None:
        self._budget: Budget | None = budget
        self._price = price

    def settle(self, answer: Answer) -> None:
        """Spends what an answer cost: nothing where it made no job, what was reserved where nobody told."""
        self._end(price_of_answer(answer, self._price).credits)

    def release(self) -> None:
        """Gives the price back: nothing was made."""
        self._end(0.0)

    def keep(self) -> None:
        """Spends the price: a job was made, and may still be billed although no answer came."""
        self._end(self._price)

    def _end(self, spent: float) -> None:
        budget, self._budget = self._budget, None
        if budget is not None:
            budget._settle(self._price, spent)  # noqa: SLF001 - the two are one
