"""`source="file"`: the original behind a document, with LangChain's own loaders' metadata and a real server."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from llama_index.core.schema import Document as LlamaIndexDocument

from classify_core import Classifier, ClassifyClient, JobUsage, Rule
from classify_core.testing.server import ClassifyServer
from langchain_classify import ClassifyDocumentTransformer
from llama_index_classify import ClassifyTransform
from tests.backends import ScriptedBackend, until
from tests.langchain.suites.transformer import FACES, transformed
from tests.local.files import pdf as pdf_of

CREATE, UPLOAD = "POST /api/v2/classify", "POST /api/v1/beta/files"
BILL = ["Invoice number 7", "Line items: 2 chairs. Tax 19 EUR.", "Total amount due 119 EUR."]
RECIPE = "Recipe: ingredients and quantities, then the steps of preparation"


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    """A bill of three pages; its name has a blank, which addresses escape."""
    path = tmp_path / "the bill.pdf"
    path.write_bytes(pdf_of(BILL))
    return path


def pages_of(path: Path | str, count: int = 3, text: str = RECIPE) -> list[Document]:
    """Documents as LangChain's PDF loaders make them; their text tells another type than the file."""
    return [
        Document(page_content=text, metadata={"source": str(path), "page": page, "total_pages": count})
        for page in range(count)
    ]


def types(documents: list[Document]) -> list[str | None]:
    return [one.metadata.get("classify_type") for one in documents]


def account(server: ClassifyServer) -> dict[str, Any]:
    return {"backend": "hosted", "api_key": server.api_key, "base_url": server.base_url}


