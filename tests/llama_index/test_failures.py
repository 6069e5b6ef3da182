"""Which documents of an ingestion failed, under every policy: by the step itself, and by the nodes it gave."""

from __future__ import annotations

import asyncio
import pickle
import threading
from typing import Any

import pytest
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import Document

from classify_core import BatchError, ClassifyConfiguration, ForeignLabelError, NotFoundError, Rule
from llama_index_classify import ClassifyTransform
from llama_index_classify.failures import failures_in
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.llama_index.parts import SavedBackend, fails_on, splitter

POLICIES = ["annotate", "skip", "raise"]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("way", ["sync", "async"])
async def test_the_documents_that_failed_are_told_under_every_policy(
    policy: str, way: str, rules: list[Rule], documents: list[Document]
) -> None:
    documents[1].metadata["file_name"] = "cake.txt"
    step = ClassifyTransform(rules, backend=fails_on("eggs"), on_failure=policy)
    assert step.failures == ()
    await _ingested(step, documents, way)
    [failure] = step.failures
    assert failure.document_ids == ("cake",)
    assert len(failure.node_ids) > 1
    assert (failure.status, failure.source_name, failure.job_id) == ("failed", "cake.txt", None)
    assert failure.error == "document 'cake.txt': eggs cannot be read"
    await _ingested(step, documents[:1], way)
    assert step.failures == ()


async def _ingested(step: ClassifyTransform, documents: list[Document], way: str) -> None:
    pipeline = IngestionPipeline(transformations=[splitter(), step], disable_cache=True)
    try:
        _ = pipeline.run(documents=documents) if way == "sync" else await pipeline.arun(documents=documents)
    except BatchError:
        assert step.on_failure == "raise"


def test_the_nodes_tell_the_same_as_the_step(rules: list[Rule], documents: list[Document]) -> None:
    documents[1].metadata["file_name"] = "cake.txt"
    step = ClassifyTransform(rules, backend=fails_on("eggs"), prefix="kind_")
    nodes = IngestionPipeline(transformations=[step, splitter()], disable_cache=True).run(documents=documents)
    [told] = failures_in(nodes, prefix="kind_")
    [failure] = step.failures
    assert len(told.node_ids) > 1
    assert (told.document_ids, told.status, told.error, told.source_name, told.job_id) == (
        failure.document_ids,
        failure.status,
        failure.error,
        failure.source_name,
        failure.job_id,
    )
    assert failures_in(nodes) == ()  # another step's prefix


def test_nodes_without_failures_tell_none(rules: list[Rule], documents: list[Document]) -> None:
    assert failures_in([]) == ()
    assert failures_in(documents) == ()
    assert failures_in([Document(text="", metadata={"classify_status": ["failed"]})]) == ()
    assert failures_in(ClassifyTransform(rules, backend=ScriptedBackend(), min_confidence=0.5)(documents)) == ()


def test_the_pages_of_one_file_are_one_failure_of_all_its_documents(rules: list[Rule]) -> None:
    pages = [
        Document(id_=f"page-{n}", text=f"eggs {n}", metadata={"file_path": "a.pdf", "page_label": str(n)})
        for n in (2, 1)
    ]
    step = ClassifyTransform(rules, backend=fails_on("eggs"))
    [from_nodes] = failures_in(step(pages))
    [failure] = step.failures
    assert failure.document_ids == from_nodes.document_ids == ("page-1", "page-2")


def test_a_call_that_is_refused_before_it_began_tells_every_document(
    rules: list[Rule], documents: list[Document]
) -> None:
    step = ClassifyTransform(rules, backend=ScriptedBackend())
    documents[2].metadata["classify_type"] = "mine"
    with pytest.raises(ForeignLabelError):
        step(documents)
    assert [failure.document_ids for failure in step.failures] == [("bill",), ("cake",), ("poem",)]
    assert {failure.status for failure in step.failures} == {"not_started"}
    assert all("overwrite=True" in failure.error for failure in step.failures)


