"""`IngestionPipeline.run(num_workers=...)` and `arun`: what the worker processes share, and what they divide."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import BaseNode, Document

from classify_core import ClassifyClient, RateLimits, Rule
from classify_core.testing.server import ClassifyServer
from llama_index_classify import ClassifyTransform

CREATE, UPLOAD = "POST /api/v2/classify", "POST /api/v1/beta/files"
WORKERS = 2


@pytest.fixture
def server(classify_server: ClassifyServer, monkeypatch: pytest.MonkeyPatch) -> ClassifyServer:
    """The key is in the environment, where each worker finds it, and nowhere else."""
    for variable, value in classify_server.environment().items():
        monkeypatch.setenv(variable, value)
    return classify_server


def bills(count: int) -> list[Document]:
    return [
        Document(id_=f"bill-{number}", text=f"Invoice number {number}: line items, tax, the total amount due")
        for number in range(count)
    ]


def pipeline(rules: list[Rule], **options: Any) -> IngestionPipeline:
    step = ClassifyTransform(rules, backend="hosted", **options)
    return IngestionPipeline(transformations=[step], disable_cache=True)


def types_of(nodes: list[BaseNode]) -> set[str]:
    return {node.metadata["classify_type"] for node in nodes}


def job_ids(server: ClassifyServer) -> list[str]:
    with ClassifyClient(api_key=server.api_key, base_url=server.base_url) as client:
        return [job.id for job in client.jobs.list()]


def test_a_plan_that_was_divided_travels_to_the_workers(rules: list[Rule], server: ClassifyServer) -> None:
    share = RateLimits.of("pro").divided(WORKERS)
    step = ClassifyTransform(rules, backend="hosted", plan=share)
    there = pickle.loads(pickle.dumps(step))
    assert there.plan == share
    assert there.classifier.arguments()["plan"] == share
    assert share.creates_per_second == RateLimits.of("pro").creates_per_second // WORKERS


def test_workers_with_divided_limits_are_never_refused_and_share_what_they_were_answered(
    rules: list[Rule], server: ClassifyServer, tmp_path: Path
) -> None:
    server.limits = limits = RateLimits(creates_per_second=6, uploads_per_5_seconds=50)
    documents = bills(8)
    options = {"plan": limits.divided(WORKERS), "cache": tmp_path / "answers.sqlite"}
    nodes = pipeline(rules, **options).run(documents=documents, num_workers=WORKERS)
    assert types_of(nodes) == {"invoice"}
    assert [node.node_id for node in nodes] == [document.doc_id for document in documents]
    assert {request.status for request in server.requests} <= {200, 201}
    assert server.requests.count(CREATE) == len(documents)
    made = len(server.requests)
    # Another number of workers, and the documents in another order: what one was answered, another one knows.
    again = pipeline(rules, **options).run(documents=documents[::-1])
    assert {node.node_id: node.metadata for node in again} == {node.node_id: node.metadata for node in nodes}
    assert len(server.requests) == made


async def test_a_second_awaited_run_of_the_workers_asks_the_service_nothing(
    rules: list[Rule], server: ClassifyServer, tmp_path: Path
) -> None:
    documents = bills(4)
    ingestion = pipeline(rules, cache=str(tmp_path / "answers.sqlite"))
    first = await ingestion.arun(documents=documents, num_workers=WORKERS)
    made = len(server.requests)
    assert server.requests.count(UPLOAD) == server.requests.count(CREATE) == len(documents)
    second = await ingestion.arun(documents=documents, num_workers=WORKERS)
    assert [node.metadata for node in second] == [node.metadata for node in first]
    assert len(server.requests) == made


def test_equal_documents_in_two_workers_are_one_job(rules: list[Rule], server: ClassifyServer) -> None:
    text = "Invoice number 7: line items, tax, the total amount due"
    twins = [Document(id_=name, text=text) for name in ("here", "there")]  # one for each worker
    nodes = pipeline(rules).run(documents=twins, num_workers=WORKERS)
    assert types_of(nodes) == {"invoice"}
    assert job_ids(server) == [nodes[0].metadata["classify_job_id"]] == [nodes[1].metadata["classify_job_id"]]


def test_pages_that_are_cut_between_workers_are_one_job_where_their_file_is_classified(
    rules: list[Rule], server: ClassifyServer, tmp_path: Path
) -> None:
    file = tmp_path / "bill.txt"
    file.write_text("Invoice number 7: line items, tax, the total amount due")
    pages = [
        Document(text=text, metadata={"file_path": str(file), "page_label": str(number)})
        for number, text in enumerate(("Invoice number 7: line items", "tax, the total amount due"), start=1)
    ]
    nodes = pipeline(rules, source="file").run(documents=pages, num_workers=WORKERS)
    assert types_of(nodes) == {"invoice"}
    assert job_ids(server) == [nodes[0].metadata["classify_job_id"]]
    assert nodes[0].metadata["classify_job_id"] == nodes[1].metadata["classify_job_id"]
