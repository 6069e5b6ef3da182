"""Labels written back: to docstores, and the misfortunes of it; vector stores have a file of their own."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest
from llama_index.core import StorageContext, SummaryIndex, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import BaseNode, Document, NodeWithScore
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore

from classify_core import BatchError, Rule
from llama_index_classify import ClassifyPostprocessor
from tests.backends import ScriptedBackend, until
from tests.llama_index.parts import fails_on, splitter
from tests.llama_index.stored_documents import (
    EXPECTED,
    FILLED,
    TEXTS,
    TYPES,
    BlockingDocstore,
    Fill,
    NotedDocstore,
    context_docstore,
    documents,
    middles,
    pipeline_docstore,
    types,
)


def made(rules: list[Rule], backend: ScriptedBackend | None = None, **options: Any) -> ClassifyPostprocessor:
    return ClassifyPostprocessor(rules, backend=backend or ScriptedBackend(), cache=False, **options)


async def asked(postprocessor: ClassifyPostprocessor, nodes: list[NodeWithScore], *, way: str) -> list[NodeWithScore]:
    if way == "awaited":
        return await postprocessor.apostprocess_nodes(nodes)
    return postprocessor.postprocess_nodes(nodes)


WAYS = ["awaited", "blocking"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fill", FILLED)
async def test_the_next_query_finds_the_labels_in_the_docstore_and_classifies_nothing(
    fill: Fill, way: str, rules: list[Rule]
) -> None:
    docstore, backend = NotedDocstore(), ScriptedBackend()
    found = middles(fill(docstore, documents()))
    first = await asked(made(rules, backend, docstore=docstore, write_back=True), found, way=way)
    assert types(first) == EXPECTED
    assert backend.asked.total() == len(TEXTS)
    another = made(rules, backend, docstore=SimpleDocumentStore.from_dict(docstore.to_dict()))
    assert types(await asked(another, found, way=way)) == EXPECTED
    assert backend.asked.total() == len(TEXTS)


@pytest.mark.parametrize("fill", FILLED)
def test_a_document_and_all_its_nodes_are_labelled_under_their_identifiers(fill: Fill, rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    nodes = fill(docstore, documents())
    before = docstore.docs
    references = {id_: docstore.get_ref_doc_info(id_) for id_ in TEXTS}
    made(rules, docstore=docstore, write_back=True).postprocess_nodes(middles(nodes))
    after = docstore.docs
    assert after.keys() == before.keys()
    for id_, node in after.items():
        assert node.metadata["classify_type"] == TYPES[node.ref_doc_id or id_]
        assert node.get_content() == before[id_].get_content()
        assert node.relationships == before[id_].relationships
        assert "classify_reasoning" in node.excluded_llm_metadata_keys
    now = {id_: docstore.get_ref_doc_info(id_) for id_ in TEXTS}
    assert [info and info.node_ids for info in now.values()] == [info and info.node_ids for info in references.values()]


def pipeline(docstore: Any, strategy: DocstoreStrategy, vector_store: Any) -> IngestionPipeline:
    steps = [splitter(60), MockEmbedding(embed_dim=4)]
    return IngestionPipeline(
        transformations=steps, docstore=docstore, docstore_strategy=strategy, vector_store=vector_store
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("strategy", list(DocstoreStrategy))
async def test_an_ingestion_pipeline_over_the_same_docstore_finds_nothing_new_afterwards(
    strategy: DocstoreStrategy, way: str, rules: list[Rule]
) -> None:
    docstore = SimpleDocumentStore()
    ingestion = pipeline(docstore, strategy, SimpleVectorStore())
    nodes = list(ingestion.run(documents=documents()))
    await asked(made(rules, docstore=docstore, write_back=True), middles(nodes), way=way)
    assert {node.metadata["classify_type"] for node in docstore.docs.values()} == set(EXPECTED)
    assert list(ingestion.run(documents=documents())) == []
    changed = [*documents()[:-1], Document(id_="poem", text="It is another one now. " + TEXTS["poem"])]
    assert {node.ref_doc_id for node in ingestion.run(documents=changed)} == {"poem"}


def test_a_document_that_changed_is_classified_anew(rules: list[Rule]) -> None:
    docstore, backend = SimpleDocumentStore(), ScriptedBackend()
    ingestion = pipeline(docstore, DocstoreStrategy.UPSERTS, SimpleVectorStore())
    postprocessor = made(rules, backend, docstore=docstore, write_back=True)
    postprocessor.postprocess_nodes(middles(list(ingestion.run(documents=documents()))))
    changed = Document(id_="poem", text=TEXTS["poem"] + " So much for the recipe.")
    nodes = list(ingestion.run(documents=[changed]))
    assert types(postprocessor.postprocess_nodes([NodeWithScore(node=nodes[2])])) == ["recipe"]
    assert backend.asked.total() == len(TEXTS) + 1


def test_a_docstore_alone_is_where_labels_are_looked_up_and_written(rules: list[Rule]) -> None:
    docstore, backend = SimpleDocumentStore(), ScriptedBackend()
    found = middles(pipeline_docstore(docstore, documents()))
    for _ in range(2):
        assert types(made(rules, backend, write_back=docstore).postprocess_nodes(found)) == EXPECTED
    assert backend.asked.total() == len(TEXTS)
    assert made(rules, write_back=docstore) == made(rules, docstore=docstore, write_back=True)


def test_texts_come_from_one_docstore_and_labels_go_to_another(rules: list[Rule]) -> None:
    texts, labels = SimpleDocumentStore(), SimpleDocumentStore()
    found = middles(pipeline_docstore(texts, documents()))
    labels.add_documents([one.node for one in found])
    passed = made(rules, docstore=texts, write_back=labels).postprocess_nodes(found)
    assert types(passed) == EXPECTED
    assert [labels.get_node(one.node_id).metadata["classify_type"] for one in passed] == EXPECTED
    assert not any("classify_type" in node.metadata for node in texts.docs.values())


def test_what_the_docstore_does_not_hold_is_not_added(rules: list[Rule]) -> None:
    nodes = pipeline_docstore(SimpleDocumentStore(), documents())
    docstore = SimpleDocumentStore()
    made(rules, docstore=docstore, write_back=True).postprocess_nodes(middles(nodes))
    assert docstore.docs == {}


def test_single_nodes_are_labelled_alone(rules: list[Rule]) -> None:
    docstore, backend = SimpleDocumentStore(), ScriptedBackend()
    nodes = context_docstore(docstore, documents())
    bill = [NodeWithScore(node=node) for node in nodes if node.ref_doc_id == "bill"][:2]
    for _ in range(2):
        postprocessor = made(rules, backend, docstore=docstore, write_back=True, scope="node")
        assert types(postprocessor.postprocess_nodes(bill)) == ["invoice", "uncategorized"]
    assert backend.asked.total() == 2
    labelled = {id_ for id_, node in docstore.docs.items() if "classify_type" in node.metadata}
    assert labelled == {one.node_id for one in bill}


def test_another_index_has_its_labels_in_its_docstore(rules: list[Rule]) -> None:
    nodes = splitter(60).get_nodes_from_documents(documents())
    index, backend = SummaryIndex(nodes), ScriptedBackend()
    for _ in range(2):
        found = index.as_retriever().retrieve("?")
        assert set(types(made(rules, backend, write_back=index).postprocess_nodes(found))) == set(EXPECTED)
    assert backend.asked.total() == len(TEXTS)
    assert [one.node_id for one in index.as_retriever().retrieve("?")] == [node.node_id for node in nodes]
    assert set(types(index.as_retriever().retrieve("?"))) == set(EXPECTED)


def test_a_failure_is_never_written(rules: list[Rule]) -> None:
    docstore = NotedDocstore()
    found = middles(pipeline_docstore(docstore, documents()))
    docstore.written.clear()
    made(rules, fails_on("invoice"), docstore=docstore, write_back=True).postprocess_nodes(found)
    assert sorted(docstore.written) == ["cake", "poem"]
    assert docstore.docs["bill"].metadata == {}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", ["it fails", "it hangs"])
async def test_what_was_found_while_a_docstore_did_not_answer_is_never_kept(
    fault: str, way: str, rules: list[Rule]
) -> None:
    docstore, other = BlockingDocstore(), SimpleDocumentStore()
    found = middles(pipeline_docstore(docstore, documents()))
    pipeline_docstore(other, documents())
    if fault == "it fails":
        docstore.fault = OSError("cannot reach it")
    else:
        docstore.release.clear()
    for target in (True, other):
        hasty = made(rules, docstore=docstore, write_back=target, timeout=0.5)
        await asked(hasty, found, way=way)
    docstore.fault = None
    docstore.release.set()
    postprocessor = made(rules, docstore=docstore, write_back=other, timeout=60)
    assert not any("classify_type" in node.metadata for node in other.docs.values())
    assert types(await asked(postprocessor, found, way=way)) == EXPECTED  # by their documents, not by two chunks each
    assert {node.metadata["classify_type"] for node in other.docs.values()} == set(EXPECTED)


def test_successes_are_written_also_where_a_failure_is_raised(rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    found = middles(pipeline_docstore(docstore, documents()))
    with pytest.raises(BatchError, match="cannot be read"):
        made(rules, fails_on("recipe"), docstore=docstore, write_back=True, on_failure="raise").postprocess_nodes(found)
    assert docstore.docs["bill"].metadata["classify_type"] == "invoice"
    assert docstore.docs["cake"].metadata == {}


def test_a_dropped_type_is_written_too_so_that_it_is_not_classified_by_each_query(rules: list[Rule]) -> None:
    docstore, backend = SimpleDocumentStore(), ScriptedBackend()
    found = middles(pipeline_docstore(docstore, documents()))
    for _ in range(2):
        postprocessor = made(rules, backend, docstore=docstore, write_back=True, keep_types=["recipe"])
        assert types(postprocessor.postprocess_nodes(found)) == ["recipe", "recipe"]
    assert backend.asked.total() == len(TEXTS)


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_labelled_is_not_written_again(way: str, rules: list[Rule]) -> None:
    docstore = NotedDocstore()
    nodes = pipeline_docstore(docstore, documents())
    postprocessor = made(rules, docstore=docstore, write_back=True)
    labelled = await asked(postprocessor, middles(nodes), way=way)
    docstore.written.clear()
    docstore.reads = 0
    await asked(postprocessor, labelled, way=way)
    assert (docstore.reads, docstore.written) == (0, [])
    await asked(postprocessor, middles(nodes), way=way)  # whose labels are in the docstore only
    assert (docstore.reads, docstore.written) == (len(TEXTS), [])


def test_a_type_that_somebody_else_wrote_into_the_docstore_stays(rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    nodes = pipeline_docstore(docstore, documents())
    docstore.add_documents([Document(id_="bill", text=TEXTS["bill"], metadata={"classify_type": "mine"})])
    passed = made(rules, docstore=docstore, write_back=True).postprocess_nodes(middles(nodes))
    assert types(passed) == EXPECTED
    assert docstore.docs["bill"].metadata == {"classify_type": "mine"}
    made(rules, docstore=docstore, write_back=True, overwrite=True).postprocess_nodes(middles(nodes))
    assert docstore.docs["bill"].metadata["classify_type"] == "invoice"


@pytest.mark.parametrize("way", WAYS)
async def test_a_blocking_docstore_is_written_in_a_thread(way: str, rules: list[Rule]) -> None:
    docstore = BlockingDocstore()
    found = middles(pipeline_docstore(docstore, documents()))
    docstore.threads.clear()
    await asked(made(rules, docstore=docstore, write_back=True), found, way=way)
    assert {node.metadata["classify_type"] for node in docstore.docs.values()} == set(EXPECTED)
    assert {thread.name for thread in docstore.threads} == {"classify-worker"}


class FullDocstore(SimpleDocumentStore):
    """Takes nothing more once it is full."""

    is_full = False

    def put(self, nodes: list[BaseNode]) -> None:
        if self.is_full:
            raise OSError(f"no space for {nodes[0].get_content()} of llx-secret")

    def add_documents(self, docs: Any, *args: Any, **options: Any) -> None:
        self.put(docs)
        super().add_documents(docs, *args, **options)

    async def async_add_documents(self, docs: Any, *args: Any, **options: Any) -> None:
        self.put(docs)
        await super().async_add_documents(docs, *args, **options)


@pytest.mark.parametrize("way", WAYS)
async def test_a_write_that_fails_is_logged_without_texts_and_keys_and_does_not_fail_the_query(
    way: str, rules: list[Rule], caplog: pytest.LogCaptureFixture
) -> None:
    docstore = FullDocstore()
    found = middles(pipeline_docstore(docstore, documents()))
    docstore.is_full = True
    with caplog.at_level(logging.WARNING):
        assert types(await asked(made(rules, docstore=docstore, write_back=True), found, way=way)) == EXPECTED
    [told] = [record for record in caplog.records if "written back" in record.getMessage()]
    assert told.levelname == "WARNING"
    assert "6 nodes could not be written back to a FullDocstore (OSError)" in told.getMessage()
    assert "says nothing" not in caplog.text
    assert "llx-secret" not in caplog.text


class SlowDocstore(SimpleDocumentStore):
    """Takes its time to write, in a thread and on a loop, until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()
        self.release.set()
        self.begun = threading.Event()

    def add_documents(self, docs: Any, *args: Any, **options: Any) -> None:
        self.begun.set()
        self.release.wait(30)
        super().add_documents(docs, *args, **options)

    async def async_add_documents(self, docs: Any, *args: Any, **options: Any) -> None:
        self.begun.set()
        while not self.release.is_set():
            await asyncio.sleep(0.002)
        await super().async_add_documents(docs, *args, **options)


