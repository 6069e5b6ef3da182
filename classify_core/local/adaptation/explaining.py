"""Answers with a view to other documents, and why they are what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classify_core.classification import Alternative, Answer
from classify_core.local.decision import decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classify_core.engine import RuleScore


def decide_again(scores: Sequence[RuleScore], revised: Sequence[RuleScore], *, backend: str) -> Answer:
    """Returns the answer by a document's scores with a view to others.

    Args:
        scores: those of the document alone.
        revised: the same with a view to others.
        backend: the name of such answers.
    """
    answer = decide(revised)
    if answer.type == decide(scores).type:
        return answer.model_copy(update={"backend": backend})
    return answer.model_copy(update={"backend": backend, "reasoning": _explain_by_others(revised, answer.type)})


def _explain_by_others(scores: Sequence[RuleScore], chosen: str | None) -> str:
    """Returns the reason for an answer that the document alone would not have got.

    Args:
        scores: those of all rules, with a view to the other documents.
        chosen: the type that was answered with; None where no rule fitted well enough.
    """
    if chosen is None:
        return "no rule fits: it is most like documents that no rule fits"
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
