"""Both adapters write the same metadata for the same list of documents, from every backend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document as LlamaIndexDocument
from llama_index.core.schema import MetadataMode

from classify_core import Answer, Classifier, ClassifyClient, MetadataSchema, Rule
from classify_core.testing.server import ClassifyServer
from langchain_classify import ClassifyDocumentTransformer
from llama_index_classify import ClassifyTransform
from tests.backends import ScriptedBackend
from tests.both_adapters import (
    Given,
    athrough_langchain,
    athrough_llama_index,
    kinds,
    through_langchain,
    through_llama_index,
)

pytestmark = pytest.mark.filterwarnings("ignore:api=.v1. is deprecated:DeprecationWarning")

KINDS = ("local", "scripted", "hosted v2", "hosted v1", "language model", "embedding model")
EXAMPLES = Path(__file__).parents[1] / "examples" / "documents"
BILL = "Invoice number 7, an invoice: line items, tax, the total amount due"
CAKE = "Recipe, or how a recipe is told: ingredients and quantities, then the steps of preparation"

DOCUMENTS: Given = [
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
    through = through_langchain(ClassifyDocumentTransformer(rules, backend=backend), again)
    assert through == [chunk.metadata for chunk in labelled]


@contextmanager
def components(
    server: ClassifyServer, kind: str, rules: list[Rule], **options: Any
) -> Iterator[tuple[ClassifyTransform, ClassifyDocumentTransformer]]:
    """One component of each adapter, with a backend of this kind and with nothing known beforehand."""
    backends = kinds(server)[kind]
    step = ClassifyTransform(rules, backend=backends.llama_index(), **options)
    transformer = ClassifyDocumentTransformer(rules, backend=backends.langchain(), **options)
    with step.classifier, transformer.classifier:
        yield step, transformer


async def written(
    server: ClassifyServer, kind: str, rules: list[Rule], documents: Given, **options: Any
) -> list[list[Any]]:
    """What both adapters write, called and awaited."""
    with components(server, kind, rules, **options) as (step, transformer):
        called = [through_llama_index(step, documents), through_langchain(transformer, documents)]
    with components(server, kind, rules, **options) as (step, transformer):
        awaited = [await athrough_llama_index(step, documents), await athrough_langchain(transformer, documents)]
    return called + awaited


def comparable(kind: str, found: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """The metadata, without what has to differ: v1's jobs are of many files at once, and each call makes new ones.

    Those of v2 are found again, so that even their IDs are the same.
    """
    return found if kind != "hosted v1" else [[_without_job(one) for one in metadata] for metadata in found]


def _without_job(metadata: dict[str, Any]) -> dict[str, Any]:
    job_id = metadata.get("classify_job_id", "(none)")
    return {key: str(value).replace(job_id, "(job)") for key, value in metadata.items()}


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", ["local", "scripted", "language model"])
async def test_both_adapters_write_the_same_metadata_whatever_is_asked_for(
    classify_server: ClassifyServer, rules: list[Rule], kind: str, options: dict[str, Any]
) -> None:
    first, *others = await written(classify_server, kind, rules, DOCUMENTS, **options)
    assert first
    assert others == [first] * 3


@pytest.mark.parametrize("kind", KINDS)
async def test_both_adapters_write_the_same_metadata_from_every_backend(
    classify_server: ClassifyServer, rules: list[Rule], kind: str
) -> None:
    found = await written(classify_server, kind, rules, DOCUMENTS)
    first, *others = comparable(kind, found)
    assert others == [first] * 3
    assert {one.get("classify_status") for one in first} == {"completed", "failed"}
    assert {one.get("classify_type") for one in first} == {"invoice", "recipe", "uncategorized", None}
    assert all("classify_job_id" in one for one in found[0] if "classify_type" in one) == kind.startswith("hosted")


def test_hosted_the_second_adapter_uploads_nothing_and_makes_no_job(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    with components(classify_server, "hosted v2", rules) as (step, transformer):
        through_llama_index(step, DOCUMENTS)
        jobs = _jobs_of(classify_server)
        through_langchain(transformer, DOCUMENTS)
    assert _jobs_of(classify_server) == jobs


@pytest.fixture
def files(tmp_path: Path) -> Given:
    """Pages and texts that name a file, of which none says what the file does."""
    (tmp_path / "bill.txt").write_text(BILL)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 of nothing")
    (tmp_path / "empty.txt").touch()
    named = [*(str(tmp_path / name) for name in ("bill.txt", "broken.pdf", "empty.txt", "gone.pdf")), "s3://a/bill.txt"]
    invoice = str(EXAMPLES / "harbour-lights-march.pdf")
    pages: Given = [("a page", {"file_path": invoice, "page_label": page}) for page in ("1", "2")]
    return [*(("its text", {"file_path": name}) for name in named), *pages, (CAKE, {"title": "no file"})]


# A scripted backend decodes what it is given, which a PDF file is not made for.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "scripted"])
@pytest.mark.parametrize("source", ["file", "text"])
async def test_both_adapters_classify_the_same_original(
    classify_server: ClassifyServer, rules: list[Rule], kind: str, source: str, files: Given
) -> None:
    found = await written(classify_server, kind, rules, files, source=source)
    first, *others = comparable(kind, found)
    assert others == [first] * 3
    statuses = [one["classify_status"] for one in first]
    failures = ["failed"] * 4 if source == "file" else ["completed"] * 4
    assert statuses == ["completed", *failures, "completed", "completed", "completed"]
    if kind != "embedding model":  # which knows words only, and too few of these
        assert (first[0]["classify_type"] == "invoice") == (source == "file")


KEEPING_ALL = [options for options in OPTIONS if not {"on_failure", "keep_types", "drop_types"} & options.keys()]


@pytest.mark.parametrize("options", KEEPING_ALL, ids=str)
def test_each_adapter_takes_the_others_labels_for_fresh(rules: list[Rule], options: dict[str, Any]) -> None:
    texts = [text for text, _ in DOCUMENTS]
    labelled = through_llama_index(ClassifyTransform(rules, backend=ScriptedBackend(), **options), DOCUMENTS)
    backend = ScriptedBackend()
    component = ClassifyDocumentTransformer(rules, backend=backend, **options)
    again = through_langchain(component, list(zip(texts, labelled, strict=True)))
    assert again == labelled
    assert not backend.asked


def test_both_adapters_share_one_classifier_and_ask_once(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    classifier = Classifier(rules, backend=backend)
    through_llama_index(ClassifyTransform(classifier=classifier), DOCUMENTS)
    through_langchain(ClassifyDocumentTransformer(classifier=classifier), DOCUMENTS)
    assert set(backend.asked.values()) == {1}


def _jobs_of(server: ClassifyServer) -> int:
    """The jobs that there are; one that is asked for again is the former."""
    with ClassifyClient(api_key=server.api_key, base_url=server.base_url) as client:
        return sum(1 for _ in client.jobs.list())
