"""What failed at ingestion can be run again, and is then ingested once: as if it had never failed."""

from __future__ import annotations

import asyncio
import inspect
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import BaseNode, Document, TransformComponent
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore

from classify_core import BatchError, ForeignLabelError, Rule
from llama_index_classify import ClassifyTransform
from llama_index_classify.failures import failures_in
from llama_index_classify.forgetting import aforget_failures, forget_failures
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.llama_index.parts import fails_on, splitter

POLICIES = ["annotate", "skip", "raise"]
STRATEGIES = list(DocstoreStrategy)
# LlamaIndex says in this way that UPSERTS needs a vector store, and falls back to DUPLICATES_ONLY.
pytestmark = pytest.mark.filterwarnings("ignore:docstore_strategy=")


def _run(pipeline: IngestionPipeline, documents: list[Document], **options: Any) -> Sequence[BaseNode]:
    """A run over documents that were read anew; one that raises gives no nodes."""
    try:
        return pipeline.run(documents=[document.model_copy(deep=True) for document in documents], **options)
    except BatchError:
        return []


async def _arun(pipeline: IngestionPipeline, documents: list[Document]) -> Sequence[BaseNode]:
    try:
        return await pipeline.arun(documents=[document.model_copy(deep=True) for document in documents])
    except BatchError:
        return []


