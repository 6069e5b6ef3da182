"""Two evaluations of the same documents, document by document."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from classify_core.errors import InvalidOptionError
from classify_core.evaluation.evaluation import Evaluation
from classify_core.evaluation.outcome import Outcome
from classify_core.evaluation.paired import difference_interval, mcnemar_exact


@dataclass(frozen=True, slots=True)
class Change:
    """A document of which the two say different things.

    Attributes:
        name: the document's name.
        label: its right type.
        first: the first one's type.
        second: the second one's type.
        first_is_right: whether the first is right.
        second_is_right: whether the second is right.
    """

    name: str
    label: str | None
    first: str | None
    second: str | None
    first_is_right: bool
    second_is_right: bool


@dataclass(frozen=True)
class Comparison:
    """How a second classifier differs from a first one on the same documents.

    Attributes:
        first: the first one's evaluation.
        second: the second one's.
        names: what to call the two.
        documents: those that both worked on.
        only_first_right: how many of them only the first got right.
        only_second_right: how many only the second got right.
        changes: the documents of which they say different things, what the second lost first, then what it won.
    """

    first: Evaluation
    second: Evaluation
    names: tuple[str, str]
    documents: int
    only_first_right: int
    only_second_right: int
    changes: tuple[Change, ...]

    @property
    def difference(self) -> float:
        """The second's accuracy minus the first's, on these documents."""
        return (self.only_second_right - self.only_first_right) / self.documents

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the difference."""
        return difference_interval(self.only_first_right, self.only_second_right, self.documents)

    @property
    def p_value(self) -> float:
        """The probability of such a difference, or a larger one, were both equally good (McNemar's exact test)."""
        return mcnemar_exact(self.only_first_right, self.only_second_right)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain data, with the second one's figures."""
        low, high = self.interval
        return {
            "names": list(self.names),
            "documents": self.documents,
            "difference": {"value": self.difference, "low": low, "high": high},
            "p_value": self.p_value,
            "only_first_right": self.only_first_right,
            "only_second_right": self.only_second_right,
            "changes": [asdict(change) for change in self.changes],
            "second": self.second.to_dict(),
        }


def compare(first: Evaluation, second: Evaluation, *, names: tuple[str, str] = ("first", "second")) -> Comparison:
    """Compares two evaluations of the same labelled documents, in the same order.

    A document that one of them did not begin is left out; one that failed counts as wrong.

    Raises:
        InvalidOptionError: the documents or their labels differ, or there is none that both worked on.
    """
    if [_document(each) for each in first.outcomes] != [_document(each) for each in second.outcomes]:
        raise InvalidOptionError(
            "the two evaluations are not of the same documents and labels; evaluate both on one list"
        )
    pairs = [
        (one, other)
        for one, other in zip(first.outcomes, second.outcomes, strict=True)
        if one.is_begun and other.is_begun
    ]
    if not pairs:
        raise InvalidOptionError("there is no document that both worked on; neither can be called better")
    return Comparison(
        first=first,
        second=second,
        names=names,
        documents=len(pairs),
        only_first_right=sum(one.is_right and not other.is_right for one, other in pairs),
        only_second_right=sum(other.is_right and not one.is_right for one, other in pairs),
        changes=_changes(pairs),
    )


def _document(outcome: Outcome) -> tuple[str, str | None]:
    return outcome.name, outcome.label


def _changes(pairs: list[tuple[Outcome, Outcome]]) -> tuple[Change, ...]:
    changes = [
        Change(one.name, one.label, one.answer.type, other.answer.type, one.is_right, other.is_right)
        for one, other in pairs
        if one.answer.type != other.answer.type or one.is_right != other.is_right
    ]
    return tuple(sorted(changes, key=lambda change: (change.second_is_right, not change.first_is_right)))
