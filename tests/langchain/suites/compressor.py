"""What each document compressor of ours promises, in the manner of LangChain's standard suites."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_classic.retrievers.document_compressors import DocumentCompressorPipeline
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.retrievers import BaseRetriever

from classify_core import Rule
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import INVOICE_TEXT, RECIPE_TEXT, SECRET_WORDS, Recorder, fails_on
from tests.langchain.suites.component import DumpableSuite

QUERY = "which of it do we owe?"


class HeldRetriever(BaseRetriever):
    """Finds the same documents for whatever question, and holds them from one question to the next."""

    documents: list[Document]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return self.documents


class Page(Document):
    """A user's own kind of document."""

    number: int = 0


def found_documents() -> list[Document]:
    return [
        Document(page_content=INVOICE_TEXT, metadata={"source": "acme.pdf", "page": 1, "tags": ["x"]}, id="1"),
        Document(page_content=RECIPE_TEXT, metadata={"source": "cake.txt"}, id="2"),
        Document(page_content="the sea was calm", metadata={}, id=None),
        Page(page_content="first page", metadata={"source": "acme.pdf", "page": 0}, id="4", number=7),
    ]


class CompressorSuite(DumpableSuite):
    """For a compressor that labels documents and lets all of them through."""

    def apply(self, component: Any, text: str) -> Any:
        return component.compress_documents([Document(page_content=text)], QUERY)

    @pytest.fixture(params=["compress_documents", "acompress_documents"])
    def face(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture(params=["alone", "in a retriever", "in a pipeline of a retriever"])
    def place(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def compressed(
        self, compressor: Any, face: str, documents: list[Document], query: str = QUERY, callbacks: Any = None
    ) -> list[Document]:
        found = getattr(compressor, face)(documents, query, callbacks)
        return asyncio.run(found) if asyncio.iscoroutine(found) else found

    def retrieved(
        self, compressor: Any, face: str, place: str, documents: list[Document], callbacks: Any = None
    ) -> list[Document]:
        """What comes of documents where the compressor stands in a place."""
        if place == "alone":
            return self.compressed(compressor, face, documents, callbacks=callbacks)
        inner = DocumentCompressorPipeline(transformers=[compressor, compressor]) if "pipeline" in place else compressor
        retriever = ContextualCompressionRetriever(
            base_compressor=inner, base_retriever=HeldRetriever(documents=documents)
        )
        config: Any = {"callbacks": callbacks}
        if face == "compress_documents":
            return retriever.invoke(QUERY, config)
        return asyncio.run(retriever.ainvoke(QUERY, config))

    def test_it_is_a_compressor_of_langchains(self, rules: list[Rule]) -> None:
        assert isinstance(self.make(rules, backend="local"), BaseDocumentCompressor)

    def test_order_ids_texts_and_metadata_are_kept(self, face: str, place: str, rules: list[Rule]) -> None:
        given = found_documents()
        passed = self.retrieved(self.make(rules, backend=ScriptedBackend()), face, place, given)
        assert [one.id for one in passed] == ["1", "2", None, "4"]
        assert [one.page_content for one in passed] == [one.page_content for one in given]
        for before, after in zip(given, passed, strict=True):
            assert before.metadata.items() <= after.metadata.items()
        assert isinstance(passed[3], Page)
        assert passed[3].number == 7

    def test_what_was_retrieved_is_never_changed(self, face: str, place: str, rules: list[Rule]) -> None:
        given = found_documents()
        before = copy.deepcopy(given)
        passed = self.retrieved(self.make(rules, backend=ScriptedBackend()), face, place, given)
        for one in passed:
            one.metadata["added later"] = 1
        assert given == before
        assert not {id(one) for one in given} & {id(one) for one in passed}

    def test_the_pages_of_a_file_are_one_classification(self, face: str, place: str, rules: list[Rule]) -> None:
        backend = ScriptedBackend()
        passed = self.retrieved(self.make(rules, backend=backend), face, place, found_documents())
        assert dict(backend.asked) == {f"first page\n\n{INVOICE_TEXT}": 1, RECIPE_TEXT: 1, "the sea was calm": 1}
        types = [one.metadata["classify_type"] for one in passed]
        assert types == ["invoice", "recipe", "uncategorized", "invoice"]

    def test_a_fresh_label_costs_nothing(self, face: str, rules: list[Rule]) -> None:
        backend = ScriptedBackend()
        compressor = self.make(rules, backend=backend, cache=False)
        once = self.compressed(compressor, face, found_documents())
        assert self.compressed(compressor, face, once) == once
        assert backend.asked.total() == 3

    def test_nothing_found_is_no_work(self, face: str, rules: list[Rule]) -> None:
        assert self.compressed(self.make(rules, backend=ScriptedBackend()), face, []) == []

    def test_the_question_changes_nothing(self, face: str, rules: list[Rule]) -> None:
        compressor = self.make(rules, backend=ScriptedBackend())
        answers = [self.compressed(compressor, face, found_documents(), query) for query in ("", "recipe?", QUERY)]
        assert answers[0] == answers[1] == answers[2]

    def test_a_failing_classifier_does_not_fail_the_query(self, face: str, place: str, rules: list[Rule]) -> None:
        passed = self.retrieved(self.make(rules, backend=fails_on("recipe")), face, place, found_documents())
        assert [one.metadata["classify_status"] for one in passed] == ["completed", "failed", "completed", "completed"]
        assert "no recipe here" in passed[1].metadata["classify_error"]
        assert "classify_type" not in passed[1].metadata

    def test_a_tracer_sees_its_run_within_the_retrievers_and_no_text_in_it(
        self, face: str, place: str, rules: list[Rule]
    ) -> None:
        recorder = Recorder()
        compressor = self.make(rules, backend=ScriptedBackend())
        self.retrieved(compressor, face, place, found_documents(), [recorder])
        name = type(compressor).__name__
        runs = recorder.named(name)
        assert len(runs) == (2 if "pipeline" in place else 1)
        for run in runs:
            assert run.outputs is not None
            assert (run.inputs["count"], run.outputs["count"]) == (4, 4)
            assert run.inputs["documents"][0]["name"] == "acme.pdf"
            assert run.outputs["documents"][0] == {"name": "acme.pdf", "type": "invoice", "status": "completed"}
            assert (run.parent_run_id is None) == (place == "alone")
        assert SECRET_WORDS not in recorder.told(name)
        assert QUERY not in recorder.told(name)

    async def test_the_loop_runs_on_while_documents_are_classified(self, rules: list[Rule]) -> None:
        backend = HeldBackend()
        compressor = self.make(rules, backend=backend, timeout=20.0)
        retriever = ContextualCompressionRetriever(
            base_compressor=compressor, base_retriever=HeldRetriever(documents=found_documents())
        )
        work = asyncio.create_task(retriever.ainvoke(QUERY))
        await until(backend.begun.is_set)  # only a loop that is not blocked comes back from here
        assert not work.done()
        backend.release.set()
        # Where the loop stood still nothing was released before the time was up.
        assert [one.metadata["classify_status"] for one in await work] == ["completed"] * 4

    async def test_cancelling_the_query_cancels_the_work(self, rules: list[Rule]) -> None:
        backend = HeldBackend()
        work = asyncio.create_task(self.make(rules, backend=backend).acompress_documents(found_documents(), QUERY))
        await until(backend.begun.is_set)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        await until(lambda: backend.cancelled >= 1)
        assert not backend.asked
