from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import StorageContext
from llama_index.core.schema import Document, NodeWithScore
from llama_index.core.storage.docstore import SimpleDocumentStore

from classify_core import Classifier, InvalidOptionError, Rule
from classify_core.grouping import Item
from classify_core.labels import LabelPolicy
from classify_core.retrieval import NewLabel, RetrievalLabeller, StoredDocument
from llama_index_classify import ClassifyPostprocessor, ClassifyTransform
from llama_index_classify.nodes import items_of
from tests.backends import ScriptedBackend, until
from tests.llama_index.parts import fails_on
from tests.llama_index.stored_documents import (
    EXPECTED,
    FILLED,
    TEXTS,
    AsynchronousDocstore,
    BlockingDocstore,
    Fill,
    NotedDocstore,
    context_docstore,
    documents,
    middles,
    pipeline_docstore,
    types,
)


def words(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("fill", FILLED)
async def test_a_document_is_classified_by_its_full_text_from_the_docstore(fill: Fill, rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    found = middles(fill(docstore, documents()))
    assert set(types(ClassifyPostprocessor(rules, backend=ScriptedBackend()).postprocess_nodes(found))) == {
        "uncategorized"
    }
    for asynchronous in (False, True):
        backend = ScriptedBackend()
        postprocessor = ClassifyPostprocessor(rules, backend=backend, docstore=docstore)
        passed = (
            await postprocessor.apostprocess_nodes(found) if asynchronous else postprocessor.postprocess_nodes(found)
        )
        assert types(passed) == EXPECTED
        assert [words(text) for text in sorted(backend.asked)] == [words(text) for text in sorted(TEXTS.values())]
        assert [one.node_id for one in passed] == [one.node_id for one in found]


@pytest.mark.parametrize("fill", FILLED)
def test_what_the_docstore_does_not_know_is_classified_by_its_retrieved_nodes(fill: Fill, rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    nodes = fill(docstore, documents())
    docstore.delete_ref_doc("bill", raise_error=False)
    docstore.delete_document("bill", raise_error=False)
    backend = ScriptedBackend()
    found = middles(nodes)
    passed = ClassifyPostprocessor(rules, backend=backend, docstore=docstore).postprocess_nodes(found)
    assert types(passed)[:3] == ["uncategorized", "uncategorized", "recipe"]
    assert f"{found[0].text}\n\n{found[1].text}" in backend.asked


def test_of_nodes_that_are_gone_from_the_docstore_the_others_remain(rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    nodes = context_docstore(docstore, documents())
    gone = next(node for node in nodes if node.ref_doc_id == "bill" and "invoice" not in node.get_content())
    docstore._kvstore.delete(gone.node_id, collection="docstore/data")
    passed = ClassifyPostprocessor(rules, backend=ScriptedBackend(), docstore=docstore).postprocess_nodes(
        middles(nodes)
    )
    assert types(passed)[:2] == ["invoice"] * 2


@pytest.mark.parametrize("fill", FILLED)
async def test_a_fresh_label_in_the_docstore_is_used_and_nothing_is_classified(fill: Fill, rules: list[Rule]) -> None:
    backend, docstore = ScriptedBackend(), SimpleDocumentStore()
    nodes = fill(docstore, documents())
    held = list(docstore.docs.values())
    docstore.add_documents(ClassifyTransform(rules, backend=backend)(held))
    asked = backend.asked.total()
    postprocessor = ClassifyPostprocessor(rules, backend=backend, cache=False, docstore=docstore)
    expected = EXPECTED
    assert types(postprocessor.postprocess_nodes(middles(nodes))) == expected
    assert types(await postprocessor.apostprocess_nodes(middles(nodes))) == expected
    assert backend.asked.total() == asked


def test_a_stale_label_in_the_docstore_is_not_used(rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    nodes = pipeline_docstore(docstore, documents())
    docstore.add_documents(ClassifyTransform(rules[1:], backend=ScriptedBackend())(list(docstore.docs.values())))
    postprocessor = ClassifyPostprocessor(rules, backend=ScriptedBackend(), docstore=docstore)
    assert types(postprocessor.postprocess_nodes(middles(nodes)))[0] == "invoice"


def test_nodes_whose_labels_disagree_are_classified_by_their_document(rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    nodes = pipeline_docstore(docstore, documents())
    alone = ClassifyTransform(rules, backend=ScriptedBackend(), group_by=None)(nodes)
    cake = [node for node in alone if node.ref_doc_id == "cake"]
    assert {node.metadata["classify_type"] for node in cake} == {"recipe", "uncategorized"}
    postprocessor = ClassifyPostprocessor(rules, backend=ScriptedBackend(), docstore=docstore)
    assert set(types(postprocessor.postprocess_nodes([NodeWithScore(node=node) for node in cake]))) == {"recipe"}


def test_what_is_labelled_already_is_not_looked_up(rules: list[Rule]) -> None:
    docstore = NotedDocstore()
    nodes = ClassifyTransform(rules, backend=ScriptedBackend())(pipeline_docstore(docstore, documents()))
    docstore.reads = 0
    ClassifyPostprocessor(rules, backend=ScriptedBackend(), docstore=docstore).postprocess_nodes(middles(list(nodes)))
    assert docstore.reads == 0


def test_a_document_is_looked_up_once_however_many_of_its_nodes_are_retrieved(rules: list[Rule]) -> None:
    docstore = NotedDocstore()
    nodes = pipeline_docstore(docstore, documents())
    docstore.reads = 0
    ClassifyPostprocessor(rules, backend=ScriptedBackend(), docstore=docstore).postprocess_nodes(
        [NodeWithScore(node=node) for node in nodes]
    )
    assert docstore.reads == len(TEXTS)


def test_single_nodes_are_classified_by_their_own_text(rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    found = middles(pipeline_docstore(docstore, documents()))
    for options in ({"scope": "node"}, {"group_by": None}, {"group_by": "case"}):
        backend = ScriptedBackend()
        ClassifyPostprocessor(rules, backend=backend, docstore=docstore, **options).postprocess_nodes(found)
        assert set(backend.asked) == {one.text for one in found}


def test_the_file_behind_a_document_comes_before_its_text_in_the_docstore(rules: list[Rule], tmp_path: Path) -> None:
    (tmp_path / "original.txt").write_text("In truth this is a recipe.")
    docstore = SimpleDocumentStore()
    given = Document(id_="bill", text=TEXTS["bill"], metadata={"file_path": str(tmp_path / "original.txt")})
    nodes = pipeline_docstore(docstore, [given])
    postprocessor = ClassifyPostprocessor(rules, backend=ScriptedBackend(), docstore=docstore, source="file")
    assert types(postprocessor.postprocess_nodes([NodeWithScore(node=nodes[2])])) == ["recipe"]


async def test_a_query_that_is_awaited_calls_the_docstores_asynchronous_methods(rules: list[Rule]) -> None:
    for fill in FILLED:
        docstore = AsynchronousDocstore()
        found = middles(fill(docstore, documents()))
        docstore.reads, docstore.sealed = 0, True
        postprocessor = ClassifyPostprocessor(rules, backend=ScriptedBackend(), docstore=docstore, write_back=True)
        assert types(await postprocessor.apostprocess_nodes(found)) == EXPECTED
        assert docstore.reads >= len(TEXTS)
        docstore.sealed = False
        assert {node.metadata["classify_type"] for node in docstore.docs.values()} == set(EXPECTED)


async def test_a_blocking_docstore_never_runs_on_a_running_loop(rules: list[Rule]) -> None:
    docstore = BlockingDocstore()
    found = middles(pipeline_docstore(docstore, documents()))
    docstore.threads.clear()
    docstore.release.clear()
    postprocessor = ClassifyPostprocessor(rules, backend=ScriptedBackend(), docstore=docstore)
    query = asyncio.create_task(postprocessor.apostprocess_nodes(found))
    await until(lambda: docstore.threads)  # only a loop that is not blocked comes back from here
    assert not query.done()
    docstore.release.set()
    assert types(await query)[0] == "invoice"
    assert types(postprocessor.postprocess_nodes(found))[0] == "invoice"
    assert not {thread.name for thread in docstore.threads} & {threading.current_thread().name, "classify-background"}


async def test_a_docstore_that_fails_does_not_fail_the_query(
    rules: list[Rule], caplog: pytest.LogCaptureFixture
) -> None:
    docstore = BlockingDocstore()
    found = middles(pipeline_docstore(docstore, documents()))
    docstore.fault = OSError("cannot reach redis://user:llx-secret@host")
    backend = ScriptedBackend()
    postprocessor = ClassifyPostprocessor(rules, backend=backend, docstore=docstore)
    with caplog.at_level(logging.WARNING):
        for passed in (postprocessor.postprocess_nodes(found), await postprocessor.apostprocess_nodes(found)):
            assert types(passed) == ["uncategorized"] * 6
    assert f"{found[0].text}\n\n{found[1].text}" in backend.asked
    told = [record.getMessage() for record in caplog.records if "could not be looked up" in record.getMessage()]
    assert told == ["3 of 3 documents could not be looked up (OSError)"] * 2
    assert "llx-secret" not in caplog.text


async def test_a_docstore_that_hangs_does_not_hold_a_query_up(
    rules: list[Rule], caplog: pytest.LogCaptureFixture
) -> None:
    docstore = BlockingDocstore()
    found = middles(pipeline_docstore(docstore, documents()))
    docstore.release.clear()
    postprocessor = ClassifyPostprocessor(rules, backend=ScriptedBackend(), docstore=docstore, timeout=0.5)
    try:
        for passed in (postprocessor.postprocess_nodes(found), await postprocessor.apostprocess_nodes(found)):
            assert [one.node_id for one in passed] == [one.node_id for one in found]
    finally:
        docstore.release.set()
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == ["3 of 3 documents could not be looked up (too slow)"] * 2


class NotedLabelStore:
    """Holds nothing, and notes how long it may take."""

    def __init__(self) -> None:
        self.seconds = list[float | None]()

    def key_of(self, item: Item) -> str:
        return item.text

    def look_up(self, keys: Sequence[str], *, seconds: float | None) -> Mapping[str, StoredDocument]:
        self.seconds.append(seconds)
        return {}

    async def alook_up(self, keys: Sequence[str], *, seconds: float | None) -> Mapping[str, StoredDocument]:
        return self.look_up(keys, seconds=seconds)

    def write_back(self, labels: Sequence[NewLabel], *, seconds: float | None) -> None:
        self.seconds.append(seconds)

    async def awrite_back(self, labels: Sequence[NewLabel], *, seconds: float | None) -> None:
        self.write_back(labels, seconds=seconds)


async def test_looking_up_takes_half_of_the_time_at_most_and_writing_what_is_left(rules: list[Rule]) -> None:
    store, classifier = NotedLabelStore(), Classifier(rules, backend=ScriptedBackend())
    labeller = RetrievalLabeller(classifier, LabelPolicy(), store)
    labeller.label([Item("an invoice", {})], deadline=1000.0)
    await labeller.alabel([Item("an invoice", {})], deadline=1000.0)
    looking_up, writing = store.seconds[::2], store.seconds[1::2]
    assert all(400 < seconds <= 500 for seconds in looking_up)
    assert all(900 < seconds <= 1000 for seconds in writing)
    store.seconds.clear()
    labeller.label([Item("an invoice", {})])
    assert store.seconds == [None, None]


def test_events_count_the_nodes_that_were_given(rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    found = middles(pipeline_docstore(docstore, documents()))
    postprocessor = ClassifyPostprocessor(
        rules, backend=ScriptedBackend(), docstore=docstore, drop_types=["uncategorized"]
    )
    labelling = postprocessor.labelling([], deadline=1.0)
    assert (labelling.labelled, labelling.asked) == ([], 0)
    labelling = postprocessor.labelling(items_of([one.node for one in found]), deadline=10.0)
    assert [one.index for one in labelling.labelled] == [0, 1, 2, 3]
    assert labelling.asked == len(TEXTS)


def test_a_document_that_fails_names_all_its_retrieved_nodes(rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    found = middles(pipeline_docstore(docstore, documents()))
    postprocessor = ClassifyPostprocessor(rules, backend=fails_on("invoice"), docstore=docstore)
    [failed] = postprocessor.labelling(items_of([one.node for one in found])).failed
    assert failed.indices == (0, 1)
    assert types(postprocessor.postprocess_nodes(found))[:3] == [None, None, "recipe"]


def test_a_docstore_is_told_by_name_only_and_asked_for(rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    pipeline_docstore(docstore, documents())
    postprocessor = ClassifyPostprocessor(rules, backend="local", docstore=docstore, write_back=True)
    data = postprocessor.to_dict()
    assert data["docstore"] == {"name": "SimpleDocumentStore"}
    assert data["write_back"] is True
    assert "says nothing" not in postprocessor.to_json() + repr(postprocessor) + str(postprocessor)
    with pytest.raises(InvalidOptionError, match=r"from_dict\(data, docstore=\.\.\.\)"):
        ClassifyPostprocessor.from_dict(data)
    restored = ClassifyPostprocessor.from_dict(data, docstore=docstore)
    assert restored == postprocessor
    assert restored.docstore is docstore
    assert postprocessor != ClassifyPostprocessor(rules, backend="local", docstore=docstore)


def test_a_copy_shares_the_docstore(rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    postprocessor = ClassifyPostprocessor(rules, backend="local", docstore=docstore, write_back=True)
    for copied in (copy.copy(postprocessor), copy.deepcopy(postprocessor), postprocessor.model_copy(deep=True)):
        assert copied.docstore is docstore


def test_a_docstore_travels_where_it_can_be_pickled(rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    found = middles(pipeline_docstore(docstore, documents()))
    postprocessor = ClassifyPostprocessor(rules, backend=ScriptedBackend(), docstore=docstore)
    assert types(pickle.loads(pickle.dumps(postprocessor)).postprocess_nodes(found))[0] == "invoice"
    locked = ClassifyPostprocessor(rules, backend="local", docstore=NotedDocstore())
    with pytest.raises(InvalidOptionError, match="NotedDocstore, which cannot travel to another process"):
        pickle.dumps(locked)


def test_what_is_no_docstore_is_refused(rules: list[Rule]) -> None:
    given: list[dict[str, Any]] = [
        {"docstore": StorageContext.from_defaults()},
        {"docstore": "./storage"},
        {"write_back": "./storage"},
        {"write_back": True},
        {"write_back": None},
    ]
    for options in given:
        with pytest.raises(InvalidOptionError, match="docstore"):
            ClassifyPostprocessor(rules, backend="local", **options)
