"""Labels the rows of Parquet files with Ray Data: `ClassifyRunnable` in worker processes, Parquet in and out.

    .venv/bin/python examples/langchain/ray_parquet.py
    .venv/bin/python examples/langchain/ray_parquet.py --input FOLDER --output LABELLED --rules rules.yaml
        [--document content --name name] [--backend hosted] [--workers 2] [--batch 8] [--cache answers.sqlite]

Without `--input` it first writes the example documents into a Parquet file. A row is a document, its text or its bytes
in one column; the output has the input's columns and those of the label. What cannot be classified, a null among it,
has status and error in its row. With `--backend hosted` each machine has the key in its environment,
`LLAMA_CLOUD_API_KEY`; it is no argument of a worker.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import ray

from classify_core import RateLimits, Source, load_rules
from langchain_classify import ClassifyRunnable

EXAMPLES = Path(__file__).parents[1]


class ClassifyBatches:
    """Made once in each worker; adds the columns of a label to each batch of rows.

    Args:
        document: the column of texts or of files' bytes.
        name: the column of the documents' names; the ending of a name tells what the bytes are.
        options: the arguments of `ClassifyRunnable`, `prefix=` among them: plain data, so that they travel.
    """

    def __init__(self, *, document: str, name: str, **options: Any) -> None:
        self._document, self._name = document, name
        # A failure must not end the batch that its row is in.
        self._classify = ClassifyRunnable(on_failure="annotate", **options)
        self._schema = self._classify.metadata_schema

    def __call__(self, rows: pa.Table) -> pa.Table:
        """The rows with their labels, in place of former ones."""
        outcomes = self._classify.batch([_source(document, name) for document, name in self._documents_in(rows)])
        labels = [self._schema.to_metadata(outcome) for outcome in outcomes]
        labelled = rows.drop_columns([name for name in self._schema.all_keys if name in rows.column_names])
        for key in self._schema.keys:
            # The type is stated: a batch in which nothing failed would have a column of errors of another type.
            kind = pa.float64() if key == "confidence" else pa.string()
            name = self._schema.key(key)
            labelled = labelled.append_column(name, pa.array([one.get(name) for one in labels], type=kind))
        return labelled

    def _documents_in(self, rows: pa.Table) -> list[tuple[Any, Any]]:
        return list(zip(rows[self._document].to_pylist(), rows[self._name].to_pylist(), strict=True))


def _source(document: str | bytes | None, name: str | None) -> Source:
    """A null is an empty document, which cannot be classified, and its row says so."""
    return Source.bytes(document, name=name) if isinstance(document, bytes) else Source.text(document or "", name=name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Labels the rows and prints what types there are; files that were made on the way are gone afterwards."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as folder:
        connect(options.address, workers=options.workers)
        try:
            given = options.input or write_examples(Path(folder) / "documents")
            labelled = options.output or Path(folder) / "labelled"
            label(given, labelled, options)
            print_labels(labelled, options.name)
        finally:
            ray.shutdown()


def connect(address: str | None, *, workers: int) -> None:
    """Joins the cluster at an address, or starts one of this machine alone."""
    if address is None:
        # A processor for each worker, and one for reading and writing: a step that gets none waits for ever.
        ray.init(num_cpus=workers + 1, include_dashboard=False, log_to_driver=False)
    else:
        ray.init(address=address, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False


def write_examples(folder: Path) -> Path:
    """The example documents as Parquet: their names, and their files' bytes."""
    paths = sorted((EXAMPLES / "documents").iterdir())
    ray.data.from_items([{"name": path.name, "content": path.read_bytes()} for path in paths]).write_parquet(
        str(folder)
    )
    return folder


def label(given: Path, labelled: Path, options: argparse.Namespace) -> None:
    """Reads Parquet, labels it in the workers, and writes Parquet."""
    rows = ray.data.read_parquet(str(given)).map_batches(
        ClassifyBatches,
        fn_constructor_kwargs={
            "document": options.document,
            "name": options.name,
            "rules": [rule.model_dump() for rule in load_rules(options.rules)],
            "backend": options.backend,  # "auto" would leave it to each worker, by whether there is a key
            "plan": RateLimits.of(options.plan).divided(options.workers),
            "cache": True if options.cache is None else str(options.cache.absolute()),
        },
        compute=ray.data.ActorPoolStrategy(size=options.workers),
        batch_size=options.batch,
        batch_format="pyarrow",
    )
    rows.write_parquet(str(labelled))


def print_labels(labelled: Path, name: str) -> None:
    """Each document with its type, or why it has none, and how many of each type there are."""
    rows = ray.data.read_parquet(str(labelled)).take_all()  # of a large set, read only what you look for
    for row in sorted(rows, key=lambda row: str(row[name])):
        told = row["classify_error"] or f"{row['classify_type']:24} {row['classify_confidence']:.2f}"
        print(f"{row[name]!s:36} {told}")
    counts = Counter(row["classify_type"] or row["classify_status"] for row in rows)
    print("\n" + ", ".join(f"{count} {kind}" for kind, count in counts.most_common()))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", type=Path, help="a Parquet file or a folder of them; by default the examples")
    parser.add_argument("--output", type=Path, help="a folder for Parquet files; by default none is kept")
    parser.add_argument("--rules", type=Path, default=EXAMPLES / "rules.yaml", help="a file of rules")
    parser.add_argument("--document", default="content", help="the column of texts or of files' bytes")
    parser.add_argument("--name", default="name", help="the column of the documents' names")
    parser.add_argument(
        "--backend", choices=["hosted", "local"], default="local", help="hosted needs a key on each machine"
    )
    parser.add_argument("--plan", default="pro", help="whose rate limits the workers share")
    parser.add_argument("--cache", type=Path, help="a file of answers that the workers share")
    parser.add_argument("--workers", type=int, default=2, help="processes that classify")
    parser.add_argument("--batch", type=int, default=8, help="rows that a worker is given, and works on, at once")
    parser.add_argument("--address", help="a running cluster; by default one is started here")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
