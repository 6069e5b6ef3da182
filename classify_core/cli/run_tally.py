"""What a run comes to, counted while it goes on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from classify_core.classification import Status
from classify_core.cli.run_records import ResultRecord
from classify_core.pricing import UsageTotals


@dataclass
class Labelled:
    """The documents of one type.

    Attributes:
        documents: how many.
        confidence: the sum of theirs.
    """

    documents: int = 0
    confidence: float = 0.0

    @property
    def mean_confidence(self) -> float | None:
        """0.0 to 1.0; None where there is no document."""
        return self.confidence / self.documents if self.documents else None


@dataclass
class Tally:
    """Counts the documents of a run.

    Attributes:
        labelled: those that were classified, by type and by whether the type was withheld.
        failures: those that failed, by the code of their error.
        done_before: how many of the classified ones were in the file already.
        not_done: how many were found, but not worked on, since something ended the run.
        usage: what the service was used for.
    """

    labelled: dict[tuple[str | None, bool], Labelled] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    done_before: int = 0
    not_done: int = 0
    usage: UsageTotals = field(default_factory=UsageTotals)
    _begin: float = field(default_factory=time.monotonic)

    def count(self, record: ResultRecord) -> None:
        """Counts a document that was worked on."""
        if record.status.is_success:
            self.count_label(record.type, record.confidence, is_withheld=record.status is Status.BELOW_THRESHOLD)
        else:
            self.failures[record.error_code or record.status] += 1

    def count_before(self, kind: str | None, confidence: float | None, *, is_withheld: bool) -> None:
        """Counts a document whose result was there already."""
        self.done_before += 1
        self.count_label(kind, confidence, is_withheld=is_withheld)

    def count_label(self, kind: str | None, confidence: float | None, *, is_withheld: bool) -> None:
        """Counts a result."""
        labelled = self.labelled.setdefault((kind, is_withheld), Labelled())
        labelled.documents += 1
        labelled.confidence += confidence or 0.0

    @property
    def classified(self) -> int:
        """How many documents have a result, be it null."""
        return sum(labelled.documents for labelled in self.labelled.values())

    @property
    def failed(self) -> int:
        """How many documents failed."""
        return self.failures.total()

    def record(self) -> dict[str, Any]:
        """The summary as plain data."""
        return {
            "documents": self.classified + self.failed,
            "classified": self.classified,
            "failed": self.failed,
            "not_done": self.not_done,
            "done_before": self.done_before,
            "types": list(self._types()),
            "failures": dict(self.failures.most_common()),
            "seconds": round(time.monotonic() - self._begin, 3),
            "credits": self.usage.credits,
            "credits_estimated": self.usage.is_estimated,
        }

    def _types(self) -> Iterator[dict[str, Any]]:
        """The types, the commonest first; without a type come last."""
        ordered = sorted(self.labelled.items(), key=lambda entry: (entry[0][0] is None, -entry[1].documents))
        for (kind, is_withheld), labelled in ordered:
            mean = labelled.mean_confidence
            yield {
                "type": kind,
                "withheld": is_withheld,
                "documents": labelled.documents,
                "mean_confidence": None if mean is None else round(mean, 4),
            }
