"""Ingests each kind of document in its own way: invoices, contracts, all others, and those that are not sure.

    .venv/bin/python examples/llama_index/ingestion_routing.py

It runs twice over the same folder. The router's docstore knows what arrived, so the second run hands nothing over; a
document that changed in between would take the place of its former version. The stores here are in memory: persist
the docstore together with the indexes, and the same holds from day to day.
"""

from __future__ import annotations

from pathlib import Path

from llama_index.core import MockEmbedding, VectorStoreIndex
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import BaseNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore

from classify_core import Classifier, load_rules
from llama_index_classify import ClassifyReader, IngestionRouter, RoutingReport

EXAMPLES = Path(__file__).parents[1]
MIN_CONFIDENCE = 0.5
EMBEDDING = MockEmbedding(embed_dim=8)  # put your own embedding model in its place


def new_index() -> VectorStoreIndex:
    """An empty index with small chunks."""
    splitter = SentenceSplitter(chunk_size=256, chunk_overlap=20)
    return VectorStoreIndex(nodes=[], embed_model=EMBEDDING, transformations=[splitter])


def new_pipeline() -> IngestionPipeline:
    """A pipeline with chunks that hold whole clauses.

    With a vector store that keeps texts, `VectorStoreIndex.from_vector_store` makes an index of what it wrote.
    """
    splitter = SentenceSplitter(chunk_size=1024, chunk_overlap=100)
    return IngestionPipeline(transformations=[splitter, EMBEDDING], vector_store=SimpleVectorStore())


def new_router(classifier: Classifier, review: list[BaseNode]) -> IngestionRouter:
    """Sends documents on their ways; those below the classifier's `min_confidence` are appended to `review`."""
    return IngestionRouter(
        {"invoice": new_index(), "contract": new_pipeline()},
        classifier=classifier,
        default=new_index(),
        review=review.extend,
        on_failure="annotate",
        docstore=SimpleDocumentStore(),
    )


def print_report(title: str, report: RoutingReport) -> None:
    """What went where; `str(report)` is the table."""
    print(f"{title}\n{report}")
    for route in report.routes:
        for document_id in route.document_ids:  # a reader's documents are known by their paths
            print(f"  {route.name}: {Path(document_id).name}")
    if not any(route.document_ids for route in report.routes):
        print(f"  nothing new: all {len(report.unchanged)} documents arrived before")


def main() -> None:
    """Reads and routes the example documents twice."""
    review: list[BaseNode] = []
    rules = load_rules(EXAMPLES / "rules.yaml")
    # backend="hosted" uploads the documents, and needs a key in LLAMA_CLOUD_API_KEY.
    with Classifier(rules, backend="local", min_confidence=MIN_CONFIDENCE) as classifier:
        # The router takes the reader's labels: no document is classified twice.
        reader = ClassifyReader(paths=EXAMPLES / "documents", classifier=classifier, on_failure="annotate")
        router = new_router(classifier, review)
        print_report("first run", router.run(documents=reader.load_data()))
        print_report("\nsecond run", router.run(documents=reader.load_data()))
    print("\nfor a person to look at")
    for node in review:
        print(f"  {node.metadata['file_name']}  {node.metadata['classify_status']}")


if __name__ == "__main__":
    main()
