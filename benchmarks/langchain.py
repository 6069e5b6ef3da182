"""Measures LangChain's components on many documents: what is classified, how long it takes, and the memory.

    python benchmarks/langchain.py [--documents 1000] [--chunks-a-document 100] [--rounds 5] [--engine lexical]
                                   [--batch 1000] [--batch-rounds 15]

The backend is one that answers at once, so that what takes time is the labelling: telling documents apart, joining and
hashing their texts, writing the labels and making the new documents. With `--engine lexical` the embedded engine
classifies, which tells how long the whole takes. `ClassifyRunnable.batch` is measured against the core's
`Classifier.classify_many`, on documents of 1,000 to 2,000 characters. It ends with 1 where an aim does not hold.

With few documents the times say little: a full collection of garbage, which copying and labelling each cause now and
then, takes as long as it does for all that the process has imported.
"""

from __future__ import annotations

import argparse
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
    from benchmarks.labelling.chunks import Chunks  # noqa: PLC0415 - see above
    from benchmarks.labelling.lazily import measured_lazily  # noqa: PLC0415 - see above
    from benchmarks.labelling.memory import measured_memory  # noqa: PLC0415 - see above
    from benchmarks.labelling.overhead import measured_overhead  # noqa: PLC0415 - see above
    from benchmarks.labelling.pages import measured_pages  # noqa: PLC0415 - see above
    from benchmarks.labelling.repetition import measured_repetition  # noqa: PLC0415 - see above
    from benchmarks.labelling.speed import measured_speed  # noqa: PLC0415 - see above

    options = program.options_in(_with_batches(program.parser_of(__doc__, chunk="chunk")), arguments)
    inner, corpus, chunks = program.backend_of(options), program.corpus_of(options), Chunks()
    figures = [
        *measured_overhead(options.batch, options.batch_rounds),
        measured_pages(chunks, options.characters, inner),
        *measured_speed(chunks, corpus, options.rounds, inner),
        *measured_repetition(chunks, corpus, inner),
        *measured_memory(chunks, corpus, inner),
        *measured_lazily(corpus, inner),
    ]
    program.conclude(figures, rounds=options.rounds)


def _with_batches(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--batch", type=int, default=1_000, help="documents of a batch")
    parser.add_argument("--batch-rounds", type=int, default=15, help="times that either classifies a batch")
    return parser


if __name__ == "__main__":
    main()
