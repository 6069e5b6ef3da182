"""Ingests each kind of document into a vector store of its own: invoices, contracts, all others, and unsure ones.

    .venv/bin/python examples/langchain/ingest_by_type.py

It runs twice over the same folder. LangChain's record managers know what arrived, so the second run embeds nothing; a
document that changed in between, or takes another route now, would be deleted where it was. Stores and records here are
in memory: take a store of yours and an `SQLRecordManager`, and the same holds from day to day.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from langchain_core.documents import Document
from langchain_core.indexing import IndexingResult, InMemoryRecordManager, index
from langchain_core.vectorstores import InMemoryVectorStore

from classify_core import Classifier, load_rules
from langchain_classify import ClassifyLoader, LabelKeyEncoder, TypeRouter, route_by_type

sys.path.append(str(Path(__file__).parents[1]))  # where hashing_embedding is
from hashing_embedding import LangChainHashing

EXAMPLES = Path(__file__).parents[1]
MIN_CONFIDENCE = 0.5


class TypedStore:
    """A vector store, and the record of what is in it.

    Args:
        name: of its documents, for the record.
    """

    def __init__(self, name: str) -> None:
        self.store = InMemoryVectorStore(LangChainHashing())  # put your own store and embedding in its place
        self.records = InMemoryRecordManager(namespace=name)

    def ingest(self, documents: list[Document]) -> IndexingResult:
        """Embeds what is new among the documents, and deletes what is no longer among them."""
        return index(
            documents,
            self.records,
            self.store,
            cleanup="full",  # the folder is loaded as a whole; of a stream of new documents take "incremental"
            source_id_key="source",
            key_encoder=LabelKeyEncoder(),  # the type counts, the confidence does not: that embeds nothing again
        )


@dataclass(frozen=True)
class Report:
    """What one run came to.

    Attributes:
        taken: the documents of each route.
        results: what their stores say.
    """

    taken: Mapping[str, list[Document]]
    results: Mapping[str, IndexingResult]

    def show(self, title: str) -> None:
        """Prints what went where, and the names where something was added."""
        print(title)
        for route, result in self.results.items():
            print(f"  {route:10} {result['num_added']:3} added {result['num_skipped']:3} known before")
            for document in self.taken.get(route, []) if result["num_added"] else []:
                print(f"    {route}: {document.metadata['file_name']}")


def new_router(classifier: Classifier) -> TypeRouter:
    """Knows each route's store by name; those below the classifier's `min_confidence` take the route `(review)`."""
    return route_by_type(
        {name: TypedStore(name).ingest for name in ("invoice", "contract")},
        default=TypedStore("others").ingest,
        review=TypedStore("review").ingest,
        rules=classifier.rules,  # a route that no rule produces is an error
    )


def ingest(loader: ClassifyLoader, router: TypeRouter) -> Report:
    """Loads and labels the folder, and gives each route's documents to its branch, which may be any Runnable."""
    taken = router.split(loader.load())
    # Also a branch that gets none today: what it got before is deleted there.
    results = {route: branch.invoke(taken.get(route, [])) for route, branch in router.branches.items()}
    return Report(taken, results)


def main() -> None:
    """Ingests the example documents twice."""
    rules = load_rules(EXAMPLES / "rules.yaml")
    # backend="hosted" uploads the documents, and needs a key in LLAMA_CLOUD_API_KEY.
    with Classifier(rules, backend="local", min_confidence=MIN_CONFIDENCE) as classifier:
        loader = ClassifyLoader(paths=EXAMPLES / "documents", classifier=classifier, on_failure="annotate")
        router = new_router(classifier)
        first = ingest(loader, router)
        first.show("first run")
        ingest(loader, router).show("\nsecond run")
    print("\nfor a person to look at")
    for document in first.taken.get("(review)", []):
        print(f"  {document.metadata['file_name']}  {document.metadata['classify_status']}")


if __name__ == "__main__":
    main()
