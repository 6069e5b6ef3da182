"""What a classifier has used so far."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from classify_core.classification import Answer
from classify_core.pricing.prices import price_of_answer, price_of_pages


class UsageTotals(BaseModel):
    """What a classifier has used so far.

    Attributes:
        documents: all whose outcome is known, the failed included.
        cached: of these, those whose answer was known here.
        jobs: hosted jobs that were made, those of `submit` included, whose outcomes are not known.
        former_jobs: answers that came back from jobs made, and paid for, before.
        failed: documents without an answer.
        credits: what the jobs cost.
        is_estimated: whether the service did not tell some part of `credits`; `usage=True` asks it.
    """

    model_config = ConfigDict(frozen=True)

    documents: int = 0
    cached: int = 0
    jobs: int = 0
    former_jobs: int = 0
    failed: int = 0
    credits: float = 0.0
    is_estimated: bool = False


class UsageCounter:
    """Counts on one event loop; totals may be read from any thread."""

    def __init__(self) -> None:
        self._totals = UsageTotals()

    def count_answer(self, answer: Answer, *, cached: bool, price: float | None) -> None:
        """Counts a document that has an answer.

        Args:
            answer: the backend's, or a cache's.
            cached: whether it was known here, or is that of an equal document; it costs nothing then.
            price: the credits that its pages cost, where the service does not tell; None where not counted.
        """
        if cached:
            self._add(cached=1)
        elif answer.job_id is None:
            self._add()
        elif answer.is_from_former_job:
            self._add(former_jobs=1)
        else:
            cost = price_of_answer(answer, price)
            self._add(jobs=1, cost=cost.credits, is_estimated=not cost.is_told)

    def count_failure(self, *, made_job: bool = False, price: float | None = None) -> None:
        """Counts a document that has none.

        Args:
            made_job: whether a job was made for it, which may still be billed.
            price: the credits that its pages cost; None where not counted.
        """
        if made_job:
            self._add(failed=1, jobs=1, cost=price_of_pages(None) if price is None else price, is_estimated=True)
        else:
            self._add(failed=1)

    def count_submission(self, *, made_job: bool, price: float | None) -> None:
        """Counts a document whose job was begun and is not waited for.

        Args:
            made_job: whether a job was made for it, and not found or shared.
            price: the credits that its pages cost; None where not counted.
        """
        if made_job:
            cost = price_of_pages(None) if price is None else price
            self._add(documents=0, jobs=1, cost=cost, is_estimated=True)

    def take_back(self, *, failed: bool) -> None:
        """Takes back the count of a document that is classified once more, and counted then.

        Args:
            failed: whether it had no answer.
        """
        self._add(documents=-1, failed=-int(failed))

    def take_over(self, *, had_failed: bool, has_failed: bool) -> None:
        """Corrects the count of a document that takes over what an equal one's second look came to.

        Args:
            had_failed: whether it had no answer before.
            has_failed: whether it has none now.
        """
        change = int(has_failed) - int(had_failed)
        self._add(documents=0, failed=change, cached=-change)

    def totals(self) -> UsageTotals:
        """What was counted so far; later counts do not change it."""
        return self._totals

    def _add(
        self,
        *,
        documents: int = 1,
        cached: int = 0,
        jobs: int = 0,
        former_jobs: int = 0,
        failed: int = 0,
        cost: float = 0.0,
        is_estimated: bool = False,
    ) -> None:
        """Replaces the totals as a whole, so that no reader in another thread sees half of a count."""
        before = self._totals
        self._totals = UsageTotals(
            documents=before.documents + documents,
            cached=before.cached + cached,
            jobs=before.jobs + jobs,
            former_jobs=before.former_jobs + former_jobs,
            failed=before.failed + failed,
            credits=before.credits + cost,
            is_estimated=before.is_estimated or is_estimated,
        )
