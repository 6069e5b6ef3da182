"""`classify evaluate`: how well rules and a backend do on documents whose type is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from classify_core.cli import output
from classify_core.cli.commands import command
from classify_core.cli.connection import ConnectionOptions
from classify_core.cli.evaluate_cost import announce_cost, show_estimates
from classify_core.cli.evaluate_options import ComparisonOptions, EvaluationOptions
from classify_core.cli.evaluate_runs import EvaluationRun, evaluation_runs, what_stopped
from classify_core.cli.evaluate_tables import show_evaluation
from classify_core.cli.exit_codes import ExitCode
from classify_core.cli.output import Format, OutputOptions, tell
from classify_core.cli.run_options import BackendOptions, RuleSetOptions
from classify_core.cli.run_requests import told_requests
from classify_core.evaluation import Comparison, Evaluation, ThresholdAdvice, compare, threshold_advice, write_report
from classify_core.evaluation.wording import interval

app = typer.Typer(rich_markup_mode=None)


@command(
    app,
    "evaluate",
    examples=(
        "classify evaluate labelled/ --rules rules.yaml --report report.html",
        "classify evaluate labels.csv --rules rules.yaml --error-cost 30 --review-cost 2",
        "classify evaluate labelled/ --rules rules.yaml --compare-rules new-rules.yaml",
        "classify evaluate labelled/ --rules rules.yaml --backend local --compare-backend hosted --limit 100",
        "classify evaluate labelled/ --rules rules.yaml --fail-under 0.9 --json",
    ),
)
def evaluate(
    *,
    labelled: Annotated[
        Path,
        typer.Argument(
            metavar="LABELLED",
            show_default=False,
            help="A folder with a folder for each type and null/ for documents of no type; or a CSV (path,type or "
            "text,type) or JSONL file.",
        ),
    ],
    rule_set: RuleSetOptions,
    options: BackendOptions,
    comparison: ComparisonOptions,
    evaluation: EvaluationOptions,
    connection: ConnectionOptions,
    shown: OutputOptions,
) -> None:
    """Measure how well documents are classified whose types are known.

    Labels that no rule produces are refused before anything is spent. The exit code is 8 below --fail-under, and 1
    where documents failed, which count as wrong.
    """
    evaluation.check()
    form = shown.chosen()
    runs_of = evaluation_runs(
        labelled, rule_set, options, comparison=comparison, connection=connection, evaluation=evaluation
    )
    with told_requests(shown=connection.debug), runs_of as runs:
        if evaluation.estimate:
            show_estimates(runs, form)
            return
        announce_cost(runs, options.max_credits)
        names = comparison.names(rule_set, _backends_of(runs))
        evaluations = [run.evaluation(one_by_one=evaluation.one_by_one) for run in runs]
    first = evaluations[0]
    _tell_results(first, _compared(evaluations, names), evaluation, form)
    _end(evaluations, evaluation.fail_under)


def _backends_of(runs: list[EvaluationRun]) -> tuple[str, str]:
    return runs[0].classifier.backend.name, runs[-1].classifier.backend.name


def _compared(evaluations: list[Evaluation], names: tuple[str, str]) -> Comparison | None:
    return None if len(evaluations) == 1 else compare(evaluations[0], evaluations[1], names=names)


def _tell_results(first: Evaluation, compared: Comparison | None, options: EvaluationOptions, form: Format) -> None:
    advice = threshold_advice(first, error_cost=options.error_cost, review_cost=options.review_cost)
    if form is Format.PRETTY:
        show_evaluation(first, compared, advice)
    else:
        output.show(_record(first, compared, advice), form)
    if options.report is not None:
        write_report(options.report, first, compared, advice=advice)
        tell(f"the report is in {options.report}")


def _record(first: Evaluation, compared: Comparison | None, advice: ThresholdAdvice) -> dict[str, Any]:
    comparison = None if compared is None else compared.to_dict()
    return first.to_dict() | {"threshold": advice.to_dict(), "comparison": comparison}


def _end(evaluations: list[Evaluation], fail_under: float | None) -> None:
    """Ends with the exit code that tells how it went."""
    stopped_by = what_stopped(evaluations)
    if stopped_by is not None:
        raise stopped_by
    accuracy = evaluations[0].accuracy
    if fail_under is not None and accuracy.value < fail_under:
        tell(
            f"the accuracy is {accuracy.value:.4f} ({accuracy.count:,} of {accuracy.total:,}; 95 % interval "
            f"{interval(accuracy)}), below --fail-under {fail_under:g}"
        )
        raise typer.Exit(ExitCode.BELOW)
    if any(each.failures for each in evaluations):
        raise typer.Exit(ExitCode.FAILED)
