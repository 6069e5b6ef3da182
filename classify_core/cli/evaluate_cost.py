"""What an evaluation at the hosted service costs, told before anything is spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from classify_core.cli import output
from classify_core.cli.evaluate_runs import EvaluationRun
from classify_core.cli.output import Format, tell
from classify_core.cli.run_estimate import estimate_of, show_estimate
from classify_core.cli.run_inputs import Input
from classify_core.errors import CreditLimitError
from classify_core.pricing import Estimate


def show_estimates(runs: Sequence[EvaluationRun], form: Format) -> None:
    """Writes what each run would cost; as data, the second one's is the first one's `comparison`."""
    records = [_record(run) for run in runs]
    if form is not Format.PRETTY:
        output.show(records[0] | {"comparison": records[1] if len(records) > 1 else None}, form)
        return
    for record in records:
        show_estimate(record, form)


def announce_cost(runs: Sequence[EvaluationRun], max_credits: float | None) -> None:
    """Tells what the hosted runs will cost, where there are any.

    Raises:
        CreditLimitError: together they cost more than they may; half an evaluation would measure only small documents.
    """
    hosted = [run for run in runs if run.is_hosted]
    if not hosted:
        return
    with output.working("counting pages"):
        estimates = [run.classifier.estimate([each.source for each in run.labelled]) for run in hosted]
    total = sum(estimate.credits for estimate in estimates)
    tell(_announcement(estimates, total))
    if max_credits is not None and total > max_credits:
        raise CreditLimitError(
            f"the evaluation would cost {total:g} credits, more than --max-credits {max_credits:g}; nothing was "
            "sent. --limit N takes fewer documents, --max-pages fewer pages",
            remaining=max_credits,
        )


def _announcement(estimates: Sequence[Estimate], total: float) -> str:
    at_least = "" if all(estimate.is_exact for estimate in estimates) else "at least "
    pages, dollars = sum(each.pages for each in estimates), sum(each.dollars for each in estimates)
    return f"at the hosted service: {at_least}{pages:,} pages, {at_least}{total:,g} credits (${dollars:,.2f})"


def _record(run: EvaluationRun) -> dict[str, Any]:
    return estimate_of((Input(each.name, each.source) for each in run.labelled), run.classifier, None)
