"""The documents through LlamaIndex: reader -> pipeline -> vector store -> retrieval by type."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from hashing_embedding import LlamaIndexHashing
from llama_index.core import VectorStoreIndex
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import NodeWithScore
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters

from classify_core import Classifier
from llama_index_classify import ClassifyReader, ClassifyTransform

DOCUMENTS_WANTED = 3
CHUNKS_RETRIEVED = 100


def build_index(paths: list[Path], classifier: Classifier) -> VectorStoreIndex:
    """Loads, labels, splits and embeds the documents; an unreadable one is kept with its error in its metadata."""
    documents = ClassifyReader(paths=paths, classifier=classifier, on_failure="annotate").load_data()
    embedding = LlamaIndexHashing()
    pipeline = IngestionPipeline(
        transformations=[
            ClassifyTransform(classifier=classifier),  # what the reader labelled is fresh: nothing is asked twice
            SentenceSplitter(chunk_size=512, chunk_overlap=20),
            embedding,
        ],
        disable_cache=True,
    )
    return VectorStoreIndex(nodes=pipeline.run(documents=documents), embed_model=embedding)


def retrieve(index: VectorStoreIndex, query: str, *, type_name: str, min_confidence: float) -> list[NodeWithScore]:
    """The best documents of one type, each as its best chunk."""
    filters = MetadataFilters(
        filters=[
            MetadataFilter(key="classify_type", value=type_name, operator=FilterOperator.EQ),
            MetadataFilter(key="classify_confidence", value=min_confidence, operator=FilterOperator.GTE),
        ]
    )
    chunks = index.as_retriever(similarity_top_k=CHUNKS_RETRIEVED, filters=filters).retrieve(query)
    best: dict[str | None, NodeWithScore] = {}
    for chunk in chunks:  # the best first
        best.setdefault(chunk.node.ref_doc_id, chunk)
    return list(islice(best.values(), DOCUMENTS_WANTED))
