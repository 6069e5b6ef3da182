from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore

from classify_core import (
    Answer,
    BatchError,
    ClassifyConfiguration,
    ClassifyRequest,
    ConnectionFailedError,
    ForeignLabelError,
    InvalidOptionError,
    NotFoundError,
    Rule,
)
from langchain_classify import ClassifyDocumentTransformer
from langchain_classify.compressor import ClassifyDocumentCompressor
from langchain_classify.progress import EVENT_NAME
from tests.backends import HeldBackend, ScriptedBackend
from tests.langchain.helpers import SECRET_WORDS, Recorder, fails_on, reloaded

if TYPE_CHECKING:
    from classify_core.testing import ClassifyServer
    from tests.service import ClassifyService

QUERY = "what do we owe?"


class SavedBackend(ScriptedBackend):
    """Knows saved configurations; what `loads` holds is loaded, raised, or, if it is None, waited for without end."""

    def __init__(self, loads: ClassifyConfiguration | Exception | None) -> None:
        super().__init__()
        self.loads = loads

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        if self.loads is None:
            await asyncio.Event().wait()
        if isinstance(self.loads, ClassifyConfiguration):
            return self.loads
        raise self.loads or AssertionError("nobody sets the event")


@pytest.fixture
def found() -> list[Document]:
    """What a retriever found, best first; two pages of one file among it."""
    return [
        Document(page_content="total due of an invoice", metadata={"source": "a.pdf", "page": 1}, id="bill-2"),
        Document(page_content="a recipe", metadata={"source": "cake.txt"}, id="cake"),
        Document(page_content="page one", metadata={"source": "a.pdf", "page": 0}, id="bill-1"),
        Document(page_content="the sea", metadata={}, id="poem"),
    ]


