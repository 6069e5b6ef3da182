"""`num_workers`: a transform in worker processes comes to the same as here, failures included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import Document
from llama_index.core.storage.docstore import SimpleDocumentStore

from classify_core import AuthenticationError, BatchError, Rule
from llama_index_classify import ClassifyTransform
from llama_index_classify.failures import failures_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.service import ClassifyService

BILL = "Invoice number 7. Line items: 2 chairs. Tax 19 EUR. Total amount due 119 EUR."
CAKE = "A cooking recipe. Ingredients and quantities: 3 eggs, 200 g flour. Steps of preparation: mix, bake."


@pytest.mark.parametrize("has_a_key", [True, False])
async def test_parallel_ingestion_comes_to_the_same(
    *, has_a_key: bool, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    if has_a_key:  # a worker that chose its backend anew would now turn hosted
        monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-worker-key-0123456789")
    step = ClassifyTransform(
        rules, backend="local", min_confidence=0.1, prefix="kind_", keep_types=["invoice"], group_by=by_half
    )
    documents = [Document(id_=str(n), text=BILL if n % 2 else CAKE) for n in range(4)]
    pipeline = IngestionPipeline(transformations=[step], disable_cache=True)
    alone = pipeline.run(documents=documents)
    together = pipeline.run(documents=documents, num_workers=2)
    awaited = await pipeline.arun(documents=documents, num_workers=2)
    expected = [(node.node_id, node.metadata) for node in alone]
    assert [node_id for node_id, _ in expected] == ["1", "3"]
    assert [(node.node_id, node.metadata) for node in together] == expected
    assert [(node.node_id, node.metadata) for node in awaited] == expected


async def test_a_worker_without_a_key_ends_the_parallel_ingestion_with_an_error(
    rules: list[Rule], documents: list[Document], service: ClassifyService
) -> None:
    step = ClassifyTransform(rules, backend="hosted", api_key=service.api_key, base_url=service.base_url)
    pipeline = IngestionPipeline(transformations=[step])
    with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):
        pipeline.run(documents=documents, num_workers=2)
    with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):
        await pipeline.arun(documents=documents, num_workers=2)
    assert not service.requests


async def test_workers_find_the_key_of_a_hosted_classifier_in_the_environment(
    rules: list[Rule], documents: list[Document], service: ClassifyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", service.api_key)
    step = ClassifyTransform(rules, base_url=service.base_url)
    pipeline = IngestionPipeline(transformations=[step], disable_cache=True)
    for nodes in (
        pipeline.run(documents=documents, num_workers=2),
        await pipeline.arun(documents=documents, num_workers=2),
    ):
        assert [node.metadata["classify_type"] for node in nodes] == ["invoice", "recipe", "uncategorized"]
        assert {node.metadata["classify_backend"] for node in nodes} == {"hosted"}


def by_half(node: Any) -> int:
    return int(node.node_id) % 2


def _some_empty() -> list[Document]:
    texts = [BILL, "", CAKE, ""]
    return [Document(id_=str(n), text=text, metadata={"file_name": f"{n}.txt"}) for n, text in enumerate(texts)]


@pytest.mark.parametrize("policy", ["annotate", "skip"])
async def test_failures_in_workers_are_what_they_are_here(policy: str, rules: list[Rule]) -> None:
    step = ClassifyTransform(rules, backend="local", on_failure=policy)
    pipeline = IngestionPipeline(transformations=[step], disable_cache=True)
    expected = pipeline.run(documents=_some_empty())
    assert [failure.document_ids for failure in step.failures] == [("1",), ("3",)]
    for nodes in (
        pipeline.run(documents=_some_empty(), num_workers=2),
        await pipeline.arun(documents=_some_empty(), num_workers=2),
    ):
        assert [(node.node_id, node.metadata) for node in nodes] == [(node.node_id, node.metadata) for node in expected]
        assert [failure.document_ids for failure in failures_in(nodes)] == (
            [("1",), ("3",)] if policy == "annotate" else []
        )


async def test_what_a_worker_raises_arrives_whole(rules: list[Rule]) -> None:
    step = ClassifyTransform(rules, backend="local", on_failure="raise")
    pipeline = IngestionPipeline(transformations=[step], disable_cache=True)
    with pytest.raises(BatchError, match=r"1 of 2 .*[13]\.txt") as raised:
        pipeline.run(documents=_some_empty(), num_workers=2)
    assert [outcome.status.is_success for outcome in raised.value.outcomes] == [True, False]
    with pytest.raises(BatchError, match=r"1 of 2 .*[13]\.txt"):
        await pipeline.arun(documents=_some_empty(), num_workers=2)


async def test_what_was_lost_because_a_worker_raised_can_be_run_again(rules: list[Rule]) -> None:
    step = ClassifyTransform(rules, backend="local", on_failure="raise")
    pipeline = IngestionPipeline(
        transformations=[step], docstore=SimpleDocumentStore(), docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY
    )
    documents = [document for document in _some_empty() if document.text]
    with pytest.raises(BatchError):
        pipeline.run(documents=[*documents, Document(id_="empty", text="")], num_workers=2)
    for document in documents:
        pipeline.docstore.delete_document(document.id_, raise_error=False)
    assert [node.node_id for node in pipeline.run(documents=documents)] == ["0", "2"]


def test_pages_that_come_to_two_workers_have_the_type_of_their_file(rules: list[Rule], tmp_path: Path) -> None:
    file = tmp_path / "scan.txt"
    file.write_text(BILL)
    pages = [
        Document(text=text, metadata={"file_path": str(file), "page_label": str(n)})
        for n, text in enumerate([BILL, CAKE], start=1)
    ]
    step = ClassifyTransform(rules, backend="local", source="file")
    nodes = IngestionPipeline(transformations=[step]).run(documents=pages, num_workers=2)
    assert [node.metadata["classify_type"] for node in nodes] == ["invoice", "invoice"]
