"""What is classified when LlamaIndex's `IngestionPipeline` runs again over documents of which one is new."""

from __future__ import annotations

from llama_index.core.ingestion import IngestionPipeline

from benchmarks.labelling.corpus import RULES, Corpus, CountingBackend
from benchmarks.labelling.figures import Figure, exactly
from benchmarks.labelling.framework import chunks_of_all
from benchmarks.labelling.nodes import Nodes
from classify_core import Backend
from llama_index_classify import ClassifyTransform


def measured_pipeline(corpus: Corpus, inner: Backend | None) -> list[Figure]:
    """Runs a pipeline twice, with a cache of its own and without.

    The pipeline's cache knows a step's whole input only, so that with one new document it finds nothing.
    """
    nodes, new = chunks_of_all(Nodes(), corpus), Nodes().chunks_of(corpus, corpus.documents)
    figures = []
    for disable_cache, told in ((False, "with its cache"), (True, "with disable_cache=True")):
        backend = CountingBackend(inner)
        step = ClassifyTransform(RULES, backend=backend)
        pipeline = IngestionPipeline(transformations=[step], disable_cache=disable_cache)
        pipeline.run(nodes=nodes)
        asked = backend.asked
        pipeline.run(nodes=[*nodes, *new])
        figures.append(exactly(f"classifications of a second run, one document new, {told}", backend.asked - asked, 1))
    return figures