@pytest.fixture(params=["compress_documents", "acompress_documents"])
def face(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def compressed(compressor: ClassifyDocumentCompressor, face: str, documents: Any, callbacks: Any = None) -> list[Any]:
    passed = getattr(compressor, face)(documents, QUERY, callbacks)
    return asyncio.run(passed) if asyncio.iscoroutine(passed) else passed


def ids(documents: list[Document]) -> list[str | None]:
    return [one.id for one in documents]


def statuses(documents: list[Document]) -> list[str]:
    return [one.metadata["classify_status"] for one in documents]


@pytest.mark.parametrize(
    ("options", "remaining"),
    [
        ({"keep_types": ["invoice"]}, ["bill-2", "bill-1"]),
        ({"keep_types": ["uncategorized"]}, ["poem"]),
        ({"keep_types": ["recipe", "uncategorized"]}, ["cake", "poem"]),
        ({"drop_types": ["recipe"]}, ["bill-2", "bill-1", "poem"]),
        ({"drop_types": ["uncategorized", "invoice"]}, ["cake"]),
    ],
)
def test_only_wanted_types_pass_in_the_order_they_were_found(
    options: dict[str, Any], remaining: list[str], face: str, rules: list[Rule], found: list[Document]
) -> None:
    assert ids(compressed(ClassifyDocumentCompressor(rules, backend=ScriptedBackend(), **options), face, found)) == (
        remaining
    )


def test_a_type_to_keep_that_no_rule_produces_is_an_error_with_the_near_ones(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match="near are 'recipe'"):
        ClassifyDocumentCompressor(rules, backend="local", keep_types=["receipe"])


@pytest.mark.parametrize(
    ("group_by", "asked"), [("auto", 3), (None, 4), ("source", 3), (lambda one: one.metadata.get("page") is None, 2)]
)
def test_group_by_says_what_a_document_is(
    group_by: Any, asked: int, face: str, rules: list[Rule], found: list[Document]
) -> None:
    backend = ScriptedBackend()
    compressed(ClassifyDocumentCompressor(rules, backend=backend, group_by=group_by), face, found)
    assert len(backend.asked) == asked


def test_the_original_file_is_classified_where_it_is_asked_for(face: str, rules: list[Rule], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("all of an invoice")
    chunk = Document(page_content="a part", metadata={"file_path": str(tmp_path / "a.txt")})
    backend = ScriptedBackend()
    [passed] = compressed(ClassifyDocumentCompressor(rules, backend=backend, source="file"), face, [chunk])
    assert list(backend.asked) == ["all of an invoice"]
    assert (passed.page_content, passed.metadata["classify_type"]) == ("a part", "invoice")


def test_a_stale_label_is_made_anew_and_a_fresh_one_of_ingestion_is_not(
    face: str, rules: list[Rule], found: list[Document]
) -> None:
    backend = ScriptedBackend()
    stale = ClassifyDocumentTransformer(rules[1:], backend=ScriptedBackend()).transform_documents(found)
    fresh = ClassifyDocumentTransformer(rules, backend=backend).transform_documents(found)
    compressor = ClassifyDocumentCompressor(rules, backend=backend, cache=False)
    assert compressed(compressor, face, fresh) == fresh
    assert backend.asked.total() == 3
    assert compressed(compressor, face, stale) == fresh
    assert backend.asked.total() == 6


def test_parts_can_be_labelled_by_themselves_beside_their_documents_label(
    face: str, rules: list[Rule], found: list[Document]
) -> None:
    labelled = ClassifyDocumentTransformer(rules, backend=ScriptedBackend()).transform_documents(found)
    alone = ClassifyDocumentCompressor(rules, backend=ScriptedBackend(), group_by=None, prefix="part_")
    passed = compressed(alone, face, labelled)
    assert [one.metadata["classify_type"] for one in passed] == ["invoice", "recipe", "invoice", "uncategorized"]
    assert [one.metadata["part_type"] for one in passed] == ["invoice", "recipe", "uncategorized", "uncategorized"]


def test_a_type_that_somebody_else_wrote_is_an_error_unless_overwritten(
    face: str, rules: list[Rule], found: list[Document]
) -> None:
    found[0].metadata["classify_type"] = "mine"
    with pytest.raises(ForeignLabelError, match="overwrite=True"):
        compressed(ClassifyDocumentCompressor(rules, backend=ScriptedBackend()), face, found)
    passed = compressed(ClassifyDocumentCompressor(rules, backend=ScriptedBackend(), overwrite=True), face, found)
    assert passed[0].metadata["classify_type"] == "invoice"


@pytest.mark.parametrize("given", [Document(page_content="x"), "a text", ["a text"], None])
def test_what_is_no_list_of_documents_is_refused(given: Any, face: str, rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError):
        compressed(ClassifyDocumentCompressor(rules, backend="local"), face, given)


async def test_what_works_while_it_is_iterated_never_does_so_on_the_event_loop(
    rules: list[Rule], found: list[Document]
) -> None:
    threads = set[threading.Thread]()

    def searching() -> Iterator[Document]:
        for one in found:
            threads.add(threading.current_thread())
            yield one

    passed = await ClassifyDocumentCompressor(rules, backend=ScriptedBackend()).acompress_documents(searching(), QUERY)
    assert ids(passed) == ids(found)
    assert threading.main_thread() not in threads


def test_a_failed_document_passes_annotated_whatever_is_kept(
    face: str, rules: list[Rule], found: list[Document]
) -> None:
    compressor = ClassifyDocumentCompressor(
        rules, backend=fails_on("sea"), keep_types=["invoice"], drop_types=["recipe"]
    )
    passed = compressed(compressor, face, found)
    assert ids(passed) == ["bill-2", "bill-1", "poem"]
    assert passed[2].metadata["classify_status"] == "failed"
    assert "no sea here" in passed[2].metadata["classify_error"]


def test_on_failure_can_raise_with_all_outcomes_or_skip(face: str, rules: list[Rule], found: list[Document]) -> None:
    with pytest.raises(BatchError, match="no sea here") as caught:
        compressed(ClassifyDocumentCompressor(rules, backend=fails_on("sea"), on_failure="raise"), face, found)
    assert [one.type for one in caught.value.outcomes] == ["invoice", "recipe", None]
    skipping = ClassifyDocumentCompressor(rules, backend=fails_on("sea"), on_failure="skip")
    assert ids(compressed(skipping, face, found)) == ["bill-2", "cake", "bill-1"]


class PatientBackend(HeldBackend):
    """Never answers, and keeps how long it was waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        self.seconds.append(timeout)
        return await super().classify(request, timeout=timeout)


def test_the_time_out_holds_for_the_whole_query(face: str, rules: list[Rule], found: list[Document]) -> None:
    backend = PatientBackend()
    compressor = ClassifyDocumentCompressor(rules, backend=backend, timeout=0.3, max_concurrency=1, group_by=None)
    passed = compressed(compressor, face, found)
    assert ids(passed) == ids(found)
    assert set(statuses(passed)) <= {"timeout", "not_started"}
    assert sum(backend.seconds) < 2 * 0.3  # and not for each document all of the time


def test_a_query_has_ten_seconds_unless_told_otherwise(rules: list[Rule]) -> None:
    assert ClassifyDocumentCompressor(rules, backend="local").deadline == 10.0
    assert ClassifyDocumentCompressor(rules, backend="local", timeout=2).deadline == 2
    shared = ClassifyDocumentTransformer(rules, backend="local").classifier
    assert ClassifyDocumentCompressor(classifier=shared).deadline == 10.0
    assert reloaded(ClassifyDocumentCompressor(classifier=shared)).deadline == 10.0
    patient = ClassifyDocumentTransformer(rules, backend="local", timeout=60).classifier
    assert ClassifyDocumentCompressor(classifier=patient).deadline == 60.0


@pytest.mark.parametrize("fault", ["unauthorised", "unreachable", "out of credits"])
def test_a_hosted_classifier_that_refuses_does_not_fail_the_query(
    fault: str, face: str, rules: list[Rule], found: list[Document], service: ClassifyService
) -> None:
    key, address = service.api_key, service.base_url
    if fault == "unauthorised":
        key = "llx-wrong-key-0123456789"
    if fault == "unreachable":
        address = "http://127.0.0.1:9"
    if fault == "out of credits":
        service.fail_next("*", status=402, body={"detail": "no credits"}, times=100)
    compressor = ClassifyDocumentCompressor(rules, backend="hosted", api_key=key, base_url=address, timeout=0.5)
    with compressor.classifier:
        passed = compressed(compressor, face, found)
    assert ids(passed) == ids(found)
    assert set(statuses(passed)) <= {"failed", "not_started", "timeout"}
    assert not [one for one in passed if "classify_type" in one.metadata]


UNPREPARED = {
    "unknown": NotFoundError("there is no such configuration", status=404),
    "unreachable": ConnectionFailedError("connection refused"),
    "broken": ValueError("the document says llx-secret"),
    "slow": None,
}


@pytest.mark.parametrize("loads", UNPREPARED.values(), ids=UNPREPARED.keys())
def test_a_saved_configuration_that_cannot_be_loaded_does_not_fail_the_query(
    loads: Exception | None, face: str, rules: list[Rule], found: list[Document], caplog: pytest.LogCaptureFixture
) -> None:
    [labelled] = ClassifyDocumentTransformer(rules, backend=ScriptedBackend()).transform_documents(found[:1])
    compressor = ClassifyDocumentCompressor(
        configuration_id="cfg-1", backend=SavedBackend(loads), timeout=0.01, keep_types=["invoice"]
    )
    with caplog.at_level(logging.WARNING, logger="classify_core"):
        passed = compressed(compressor, face, [labelled, *found[1:]])
    assert ids(passed) == ids(found)
    assert passed[0] == labelled
    assert statuses(passed[1:]) == ["not_started"] * 3
    assert "rules or examples could not be loaded" in caplog.text
    assert "llx-secret" not in caplog.text


def test_a_saved_configuration_is_loaded_when_the_first_documents_come(
    face: str, rules: list[Rule], found: list[Document]
) -> None:
    backend = SavedBackend(ClassifyConfiguration(rules=rules))
    compressor = ClassifyDocumentCompressor(configuration_id="cfg-1", backend=backend, keep_types=["invoice"])
    assert ids(compressed(compressor, face, found)) == ["bill-2", "bill-1"]


class Handler(BaseCallbackHandler):
    """Keeps the progress it is told, and the runs that it is told in."""

    def __init__(self, *, loud: bool = False) -> None:
        self.raise_error = loud
        self.stages: list[str] = []
        self.told_in: set[Any] = set()
        self.begun: set[Any] = set()

    def on_chain_start(self, *args: Any, run_id: Any, **kwargs: Any) -> None:
        self.begun.add(run_id)

    def on_custom_event(self, name: str, data: Any, *, run_id: Any, **kwargs: Any) -> None:
        assert name == EVENT_NAME
        assert SECRET_WORDS not in str(data)
        self.stages.append(data["stage"])
        self.told_in.add(run_id)
        if self.raise_error:
            raise LookupError(name)


def test_callbacks_hear_of_each_documents_progress_within_a_run_of_ours(
    face: str, rules: list[Rule], found: list[Document]
) -> None:
    handler = Handler()
    compressed(ClassifyDocumentCompressor(rules, backend=fails_on("sea")), face, found, [handler])
    assert sorted(handler.stages) == ["done", "done", "failed"]
    assert handler.told_in == handler.begun
    assert len(handler.begun) == 1


async def test_without_callbacks_those_of_the_run_around_are_told(rules: list[Rule], found: list[Document]) -> None:
    compressor = ClassifyDocumentCompressor(rules, backend=ScriptedBackend())
    step = RunnableLambda(
        lambda documents: compressor.compress_documents(documents, QUERY),
        afunc=lambda documents: compressor.acompress_documents(documents, QUERY),
    )
    for ended in (lambda config: asyncio.to_thread(step.invoke, found, config), lambda c: step.ainvoke(found, c)):
        recorder = Recorder()
        await ended({"callbacks": [recorder]})
        [run] = recorder.named("ClassifyDocumentCompressor")
        [around] = recorder.named("RunnableLambda")
        assert run.parent_run_id == around.id


def test_a_handler_that_raises_ends_the_query_only_where_it_says_so(
    face: str, rules: list[Rule], found: list[Document]
) -> None:
    quiet = Handler()
    assert compressed(ClassifyDocumentCompressor(rules, backend=ScriptedBackend()), face, found, [quiet])
    with pytest.raises(LookupError, match=EVENT_NAME):
        compressed(ClassifyDocumentCompressor(rules, backend=ScriptedBackend()), face, found, [Handler(loud=True)])


async def test_queries_may_share_one_compressor(rules: list[Rule], found: list[Document]) -> None:
    backend = ScriptedBackend()
    shared = ClassifyDocumentCompressor(rules, backend=backend)
    before = repr(shared)
    answers = await asyncio.gather(*(shared.acompress_documents(found, QUERY) for _ in range(10)))
    assert all(answer == answers[0] for answer in answers)
    assert set(backend.asked.values()) == {1}
    assert repr(shared) == before


async def test_against_a_real_server_thirty_pages_are_one_job_and_the_next_query_none(
    rules: list[Rule], classify_server: ClassifyServer
) -> None:
    pages = [
        Document(page_content=f"invoice number 7, page {n}, total amount due", metadata={"source": "a.pdf", "page": n})
        for n in range(30)
    ]
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=4))
    await store.aadd_documents(pages)
    compressor = ClassifyDocumentCompressor(
        rules,
        api_key=classify_server.api_key,
        base_url=classify_server.base_url,
        timeout=30,
        keep_types=["invoice"],
    )
    retriever = ContextualCompressionRetriever(
        base_compressor=compressor, base_retriever=store.as_retriever(search_kwargs={"k": 30})
    )
    async with compressor.classifier:
        awaited = await retriever.ainvoke(QUERY)
        assert retriever.invoke(QUERY) == awaited
        assert compressor.compress_documents(awaited, QUERY) == awaited
    assert len(awaited) == 30
    assert classify_server.requests.count("POST /api/v2/classify") == 1