class CountingBytes(ScriptedBackend):
    """Keeps the bytes that it is given; whatever they are, they are an invoice."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[bytes] = []

    async def classify(self, request: Any, *, timeout: float) -> Any:
        self.given.append(request.content.data)
        return {"type": "invoice", "confidence": 0.9}


def test_the_pages_of_a_pdf_are_one_classification_of_the_file(face: str, rules: list[Rule], bill: Path) -> None:
    backend = CountingBytes()
    transformer = ClassifyDocumentTransformer(rules, backend=backend, source="file")
    assert types(transformed(transformer, face, pages_of(bill))) == ["invoice"] * 3
    assert backend.given == [bill.read_bytes()]


@pytest.mark.parametrize("key", ["source", "file_path"])
def test_path_and_address_of_a_file_name_it_under_either_key(key: str, rules: list[Rule], bill: Path) -> None:
    transformer = ClassifyDocumentTransformer(rules, backend="local", source="file")
    for named in (str(bill), bill.as_uri(), bill):
        assert types(transformer.transform_documents([Document(page_content=RECIPE, metadata={key: named})])) == [
            "invoice"
        ]


def test_the_text_is_classified_unless_the_file_is_asked_for(rules: list[Rule], bill: Path) -> None:
    assert (
        types(ClassifyDocumentTransformer(rules, backend="local").transform_documents(pages_of(bill))) == ["recipe"] * 3
    )


@pytest.mark.parametrize(
    "source", ["https://example.org/bill.pdf", "s3://bucket/bill.pdf", "gone.pdf", "Wikipedia", "."]
)
def test_a_source_that_is_no_file_here_is_no_failure_but_the_text(source: str, face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    transformer = ClassifyDocumentTransformer(rules, backend=backend, source="file")
    assert types(transformed(transformer, face, pages_of(source, 2, text="a recipe"))) == ["recipe"] * 2
    assert list(backend.asked) == ["a recipe\n\na recipe"]


def test_a_file_path_that_is_no_file_here_is_that_document_s_failure(face: str, rules: list[Rule], bill: Path) -> None:
    gone = [
        Document(page_content=RECIPE, metadata={"file_path": path, "source": str(bill)})
        for path in (str(bill.parent / "gone.pdf"), "s3://bucket/bill.pdf")
    ]
    transformer = ClassifyDocumentTransformer(rules, backend="local", source="file")
    *failed, fine = transformed(transformer, face, [*gone, *pages_of(bill, 1)])
    assert types([fine]) == ["invoice"]
    assert [one.metadata["classify_status"] for one in failed] == ["failed"] * 2
    assert "check the path" in failed[0].metadata["classify_error"]
    assert 'source="text"' in failed[1].metadata["classify_error"]


def test_a_file_that_is_there_the_next_time_is_classified_then(face: str, rules: list[Rule], bill: Path) -> None:
    late = bill.with_name("late.pdf")
    given = [Document(page_content=RECIPE, metadata={"file_path": str(late)})]
    transformer = ClassifyDocumentTransformer(rules, backend="local", source="file")
    annotated = transformed(transformer, face, given)
    assert types(annotated) == [None]
    late.write_bytes(bill.read_bytes())
    assert types(transformed(transformer, face, annotated)) == ["invoice"]


def test_a_scan_without_text_is_told_by_its_file(rules: list[Rule], bill: Path) -> None:
    unread = pages_of(bill, 1, text="")
    by_text = ClassifyDocumentTransformer(rules, backend="local").transform_documents(unread)
    by_file = ClassifyDocumentTransformer(rules, backend="local", source="file").transform_documents(unread)
    assert (types(by_text), types(by_file)) == ([None], ["invoice"])


async def test_reading_a_file_does_not_hold_the_event_loop(
    rules: list[Rule], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, release = threading.Event(), threading.Event()
    read_bytes = Path.read_bytes

    def slow(path: Path) -> bytes:
        reading.set()
        release.wait(20)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", slow)
    (tmp_path / "a.txt").write_text("an invoice")
    transformer = ClassifyDocumentTransformer(rules, backend=ScriptedBackend(), source="file")
    document = Document(page_content="", metadata={"source": str(tmp_path / "a.txt")})
    work = asyncio.create_task(transformer.ainvoke([document]))
    await until(reading.is_set)  # only a loop that is not held comes back from here
    assert not work.done()
    release.set()
    assert types(await work) == ["invoice"]


def test_thirty_pages_of_a_pdf_are_one_upload_and_one_job(
    face: str, rules: list[Rule], tmp_path: Path, classify_server: ClassifyServer
) -> None:
    path = tmp_path / "bill.pdf"
    path.write_bytes(pdf_of(BILL * 10))
    transformer = ClassifyDocumentTransformer(rules, source="file", **account(classify_server))
    with (
        transformer.classifier,
        ClassifyClient(api_key=classify_server.api_key, base_url=classify_server.base_url) as client,
    ):
        found = transformed(transformer, face, pages_of(path, 30))
        [uploaded] = client.files.list()
    assert types(found) == ["invoice"] * 30
    assert len({one.metadata["classify_job_id"] for one in found}) == 1
    assert uploaded.name == "bill.pdf"  # its folder is nobody else's business
    assert (classify_server.requests.count(UPLOAD), classify_server.requests.count(CREATE)) == (1, 1)


async def test_what_was_uploaded_and_parsed_before_is_neither_sent_nor_read_nor_billed_again(
    rules: list[Rule], bill: Path, classify_server: ClassifyServer
) -> None:
    connection = {"api_key": classify_server.api_key, "base_url": classify_server.base_url}
    with ClassifyClient(**connection) as client:
        file = client.files.upload(bill)
        with Classifier(rules[1:], backend="hosted", **connection) as first:
            job_id = first.classify(bill).job_id
        parse_job_id = client.jobs.get(job_id).parse_job_id
        metadata = {"source": str(bill.parent / "gone.pdf"), "file_id": file.id}
        classify_server.requests.clear()
        for named in (metadata, metadata | {"parse_job_id": parse_job_id}):
            transformer = ClassifyDocumentTransformer(
                rules, source="file", usage=True, cache=False, **account(classify_server)
            )
            with transformer.classifier:
                [found] = await transformer.atransform_documents([Document(page_content=RECIPE, metadata=named)])
            assert found.metadata["classify_type"] == "invoice"
            job = client.jobs.get(found.metadata["classify_job_id"], expand=["usage"])
            assert job.file_input == named.get("parse_job_id", file.id)
            usage = job.usage or JobUsage()
    assert classify_server.requests.count(UPLOAD) == 0
    assert (usage.credits, usage.parse_credits or 0.0) == (0.0, 0.0)


def test_what_only_the_service_has_is_no_original_for_another_backend(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    document = Document(page_content="a recipe", metadata={"file_id": "dfl-1", "parse_job_id": "pjb-1"})
    transformer = ClassifyDocumentTransformer(rules, backend=backend, source="file")
    assert types(transformer.transform_documents([document])) == ["recipe"]


def test_both_adapters_write_the_same_for_files_that_a_source_names(rules: list[Rule], bill: Path) -> None:
    metadata: list[dict[str, Any]] = [
        {"source": str(bill), "page": 0},
        {"source": str(bill), "page": 1},
        {"source": bill.as_uri()},
        {"source": "https://example.org/a.pdf"},
        {"source": "gone.pdf"},
        {"file_path": str(bill.parent / "gone.pdf"), "source": str(bill)},
        {"file_path": str(bill), "source": "gone.pdf"},
    ]
    ours = ClassifyDocumentTransformer(rules, backend="local", source="file").transform_documents(
        [Document(page_content=RECIPE, metadata=dict(one)) for one in metadata]
    )
    theirs = ClassifyTransform(rules, backend="local", source="file")(
        [LlamaIndexDocument(text=RECIPE, metadata=dict(one)) for one in metadata]
    )
    assert [one.metadata for one in ours] == [one.metadata for one in theirs]
    assert types(ours) == ["invoice", "invoice", "invoice", "recipe", "recipe", None, "invoice"]
