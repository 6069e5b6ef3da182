"""`classify run --estimate`: what a run would cost, found out without sending a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import typer

from classify_core.classifier import Classifier
from classify_core.cli import output
from classify_core.cli.concealment import concealed
from classify_core.cli.output import Format, printable
from classify_core.cli.run_inputs import Input
from classify_core.cli.run_kept import KeptResults
from classify_core.errors import ClassifyError
from classify_core.pricing import Estimate, UnreadableSource
from classify_core.source import Source

_NAMES_SHOWN: Final = 20


class _Remaining:
    """The documents that a run would classify, called as its results call them.

    Args:
        inputs: all that were found.
        kept: results of earlier runs; None where there is no file of them.

    Attributes:
        done_before: how many have a result already.
        unreadable: those that could not even be opened.
    """

    def __init__(self, inputs: Iterable[Input], kept: KeptResults | None) -> None:
        self._inputs = inputs
        self._kept = kept
        self.done_before = 0
        self.unreadable: list[UnreadableSource] = []

    def sources(self) -> Iterator[Source]:
        for each in self._inputs:
            if isinstance(each.source, ClassifyError):
                self.unreadable.append(UnreadableSource(name=each.path, reason=each.source.message))
            elif self._kept is not None and self._kept.result_of(each.path, each.source) is not None:
                self.done_before += 1
            else:
                yield _named(each.source, each.path)


def estimate_of(inputs: Iterable[Input], classifier: Classifier, kept: KeptResults | None) -> dict[str, Any]:
    """The estimate as plain data; docs/cli.md explains the fields, which scripts rely on.

    Args:
        inputs: what a run would take.
        classifier: what would classify it.
        kept: results of earlier runs, which are not made again; None where there is no file of them.
    """
    remaining = _Remaining(inputs, kept)
    with output.working("counting pages"):
        estimate = classifier.estimate(remaining.sources())
    return _record(estimate, remaining)


def show_estimate(record: dict[str, Any], form: Format) -> None:
    """Writes an estimate, as a table where a person reads it."""
    if form is not Format.PRETTY:
        output.show(record, form)
        return
    output.show_table(("", "estimate"), _rows(record))
    _show_names("cannot be read", [f"{entry['name']}: {entry['reason']}" for entry in record["unreadable"]])
    _show_names("pages not counted", record["uncounted"])


def _record(estimate: Estimate, remaining: _Remaining) -> dict[str, Any]:
    told = estimate.model_dump(mode="json")
    unreadable = [entry.model_dump() for entry in (*remaining.unreadable, *estimate.unreadable)]
    return {
        "documents": estimate.documents + remaining.done_before + len(remaining.unreadable),
        "done_before": remaining.done_before,
        **{name: told[name] for name in ("distinct", "cached", "pages", "credits", "dollars", "is_exact", "uncounted")},
        "unreadable": [entry | {"reason": concealed(entry["reason"])} for entry in unreadable],
    }


def _named(source: Source, path: str) -> Source:
    """The source under its path, which tells files of one name apart; it is only counted, and goes nowhere."""
    return Source.path(source.value, name=path) if source.kind == "path" else source


def _rows(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    at_least = "" if record["is_exact"] else "at least "
    yield "documents", f"{record['documents']:,}"
    for name, words in {"done_before": "of them before", "distinct": "to classify", "cached": "in the cache"}.items():
        yield words, f"{record[name]:,}"
    yield "pages", f"{at_least}{record['pages']:,}"
    yield "credits", f"{at_least}{record['credits']:,g}"
    yield "dollars", f"{at_least}{record['dollars']:,.2f}"


def _show_names(title: str, names: list[str]) -> None:
    for name in names[:_NAMES_SHOWN]:
        typer.echo(f"{title}: {printable(name)}")
    if len(names) > _NAMES_SHOWN:
        typer.echo(f"{title}: {len(names) - _NAMES_SHOWN:,} more; --json names all")
