"""Labelled documents from wherever they are kept, checked against the rules before anything is classified."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from classify_core.errors import InvalidOptionError
from classify_core.evaluation.label_names import LabelNames
from classify_core.evaluation.labelled import Labelled
from classify_core.evaluation.labelled_folders import written_in_folders
from classify_core.evaluation.labelled_tables import written_in_csv, written_in_json_lines
from classify_core.evaluation.wording import type_name
from classify_core.evaluation.written import WrittenLabel
from classify_core.models import Rule

_CSV: Final = frozenset({".csv", ".tsv"})
_JSON_LINES: Final = frozenset({".jsonl", ".ndjson"})


def load_labelled(path: str | Path, rules: Iterable[Rule], *, left_out: Iterable[Path] = ()) -> list[Labelled]:
    """Reads labelled documents, in the order in which they stand; a folder's by name.

    A folder holds one folder a type; its name is the type (case ignored, underscores for spaces accepted), or `null` or
    `uncategorized` for documents of no type. A CSV file has a header `path,type` or `text,type`; a JSONL file has lines
    `{"path": ..., "type": ...}` or `{"text": ..., "type": ...}`. Paths are relative to the file.

    Args:
        path: the folder or the file.
        rules: the rules whose types the labels name.
        left_out: files in a folder that are no documents.

    Raises:
        InvalidOptionError: there are no documents, one has no label or two, or no rule produces a label; the message
            names near types.
    """
    where = Path(path)
    written = _written(where, left_out)
    if not written:
        raise InvalidOptionError(f"{where}: found no labelled document; hidden files do not count")
    names = LabelNames(rule.type for rule in rules)
    names.refuse_unknown([(each.label, each.place) for each in written if each.label is not None])
    labelled = [_resolved(each, names) for each in written]
    _refuse_contradictions(labelled, written)
    return labelled


def _written(where: Path, left_out: Iterable[Path]) -> list[WrittenLabel]:
    if os.path.isdir(where):  # noqa: PTH112 - of a name that is too long, Path raises
        return written_in_folders(where, left_out=left_out)
    if not os.path.exists(where):  # noqa: PTH110 - the same
        raise InvalidOptionError(f"{where}: there is no such folder or file of labelled documents")
    if where.suffix.lower() in _CSV:
        return written_in_csv(where)
    if where.suffix.lower() in _JSON_LINES:
        return written_in_json_lines(where)
    raise InvalidOptionError(f"{where}: give a folder with one folder a type, a .csv or a .jsonl file")


def _resolved(written: WrittenLabel, names: LabelNames) -> Labelled:
    label = None if written.label is None else names.type_of(written.label)
    return Labelled(written.source, label, written.name)


def _refuse_contradictions(labelled: Sequence[Labelled], written: Sequence[WrittenLabel]) -> None:
    """Refuses one path, or one text, under two labels."""
    seen: dict[tuple[bool, str], tuple[str | None, str]] = {}
    for each, origin in zip(labelled, written, strict=True):
        is_path = each.source.kind == "path"
        document = (is_path, os.path.realpath(each.source.value) if is_path else str(each.source.value))
        label, place = seen.setdefault(document, (each.label, origin.place))
        if label != each.label:
            raise InvalidOptionError(
                f"{origin.place}: labels a document ({each.name}) {type_name(each.label)!r} that {place} labels "
                f"{type_name(label)!r}; remove one of the two"
            )
