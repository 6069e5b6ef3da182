"""What `classify evaluate` is told besides how to classify."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from classify_core.checks import checked_fraction
from classify_core.cli.commands import OptionGroup
from classify_core.cli.run_options import BackendName, BackendOptions, RuleSetOptions
from classify_core.errors import InvalidOptionError
from classify_core.evaluation.report.writing import ERROR_COST, REVIEW_COST
from classify_core.evaluation.threshold_choice import check_cost


@dataclass(frozen=True)
class ComparisonOptions(OptionGroup):
    """What to compare with."""

    compare_backend: Annotated[
        BackendName | None,
        typer.Option("--compare-backend", help="Classify the same documents by this one too, and compare."),
    ] = None
    compare_rules: Annotated[
        Path | None,
        typer.Option("--compare-rules", metavar="FILE", help="Classify them by these rules too, and compare."),
    ] = None

    @property
    def is_wanted(self) -> bool:
        """Whether there is anything to compare with."""
        return self.compare_backend is not None or self.compare_rules is not None

    def rule_set(self, first: RuleSetOptions) -> RuleSetOptions:
        """The second run's rules; the pages that are read stay the same."""
        if self.compare_rules is None:
            return first
        return replace(first, rules=self.compare_rules, configuration_id=None)

    def backend(self, first: BackendOptions) -> BackendOptions:
        """The second run's backend, within the same limits."""
        return first if self.compare_backend is None else replace(first, backend=self.compare_backend)

    def names(self, rule_set: RuleSetOptions, backends: tuple[str, str]) -> tuple[str, str]:
        """What to call the two runs: by what differs.

        Args:
            rule_set: the first run's rules.
            backends: who classifies in each.
        """
        rules = (str(rule_set.rules or rule_set.configuration_id), str(self.compare_rules))
        if self.compare_rules is None:
            return backends
        if self.compare_backend is None:
            return rules
        return f"{backends[0]}, {rules[0]}", f"{backends[1]}, {rules[1]}"


@dataclass(frozen=True)
class EvaluationOptions(OptionGroup):
    """What is measured, and what becomes of it."""

    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, metavar="N", help="Take N of the documents, drawn by lot, always the same."),
    ] = None
    one_by_one: Annotated[
        bool, typer.Option("--one-by-one", help="Each document alone: none teaches the local backend about another.")
    ] = False
    error_cost: Annotated[
        float, typer.Option("--error-cost", metavar="COST", help="What a wrong type costs, for the advised threshold.")
    ] = ERROR_COST
    review_cost: Annotated[
        float, typer.Option("--review-cost", metavar="COST", help="What a person's look at a document costs.")
    ] = REVIEW_COST
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write a page with plots to FILE.html.")
    ] = None
    fail_under: Annotated[
        float | None,
        typer.Option(
            "--fail-under",
            min=0.0,
            max=1.0,
            metavar="SHARE",
            help="Exit with 8 below this accuracy (of the first run).",
        ),
    ] = None
    estimate: Annotated[bool, typer.Option("--estimate", help="Tell what it would cost, and send no document.")] = False

    def check(self) -> None:
        """Refuses what cannot work before anything is spent.

        Raises:
            InvalidOptionError: a cost is not above 0, a share is no number, or the report cannot be where it is to be.
        """
        check_cost("--error-cost", self.error_cost)
        check_cost("--review-cost", self.review_cost)
        if self.fail_under is not None:  # older releases of typer take NaN for a number within limits
            checked_fraction("--fail-under", self.fail_under)
        if self.report is None:
            return
        if self.report.suffix.lower() not in {".html", ".htm"}:
            raise InvalidOptionError(f"--report {str(self.report)!r} is a page; give a name that ends with .html")
        if self.report.is_dir() or not os.access(self.report.parent, os.W_OK):
            raise InvalidOptionError(
                f"--report {str(self.report)!r} cannot be written; check that its folder exists and may be written to"
            )
