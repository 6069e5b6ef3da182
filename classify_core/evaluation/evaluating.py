"""Labelled documents through a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from classify_core.errors import ConnectionFailedError, InvalidOptionError
from classify_core.evaluation.evaluation import Evaluation
from classify_core.evaluation.labelled import Labelled
from classify_core.evaluation.outcome import Outcome
from classify_core.progress import ProgressCallback
from classify_core.source import Source

if TYPE_CHECKING:
    from classify_core.classification import Classification
    from classify_core.classifier import Classifier


def evaluate(
    classifier: Classifier,
    labelled: Sequence[Labelled],
    *,
    one_by_one: bool = False,
    on_progress: ProgressCallback | None = None,
) -> Evaluation:
    """Classifies labelled documents and compares the answers with the labels; failures are outcomes.

    Args:
        classifier: what to evaluate; the labels are not shown to it.
        labelled: the documents.
        one_by_one: each document alone, so that the others teach the classifier nothing about it.
        on_progress: is told of each step of each document.

    Raises:
        InvalidOptionError: there are no documents, or a label is none of the rules' types.
        ClassifyError: something ended the run before any document was begun.
    """
    types = tuple(rule.type for rule in classifier.rules)
    _refuse_foreign_labels(labelled, types)
    answers = _answers(classifier, [each.source for each in labelled], one_by_one=one_by_one, on_progress=on_progress)
    outcomes = tuple(Outcome(each.name, each.label, answer) for each, answer in zip(labelled, answers, strict=True))
    _refuse_empty(outcomes)
    return Evaluation(outcomes, types, classifier.rules_id)


def _answers(
    classifier: Classifier, sources: Sequence[Source], *, one_by_one: bool, on_progress: ProgressCallback | None
) -> list[Classification]:
    """The answers in the documents' order. A list adapts to its documents; one by one, as they come, none does."""
    if not one_by_one:
        return classifier.classify_many(sources, on_error="record", on_progress=on_progress)
    found = dict(classifier.classify_as_completed(sources, on_error="record", on_progress=on_progress))
    return [found[index] for index in range(len(sources))]


def _refuse_foreign_labels(labelled: Sequence[Labelled], types: Sequence[str]) -> None:
    if not labelled:
        raise InvalidOptionError("there are no labelled documents; give at least one")
    foreign = sorted({each.label for each in labelled if each.label is not None} - set(types))
    if foreign:
        raise InvalidOptionError(
            f"no rule produces the labels {', '.join(map(repr, foreign))}; load_labelled finds the types they mean"
        )


def _refuse_empty(outcomes: Sequence[Outcome]) -> None:
    """Raises what kept every document from the classifier: then there is nothing to measure.

    Raises:
        ClassifyError: the first document's error.
    """
    if any(outcome.is_begun and not isinstance(outcome.answer.error, ConnectionFailedError) for outcome in outcomes):
        return
    raise next(outcome.answer.error for outcome in outcomes if outcome.answer.error is not None)
