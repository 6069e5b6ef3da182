"""Totals add up, and say where they are only estimated."""

from __future__ import annotations

from classify_core import Answer
from classify_core.models import JobUsage
from classify_core.pricing import UsageCounter, UsageTotals

NEW = Answer(type="invoice", confidence=1.0, job_id="job")
TOLD = NEW.model_copy(update={"usage": JobUsage(credits=4.0, parse_credits=4.0)})
FORMER = NEW.model_copy(update={"is_from_former_job": True})
LOCAL = NEW.model_copy(update={"job_id": None})


def test_each_document_is_counted_as_what_it_was() -> None:
    counter = UsageCounter()
    counter.count_answer(TOLD, cached=False, price=9.0)
    counter.count_answer(TOLD, cached=True, price=9.0)
    counter.count_answer(FORMER, cached=False, price=9.0)
    counter.count_answer(LOCAL, cached=False, price=0.0)
    counter.count_failure()

    assert counter.totals() == UsageTotals(
        documents=5, cached=1, jobs=1, former_jobs=1, failed=1, credits=4.0, is_estimated=False
    )


def test_what_nobody_told_is_estimated_by_the_pages_or_as_one() -> None:
    counter = UsageCounter()
    counter.count_answer(TOLD, cached=False, price=None)
    assert not counter.totals().is_estimated
    counter.count_answer(NEW, cached=False, price=3.0)
    counter.count_answer(NEW, cached=False, price=None)
    counter.count_answer(TOLD, cached=False, price=None)

    assert (counter.totals().jobs, counter.totals().credits, counter.totals().is_estimated) == (4, 12.0, True)


def test_a_failure_after_its_job_was_made_may_be_billed() -> None:
    counter = UsageCounter()
    counter.count_failure(made_job=True, price=5.0)
    counter.count_failure(made_job=True)

    assert counter.totals() == UsageTotals(documents=2, jobs=2, failed=2, credits=6.0, is_estimated=True)


def test_totals_that_were_told_do_not_change_afterwards() -> None:
    counter = UsageCounter()
    before = counter.totals()
    counter.count_failure()

    assert (before.documents, counter.totals().documents) == (0, 1)
