"""Measures `ClassifyTransform` on many nodes: what is classified, how long a node takes, and the memory.

    python benchmarks/llama_index.py [--documents 1000] [--nodes-a-document 100] [--rounds 5] [--engine lexical]

The backend is one that answers at once, so that what takes time is the labelling: translating the nodes, telling
documents apart, joining and hashing their texts, copying the nodes and writing the labels. With `--engine lexical` the
embedded engine classifies, which tells how long the whole takes. It ends with 1 where an aim does not hold.

With few nodes the times say little: a full collection of garbage, which copying and labelling each cause now and then,
takes as long as it does for all that the process has imported.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

if __name__ == "__main__":
    # A program's folder comes first where modules are looked for, and this file has the framework's name.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Measures, prints the table, and ends with 1 where an aim does not hold."""
    # Not before the path is put right.
    from benchmarks.labelling import program  # noqa: PLC0415 - see above
    from benchmarks.labelling.memory import measured_memory  # noqa: PLC0415 - see above
    from benchmarks.labelling.nodes import Nodes  # noqa: PLC0415 - see above
    from benchmarks.labelling.pipeline import measured_pipeline  # noqa: PLC0415 - see above
    from benchmarks.labelling.speed import measured_speed  # noqa: PLC0415 - see above

    options = program.options_in(program.parser_of(__doc__, chunk="node"), arguments)
    inner, corpus, nodes = program.backend_of(options), program.corpus_of(options), Nodes()
    figures = [
        *measured_speed(nodes, corpus, options.rounds, inner),
        *measured_pipeline(corpus, inner),
        *measured_memory(nodes, corpus, inner),
    ]
    program.conclude(figures, rounds=options.rounds)


if __name__ == "__main__":
    main()
