"""Retrieves documents by their type: with filters that the program sets, and with a router that reads the question.

    .venv/bin/python examples/llama_index/filtered_retrieval.py

The embedding here needs no download and knows words, not meanings; so what it finds among all documents is often beside
the point, and what it finds among those of the right type is not.
"""

from __future__ import annotations

import sys
from pathlib import Path

from llama_index.core import VectorStoreIndex
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import RouterRetriever
from llama_index.core.tools import RetrieverTool

from classify_core import Rule, load_rules
from llama_index_classify import ClassifyReader, ClassifySelector, type_filters

sys.path.append(str(Path(__file__).parents[1]))  # where hashing_embedding is
from hashing_embedding import LlamaIndexHashing

EXAMPLES = Path(__file__).parents[1]
MIN_CONFIDENCE = 0.5
CHUNKS_WANTED = 3
ON_AMOUNTS = "What is the total amount due?"
ON_PRICES = "What is the unit price of each item?"

# These describe questions. A question has none of an invoice's line items, so the documents' rules would not fit.
QUESTION_RULES = [
    Rule(type="invoice", description="Asks about a bill or invoice: the total amount, tax, when a payment is due."),
    Rule(type="contract", description="Asks about a contract or agreement: notice period, term, who signed it."),
]
QUESTIONS = ["Which notice period does the agreement have?", "When is the payment due?", "Who came to the party?"]


def build_index(rules: list[Rule]) -> VectorStoreIndex:
    """Labels the example documents, then splits and embeds them; each chunk carries its document's label."""
    reader = ClassifyReader(paths=EXAMPLES / "documents", rules=rules, backend="local", on_failure="annotate")
    return VectorStoreIndex.from_documents(
        reader.load_data(),
        embed_model=LlamaIndexHashing(),  # put your own embedding model in its place
        transformations=[SentenceSplitter(chunk_size=256, chunk_overlap=20)],
    )


def retriever_of(index: VectorStoreIndex, rules: list[Rule], *types: str) -> BaseRetriever:
    """Finds chunks of sure documents of these types; without any, of all documents."""
    # With the rules, a misspelt type is an error and not a filter that finds nothing.
    filters = type_filters(types, rules=rules, min_confidence=MIN_CONFIDENCE) if types else None
    return index.as_retriever(similarity_top_k=CHUNKS_WANTED, filters=filters)


def new_router(index: VectorStoreIndex, rules: list[Rule]) -> RouterRetriever:
    """Asks the retriever of the type that a question is about, and that of all documents where it is about none."""
    retrievers = {
        "invoice": retriever_of(index, rules, "invoice"),
        "contract": retriever_of(index, rules, "contract"),
        "everything": retriever_of(index, rules),
    }
    tools = [RetrieverTool.from_defaults(one, name=name, description=name) for name, one in retrievers.items()]
    selector = ClassifySelector(QUESTION_RULES, backend="local", fallback="everything")
    return RouterRetriever(selector, tools, llm=MockLLM())  # it wants a model, although this selector needs none


def show(title: str, retriever: BaseRetriever, question: str) -> None:
    """Prints what is found, the best first."""
    print(f"\n{title}: {question}")
    for hit in retriever.retrieve(question):
        metadata = hit.node.metadata
        confidence, name = metadata["classify_confidence"], metadata["file_name"]
        print(f"  {metadata['classify_type']:16} {confidence:.2f}  {name}  (score {hit.get_score():.2f})")


def main() -> None:
    """Asks all documents, those of some types, and a router."""
    rules = load_rules(EXAMPLES / "rules.yaml")
    index = build_index(rules)
    show("all documents", retriever_of(index, rules), ON_AMOUNTS)
    show("invoices", retriever_of(index, rules, "invoice"), ON_AMOUNTS)
    show("invoices and price lists", retriever_of(index, rules, "invoice", "price_list"), ON_PRICES)
    router = new_router(index, rules)
    for question in QUESTIONS:
        show("routed", router, question)


if __name__ == "__main__":
    main()
