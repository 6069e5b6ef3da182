"""Retrieves documents by their type: by a filter, by a router that reads the question, and by labelling what is found.

    .venv/bin/python examples/langchain/retrieve_by_type.py

The embedding here needs no download and knows words, not meanings; so what it finds among all documents is often beside
the point, and what it finds among those of the right type is not.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore

from classify_core import Rule, load_rules
from langchain_classify import (
    ClassifyDocumentCompressor,
    ClassifyLoader,
    ClassifyRunnable,
    route_by_type,
    type_filter,
)

sys.path.append(str(Path(__file__).parents[1]))  # where hashing_embedding and through_langchain are
from hashing_embedding import LangChainHashing
from through_langchain import FileLoader

EXAMPLES = Path(__file__).parents[1]
MIN_CONFIDENCE = 0.5
DOCUMENTS_WANTED = 3
DOCUMENTS_LOOKED_AT = 10
ON_AMOUNTS = "What is the total amount due?"
ON_PRICES = "What is the unit price of each item?"

# These describe questions. A question has none of an invoice's line items, so the documents' rules would not fit.
QUESTION_RULES = [
    Rule(type="invoice", description="Asks about a bill or invoice: the total amount, tax, when a payment is due."),
    Rule(type="contract", description="Asks about a contract or agreement: notice period, term, who signed it."),
]
QUESTIONS = ["Which notice period does the agreement have?", "When is the payment due?", "Who came to the party?"]

Retriever = Runnable[Any, list[Document]]


def store_of(documents: list[Document]) -> InMemoryVectorStore:
    """The documents embedded. Split long ones first: each chunk carries its document's label."""
    store = InMemoryVectorStore(LangChainHashing())  # put your own store and embedding in its place
    store.add_documents(documents)
    return store


def labelled_store(rules: list[Rule]) -> InMemoryVectorStore:
    """The example documents, labelled before they are embedded."""
    loader = ClassifyLoader(paths=EXAMPLES / "documents", rules=rules, backend="local", on_failure="annotate")
    return store_of(loader.load())


def retriever_of(store: InMemoryVectorStore, rules: list[Rule], *types: str) -> Retriever:
    """Finds sure documents of these types; without any, all documents."""
    wanted: dict[str, Any] = {"k": DOCUMENTS_WANTED}
    if types:
        # With the rules, a misspelt type is an error and not a filter that finds nothing.
        wanted["filter"] = type_filter(types, store=store, rules=rules, min_confidence=MIN_CONFIDENCE)
    return store.as_retriever(search_kwargs=wanted)


def new_router(store: InMemoryVectorStore, rules: list[Rule]) -> Retriever:
    """Asks the retriever of the type that a question is about, and that of all documents where it is about none."""
    return route_by_type(
        {"invoice": retriever_of(store, rules, "invoice"), "contract": retriever_of(store, rules, "contract")},
        default=retriever_of(store, rules),
        classify=ClassifyRunnable(QUESTION_RULES, backend="local"),
    )


def labelling_retriever(rules: list[Rule], *types: str) -> Retriever:
    """Labels what it finds in a store that was filled without labels, and keeps what is of these types.

    `ContextualCompressionRetriever(base_retriever=..., base_compressor=compressor)` of the package langchain-classic
    does the same.
    """
    paths = sorted((EXAMPLES / "documents").iterdir())
    found = store_of(FileLoader(paths).load()).as_retriever(search_kwargs={"k": DOCUMENTS_LOOKED_AT})
    compressor = ClassifyDocumentCompressor(rules, backend="local", keep_types=types, min_confidence=MIN_CONFIDENCE)
    return found | RunnableLambda(lambda documents: compressor.compress_documents(documents, query=""))


def show(title: str, retriever: Retriever, question: str) -> None:
    """Prints what is found, the best first."""
    print(f"\n{title}: {question}")
    for document in retriever.invoke(question):
        label, name = document.metadata, Path(document.metadata["source"]).name
        print(f"  {label['classify_type']:16} {label['classify_confidence']:.2f}  {name}")


def main() -> None:
    """Asks all documents, those of some types, a router, and a store without labels."""
    rules = load_rules(EXAMPLES / "rules.yaml")
    store = labelled_store(rules)
    show("all documents", retriever_of(store, rules), ON_AMOUNTS)
    show("invoices", retriever_of(store, rules, "invoice"), ON_AMOUNTS)
    show("invoices and price lists", retriever_of(store, rules, "invoice", "price_list"), ON_PRICES)
    router = new_router(store, rules)
    for question in QUESTIONS:
        show("routed", router, question)
    show("contracts, labelled when found", labelling_retriever(rules, "contract"), QUESTIONS[0])


if __name__ == "__main__":
    main()