def test_rules_that_cannot_be_loaded_fail_every_document(documents: list[Document]) -> None:
    backend = SavedBackend(NotFoundError("there is no such configuration"))
    for policy in ("annotate", "skip"):
        step = ClassifyTransform(configuration_id="cfg-1", backend=backend, on_failure=policy)
        step(documents)
        assert {failure.status for failure in step.failures} == {"not_started"}
        assert len(step.failures) == 3


def test_what_raises_because_rules_are_missing_loses_no_labelled_document(
    rules: list[Rule], documents: list[Document]
) -> None:
    labelled = ClassifyTransform(rules, backend=ScriptedBackend())(documents)
    backend = SavedBackend(NotFoundError("there is no such configuration"))
    step = ClassifyTransform(configuration_id="cfg-1", backend=backend, on_failure="raise")
    with pytest.raises(NotFoundError):
        step(labelled)
    assert [failure.document_ids for failure in step.failures] == [("bill",), ("cake",), ("poem",)]
    backend.loads = ClassifyConfiguration(rules=rules)
    step(labelled)
    assert step.failures == ()


def test_a_function_that_breaks_tells_its_kind_and_quotes_no_document(
    rules: list[Rule], documents: list[Document]
) -> None:
    def broken(node: Any) -> str:
        raise KeyError(node.text)

    step = ClassifyTransform(rules, backend=ScriptedBackend(), group_by=broken)
    with pytest.raises(KeyError):
        step(documents)
    assert len(step.failures) == 3
    assert {failure.status for failure in step.failures} == {"cancelled"}
    assert all("KeyError" in failure.error and "invoice" not in failure.error for failure in step.failures)


async def test_a_cancelled_call_tells_every_document(rules: list[Rule], documents: list[Document]) -> None:
    backend = HeldBackend()
    step = ClassifyTransform(rules, backend=backend)
    running = asyncio.create_task(step.acall(documents))
    await until(backend.begun.is_set)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [failure.document_ids for failure in step.failures] == [("bill",), ("cake",), ("poem",)]
    assert {failure.status for failure in step.failures} == {"cancelled"}


def test_failures_are_no_part_of_a_step_s_dictionary_pickle_or_equality(rules: list[Rule]) -> None:
    step = ClassifyTransform(rules, backend="local")
    other = ClassifyTransform(rules, backend="local")
    step([Document(text="")])
    assert step.failures
    assert step == other
    assert step.to_dict() == other.to_dict()
    assert pickle.loads(pickle.dumps(step)).failures == ()
    assert "failures" not in step.to_json()


def test_a_failure_can_be_pickled_hashed_and_compared_and_never_changed(
    rules: list[Rule], documents: list[Document]
) -> None:
    step = ClassifyTransform(rules, backend=fails_on("eggs"), on_failure="skip")
    step(documents)
    [failure] = step.failures
    restored = pickle.loads(pickle.dumps(failure))
    assert restored == failure
    assert restored.call == failure.call
    assert len({restored, failure}) == 1
    with pytest.raises(AttributeError):
        failure.status = "completed"


def test_two_pipelines_that_share_a_step_never_mix_their_failures(rules: list[Rule]) -> None:
    step = ClassifyTransform(rules, backend=fails_on("eggs"))
    seen: list[set[str]] = []

    def ingest(owner: str) -> None:
        documents = [Document(id_=f"{owner}-{n}", text=f"eggs {owner} {n}") for n in range(5)]
        IngestionPipeline(transformations=[step], disable_cache=True).run(documents=documents)
        seen.append({identifier for failure in step.failures for identifier in failure.document_ids})

    threads = [threading.Thread(target=ingest, args=[owner]) for owner in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    for identifiers in seen:
        assert len(identifiers) == 5
        assert len({identifier[0] for identifier in identifiers}) == 1