async def _finished(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _ids(nodes: Sequence[BaseNode]) -> set[str]:
    return {node.ref_doc_id or node.node_id for node in nodes}


def _stored(store: SimpleVectorStore | None) -> list[tuple[str, str]]:
    """What a vector store holds, but for the chunks' own identifiers, which are made up."""
    if store is None:
        return []
    documents, metadata = store.data.text_id_to_ref_doc_id, store.data.metadata_dict
    return sorted((documents[node_id], str(told.get("classify_type"))) for node_id, told in metadata.items())


def _pipeline(
    step: ClassifyTransform,
    strategy: DocstoreStrategy,
    layout: str,
    *,
    with_store: bool,
    with_cache: bool = True,
) -> IngestionPipeline:
    steps: dict[str, list[Any]] = {"alone": [step], "first": [step, splitter()], "last": [splitter(), step]}
    return IngestionPipeline(
        transformations=[*steps[layout], MockEmbedding(embed_dim=4)],
        docstore=SimpleDocumentStore(),
        docstore_strategy=strategy,
        vector_store=SimpleVectorStore() if with_store else None,
        disable_cache=not with_cache,
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("with_store", [True, False], ids=["vector-store", "no-vector-store"])
@pytest.mark.parametrize("layout", ["alone", "first", "last"])
@pytest.mark.parametrize("way", ["sync", "async"])
async def test_forgotten_failures_are_classified_again_and_nothing_else_and_nothing_is_there_twice(
    strategy: DocstoreStrategy,
    policy: str,
    layout: str,
    way: str,
    *,
    with_store: bool,
    rules: list[Rule],
    documents: list[Document],
) -> None:
    backend = fails_on("eggs")
    step = ClassifyTransform(rules, backend=backend, on_failure=policy)
    pipeline = _pipeline(step, strategy, layout, with_store=with_store)
    run: Callable[..., Any] = _run if way == "sync" else _arun
    forget: Callable[..., Any] = forget_failures if way == "sync" else aforget_failures

    await _finished(run(pipeline, documents))
    backend.behaviour = None
    backend.asked.clear()
    for _ in range(2):  # forgetting twice does no harm
        await _finished(forget(pipeline, step.failures))
    again = await _finished(run(pipeline, documents))

    everything = {"bill", "cake", "poem"}
    assert _ids(again) == (everything if policy == "raise" else {"cake"})
    assert backend.asked.total() == 1
    assert "eggs" in next(iter(backend.asked))
    assert step.failures == ()

    flawless = ClassifyTransform(rules, backend=ScriptedBackend(), on_failure=policy)
    expected = _pipeline(flawless, strategy, layout, with_store=with_store)
    _run(expected, documents)
    assert _stored(pipeline.vector_store) == _stored(expected.vector_store)
    assert pipeline.docstore.get_all_document_hashes() == expected.docstore.get_all_document_hashes()
    assert pipeline.docstore.docs == expected.docstore.docs
    assert await _finished(run(pipeline, documents)) == []


def _healed(backend: ScriptedBackend) -> None:
    """From now on it can read everything, and what it was asked so far is not counted."""
    backend.behaviour = None
    backend.asked.clear()


@pytest.mark.parametrize("policy", ["annotate", "skip"])
@pytest.mark.parametrize("collection", [None, "own"])
def test_the_pipeline_s_cache_hands_out_no_forgotten_failure_and_keeps_all_else(
    policy: str, collection: str | None, rules: list[Rule], documents: list[Document]
) -> None:
    backend = fails_on("eggs")
    step = ClassifyTransform(rules, backend=backend, on_failure=policy, cache=False)
    pipeline = IngestionPipeline(transformations=[splitter(), step])
    name = collection or pipeline.cache.collection
    _run(pipeline, documents[::2], cache_collection=collection)
    before = set(pipeline.cache.cache.get_all(collection=name))
    _run(pipeline, documents, cache_collection=collection)
    _healed(backend)
    forget_failures(pipeline, step.failures, cache_collection=collection)
    assert before < set(pipeline.cache.cache.get_all(collection=name))
    nodes = _run(pipeline, documents, cache_collection=collection)
    assert {node.ref_doc_id: node.metadata["classify_type"] for node in nodes}["cake"] == "recipe"
    assert len(_run(pipeline, documents[::2], cache_collection=collection)) > 1
    assert backend.asked.total() == 3  # once more the whole call, since `cache=False`, and nothing of the former


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_what_failed_in_worker_processes_is_known_by_its_nodes_and_run_again(
    way: str, rules: list[Rule], tmp_path: Path
) -> None:
    paths = [tmp_path / f"{name}.txt" for name in "abcd"]
    for path in paths[:3]:
        path.write_text("Invoice number 7, line items, total amount due")
    documents = [Document(id_=path.name, text="", metadata={"file_path": str(path)}) for path in paths]
    step = ClassifyTransform(rules, backend="local", source="file")
    pipeline = IngestionPipeline(
        transformations=[step], docstore=SimpleDocumentStore(), docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY
    )
    nodes = (
        pipeline.run(documents=documents, num_workers=2)
        if way == "sync"
        else await pipeline.arun(documents=documents, num_workers=2)
    )
    assert len(nodes) == 4
    assert step.failures == ()
    failures = failures_in(nodes)
    assert [failure.document_ids for failure in failures] == [("d.txt",)]
    paths[3].write_text("A recipe: ingredients, quantities, steps of preparation")
    await _finished((forget_failures if way == "sync" else aforget_failures)(pipeline, failures))
    again = pipeline.run(documents=documents)
    assert [(node.node_id, node.metadata["classify_type"]) for node in again] == [("d.txt", "recipe")]


def test_failures_known_by_nodes_alone_are_forgotten_by_the_cache_and_by_nothing_else(
    rules: list[Rule], documents: list[Document]
) -> None:
    backend = fails_on("e")
    steps: list[TransformComponent] = [splitter(), ClassifyTransform(rules, backend=backend), splitter(40)]
    pipeline = IngestionPipeline(transformations=steps)
    _run(pipeline, documents[:1])
    failures = failures_in(_run(pipeline, documents[1:2]))
    kept = pipeline.cache.cache.get_all(collection=pipeline.cache.collection)
    _healed(backend)
    forget_failures(pipeline, failures)
    remaining = pipeline.cache.cache.get_all(collection=pipeline.cache.collection)
    assert len(kept) - len(remaining) == 2  # what the two steps made of the failure, not what the first splitter made
    assert failures_in(_run(pipeline, documents[:1]))  # the other failure was not forgotten
    assert not failures_in(_run(pipeline, documents[1:2]))
    assert backend.asked.total() == 1


def test_nodes_that_were_split_twice_are_run_again_too(rules: list[Rule], documents: list[Document]) -> None:
    nodes = splitter().get_nodes_from_documents([Document(id_="cake", text="Eggs. Flour. Sugar. " * 20)])[:1]
    backend = fails_on("Eggs")
    steps: list[TransformComponent] = [ClassifyTransform(rules, backend=backend), splitter(40)]
    pipeline = IngestionPipeline(
        transformations=steps, docstore=SimpleDocumentStore(), docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY
    )
    failures = failures_in(pipeline.run(nodes=nodes))
    _healed(backend)
    forget_failures(pipeline, failures)
    again = pipeline.run(nodes=nodes)
    assert again
    assert not failures_in(again)


def test_a_former_version_is_not_deleted_for_a_failure_that_was_left_out(
    rules: list[Rule], documents: list[Document]
) -> None:
    step = ClassifyTransform(rules, backend=fails_on("ducks"), on_failure="skip")
    pipeline = _pipeline(step, DocstoreStrategy.DUPLICATES_ONLY, "first", with_store=True)
    _run(pipeline, documents)
    before = _stored(pipeline.vector_store)
    _run(pipeline, [Document(id_="cake", text="A recipe for ducks.")])
    forget_failures(pipeline, step.failures)
    assert _stored(pipeline.vector_store) == before


def test_the_other_classifier_of_a_pipeline_is_not_asked_again(rules: list[Rule], documents: list[Document]) -> None:
    fine, failing = ScriptedBackend(), fails_on("eggs")
    second = ClassifyTransform(rules, backend=failing, prefix="second_")
    steps: list[TransformComponent] = [ClassifyTransform(rules, backend=fine), second]
    pipeline = IngestionPipeline(
        transformations=steps, docstore=SimpleDocumentStore(), docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY
    )
    _run(pipeline, documents)
    _healed(failing)
    fine.asked.clear()
    forget_failures(pipeline, second.failures)
    [node] = _run(pipeline, documents)
    assert (node.metadata["classify_type"], node.metadata["second_type"]) == ("recipe", "recipe")
    assert (fine.asked.total(), failing.asked.total()) == (0, 1)


def test_a_refused_run_loses_no_document_of_a_docstore(rules: list[Rule], documents: list[Document]) -> None:
    step = ClassifyTransform(rules, backend=ScriptedBackend())
    pipeline = _pipeline(step, DocstoreStrategy.DUPLICATES_ONLY, "first", with_store=True)
    documents[1].metadata["classify_type"] = "mine"
    with pytest.raises(ForeignLabelError):
        pipeline.run(documents=documents)
    del documents[1].metadata["classify_type"]
    forget_failures(pipeline, step.failures)
    assert _ids(pipeline.run(documents=documents)) == {"bill", "cake", "poem"}


async def test_a_cancelled_run_loses_no_document_of_a_docstore(rules: list[Rule], documents: list[Document]) -> None:
    backend = HeldBackend()
    step = ClassifyTransform(rules, backend=backend)
    pipeline = _pipeline(step, DocstoreStrategy.DUPLICATES_ONLY, "last", with_store=True)
    running = asyncio.create_task(pipeline.arun(documents=documents))
    await until(backend.begun.is_set)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    backend.release.set()
    await aforget_failures(pipeline, step.failures)
    assert _ids(await pipeline.arun(documents=documents)) == {"bill", "cake", "poem"}


@pytest.mark.parametrize("policy", POLICIES)
def test_nodes_that_were_split_before_the_pipeline_can_be_run_again_too(
    policy: str, rules: list[Rule], documents: list[Document]
) -> None:
    nodes = splitter().get_nodes_from_documents(documents)
    backend = fails_on("eggs")
    step = ClassifyTransform(rules, backend=backend, on_failure=policy)
    pipeline = IngestionPipeline(
        transformations=[step], docstore=SimpleDocumentStore(), docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY
    )
    # These documents repeat a sentence, and a docstore takes equal nodes for duplicates.
    first_of = {node.hash: node for node in reversed(nodes)}
    try:
        pipeline.run(nodes=nodes)
    except BatchError:
        assert policy == "raise"
    _healed(backend)
    forget_failures(pipeline, step.failures)
    again = pipeline.run(nodes=nodes)
    expected = [node.node_id for node in first_of.values() if policy == "raise" or node.ref_doc_id == "cake"]
    assert sorted(node.node_id for node in again) == sorted(expected)
    assert pipeline.run(nodes=nodes) == []


def test_a_persisted_pipeline_runs_failed_documents_again_in_another_process_s_place(
    rules: list[Rule], documents: list[Document], tmp_path: Path
) -> None:
    def pipeline_with(backend: ScriptedBackend) -> tuple[IngestionPipeline, ClassifyTransform]:
        step = ClassifyTransform(rules, backend=backend, cache=tmp_path / "answers.sqlite")
        pipeline = IngestionPipeline(
            transformations=[step], docstore=SimpleDocumentStore(), docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY
        )
        return pipeline, step

    first, step = pipeline_with(fails_on("eggs"))
    _run(first, documents)
    first.persist(str(tmp_path))
    kept = pickle.dumps(step.failures)

    second, step = pipeline_with(backend := ScriptedBackend())
    second.load(str(tmp_path))
    assert _run(second, documents) == []
    forget_failures(second, pickle.loads(kept))
    assert _ids(_run(second, documents)) == {"cake"}
    assert backend.asked.total() == 1
