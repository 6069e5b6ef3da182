"""Measures the embedded backend on a folder of labelled documents.

    python benchmarks/local.py --corpus PATH [--limit N]

PATH holds `rules.yaml` and `manifest.jsonl`: one object a line with `path` (below PATH) and `type`, a rule's type or
null. *Right* means that the best-scored type equals the label, over the labelled documents.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from classify_core import Classification, Classifier, Source, load_rules

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


def main() -> None:
    """Classifies the corpus and prints the figures."""
    arguments = _arguments()
    entries = _entries(arguments.corpus, arguments.limit)
    started = time.perf_counter()
    measured = _measure(arguments.corpus, entries)
    _print_summary(measured, time.perf_counter() - started)
    _print_types([each for each in measured if not each.failed])
    _print_failures([each for each in measured if each.failed])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="a folder with rules.yaml and manifest.jsonl")
    parser.add_argument("--limit", type=int, default=None, help="measure N documents, spread over the manifest")
    return parser.parse_args()


def _entries(corpus: Path, limit: int | None) -> list[tuple[str, str | None]]:
    lines = (corpus / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [(entry["path"], entry["type"]) for entry in map(json.loads, lines)]
    if limit is None or limit >= len(entries):
        return entries
    # The manifest is sorted by type, so a stride takes some of each.
    return [entries[position * len(entries) // limit] for position in range(limit)]


def _measure(corpus: Path, entries: list[tuple[str, str | None]]) -> list[Measured]:
    sources = [Source.path(corpus / path) for path, _ in entries]
    with Classifier(rules=load_rules(corpus / "rules.yaml"), backend="local", on_error="record") as classifier:
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
