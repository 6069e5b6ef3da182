"""The documents through LangChain: loader -> transformer -> vector store -> retrieval by type."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hashing_embedding import LangChainHashing
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore

from classify_core import Classifier, Content, UnreadableDocumentError
from classify_core.local.extraction import extract
from langchain_classify import ClassifyDocumentTransformer


class FileLoader(BaseLoader):
    """Loads the text of files; stands for whatever loader you use."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths

    def lazy_load(self) -> Iterator[Document]:
        """One document a file; an unreadable one is left out."""
        for path in self._paths:
            try:
                content = Content(path.read_bytes(), path.name, path.suffix.lower().lstrip("."))
                yield Document(page_content=extract(content).text, metadata={"source": str(path)})
            except (OSError, UnreadableDocumentError):
                continue


def build_store(paths: list[Path], classifier: Classifier) -> InMemoryVectorStore:
    """Loads, labels and embeds the documents."""
    documents = FileLoader(paths).load()
    labelled = ClassifyDocumentTransformer(classifier=classifier).transform_documents(documents)
    store = InMemoryVectorStore(LangChainHashing())
    store.add_documents(list(labelled))
    return store


def retrieve(store: InMemoryVectorStore, query: str, *, type_name: str, min_confidence: float) -> list[Document]:
    """The best documents among those of one type."""

    def is_wanted(document: Document) -> bool:
        label = document.metadata  # one that could not be classified has neither type nor confidence
        return label.get("classify_type") == type_name and bool(label["classify_confidence"] >= min_confidence)

    return store.similarity_search(query, k=3, filter=is_wanted)