@pytest.mark.parametrize("way", WAYS)
async def test_a_query_does_not_wait_longer_than_its_time_out_for_a_write_which_goes_on(
    way: str, rules: list[Rule], caplog: pytest.LogCaptureFixture
) -> None:
    docstore = SlowDocstore()
    found = middles(pipeline_docstore(docstore, documents()))
    docstore.release.clear()
    docstore.begun.clear()
    with caplog.at_level(logging.WARNING):
        passed = await asked(made(rules, docstore=docstore, write_back=True, timeout=1.5), found, way=way)
    assert [one.node_id for one in passed] == [one.node_id for one in found]
    assert any("takes longer than the query waits" in record.getMessage() for record in caplog.records)
    docstore.release.set()
    await until(lambda: "classify_type" in docstore.docs["bill"].metadata)


async def test_a_query_that_is_cancelled_does_not_break_a_write_off(rules: list[Rule]) -> None:
    docstore = SlowDocstore()
    found = middles(pipeline_docstore(docstore, documents()))
    docstore.release.clear()
    docstore.begun.clear()
    query = asyncio.create_task(made(rules, docstore=docstore, write_back=True).apostprocess_nodes(found))
    await until(docstore.begun.is_set)
    query.cancel()
    with pytest.raises(asyncio.CancelledError):
        await query
    docstore.release.set()
    await until(lambda: all("classify_type" in node.metadata for node in docstore.docs.values()))


