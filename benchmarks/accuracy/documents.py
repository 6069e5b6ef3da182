"""A folder of labelled documents in any of its three forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from classify_core import InvalidOptionError, Rule, Source, load_rules
from classify_core.evaluation import Labelled, load_labelled, sample
from classify_core.evaluation.label_names import LabelNames

_DOCUMENT_FOLDERS: Final = ("docs", "documents")


@dataclass(frozen=True)
class Corpus:
    """Rules, and documents with their labels.

    Attributes:
        rules: the types.
        labelled: the documents; a label of None says that no rule fits.
    """

    rules: Sequence[Rule]
    labelled: Sequence[Labelled]

    @classmethod
    def load(cls, folder: Path, *, limit: int | None = None) -> Corpus:
        """Reads `rules.yaml` and the labels.

        Raises:
            ClassifyError: rules or labels are missing or do not fit together.
        """
        rules = load_rules(folder / "rules.yaml")
        labelled = _labelled(folder, rules)
        return cls(rules, labelled if limit is None else sample(labelled, limit))

    @property
    def types(self) -> list[str]:
        """Those of the rules, in their order."""
        return [rule.type for rule in self.rules]


def _labelled(folder: Path, rules: Sequence[Rule]) -> list[Labelled]:
    if (folder / "manifest.jsonl").is_file():
        return load_labelled(folder / "manifest.jsonl", rules)
    if (folder / "expected.yaml").is_file():
        return list(_expected(folder, LabelNames(rule.type for rule in rules)))
    if (folder / "docs").is_dir():
        return load_labelled(folder / "docs", rules)
    raise InvalidOptionError("it holds no manifest.jsonl, no expected.yaml and no documents in docs/<type>/")


def _expected(folder: Path, names: LabelNames) -> Iterator[Labelled]:
    """The files that `expected.yaml` names, wherever they lie below the folders of documents."""
    labels = _read_expected(folder / "expected.yaml")
    names.refuse_unknown([(label, name) for name, label in labels.items() if label is not None])
    files = {path.name: path for path in _files(folder)}
    for name, label in labels.items():
        if name not in files:
            raise InvalidOptionError(f"expected.yaml names {name}, which is not below docs/ or documents/")
        path = files[name].relative_to(folder).as_posix()
        yield Labelled(Source.path(files[name], name=path), None if label is None else names.type_of(label), path)


def _read_expected(file: Path) -> dict[str, str | None]:
    try:
        labels: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InvalidOptionError(f"expected.yaml: {error}") from None
    if not isinstance(labels, dict):
        raise InvalidOptionError("expected.yaml holds no lines of `name: type`")
    return {str(name): None if label is None else str(label) for name, label in labels.items()}


def _files(folder: Path) -> list[Path]:
    below = [path for documents in _DOCUMENT_FOLDERS for path in sorted((folder / documents).rglob("*"))]
    return [path for path in below if path.is_file() and not path.name.startswith(".")]
