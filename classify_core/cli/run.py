"""`classify run`: documents in, types out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from classify_core.classifier import Classifier
from classify_core.cli import output
from classify_core.cli.commands import command
from classify_core.cli.connection import ConnectionOptions
from classify_core.cli.exit_codes import ExitCode
from classify_core.cli.output import Format, OutputOptions, tell
from classify_core.cli.run_display import Progress, progress, screen
from classify_core.cli.run_estimate import estimate_of, show_estimate
from classify_core.cli.run_inputs import Input, inputs_of
from classify_core.cli.run_options import BackendOptions, ResultsOptions, RuleSetOptions
from classify_core.cli.run_paths import Found, find
from classify_core.cli.run_records import ResultRecord
from classify_core.cli.run_requests import told_requests
from classify_core.cli.run_summary import closing_line, show_summary
from classify_core.cli.run_tally import Tally
from classify_core.cli.run_work import Work
from classify_core.errors import ClassifyError, InvalidOptionError

app = typer.Typer(rich_markup_mode=None)


@command(
    app,
    "run",
    examples=(
        "classify run invoice.pdf inbox/ --rules rules.yaml",
        "classify run 'archive/**/*.pdf' --rules rules.yaml --out results.csv --summary",
        "classify run inbox/ --rules rules.yaml --backend hosted --estimate",
        "cat mail.eml | classify run - --name mail.eml --rules rules.yaml --json",
        "classify run inbox/ --rules rules.yaml --backend hosted --max-pages 5 --max-credits 1000 --out results.jsonl",
    ),
)
def run(
    *,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            show_default=False,
            help="Files, folders, quoted patterns such as 'inbox/**/*.pdf', or - for standard input.",
        ),
    ],
    rule_set: RuleSetOptions,
    options: BackendOptions,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What standard input (-) is called, such as mail.eml.")
    ] = None,
    results: ResultsOptions,
    connection: ConnectionOptions,
    shown: OutputOptions,
) -> None:
    """Classify documents by rules, each as it is found, and write the results as they come.

    Killed, or stopped by an error, and run again with the same --out, it goes on where it was. The exit code is 0 where
    every document was classified, and 1 where some failed. With --estimate nothing is classified and no file written.
    """
    results.check()
    form = shown.chosen()
    documents = _Documents(tuple(paths), name, left_out=_no_documents(rule_set, options, results))
    documents.check()
    tally = Tally()
    with told_requests(shown=connection.debug), options.classifier(rule_set, connection) as classifier:
        if results.estimate:
            show_estimate(estimate_of(documents.inputs(), classifier, results.kept(classifier)), form)
            return
        stopped_by = _classify(documents, classifier, results, form, tally)
    if results.summary:
        show_summary(tally, shown, on_standard_error=results.out is None)
    if results.out is not None:
        tell(closing_line(tally, str(results.out)))
    if stopped_by is not None:
        raise stopped_by
    if tally.failed:
        raise typer.Exit(ExitCode.FAILED)


@dataclass(frozen=True)
class _Documents:
    """The documents that the PATHs stand for; looked for anew each time, so that they are never all in memory."""

    paths: tuple[str, ...]
    name: str | None
    left_out: tuple[Path, ...]

    def check(self) -> None:
        """Refuses a run without documents before anything is made or sent.

        Raises:
            InvalidOptionError: there are none.
        """
        if next(self.found(), None) is None:
            where = ", ".join(map(repr, self.paths))
            own = "those of --rules, --out and --cache"
            raise InvalidOptionError(f"found no document at {where}; hidden files and {own} do not count")

    def found(self) -> Iterator[Found]:
        """The documents, not opened yet."""
        return find(self.paths, left_out=self.left_out)

    def inputs(self) -> Iterator[Input]:
        """The documents; a PATH that stands for none is told."""
        return inputs_of(find(self.paths, left_out=self.left_out, nothing_at=_tell_nothing), name=self.name)


def _tell_nothing(path: str) -> None:
    tell(f"found no document at {path!r}")


def _no_documents(rule_set: RuleSetOptions, options: BackendOptions, results: ResultsOptions) -> tuple[Path, ...]:
    """The files that the run itself reads and writes."""
    return tuple(path for path in (rule_set.rules, *options.cache_files(), results.out) if path is not None)


def _classify(
    documents: _Documents, classifier: Classifier, results: ResultsOptions, form: Format, tally: Tally
) -> ClassifyError | None:
    """Classifies the documents; returns what ended the run before its end, if anything did."""
    is_shown = results.out is None
    # Lines for a program and a bar would mix on one terminal.
    has_room = not is_shown or form is Format.PRETTY or not output.is_terminal()
    with results.file(classifier) as file, progress(documents.found(), shown=has_room) as bar:
        work = Work(classifier, file, tally, bar)
        records = work.records(documents.inputs())
        try:
            _show(records, classifier, form, bar) if is_shown else _exhaust(records)
        except KeyboardInterrupt:
            tell(_what_is_kept(results.out))
            raise
    tally.usage = classifier.usage
    return work.stopped_by


def _show(records: Iterator[ResultRecord], classifier: Classifier, form: Format, bar: Progress) -> None:
    if form is not Format.PRETTY:
        output.show_all(records, form, columns=())
        return
    lines = screen([rule.type for rule in classifier.rules], bar)
    for record in records:
        lines.show(record)


def _exhaust(records: Iterator[ResultRecord]) -> None:
    """Lets the work be done, whose results are in the file already."""
    deque(records, maxlen=0)


def _what_is_kept(out: Path | None) -> str:
    if out is None:
        return "what was not written is not classified; with --out a run can be taken up again"
    return f"what is done is kept in {out}; run the same command again to go on"
