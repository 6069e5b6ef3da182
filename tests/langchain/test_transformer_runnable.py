"""The transformer as a Runnable: batches of lists, their bounds and traces, and what can be configured for a call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import ConfigurableField

from classify_core import BatchError, ForeignLabelError, InvalidOptionError, Rule
from langchain_classify import ClassifyDocumentTransformer
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import INVOICE_TEXT, RECIPE_TEXT, SECRET_WORDS, Recorder, fails_on

FOREIGN = [Document(page_content="theirs", metadata={"classify_type": "mine"})]


def invoices(count: int, start: int = 0) -> list[Document]:
    return [Document(page_content=f"invoice {number}") for number in range(start, start + count)]


def types(documents: list[Document]) -> list[str]:
    return [one.metadata["classify_type"] for one in documents]


@pytest.fixture(params=["batch", "abatch"])
def batch(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Calls either face of a batch."""

    def call(transformer: ClassifyDocumentTransformer, *args: Any, **options: Any) -> Any:
        if request.param == "batch":
            return transformer.batch(*args, **options)
        return asyncio.run(transformer.abatch(*args, **options))

    return call


def test_a_batch_of_lists_comes_back_as_lists_in_the_order_given(batch: Callable[..., Any], rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    given = [invoices(2), [], [Document(page_content="a recipe")], invoices(1)]
    found = batch(ClassifyDocumentTransformer(rules, backend=backend), given)
    assert [types(one) for one in found] == [["invoice"] * 2, [], ["recipe"], ["invoice"]]
    assert backend.asked.total() == 3  # a document that is in two lists is classified once
    assert batch(ClassifyDocumentTransformer(rules, backend=backend), []) == []


def test_pages_of_a_file_in_two_lists_are_not_one_document(batch: Callable[..., Any], rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    given = [[Document(page_content=f"invoice {n}", metadata={"source": "a.pdf", "page": n})] for n in range(2)]
    batch(ClassifyDocumentTransformer(rules, backend=backend), given)
    assert sorted(backend.asked) == ["invoice 0", "invoice 1"]


def test_of_all_lists_no_more_documents_are_open_than_the_classifier_allows(
    batch: Callable[..., Any], rules: list[Rule]
) -> None:
    backend = ScriptedBackend()
    transformer = ClassifyDocumentTransformer(rules, backend=backend, max_concurrency=3)
    batch(transformer, [invoices(10, start=10 * number) for number in range(6)])
    assert backend.asked.total() == 60
    assert backend.most_at_once == 3


class Counting(ScriptedBackend):
    """Counts of how many lists, which the first word tells, documents are open at once."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.most_lists = 0

    async def classify(self, request: Any, *, timeout: float) -> Any:
        name = request.content.data.decode().split()[0]
        self.open.append(name)
        self.most_lists = max(self.most_lists, len(set(self.open)))
        try:
            return await super().classify(request, timeout=timeout)
        finally:
            self.open.remove(name)


def test_the_configs_bound_is_how_many_lists_are_worked_on_at_once(
    batch: Callable[..., Any], rules: list[Rule]
) -> None:
    def most_lists(**config: Any) -> int:
        backend = Counting()
        given = [[Document(page_content=f"{name} {n} invoice") for n in range(3)] for name in "abcdef"]
        batch(ClassifyDocumentTransformer(rules, backend=backend, max_concurrency=50), given, config)
        return backend.most_lists

    assert most_lists(max_concurrency=1) == 1
    assert most_lists(max_concurrency=2) <= 2


def test_of_a_batch_all_lists_are_worked_on_whatever_fails(batch: Callable[..., Any], rules: list[Rule]) -> None:
    backend = fails_on("broken")
    transformer = ClassifyDocumentTransformer(rules, backend=backend, on_failure="raise")
    given: list[Any] = [FOREIGN, [Document(page_content="broken")], ["a text"], invoices(5)]
    foreign, broken, text, fine = batch(transformer, given, return_exceptions=True)
    assert [type(one) for one in (foreign, broken, text)] == [ForeignLabelError, BatchError, InvalidOptionError]
    assert types(fine) == ["invoice"] * 5
    backend.asked.clear()
    with pytest.raises(ForeignLabelError):
        batch(transformer, [FOREIGN, invoices(5, start=100)])
    assert backend.asked.total() == 5  # none goes on in the background once the call is over


async def test_cancelling_a_batch_cancels_all_of_its_lists(rules: list[Rule]) -> None:
    backend = HeldBackend()
    transformer = ClassifyDocumentTransformer(rules, backend=backend, max_concurrency=10)
    work = asyncio.create_task(transformer.abatch([invoices(1), invoices(1, start=1)]))
    await until(backend.begun.is_set)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: backend.cancelled >= 1)
    backend.release.set()
    assert not backend.asked


def test_each_list_of_a_batch_is_a_run_that_shows_no_text(batch: Callable[..., Any], rules: list[Rule]) -> None:
    recorders = [Recorder() for _ in range(3)]
    given = [
        [Document(page_content=INVOICE_TEXT, metadata={"source": "acme.pdf"})],
        [Document(page_content=RECIPE_TEXT, metadata={"source": "cake.pdf"})] * 2,
        [Document(page_content=SECRET_WORDS, metadata={"source": "theirs.pdf", "classify_type": "mine"})],
    ]
    configs = [{"callbacks": [recorder], "tags": [str(n)]} for n, recorder in enumerate(recorders)]
    transformer = ClassifyDocumentTransformer(rules, backend="local")
    batch(transformer, given, configs, return_exceptions=True)
    runs = [recorder.runs for recorder in recorders]
    assert [len(of_list) for of_list in runs] == [1, 1, 1]
    assert [of_list[0].inputs["count"] for of_list in runs] == [1, 2, 1]
    assert [of_list[0].tags for of_list in runs] == [["0"], ["1"], ["2"]]
    assert "ForeignLabelError" in str(runs[2][0].error)
    assert not [recorder for recorder in recorders if SECRET_WORDS in recorder.told()]


def test_a_batch_is_worked_on_in_threads_without_a_running_loop_and_within_one(rules: list[Rule]) -> None:
    transformer = ClassifyDocumentTransformer(rules, backend="local")
    given = [[Document(page_content=INVOICE_TEXT)], [Document(page_content=RECIPE_TEXT)]]

    async def within_a_loop() -> list[list[Document]]:
        return transformer.batch(given)

    assert asyncio.run(within_a_loop()) == transformer.batch(given)


def test_fields_can_be_configured_for_a_call(rules: list[Rule]) -> None:
    configurable = ClassifyDocumentTransformer(rules, backend=fails_on("broken")).configurable_fields(
        rules=ConfigurableField(id="rules"),
        min_confidence=ConfigurableField(id="min_confidence"),
        group_by=ConfigurableField(id="group_by"),
        on_failure=ConfigurableField(id="on_failure"),
        keep_types=ConfigurableField(id="keep_types"),
        overwrite=ConfigurableField(id="overwrite"),
        backend=ConfigurableField(id="backend"),
    )
    given = [
        Document(page_content="an invoice", metadata={"case": 1}),
        Document(page_content="a letter with a recipe", metadata={"case": 1}),
        Document(page_content="broken"),
    ]

    def run(**configured: Any) -> list[str | None]:
        found = configurable.invoke(given, {"configurable": configured})
        return [one.metadata.get("classify_type") for one in found]

    assert run() == ["invoice", "recipe", None]
    assert run(min_confidence=0.95) == ["uncategorized", "uncategorized", None]
    assert run(group_by="case") == ["invoice", "invoice", None]
    assert run(on_failure="skip") == ["invoice", "recipe"]
    assert run(keep_types=["recipe"]) == ["recipe", None]
    letter = Rule(type="letter", description="A letter to a person.")
    assert run(rules=[letter]) == ["uncategorized", "letter", None]
    assert run(backend=ScriptedBackend()) == ["invoice", "recipe", "uncategorized"]
    with pytest.raises(ForeignLabelError):
        configurable.invoke(FOREIGN)
    assert types(configurable.invoke(FOREIGN, {"configurable": {"overwrite": True}})) == ["uncategorized"]


def test_the_source_can_be_configured_for_a_call(rules: list[Rule], tmp_path: Any) -> None:
    (tmp_path / "a.txt").write_text("an invoice")
    document = Document(page_content="a recipe", metadata={"source": str(tmp_path / "a.txt")})
    configurable = ClassifyDocumentTransformer(rules, backend=ScriptedBackend()).configurable_fields(
        source=ConfigurableField(id="source")
    )
    assert types(configurable.invoke([document])) == ["recipe"]
    assert types(configurable.invoke([document], {"configurable": {"source": "file"}})) == ["invoice"]


def test_a_fallback_takes_over_where_a_failure_is_raised(rules: list[Rule]) -> None:
    first = ClassifyDocumentTransformer(rules, backend=fails_on("invoice"), on_failure="raise")
    chain = first.with_fallbacks([ClassifyDocumentTransformer(rules, backend=ScriptedBackend())])
    assert types(chain.invoke(invoices(2))) == ["invoice"] * 2


def test_as_a_step_of_a_chain_its_batch_is_one_run_a_list(batch: Callable[..., Any], rules: list[Rule]) -> None:
    recorder = Recorder()

    def loaded(count: int) -> list[Document]:
        return [Document(page_content=f"{INVOICE_TEXT} {number}") for number in range(count)]

    chain: Any = loaded | ClassifyDocumentTransformer(rules, backend=ScriptedBackend()) | len
    assert batch(chain, [1, 2, 3], {"callbacks": [recorder]}) == [1, 2, 3]
    runs = recorder.named("ClassifyDocumentTransformer")
    assert sorted(run.inputs["count"] for run in runs) == [1, 2, 3]
    assert all(run.parent_run_id is not None for run in runs)
    assert SECRET_WORDS not in recorder.told("ClassifyDocumentTransformer")
