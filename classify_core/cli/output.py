"""What a command writes: its results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, TypeAlias

import typer
import yaml
from pydantic import BaseModel

from classify_core.cli.commands import OptionGroup
from classify_core.cli.concealment import concealed
from classify_core.errors import InvalidOptionError

Record: TypeAlias = Mapping[str, Any]
"""One result as plain data, as JSON has it."""


_MINUTE: Final = len("2026-11-22T14:30")


class Format(StrEnum):
    """How results are written."""

    AUTO = "auto"
    JSON = "json"
    JSONL = "jsonl"
    YAML = "yaml"
    PRETTY = "pretty"


@dataclass(frozen=True)
class OutputOptions(OptionGroup):
    """How the results are to be written."""

    format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            show_default=False,
            help="auto (unless said): a table on a terminal, JSON lines when piped; json: one document; "
            "jsonl: one line a result; yaml; pretty: a table.",
        ),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="The same as --format jsonl.")] = False

    def chosen(self, *, on_terminal: Format = Format.PRETTY) -> Format:
        """The format to write in.

        Args:
            on_terminal: what auto means on a terminal.

        Raises:
            InvalidOptionError: two different ones were asked for.
        """
        if self.json and self.format not in {None, Format.AUTO, Format.JSONL}:
            raise InvalidOptionError(f"--json means --format jsonl, but --format is {self.format}; give one of them")
        if self.json:
            return Format.JSONL
        if self.format not in {None, Format.AUTO}:
            return Format(str(self.format))
        return on_terminal if is_terminal() else Format.JSONL


def is_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def tell(message: str) -> None:
    """Writes one line to standard error, for a person."""
    sys.stderr.write(f"{printable(concealed(message))}\n")
    sys.stderr.flush()


def working(text: str) -> AbstractContextManager[object]:
    """Shows on standard error, where that is a terminal, that something goes on."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console  # noqa: PLC0415 - slow to load, and most commands are piped

    return Console(stderr=True).status(printable(text))


def printable(text: str) -> str:
    """The text as one line, with what could control a terminal escaped; indented as it was."""
    indent = " " * (len(text) - len(text.lstrip(" ")))
    line = indent + " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def record_of(resource: BaseModel) -> Record:
    """A resource with the fields that the service told, and no others."""
    return resource.model_dump(mode="json", exclude_unset=True)


def show(resource: BaseModel | Record, form: Format) -> None:
    """Writes one result."""
    record = record_of(resource) if isinstance(resource, BaseModel) else resource
    match form:
        case Format.PRETTY:
            show_table(("field", "value"), _indented(record))
        case Format.YAML:
            _write(_yaml(record))
        case Format.JSON:
            _write(_json(record, indent=2))
        case _:
            write_json_line(record)


def show_all(resources: Iterable[BaseModel], form: Format, *, columns: Sequence[str]) -> None:
    """Writes many results, each as soon as it is there; a table when all are.

    Args:
        resources: the results; asked for one by one.
        form: how to write them.
        columns: a table's columns, each the path of a value, such as `result.type`.
    """
    _WRITERS[form]((record_of(resource) for resource in resources), columns)


def write_json_line(record: Record) -> None:
    """Writes a result as one line of JSON, at once."""
    _write(_json(record))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Writes a table as wide as the terminal.

    The first column, where IDs and names stand, is never broken, so that it can be copied; the others are continued
    below.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to load, and most commands are piped
    from rich.table import Table  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(Text(printable(column)), overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console(file=sys.stdout)
    with console.capture() as capture:
        console.print(table)
    _write("\n".join(line.rstrip() for line in capture.get().splitlines()))


def leave_closed_output() -> None:
    """Lets the program end quietly when whoever read standard output has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write(text: str, *, end: str = "\n") -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + end)
    sys.stdout.flush()


def _json(value: Any, *, indent: int | None = None) -> str:
    is_unicode = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    return json.dumps(value, ensure_ascii=not is_unicode, indent=indent)


def _yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True)).rstrip("\n")


def _flat(record: Record, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a record with their paths."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _indented(record: Record, indent: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a record and their values, those of its parts below them: no column then outgrows the IDs'."""
    for name, value in record.items():
        is_part = isinstance(value, Mapping) and bool(value)
        yield indent + name, "" if is_part else _cell(value)
        if is_part:
            yield from _indented(value, indent + "  ")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value)


def _short(column: str, value: Any) -> str:
    """A cell of a listing, where many columns share a line: no more digits than a person compares."""
    if isinstance(value, float):
        return f"{value:.3f}"
    if column.endswith("_at") and isinstance(value, str):
        return value[:_MINUTE].replace("T", " ")
    return _cell(value)


def _json_lines(records: Iterable[Record], _: Sequence[str]) -> None:
    for record in records:
        write_json_line(record)


def _json_list(records: Iterable[Record], _: Sequence[str]) -> None:
    before = "[\n"
    for record in records:
        _write(before + _json(record, indent=2), end="")
        before = ",\n"
    _write("\n]" if before == ",\n" else "[]")


def _yaml_list(records: Iterable[Record], _: Sequence[str]) -> None:
    is_empty = True
    for record in records:
        _write(_yaml([dict(record)]))
        is_empty = False
    if is_empty:
        _write("[]")


def _table(records: Iterable[Record], columns: Sequence[str]) -> None:
    rows = []
    for record in records:
        values = dict(_flat(record))
        rows.append([_short(column, values.get(column)) for column in columns])
    show_table([column.rpartition(".")[2] for column in columns], rows)


_WRITERS: Final[Mapping[Format, Callable[[Iterable[Record], Sequence[str]], None]]] = {
    Format.JSONL: _json_lines,
    Format.JSON: _json_list,
    Format.YAML: _yaml_list,
    Format.PRETTY: _table,
}
