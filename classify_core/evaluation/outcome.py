"""One labelled document and what was said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from classify_core.classification import Classification, Status
from classify_core.run_state import ends_the_run


@dataclass(frozen=True)
class Outcome:
    """A label and the answer to compare with it.

    Attributes:
        name: the document's name.
        label: the right type; None where it has none of the rules' types.
        answer: what the classifier said.
    """

    name: str
    label: str | None
    answer: Classification

    @property
    def is_begun(self) -> bool:
        """Whether the document was worked on; one that was not says nothing of the classifier.

        What would have met every other document too, such as a wrong key, is not held against the one that met it.
        """
        error = self.answer.error
        return self.answer.status is not Status.NOT_STARTED and (error is None or not ends_the_run(error))

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer, be it that no rule fits."""
        return self.answer.status.is_success

    @property
    def is_right(self) -> bool:
        """Whether the type equals the label; for a document of no type, whether there is an answer without one."""
        return self.is_answered and self.answer.type == self.label

    @property
    def guess(self) -> str | None:
        """The type or, where there is none, the first alternative; None where nothing is known of it."""
        if self.answer.type is not None:
            return self.answer.type
        return self.answer.alternatives[0].type if self.answer.alternatives else None

    @property
    def is_guess_right(self) -> bool:
        """Whether the best guess equals the label, which is a type."""
        return self.is_answered and self.label is not None and self.guess == self.label

    @property
    def offered_type(self) -> str | None:
        """The type that would be given were none withheld by `min_confidence`."""
        return self.guess if self.answer.status is Status.BELOW_THRESHOLD else self.answer.type

    @property
    def is_offer_right(self) -> bool:
        """Whether there is such a type, and it equals the label."""
        return self.offered_type is not None and self.offered_type == self.label

    @property
    def judged_confidence(self) -> tuple[float, bool] | None:
        """The confidence, and whether what it speaks of is so; None where there is nothing to judge.

        It speaks of the type. Where no rule fits it is that of the nearest one, which was rightly not given; a backend
        without alternatives, as the hosted one, means by it that no rule fits.
        """
        if self.answer.confidence is None:
            return None
        if self.offered_type is None and not self.answer.alternatives:
            is_known = self.answer.status is Status.COMPLETED
            return (self.answer.confidence, self.label is None) if is_known else None
        return self.answer.confidence, self.is_offer_right

    def to_dict(self) -> dict[str, Any]:
        """The outcome as plain data, without the document's text; `reasoning` may quote it."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.answer.type,
            "best_guess": self.guess,
            "confidence": self.answer.confidence,
            "right": self.is_right,
            "status": self.answer.status.value,
            "error": None if self.answer.error is None else self.answer.error.message,
            "reasoning": self.answer.reasoning,
        }
