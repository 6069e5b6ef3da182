"""The published price (contract README, "Limits, errors, price"): a credit a page; nothing for what was parsed."""

from __future__ import annotations

from typing import Final, NamedTuple

from classify_core.classification import Answer

CREDITS_A_PAGE: Final = 1.0
DOLLARS_A_CREDIT: Final = 1.25 / 1000


class Price(NamedTuple):
    """What an answer cost, in credits; `is_told` unless it is our own figure in place of one that nobody told."""

    credits: float
    is_told: bool


def price_of_pages(pages: int | None) -> float:
    """The credits of a document's pages; of at least one where they could not be counted."""
    return CREDITS_A_PAGE * (1 if pages is None else pages)


def price_of_answer(answer: Answer, expected: float | None) -> Price:
    """What an answer cost now: nothing without a job of this call, else what the service told, else what was expected.

    Args:
        answer: the backend's.
        expected: the credits that the document's pages cost; None where they were not counted: one page then.
    """
    if answer.job_id is None or answer.is_from_former_job:
        return Price(0.0, is_told=True)
    usage = answer.usage
    if usage is not None and (usage.credits is not None or usage.parse_credits is not None):
        return Price(usage.total, is_told=True)
    return Price(price_of_pages(None) if expected is None else expected, is_told=False)
