"""`source="file"`: a transform that classifies the original behind a document, with real readers and a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from llama_index.core import SimpleDirectoryReader
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import Document
from llama_index.readers.file import PDFReader

from classify_core import Classifier, ClassifyClient, JobUsage, Rule
from classify_core.testing.server import ClassifyServer
from llama_index_classify import ClassifyTransform
from tests.backends import ScriptedBackend
from tests.llama_index.parts import splitter

CREATE, UPLOAD = "POST /api/v2/classify", "POST /api/v1/beta/files"
PAGES = ["Invoice number 7", "Line items: 2 chairs. Tax 19 EUR.", "Total amount due 119 EUR."]


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """A bill of three pages."""
    writer = FPDF()
    writer.set_font("helvetica", size=12)
    for text in PAGES:
        writer.add_page()
        writer.cell(text=text)
    path = tmp_path / "bill.pdf"
    writer.output(str(path))
    return path


def _account(server: ClassifyServer) -> dict[str, Any]:
    return {"api_key": server.api_key, "base_url": server.base_url}


def test_the_pages_of_a_pdf_are_one_classification_of_the_file(rules: list[Rule], pdf: Path) -> None:
    backend = CountingBytes()
    step = ClassifyTransform(rules, backend=backend, source="file")
    for documents in (
        SimpleDirectoryReader(input_files=[pdf], file_extractor={".pdf": PDFReader()}).load_data(),
        PDFReader().load_data(pdf, extra_info={"file_path": str(pdf)}),
    ):
        assert len(documents) == 3
        nodes = IngestionPipeline(transformations=[step, splitter()], disable_cache=True).run(documents=documents)
        assert [node.metadata["classify_type"] for node in nodes] == ["invoice"] * 3
    assert backend.given == [pdf.read_bytes()]


class CountingBytes(ScriptedBackend):
    """Keeps the bytes that it is given; whatever they are, they are an invoice."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[bytes] = []

    async def classify(self, request: Any, *, timeout: float) -> Any:
        self.given.append(request.content.data)
        return {"type": "invoice", "confidence": 0.9}


@pytest.mark.parametrize("order", ["before", "after"])
async def test_the_local_backend_reads_the_file_and_not_the_text(order: str, rules: list[Rule], pdf: Path) -> None:
    documents = [Document(text="a recipe. " * 20, metadata={"file_path": str(pdf)})]
    steps: list[Any] = [ClassifyTransform(rules, backend="local", source="file"), splitter(40)]
    pipeline = IngestionPipeline(transformations=steps if order == "before" else steps[::-1], disable_cache=True)
    for nodes in (pipeline.run(documents=documents), await pipeline.arun(documents=documents)):
        assert len(nodes) > 1
        assert {node.metadata["classify_type"] for node in nodes} == {"invoice"}


def test_a_scan_without_text_is_told_by_its_file(rules: list[Rule], pdf: Path) -> None:
    unread = Document(text="", metadata={"file_path": str(pdf)})
    [by_text] = ClassifyTransform(rules, backend="local")([unread])
    [by_file] = ClassifyTransform(rules, backend="local", source="file")([unread])
    assert by_text.metadata["classify_status"] == "failed"
    assert by_file.metadata["classify_type"] == "invoice"


def test_a_missing_file_is_its_document_s_failure_and_says_what_to_do(rules: list[Rule], pdf: Path) -> None:
    gone = pdf.parent / "gone.pdf"
    documents = [Document(id_=path.name, text="text", metadata={"file_path": str(path)}) for path in (gone, pdf)]
    step = ClassifyTransform(rules, backend="local", source="file")
    failed, fine = step(documents)
    assert fine.metadata["classify_type"] == "invoice"
    assert failed.metadata["classify_status"] == "failed"
    assert f"there is no file {gone}; check the path" in failed.metadata["classify_error"]
    assert [failure.document_ids for failure in step.failures] == [("gone.pdf",)]


def test_documents_that_name_no_file_are_their_text(rules: list[Rule], pdf: Path) -> None:
    backend = ScriptedBackend()
    step = ClassifyTransform(rules, backend=backend, source="file", group_by="case")
    files = [pdf.with_name("a.txt"), pdf.with_name("b.txt")]
    for file in files:
        file.write_text("recipe")
    several = [Document(text=f"invoice {file.name}", metadata={"file_path": str(file), "case": 1}) for file in files]
    step([Document(text="no file"), *several])
    assert sorted(backend.asked) == ["invoice a.txt\n\ninvoice b.txt", "no file"]


def test_the_hosted_backend_uploads_the_file_once_for_all_its_pages(
    rules: list[Rule], pdf: Path, classify_server: ClassifyServer
) -> None:
    documents = PDFReader().load_data(pdf, extra_info={"file_path": str(pdf)})
    step = ClassifyTransform(rules, backend="hosted", source="file", **_account(classify_server))
    with step.classifier, ClassifyClient(**_account(classify_server)) as client:
        nodes = step(documents)
        [uploaded] = client.files.list()
    assert [node.metadata["classify_type"] for node in nodes] == ["invoice"] * 3
    assert uploaded.name == "bill.pdf"  # its folder is nobody else's business
    assert (classify_server.requests.count(UPLOAD), classify_server.requests.count(CREATE)) == (1, 1)


async def test_what_was_uploaded_and_parsed_before_is_neither_sent_nor_read_nor_billed_again(
    rules: list[Rule], pdf: Path, classify_server: ClassifyServer
) -> None:
    with ClassifyClient(**_account(classify_server)) as client:
        file = client.files.upload(pdf)
        with Classifier(rules[1:], backend="hosted", **_account(classify_server)) as first:
            job_id = first.classify(pdf).job_id
        parse_job_id = client.jobs.get(job_id).parse_job_id
        metadata = {"file_path": str(pdf.parent / "gone.pdf"), "file_id": file.id}
        classify_server.requests.clear()
        for named in (metadata, metadata | {"parse_job_id": parse_job_id}):
            step = ClassifyTransform(
                rules, backend="hosted", source="file", usage=True, cache=False, **_account(classify_server)
            )
            with step.classifier:
                [node] = await step.acall([Document(text="a recipe", metadata=named)])
            assert node.metadata["classify_type"] == "invoice"
            job = client.jobs.get(node.metadata["classify_job_id"], expand=["usage"])
            assert job.file_input == named.get("parse_job_id", file.id)
            usage = job.usage or JobUsage()
    assert classify_server.requests.count(UPLOAD) == 0
    assert (usage.credits, usage.parse_credits or 0.0) == (0.0, 0.0)
    assert step.classifier.usage.credits == 0.0


def test_the_local_backend_reads_the_file_that_the_service_has_too(rules: list[Rule], pdf: Path) -> None:
    known = {"file_path": str(pdf), "file_id": "dfl-1", "parse_job_id": "pjb-1"}
    [node] = ClassifyTransform(rules, backend="local", source="file")([Document(text="a recipe", metadata=known)])
    assert node.metadata["classify_type"] == "invoice"


def test_another_product_s_file_id_is_not_asked_for_at_the_service(
    rules: list[Rule], pdf: Path, classify_server: ClassifyServer
) -> None:
    drive = {"file_id": "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"}
    documents = [
        Document(text=" ".join(PAGES), metadata=drive),
        Document(text="", metadata=drive | {"file_path": str(pdf)}),
    ]
    step = ClassifyTransform(rules, backend="hosted", source="file", **_account(classify_server))
    with step.classifier:
        nodes = step(documents)
    assert [node.metadata["classify_type"] for node in nodes] == ["invoice", "invoice"]
    assert classify_server.requests.count(UPLOAD) == 2
