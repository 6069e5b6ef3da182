"""Measures the embedded backend on a folder of labelled documents.

    python benchmarks/local.py --corpus PATH [--limit N]

PATH holds `rules.yaml`, and says what its documents are in the first of these that is there:

- `manifest.jsonl`: one object a line with `path` (below PATH) and `type`, a rule's type or null;
- `expected.yaml`: the type, or null, by the name of each file below `PATH/docs` or `PATH/documents`;
- `docs/<type>/...`: the folder's name is the type, with underscores for spaces, or `null`.

*Right* means that the best-scored type equals the label, over the labelled documents.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

from classify_core import Classification, Classifier, ClassifyError, InvalidOptionError, Rule, Source, load_rules

Entry: TypeAlias = tuple[str, str | None]
"""A document's path below the corpus, and its label."""

_DOCUMENT_FOLDERS = ("docs", "documents")
_KIBIBYTES_IN_MEBIBYTE = 1024


@dataclass(frozen=True)
class Measured:
    """One document's label and its outcome."""

    path: str
    label: str | None
    outcome: Classification

    @property
    def best(self) -> str | None:
        """The first alternative, also where the answer is None, unless nothing speaks for it."""
        alternatives = self.outcome.alternatives
        return alternatives[0].type if alternatives and alternatives[0].confidence > 0.0 else None

    @property
    def failed(self) -> bool:
        """Whether there is no classification."""
        return self.outcome.error is not None


def main(arguments: list[str] | None = None) -> None:
    """Classifies the corpus and prints the figures."""
    options = _options(arguments)
    try:
        rules = load_rules(options.corpus / "rules.yaml")
        entries = _spread(_entries(options.corpus, rules), options.limit)
    except (ClassifyError, OSError, ValueError, yaml.YAMLError) as error:
        sys.exit(f"{options.corpus} cannot be measured: {error}")
    started = time.perf_counter()
    measured = _measure(options.corpus, entries, rules)
    _print_summary(measured, time.perf_counter() - started)
    _print_types([each for each in measured if not each.failed])
    _print_failures([each for each in measured if each.failed])


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="a folder with rules.yaml and labelled documents")
    parser.add_argument("--limit", type=int, default=None, help="measure N documents, spread over all")
    return parser.parse_args(arguments)


def _entries(corpus: Path, rules: Iterable[Rule]) -> list[Entry]:
    types: dict[str, str | None] = {rule.type.replace(" ", "_"): rule.type for rule in rules} | {"null": None}
    entries = list(_labelled(corpus, types))
    if not entries:
        raise InvalidOptionError("it holds no manifest.jsonl, no expected.yaml and no documents in docs/<type>/")
    for path, label in entries:
        if label not in types.values():
            raise InvalidOptionError(f"{path} is labelled {label!r}, which is none of {list(types.values())}")
    return entries


def _labelled(corpus: Path, types: dict[str, str | None]) -> Iterator[Entry]:
    if (corpus / "manifest.jsonl").is_file():
        return _from_manifest(corpus / "manifest.jsonl")
    if (corpus / "expected.yaml").is_file():
        return _from_expected(corpus)
    return _from_folders(corpus, types)


def _from_manifest(manifest: Path) -> Iterator[Entry]:
    for number, line in enumerate(manifest.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            yield entry["path"], entry["type"]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidOptionError(f"line {number} of {manifest.name} is no object with path and type") from error


def _from_expected(corpus: Path) -> Iterator[Entry]:
    labels = yaml.safe_load((corpus / "expected.yaml").read_text(encoding="utf-8"))
    if not isinstance(labels, dict):
        raise InvalidOptionError("expected.yaml holds no lines of `name: type`")
    files = {path.name: path for path in _files(corpus)}
    for name, label in labels.items():
        if name not in files:
            raise InvalidOptionError(f"expected.yaml names {name}, which is not below docs/ or documents/")
        yield str(files[name].relative_to(corpus)), label


def _from_folders(corpus: Path, types: dict[str, str | None]) -> Iterator[Entry]:
    for path in (file.relative_to(corpus) for file in _files(corpus)):
        folder = next(iter(path.parts[1:-1]), "")
        if folder not in types:
            raise InvalidOptionError(f"{path} lies in no folder of a type; docs/ may hold: {', '.join(types)}")
        yield str(path), types[folder]


def _files(corpus: Path) -> list[Path]:
    below = [path for folder in _DOCUMENT_FOLDERS for path in sorted((corpus / folder).rglob("*"))]
    return [path for path in below if path.is_file() and not path.name.startswith(".")]


def _spread(entries: list[Entry], limit: int | None) -> list[Entry]:
    if limit is None or limit >= len(entries):
        return entries
    # They are mostly sorted by type, so a stride takes some of each.
    return [entries[position * len(entries) // limit] for position in range(limit)]


def _measure(corpus: Path, entries: list[Entry], rules: list[Rule]) -> list[Measured]:
    sources = [Source.path(corpus / path) for path, _ in entries]
    with Classifier(rules, backend="local", on_error="record") as classifier:
        outcomes = classifier.classify_many(sources)
    return [Measured(path, label, outcome) for (path, label), outcome in zip(entries, outcomes, strict=True)]


def _print_summary(measured: list[Measured], seconds: float) -> None:
    labelled = [each for each in measured if each.label is not None]
    unlabelled = [each for each in measured if each.label is None]
    answered = [each for each in labelled if not each.failed]
    print(f"documents               {len(measured)}, of these {sum(each.failed for each in measured)} failed")
    print(f"right                   {_share(sum(each.best == each.label for each in answered), len(labelled))}")
    print(f"right and answered      {_share(sum(each.outcome.type == each.label for each in answered), len(labelled))}")
    print(f"labelled answered None  {_share(sum(each.outcome.type is None for each in answered), len(labelled))}")
    nulls = sum(each.outcome.type is None and not each.failed for each in unlabelled)
    print(f"null answered None      {_share(nulls, len(unlabelled))}")
    print(f"documents a second      {len(measured) / seconds:.0f}")
    print(f"peak memory             {_peak_memory():.0f} MiB")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f} ({part} of {whole})" if whole else "none to measure"


def _peak_memory() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # getrusage(2): kibibytes on Linux, bytes on macOS.
    return peak / _KIBIBYTES_IN_MEBIBYTE / (_KIBIBYTES_IN_MEBIBYTE if sys.platform == "darwin" else 1)


def _print_types(measured: list[Measured]) -> None:
    by_label: dict[str | None, list[Measured]] = defaultdict(list)
    for each in measured:
        by_label[each.label].append(each)
    print(f"\n{'type':26} {'docs':>4} {'right':>5} {'None':>5}  most taken for")
    for label, group in by_label.items():
        answers = Counter(each.outcome.type if label is None else each.best for each in group)
        wrong = ", ".join(f"{answer} {count}" for answer, count in answers.most_common(4) if answer != label)
        nones = sum(each.outcome.type is None for each in group) / len(group)
        print(f"{label or '(none)':26} {len(group):4} {answers[label] / len(group):5.2f} {nones:5.2f}  {wrong}")


def _print_failures(failed: list[Measured]) -> None:
    for each in failed:
        print(f"\nfailed: {each.path}\n  {each.outcome.error}")


if __name__ == "__main__":
    main()
