"""Labelled documents in a file: CSV with a header, or JSON lines; each row a path or a text, and a type."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from classify_core.errors import InvalidOptionError
from classify_core.evaluation.written import WrittenLabel
from classify_core.source import Source

_DELIMITERS: Final = ",;\t"
_COLUMNS: Final = frozenset({"type", "path", "text", "name"})
_BEYOND: Final = "\0"  # what the reader calls cells beyond those of the first line; no column is called so
_LONGEST_FIELD: Final = 2**31 - 1  # a document's whole text may stand in a field


def written_in_csv(file: Path) -> list[WrittenLabel]:
    """The rows of a CSV file with the columns `type` and either `path` or `text`; `name` may be one too.

    Comma, semicolon and tab are understood. A document of no type has the type `null`; an empty cell is an error.

    Raises:
        InvalidOptionError: the file cannot be read, or a row tells no document or no type.
    """
    text = _text_of(file)
    header = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    limit = csv.field_size_limit(_LONGEST_FIELD)
    lines = io.StringIO(text, newline="")
    reader = csv.DictReader(lines, restkey=_BEYOND, delimiter=delimiter, strict=True)
    try:
        return list(_csv_rows(file, reader))
    except csv.Error as error:
        raise InvalidOptionError(f"{file}:{reader.reader.line_num}: is no CSV: {error}") from None
    finally:
        csv.field_size_limit(limit)


def written_in_json_lines(file: Path) -> list[WrittenLabel]:
    """The lines of a file of JSON objects with `type` (null for none) and either `path` or `text`; perhaps `name`.

    Raises:
        InvalidOptionError: the file cannot be read, or a line is no such object.
    """
    found = []
    for number, line in enumerate(_text_of(file).split("\n"), start=1):
        if line.strip():
            found.append(_labelled(_object(line, f"{file}:{number}"), file, number))
    return found


def _text_of(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InvalidOptionError(f"{file}: cannot read it: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError:
        raise InvalidOptionError(f"{file}: cannot read it: it is not UTF-8 text; save it as UTF-8") from None


def _csv_rows(file: Path, reader: csv.DictReader[str]) -> Iterator[WrittenLabel]:
    columns = [str(column).strip().lower() for column in reader.fieldnames or ()]
    known = [column for column in columns if column in _COLUMNS]
    if "type" not in known or ("path" in known) == ("text" in known) or len(known) > len(set(known)):
        raise InvalidOptionError(f"{file}: the first line must name the columns path,type or text,type, each once")
    reader.fieldnames = columns
    for row in reader:
        if any(row.pop(_BEYOND, ())):
            raise InvalidOptionError(
                f"{file}:{reader.line_num}: has more cells than the first line; put double quotes around a cell that "
                f"holds {reader.reader.dialect.delimiter!r}"
            )
        given = {name: value for name, value in row.items() if value}
        if given:  # spreadsheets leave rows of empty cells
            yield _labelled(given, file, reader.line_num)


def _object(line: str, place: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise InvalidOptionError(f"{place}: is no JSON: {error}") from None
    except RecursionError:
        raise InvalidOptionError(f"{place}: is no labelled document: it is nested too deeply") from None
    if not isinstance(value, dict):
        raise InvalidOptionError(f'{place}: is no object; write {{"path": ..., "type": ...}} or {{"text": ...}}')
    # Programs write null for a column that a row has nothing in; only for the type it has a meaning.
    return {name: content for name, content in value.items() if content is not None or name == "type"}


def _labelled(row: dict[str, Any], file: Path, line: int) -> WrittenLabel:
    place = f"{file}:{line}"
    label = _label(row, place)
    if ("path" in row) == ("text" in row):
        raise InvalidOptionError(f"{place}: tells no document; give a path or a text, not both")
    key = "path" if "path" in row else "text"
    value = row[key]
    if not isinstance(value, str) or not value.strip():
        raise InvalidOptionError(f"{place}: {key} must be a text that is not empty")
    name = str(row.get("name") or (value if key == "path" else f"{file.name}:{line}"))
    source = Source.text(value, name=name) if key == "text" else Source.path(_existing(file, value, place), name=name)
    return WrittenLabel(source, label, name, place)


def _label(row: dict[str, Any], place: str) -> str | None:
    label = row.get("type", "")
    if label is not None and (not isinstance(label, str) or not label.strip()):
        raise InvalidOptionError(
            f"{place}: has no label; write its type, or null where it has none of the rules' types"
        )
    return None if label is None else label.strip()


def _existing(file: Path, written: str, place: str) -> Path:
    """The document of a path, which is relative to the file that holds it."""
    path = file.parent / written
    try:
        is_there = path.is_file()
    except (OSError, ValueError):  # a name that is too long, or a NUL character
        is_there = False
    if not is_there:
        raise InvalidOptionError(f"{place}: there is no file {written!r} beside {file.name}; paths are relative to it")
    return path
