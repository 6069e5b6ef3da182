"""`classify rules`: rules looked at before a document is classified by them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from classify_core.cli import output
from classify_core.cli.command_groups import command_group
from classify_core.cli.commands import command
from classify_core.cli.exit_codes import ExitCode
from classify_core.cli.output import Format, OutputOptions
from classify_core.rule_findings import Finding, Severity, find
from classify_core.rules import written_rules

app = command_group("Look at rules before they are used.")

COLUMNS: Final = ("severity", "rules", "message", "remedy")


@command(
    app,
    "check",
    examples=("classify rules check rules.yaml", "classify rules check rules.yaml --strict --json | jq -r .message"),
)
def check(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="The rules, as YAML or JSON.")],
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 also where there are only warnings.")] = False,
    shown: OutputOptions,
) -> None:
    """Tell what is wrong with rules, and what to do; nothing is sent.

    The exit code is 1 where there are errors, so that the rules would be refused; 2 where the file cannot be read.
    """
    form = shown.chosen()
    written = written_rules(file)
    findings = find(written)
    _show(findings, form)
    if form is Format.PRETTY:
        output.tell(_closing_line(findings, len(written)))
    grave = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(finding.severity in grave for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def _show(findings: list[Finding], form: Format) -> None:
    if form is not Format.PRETTY:
        output.show_all(findings, form, columns=COLUMNS)
    elif findings:
        output.show_table(COLUMNS, [_row(finding) for finding in findings])


def _row(finding: Finding) -> tuple[str, ...]:
    rules = ", ".join(finding.rules) or "all"
    return (finding.severity.value, rules, finding.message, finding.remedy)


def _closing_line(findings: list[Finding], rules: int) -> str:
    counts = [(severity, sum(finding.severity is severity for finding in findings)) for severity in Severity]
    told = ", ".join(f"{count} {severity}{'s' if count != 1 else ''}" for severity, count in counts)
    return f"{rules} rule{'s' if rules != 1 else ''}: {told}"
