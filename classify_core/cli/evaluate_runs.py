"""The one or two runs of an evaluation: the same documents, by each classifier."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from classify_core.classifier import Classifier
from classify_core.cli.concealment import concealed
from classify_core.cli.connection import ConnectionOptions
from classify_core.cli.evaluate_options import ComparisonOptions, EvaluationOptions
from classify_core.cli.run_display import progress
from classify_core.cli.run_options import BackendName, BackendOptions, RuleSetOptions
from classify_core.errors import ClassifyError, InvalidOptionError
from classify_core.evaluation import Evaluation, Labelled, Outcome, evaluate, load_labelled, sample


@dataclass(frozen=True)
class EvaluationRun:
    """One classifier and the documents it is to be measured on."""

    classifier: Classifier
    labelled: Sequence[Labelled]

    @property
    def is_hosted(self) -> bool:
        """Whether the documents go to the hosted service, and cost something."""
        return self.classifier.backend.name == BackendName.HOSTED

    def evaluation(self, *, one_by_one: bool) -> Evaluation:
        """Classifies the documents; a bar shows how far it is."""
        with progress(self.labelled, shown=True) as bar:
            made = evaluate(self.classifier, self.labelled, one_by_one=one_by_one, on_progress=bar.callback)
        return replace(made, outcomes=tuple(map(_concealed, made.outcomes)))


@contextmanager
def evaluation_runs(
    place: Path,
    rule_set: RuleSetOptions,
    options: BackendOptions,
    *,
    comparison: ComparisonOptions,
    connection: ConnectionOptions,
    evaluation: EvaluationOptions,
) -> Iterator[list[EvaluationRun]]:
    """The runs, whose classifiers are open inside; nothing is classified yet.

    Raises:
        UsageError: an option cannot work, or the documents' labels do not fit the rules.
        AuthenticationError: hosted was asked for and there is no usable key.
    """
    own_files = (rule_set.rules, comparison.compare_rules, evaluation.report, *options.cache_files())
    left_out = [path for path in own_files if path is not None]
    with ExitStack() as stack:
        classifiers = [stack.enter_context(options.classifier(rule_set, connection))]
        if comparison.is_wanted:
            second = comparison.backend(options).classifier(comparison.rule_set(rule_set), connection)
            classifiers.append(stack.enter_context(second))
            _refuse_same_backend(classifiers, comparison)
        runs = [EvaluationRun(one, load_labelled(place, one.rules, left_out=left_out)) for one in classifiers]
        _refuse_other_spellings(runs)
        yield runs if evaluation.limit is None else [_smaller(run, evaluation.limit) for run in runs]


def _refuse_same_backend(classifiers: Sequence[Classifier], comparison: ComparisonOptions) -> None:
    """Refuses to classify, and perhaps pay, twice for one answer."""
    first, second = (classifier.backend.name for classifier in classifiers)
    if comparison.compare_rules is None and first == second:
        raise InvalidOptionError(
            f"--compare-backend {comparison.compare_backend} is the backend itself; name the other one, or compare "
            "other rules with --compare-rules"
        )


def _smaller(run: EvaluationRun, size: int) -> EvaluationRun:
    return replace(run, labelled=sample(run.labelled, size))


def _refuse_other_spellings(runs: Sequence[EvaluationRun]) -> None:
    """Refuses a second set of rules that names the labels differently: then no answer of the two could be compared."""
    first, *others = [[each.label for each in run.labelled] for run in runs]
    for other in others:
        for one, another in zip(first, other, strict=True):
            if one != another:
                raise InvalidOptionError(f"--compare-rules calls {another!r} what --rules calls {one!r}; use one name")


def what_stopped(evaluations: Sequence[Evaluation]) -> ClassifyError | None:
    """Why documents were not begun, if some were not."""
    outcomes = (outcome for evaluation in evaluations for outcome in evaluation.outcomes if not outcome.is_begun)
    return next((outcome.answer.error for outcome in outcomes if outcome.answer.error is not None), None)


def _concealed(outcome: Outcome) -> Outcome:
    """The outcome without the secrets that this process was given, whatever a service repeats."""
    answer = outcome.answer
    hidden = {"reasoning": concealed(answer.reasoning)}
    if answer.error is not None:
        return replace(outcome, answer=answer.model_copy(update=hidden | {"error": _without_secrets(answer.error)}))
    return replace(outcome, answer=answer.model_copy(update=hidden))


def _without_secrets(error: ClassifyError) -> ClassifyError:
    hidden = copy.copy(error)
    hidden.message = concealed(error.message)
    hidden.args = (hidden.message,)
    return hidden
