"""The summary of a run, for a person or for a program."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from typing import Any

import typer

from classify_core.cli import output
from classify_core.cli.output import Format, OutputOptions
from classify_core.cli.run_tally import Tally


def show_summary(tally: Tally, options: OutputOptions, *, on_standard_error: bool) -> None:
    """Writes the summary, as a table where a person reads it.

    Args:
        tally: the counts.
        options: how results are written.
        on_standard_error: whether standard output holds the results themselves.
    """
    with redirect_stdout(sys.stderr) if on_standard_error else nullcontext():
        form = options.chosen()
        if form is Format.PRETTY:
            _show_tables(tally.record())
        else:
            output.show(tally.record(), form)


def closing_line(tally: Tally, where: str) -> str:
    """What a run came to, in one line.

    Args:
        tally: the counts.
        where: where the results are.
    """
    parts = [f"{tally.classified:,} classified", f"{tally.failed:,} failed"]
    if tally.done_before:
        parts[0] += f" ({tally.done_before:,} of them before)"
    if tally.not_done:
        parts.append(f"{tally.not_done:,} given up")
    return f"{', '.join(parts)}; {where}"


def _show_tables(record: dict[str, Any]) -> None:
    rows = [(_label(entry), f"{entry['documents']:,}", f"{entry['mean_confidence']:.2f}") for entry in record["types"]]
    rows += [(f"failed: {code}", f"{count:,}", "") for code, count in record["failures"].items()]
    output.show_table(("type", "documents", "mean confidence"), rows)
    counts = {"documents": "documents", "done_before": "of them before", "not_done": "given up"}
    told = [f"{record[name]:,} {words}" for name, words in counts.items() if record[name]]
    about = "about " if record["credits_estimated"] else ""
    typer.echo(", ".join([*told, f"{record['seconds']:.1f} s", f"{about}{record['credits']:g} credits"]))


def _label(entry: dict[str, Any]) -> str:
    if entry["type"] is not None:
        return str(entry["type"])
    return "(type withheld)" if entry["withheld"] else "(no type)"
