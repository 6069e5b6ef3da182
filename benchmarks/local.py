"""Measures the embedded engine on a folder of labelled documents, beside TF-IDF, BM25 and MiniLM.

    python benchmarks/local.py --corpus PATH [--limit N] [--only table,types,...] [--minilm PYTHON]

PATH holds `rules.yaml`, and says what its documents are in the first of these that is there:

- `manifest.jsonl`: one object a line with `path` (below PATH) and `type`, a rule's type or null;
- `expected.yaml`: the type, or null, by the name of each file below `PATH/docs` or `PATH/documents`;
- `docs/<type>/...`: the folder's name is the type, with underscores for spaces, or `null`.

*Right* means that the type, or where it is null the first alternative, equals the label, over the documents of a type.
AUROC, ECE (ten equal bins) and Brier score are over all documents; what a confidence speaks of is that a type was
given and is right. BM25 and MiniLM run in an environment of their own, which `make .venv-peer-models/.ready` makes;
where it is missing they are left out.

The sections, in the order in which they are printed:
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks.accuracy.calibration import measured_calibration
from benchmarks.accuracy.cascade import measured_cascade
from benchmarks.accuracy.comparison import measured_comparison
from benchmarks.accuracy.determinism import measured_determinism
from benchmarks.accuracy.documents import Corpus
from benchmarks.accuracy.each_type import measured_types
from benchmarks.accuracy.folds import measured_folds
from benchmarks.accuracy.measurement import Measurement
from benchmarks.accuracy.robustness import measured_robustness
from benchmarks.accuracy.section import Section
from benchmarks.paired.served import ROOT
from classify_core import ClassifyError

Measure: TypeAlias = Callable[[Measurement], Section]

_PEER_MODELS: Final = ROOT / ".venv-peer-models"

_SECTIONS: Final[Mapping[str, str]] = {
    "table": "ours beside the others: right, confidence, speed, memory",
    "types": "each type, and what it is taken for",
    "folds": "built-in knowledge of a fifth of the types switched off, five times",
    "robustness": "50 sub-batches, against each document by itself",
    "cascade": "the labels as a dear backend that teaches the engine",
    "determinism": "twice the same, and in other orders",
    "calibration": "calibrated on 50 labelled documents, ten times",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the chosen sections, each as soon as it is there."""
    options = _options(arguments)
    try:
        measurement = Measurement(Corpus.load(options.corpus, limit=options.limit))
        print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}", flush=True)
        for name, measure in _measures(options.minilm).items():
            if name in options.only:
                print(f"\n{measure(measurement)}", flush=True)
    except (ClassifyError, OSError) as error:
        sys.exit(f"{options.corpus} cannot be measured: {error}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    told = "\n".join(f"- {name}: {what}" for name, what in _SECTIONS.items())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\n{told}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True, help="a folder with rules.yaml and labelled documents")
    parser.add_argument("--limit", type=int, help="measure N documents, drawn as if by lot, but the same each time")
    parser.add_argument("--only", type=_names, default=set(_SECTIONS), help="sections; by default all of them")
    parser.add_argument(
        "--minilm",
        type=Path,
        default=_PEER_MODELS / "bin" / "python",
        help="the Python of an environment with MiniLM and BM25",
    )
    return parser.parse_args(arguments)


def _names(text: str) -> set[str]:
    names = set(text.split(","))
    if not names <= _SECTIONS.keys():
        raise argparse.ArgumentTypeError(f"sections are {', '.join(_SECTIONS)}; give some of them, with commas")
    return names


def _measures(minilm: Path) -> dict[str, Measure]:
    return {
        "table": partial(measured_comparison, minilm=minilm),
        "types": measured_types,
        "folds": measured_folds,
        "robustness": measured_robustness,
        "cascade": measured_cascade,
        "determinism": measured_determinism,
        "calibration": measured_calibration,
    }


if __name__ == "__main__":
    main()
