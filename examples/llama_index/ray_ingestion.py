"""Labels and splits documents on a Ray cluster: `ClassifyTransform` in worker processes, one label a document.

    python examples/llama_index/ray_ingestion.py --documents FOLDER --rules rules.yaml [--backend hosted] [--workers 2]

Ray hands a step its nodes in batches that know nothing of documents, so the step stands before the splitter: a
document is one row then, and its chunks inherit the label. The workers share a file of answers and the plan's limits.
With `--backend hosted` each machine has the key in its environment, `LLAMA_CLOUD_API_KEY`; it is no argument of a step.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import ray
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import BaseNode, Document
from llama_index.ingestion.ray import RayIngestionPipeline, RayTransformComponent

from classify_core import RateLimits, Rule, load_rules
from llama_index_classify import ClassifyTransform

TEXT_ENDINGS = {".eml", ".md", ".txt"}
DOCUMENTS_A_BATCH = 8


def main(arguments: list[str] | None = None) -> None:
    """Ingests the folder and prints each document's label and number of chunks."""
    options = _options(arguments)
    documents, ingestion = read(options.documents), pipeline(load_rules(options.rules), options)
    connect(options.address, workers=options.workers)
    try:
        nodes = ingestion.run(documents=documents)
    finally:
        ray.shutdown()
    _print_labels(nodes)


def connect(address: str | None, *, workers: int) -> None:
    """Joins the cluster at an address, or starts one of this machine alone."""
    if address is None:
        # A processor for each worker, and one for the splitter: a step that gets none waits for ever.
        ray.init(num_cpus=workers + 1, include_dashboard=False, log_to_driver=False)
    else:
        ray.init(address=address, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False


def read(folder: Path) -> list[Document]:
    """The folder's texts, each with its file in its metadata."""
    return [
        Document(id_=path.name, text=path.read_text(encoding="utf-8"), metadata={"file_path": str(path.absolute())})
        for path in sorted(folder.iterdir())
        if path.suffix in TEXT_ENDINGS
    ]


def pipeline(rules: Sequence[Rule], options: argparse.Namespace) -> RayIngestionPipeline:
    """The steps; Ray makes each anew in its workers, of arguments that are plain data."""
    classify = RayTransformComponent(
        transform_class=ClassifyTransform,
        transform_kwargs={
            "rules": [rule.model_dump() for rule in rules],
            "backend": options.backend,  # "auto" would leave it to each worker, by whether there is a key
            "plan": RateLimits.of(options.plan).divided(options.workers),
            "cache": str(options.cache.absolute()),  # workers may have another working directory
        },
        map_batches_kwargs={
            "batch_size": DOCUMENTS_A_BATCH,
            "compute": ray.data.ActorPoolStrategy(size=options.workers),
        },
    )
    split = RayTransformComponent(
        transform_class=SentenceSplitter, transform_kwargs={"chunk_size": 256, "chunk_overlap": 20}
    )
    return RayIngestionPipeline(transformations=[classify, split])


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, required=True, help="a folder of .txt, .md and .eml files")
    parser.add_argument("--rules", type=Path, required=True, help="a file of rules")
    parser.add_argument(
        "--backend", choices=["hosted", "local"], default="local", help="hosted needs a key on each node"
    )
    parser.add_argument("--plan", default="pro", help="whose rate limits the workers share")
    parser.add_argument("--cache", type=Path, default=Path("answers.sqlite"), help="the answers the workers share")
    parser.add_argument("--workers", type=int, default=2, help="processes that classify")
    parser.add_argument("--address", help="a running cluster; by default one is started here")
    return parser.parse_args(arguments)


def _print_labels(nodes: Sequence[BaseNode]) -> None:
    chunks = Counter(node.ref_doc_id for node in nodes)
    labels = {node.ref_doc_id: node.metadata for node in nodes}
    for name, metadata in sorted(labels.items(), key=lambda label: str(label[0])):
        confidence = metadata.get("classify_confidence", 0.0)
        print(f"{name:36} {metadata.get('classify_type', '-'):24} {confidence:.2f} {chunks[name]:4} chunks")
        if "classify_error" in metadata:
            print(f"{name}: {metadata['classify_error']}", file=sys.stderr)


if __name__ == "__main__":
    main()
