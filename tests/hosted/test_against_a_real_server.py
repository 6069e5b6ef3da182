"""The hosted backend and both adapters against `classify serve` itself: real jobs, real failures, real limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document as LangChainDocument
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import Document as LlamaIndexDocument

from classify_core import (
    AuthenticationError,
    BatchError,
    Classifier,
    ClassifyClient,
    ClassifyTimeoutError,
    JobFailedError,
    RateLimits,
    Rule,
    Source,
    Status,
)
from classify_core.testing.server import ClassifyServer
from langchain_classify import ClassifyDocumentTransformer
from llama_index_classify import ClassifyTransform

CREATE, UPLOAD = "POST /api/v2/classify", "POST /api/v1/beta/files"
BILL = "Invoice number 7: line items, tax, the total amount due"
CAKE = "Recipe: ingredients and quantities, then the steps of preparation"


def _classifier(server: ClassifyServer, rules: list[Rule], **options: Any) -> Classifier:
    return Classifier(rules, backend="hosted", base_url=server.base_url, api_key=server.api_key, **options)


async def test_the_labels_are_those_of_the_local_backend_in_sync_and_async(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    with Classifier(rules, backend="local") as local:
        expected = [(one.type, one.confidence, one.reasoning) for one in local.classify_many([BILL, CAKE, "0123"])]
    async with _classifier(classify_server, rules) as hosted:
        together = await hosted.aclassify_many([BILL, CAKE, "0123"])
    assert [(one.type, one.confidence, one.reasoning) for one in together] == expected


def test_equal_documents_are_one_upload_and_one_job_also_in_the_next_run(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    for _ in range(2):
        with _classifier(classify_server, rules) as classifier:
            jobs = {one.job_id for one in classifier.classify_many([BILL, CAKE] * 5)}
        assert len(jobs) == 2
    with _classifier(classify_server, rules) as classifier:
        assert classifier.classify(BILL).job_id in jobs


@pytest.mark.parametrize("status", [None, 500, 504])
def test_an_answer_that_is_lost_after_the_work_was_done_makes_no_second_job(
    classify_server: ClassifyServer, rules: list[Rule], status: int | None
) -> None:
    classify_server.faults.request(CREATE, "lost", status=status, times=2)
    with _classifier(classify_server, rules) as classifier:
        one = classifier.classify(BILL)
    assert one.type == "invoice"
    assert classify_server.requests.count(CREATE) == 3
    with _classifier(classify_server, rules) as classifier:
        assert classifier.classify(BILL).job_id == one.job_id


@pytest.mark.parametrize("fault", [{"fault": "error"}, {"fault": "reset"}, {"fault": "error", "status": 500}])
def test_passing_faults_of_every_route_are_borne(
    classify_server: ClassifyServer, rules: list[Rule], fault: dict[str, Any]
) -> None:
    for route in (UPLOAD, CREATE, "GET /api/v2/classify/*"):
        classify_server.faults.request(route, times=1, **fault)
    with _classifier(classify_server, rules) as classifier:
        assert classifier.classify(CAKE).type == "recipe"


def test_a_document_that_the_server_cannot_read_fails_alone_with_the_services_code(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    sources = [Source.text(BILL), Source.bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", name="scan.jpg"), Source.text(CAKE)]
    with _classifier(classify_server, rules) as classifier, pytest.raises(BatchError) as failure:
        classifier.classify_many(sources)
    bill, scan, cake = failure.value.outcomes
    assert (bill.type, scan.status, cake.type) == ("invoice", Status.FAILED, "recipe")
    assert isinstance(scan.error, JobFailedError)
    assert scan.error.code in {"UNSUPPORTED_FILE_TYPE", "PDF_IS_BROKEN"}  # without tesseract, and with it


def test_a_job_that_hangs_is_a_timeout_that_names_it(classify_server: ClassifyServer, rules: list[Rule]) -> None:
    classify_server.faults.job("hang")
    with _classifier(classify_server, rules, timeout=0.5) as classifier, pytest.raises(ClassifyTimeoutError) as late:
        classifier.classify(BILL)
    assert late.value.job_id is not None


def test_a_job_that_somebody_cancelled_is_made_again_in_the_next_run(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    classify_server.faults.job("cancelled", times=1)
    with _classifier(classify_server, rules, on_error="record") as classifier:
        assert classifier.classify(BILL).status is Status.CANCELLED
    with _classifier(classify_server, rules) as classifier:
        assert classifier.classify(BILL).type == "invoice"


def test_the_servers_limits_are_met_by_pacing_and_not_by_refusals(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    limits = RateLimits(creates_per_second=5, uploads_per_5_seconds=50)
    classify_server.limits = limits
    with _classifier(classify_server, rules, plan=limits) as classifier:
        classifier.classify_many([f"{BILL}, number {number}" for number in range(11)])
    assert {request.status for request in classify_server.requests} <= {200, 201}


def test_a_key_of_nobody_ends_the_run_and_is_not_quoted(classify_server: ClassifyServer, rules: list[Rule]) -> None:
    with (
        Classifier(rules, base_url=classify_server.base_url, api_key="llx-of-nobody-0123") as classifier,
        pytest.raises(AuthenticationError) as refused,
    ):
        classifier.classify(BILL)
    assert "llx-of-nobody-0123" not in str(refused.value)


def test_what_was_parsed_is_classified_again_without_an_upload(
    classify_server: ClassifyServer, rules: list[Rule], tmp_path: Path
) -> None:
    path = tmp_path / "bill.txt"
    path.write_text(BILL)
    with _classifier(classify_server, rules) as classifier:
        job_id = str(classifier.classify(path).job_id)
    with ClassifyClient(api_key=classify_server.api_key, base_url=classify_server.base_url) as client:
        parse_job_id = client.jobs.get(job_id).parse_job_id
    assert parse_job_id is not None
    classify_server.requests.clear()
    with _classifier(classify_server, rules) as classifier:
        assert classifier.classify(Source.parse_job(parse_job_id)).type == "invoice"
    assert classify_server.requests.count(UPLOAD) == 0


def test_both_adapters_write_what_the_server_answered(
    classify_server: ClassifyServer, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in classify_server.environment().items():
        monkeypatch.setenv(name, value)
    pipeline = IngestionPipeline(transformations=[ClassifyTransform(rules)])
    nodes = pipeline.run(documents=[LlamaIndexDocument(text=BILL), LlamaIndexDocument(text=CAKE)])
    documents = [LangChainDocument(page_content=BILL), LangChainDocument(page_content=CAKE)]
    labelled = ClassifyDocumentTransformer(rules).transform_documents(documents)

    for metadata in [*(node.metadata for node in nodes), *(document.metadata for document in labelled)]:
        assert metadata["classify_backend"] == "hosted"
        assert metadata["classify_type"] in {"invoice", "recipe"}
    assert classify_server.requests.count(CREATE) == 4  # twice the same two transactions, two jobs
