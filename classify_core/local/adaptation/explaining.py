"""Why a document's answer is another one with a view to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classify_core.classification import Alternative, Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classify_core.engine import RuleScore


def explain_by_others(scores: Sequence[RuleScore], chosen: str | None) -> str:
    """Returns the reason for an answer that the document alone would not have got.

    Args:
        scores: those of all rules, with a view to the other documents.
        chosen: the type that was answered with; None where no rule fitted well enough.
    """
    if chosen is None:
        return "no rule fits: it is most like the documents of this call that no rule fits"
    score = next(each for each in scores if each.type == chosen)
    found = f"; in itself it has {_quoted(score)}" if score.evidence else ""
    return f'it is most like the documents that are surely "{chosen}"{found}'


def given_answer(type_name: str | None, *, backend: str) -> Answer:
    """The answer for a document whose type somebody said."""
    if type_name is None:
        return Answer(type=None, confidence=0.0, reasoning="it was given as a document of no type", backend=backend)
    return Answer(
        type=type_name,
        confidence=1.0,
        reasoning=f'it was given as an example of "{type_name}"',
        alternatives=(Alternative(type=type_name, confidence=1.0),),
        backend=backend,
    )


def _quoted(score: RuleScore) -> str:
    return ", ".join(f'"{quote}"' for quote in score.evidence[:3])
