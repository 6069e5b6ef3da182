"""How results are written to a file and read again: JSON lines and CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

from classify_core.cli.run_records import ResultRecord
from classify_core.errors import InvalidOptionError

COLUMNS: Final = tuple(ResultRecord.model_fields)

# A spreadsheet takes a cell that begins so for a formula, and reasonings and file names come from strangers.
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_DISARMED: Final = re.compile(r"'+[=+\-@\t\r]")


class RecordFormat(Protocol):
    """One way to write results, record by record.

    Attributes:
        header: what stands before the first record.
    """

    header: bytes

    def encode(self, record: ResultRecord) -> bytes:
        """A record with its end."""

    def decode(self, written: bytes) -> ResultRecord:
        """A record as it was encoded.

        Raises:
            ValueError: it is none.
        """

    def is_whole(self, written: bytes) -> bool:
        """Whether a record ends where these lines, which begin with it, end."""

    def may_begin(self, written: bytes) -> bool:
        """Whether these bytes may be what a kill left of a record."""


class JsonLines:
    """An object a line."""

    header = b""
    _BEGINNING: Final = b'{"path": "'

    def encode(self, record: ResultRecord) -> bytes:
        """A record with its end."""
        return json.dumps(record.model_dump(mode="json"), ensure_ascii=False).encode() + b"\n"

    def decode(self, written: bytes) -> ResultRecord:
        """A record as it was encoded."""
        return ResultRecord.model_validate_json(written)

    def is_whole(self, written: bytes) -> bool:
        """Whether the line is complete."""
        return written.endswith(b"\n")

    def may_begin(self, written: bytes) -> bool:
        """Whether these bytes begin as every line does."""
        return written.startswith(self._BEGINNING[: len(written)])


class Csv:
    """A table whose first row names the columns. Cells that a spreadsheet would compute begin with `'`."""

    def __init__(self) -> None:
        self.header = _row(COLUMNS)

    def encode(self, record: ResultRecord) -> bytes:
        """A row with its end."""
        values = record.model_dump(mode="json").values()
        return _row(["" if value is None else _disarmed(value) for value in values])

    def decode(self, written: bytes) -> ResultRecord:
        """A record as it was encoded; an empty cell is a missing value."""
        try:
            [cells] = csv.reader(io.StringIO(written.decode(), newline=""), strict=True)
        except csv.Error as error:
            raise ValueError(str(error)) from None
        named = zip(COLUMNS, cells, strict=True)
        return ResultRecord.model_validate({name: _armed(cell) for name, cell in named if cell})

    def is_whole(self, written: bytes) -> bool:
        """Whether the last line ends a row: one within quotes does not."""
        return written.endswith(b"\n") and written.count(b'"') % 2 == 0

    def may_begin(self, written: bytes) -> bool:
        """A row may begin with anything."""
        return bool(written)


FORMATS: Final[Mapping[str, type[RecordFormat]]] = {".jsonl": JsonLines, ".csv": Csv}


def format_of(path: Path) -> RecordFormat:
    """The format that a file's ending tells.

    Raises:
        InvalidOptionError: it tells none.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise InvalidOptionError(f"--out {str(path)!r}: let the name end in {' or '.join(FORMATS)}")
    return kind()


def whole_records(lines: Iterable[bytes], form: RecordFormat) -> Iterator[bytes]:
    """Yields the records of a file, without what a kill left of the last one."""
    written = b""
    for line in lines:
        written += line
        if form.is_whole(written):
            yield written
            written = b""


def _row(cells: Iterable[object]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _disarmed(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _armed(cell: str) -> str:
    return cell[1:] if _DISARMED.match(cell) else cell