class CrowdedDocstore(SimpleDocumentStore):
    """Notes how many write to it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.at_once = self.most_at_once = 0

    async def async_add_documents(self, docs: Any, *args: Any, **options: Any) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.005)
        await super().async_add_documents(docs, *args, **options)
        self.at_once -= 1


async def test_one_at_a_time_writes_to_a_store_so_that_no_label_is_lost(rules: list[Rule]) -> None:
    docstore = CrowdedDocstore()
    found = middles(pipeline_docstore(docstore, documents()))
    docstore.most_at_once = 0
    prefixes = [f"{letter}_" for letter in "abcdef"]
    several = [made(rules, docstore=docstore, write_back=True, prefix=prefix) for prefix in prefixes]
    await asyncio.gather(*(each.apostprocess_nodes(found) for each in several))
    assert docstore.most_at_once == 1
    assert [docstore.docs["bill"].metadata[f"{prefix}type"] for prefix in prefixes] == ["invoice"] * len(several)


@pytest.mark.parametrize("count", [12])
async def test_queries_at_once_lose_no_node(count: int, rules: list[Rule]) -> None:
    index = VectorStoreIndex(
        splitter(60).get_nodes_from_documents(documents()),
        storage_context=StorageContext.from_defaults(),
        embed_model=MockEmbedding(embed_dim=4),
    )
    before = {one.node_id for one in index.as_retriever(similarity_top_k=100).retrieve("?")}
    postprocessors = [made(rules, write_back=index), made(rules, write_back=index)]

    def query(number: int) -> None:
        postprocessors[number % 2].postprocess_nodes(index.as_retriever(similarity_top_k=100).retrieve("?"))

    await asyncio.gather(*(asyncio.to_thread(query, number) for number in range(count)))
    after = index.as_retriever(similarity_top_k=100).retrieve("?")
    assert {one.node_id for one in after} == before
    assert set(types(after)) == set(EXPECTED)
