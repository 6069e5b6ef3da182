"""Measures `ClassifyTransform` on many nodes: what is classified, how long a node takes, and the memory.

    python benchmarks/llama_index.py [--documents 1000] [--nodes-a-document 100] [--rounds 5] [--engine lexical]

The backend is one that answers at once, so that what takes time is the labelling: translating the nodes, telling
documents apart, joining and hashing their texts, copying the nodes and writing the labels. With `--engine lexical` the
embedded engine classifies, which tells how long the whole takes. It ends with 1 where an aim does not hold.

With few nodes the times say little: a full collection of garbage, which copying and labelling each cause now and then,
takes as long as it does for all that the process has imported.
"""

from __future__ import annotations

import argparse
import platform
import sys
from pathlib import Path

if __name__ == "__main__":
    # A program's folder comes first where modules are looked for, and this file has the framework's name.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]


def main(arguments: list[str] | None = None) -> None:
    """Measures, prints the table, and ends with 1 where an aim does not hold."""
    # Not before the path is put right.
    from benchmarks.labelling.corpus import Corpus  # noqa: PLC0415 - see above
    from benchmarks.labelling.figures import table  # noqa: PLC0415 - see above
    from benchmarks.labelling.memory import measured_memory  # noqa: PLC0415 - see above
    from benchmarks.labelling.repetition import measured_repetition  # noqa: PLC0415 - see above
    from benchmarks.labelling.speed import measured_speed  # noqa: PLC0415 - see above
    from classify_core import LocalBackend  # noqa: PLC0415 - see above

    options = _options(arguments)
    inner = LocalBackend() if options.engine == "lexical" else None
    corpus = Corpus(options.documents, options.nodes_a_document, options.characters)
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {options.rounds} rounds\n")
    figures = [
        *measured_speed(corpus, options.rounds, inner),
        *measured_repetition(corpus, inner),
        *measured_memory(corpus, inner),
    ]
    print(table(figures))
    sys.exit(0 if all(figure.holds for figure in figures) else 1)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000, help="how many")
    parser.add_argument("--nodes-a-document", type=int, default=100, help="nodes that each is split into")
    parser.add_argument("--characters", type=int, default=1_000, help="the length of a node's text")
    parser.add_argument("--rounds", type=int, default=5, help="times that the nodes are labelled and copied")
    parser.add_argument("--engine", choices=["none", "lexical"], default="none", help="what classifies")
    options = parser.parse_args(arguments)
    if min(options.documents, options.nodes_a_document, options.characters, options.rounds) < 1:
        parser.error("--documents, --nodes-a-document, --characters and --rounds are at least 1")
    return options


if __name__ == "__main__":
    main()
