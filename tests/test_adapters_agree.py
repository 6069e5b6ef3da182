"""Both adapters write the same metadata for the same list of documents."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.documents import Document as LangChainDocument
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document as LlamaIndexDocument
from llama_index.core.schema import MetadataMode

from classify_core import Answer, Classifier, JobFailedError, MetadataSchema, Rule
from langchain_classify import ClassifyDocumentTransformer
from llama_index_classify import ClassifyTransform
from tests.backends import ScriptedBackend

BILL = "Invoice number 7: line items, tax, the total amount due"
CAKE = "Recipe: ingredients and quantities, then the steps of preparation"

DOCUMENTS: list[tuple[str, dict[str, Any]]] = [
    (BILL, {"source": "bill.txt"}),
    (CAKE, {"file_path": "book.pdf", "page_label": "2"}),
    ("Title page", {"file_path": "book.pdf", "page_label": "1"}),
    ("0123456789", {"source": "numbers.txt"}),
    ("bad", {"source": "bad.txt"}),
    ("", {"source": "empty.txt"}),
    (BILL, {"source": "bill.txt", "author": "somebody"}),
    (CAKE, {"case": 7}),
    (BILL, {"case": 7}),
    ("bad", {}),
]


def _through_llama_index(component: ClassifyTransform, documents: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    given = [LlamaIndexDocument(text=text, metadata=dict(metadata)) for text, metadata in documents]
    return [node.metadata for node in component(given)]


def _through_langchain(
    component: ClassifyDocumentTransformer, documents: list[tuple[str, dict[str, Any]]]
) -> list[Any]:
    given = [LangChainDocument(page_content=text, metadata=dict(metadata)) for text, metadata in documents]
    return [document.metadata for document in component.transform_documents(given)]


def _fails_on_bad(text: str) -> JobFailedError | None:
    return JobFailedError("broken", job_id="job-1") if text == "bad" else None


OPTIONS: list[dict[str, Any]] = [
    {},
    {"min_confidence": 0.99},
    {"group_by": None},
    {"group_by": "case"},
    {"on_failure": "skip"},
    {"keep_types": ["invoice"]},
    {"drop_types": ["uncategorized"]},
    {"prefix": "kind_"},
    {"metadata_schema": MetadataSchema(reasoning_length=10, no_match_label="other")},
]


def test_both_adapters_take_the_pages_of_a_file_for_one_document_also_once_they_are_split(rules: list[Rule]) -> None:
    pages = [("Title page. Of no type. " * 20, "1"), (f"{BILL}. " * 20, "2"), ("The end. " * 20, "3")]
    loaded = [
        LlamaIndexDocument(text=text, metadata={"file_path": "a.pdf", "page_label": page}) for text, page in pages
    ]
    chunks = SentenceSplitter(chunk_size=80, chunk_overlap=0, chunking_tokenizer_fn=str.splitlines)(loaded)
    assert len(chunks) > len({chunk.ref_doc_id for chunk in chunks}) == 3
    backend = ScriptedBackend(lambda text: Answer(type="invoice", confidence=0.9) if "Invoice" in text else None)
    labelled = ClassifyTransform(rules, backend=backend)(chunks)
    assert {chunk.metadata["classify_type"] for chunk in labelled} == {"invoice"}
    assert sum(backend.asked.values()) == 1
    again = [(chunk.get_content(MetadataMode.NONE), dict(chunk.metadata)) for chunk in chunks]
    through = _through_langchain(ClassifyDocumentTransformer(rules, backend=backend), again)
    assert through == [chunk.metadata for chunk in labelled]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", ["local", "scripted"])
def test_both_adapters_write_the_same_metadata(rules: list[Rule], kind: str, options: dict[str, Any]) -> None:
    def backend() -> Any:
        return "local" if kind == "local" else ScriptedBackend(_fails_on_bad)

    first = _through_llama_index(ClassifyTransform(rules, backend=backend(), **options), DOCUMENTS)
    second = _through_langchain(ClassifyDocumentTransformer(rules, backend=backend(), **options), DOCUMENTS)
    assert first == second
    assert first


KEEPING_ALL = [options for options in OPTIONS if not {"on_failure", "keep_types", "drop_types"} & options.keys()]


@pytest.mark.parametrize("options", KEEPING_ALL, ids=str)
def test_each_adapter_takes_the_others_labels_for_fresh(rules: list[Rule], options: dict[str, Any]) -> None:
    texts = [text for text, _ in DOCUMENTS]
    labelled = _through_llama_index(ClassifyTransform(rules, backend=ScriptedBackend(), **options), DOCUMENTS)
    backend = ScriptedBackend()
    component = ClassifyDocumentTransformer(rules, backend=backend, **options)
    again = _through_langchain(component, list(zip(texts, labelled, strict=True)))
    assert again == labelled
    assert not backend.asked


def test_both_adapters_share_one_classifier_and_ask_once(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    classifier = Classifier(rules, backend=backend)
    _through_llama_index(ClassifyTransform(classifier=classifier), DOCUMENTS)
    _through_langchain(ClassifyDocumentTransformer(classifier=classifier), DOCUMENTS)
    assert set(backend.asked.values()) == {1}
