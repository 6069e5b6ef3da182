"""The transformer with LangChain's retries, and its lists as each is done."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.documents import Document

from classify_core import AuthenticationError, BatchError, ClassifyError, InvalidOptionError
from classify_core.errors import ConnectionFailedError
from langchain_classify import ClassifyDocumentTransformer
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import INVOICE_TEXT, SECRET_WORDS, TAKES_ALLOWED_OBJECTS, Recorder, fails_on, reloaded
from tests.langchain.suites.transformer import transformed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classify_core import Rule

FACES = ("invoke", "ainvoke", "batch", "abatch", "stream", "astream")


def failing_once(word: str) -> ScriptedBackend:
    """A backend that loses the connection the first time that a text has a word in it."""
    begun = Counter[str]()

    def failure(text: str) -> ClassifyError | None:
        begun[text] += 1
        return ConnectionFailedError("lost") if word in text and begun[text] == 1 else None

    return ScriptedBackend(failure)


def documents(*texts: str) -> list[Document]:
    return [Document(page_content=text, metadata={"source": f"/home/ada/{n}.txt"}) for n, text in enumerate(texts)]


def raising(rules: Sequence[Rule], backend: ScriptedBackend, **options: Any) -> Any:
    transformer = ClassifyDocumentTransformer(rules, backend=backend, on_failure="raise")
    return transformer.with_retry(wait_exponential_jitter=False, **options)


@pytest.mark.parametrize("face", FACES)
def test_what_may_pass_is_tried_again_and_what_is_classified_is_not(face: str, rules: list[Rule]) -> None:
    backend = failing_once("broken")
    found = transformed(raising(rules, backend), face, documents("an invoice", "a broken recipe"))
    assert [one.metadata["classify_type"] for one in found] == ["invoice", "recipe"]
    assert backend.asked == {"an invoice": 1, "a broken recipe": 2}


@pytest.mark.parametrize("face", FACES)
def test_what_will_never_succeed_is_not_tried_again(face: str, rules: list[Rule]) -> None:
    backend = fails_on("broken", AuthenticationError)
    with pytest.raises(BatchError):
        transformed(raising(rules, backend), face, documents("broken"))
    assert backend.asked == {"broken": 1}


def test_a_list_in_which_something_failed_for_good_is_not_tried_again(rules: list[Rule]) -> None:
    failures = {"lost": ConnectionFailedError("lost"), "broken": ClassifyError("broken")}
    backend = ScriptedBackend(failures.get)
    with pytest.raises(BatchError):
        raising(rules, backend).invoke(documents("lost", "broken"))
    assert backend.asked == {"lost": 1, "broken": 1}


def test_what_is_tried_again_can_be_chosen_and_how_often(rules: list[Rule]) -> None:
    for choice in ((ClassifyError,), lambda error: isinstance(error, BatchError)):
        backend = fails_on("broken")
        with pytest.raises(BatchError):
            raising(rules, backend, retry_if_exception_type=choice, stop_after_attempt=4).invoke(documents("broken"))
        assert backend.asked == {"broken": 4}


def test_what_is_no_list_of_documents_is_refused_at_once(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError):
        raising(rules, ScriptedBackend()).invoke("a text")


@pytest.mark.parametrize("face", ["batch", "abatch"])
def test_each_list_of_a_batch_is_tried_again_by_itself(face: str, rules: list[Rule]) -> None:
    given = [documents("broken for good"), documents("an invoice"), documents("lost recipe")]
    lost = failing_once("lost")
    backend = ScriptedBackend(lambda text: ClassifyError("no") if "good" in text else lost.behaviour(text))
    call = getattr(raising(rules, backend), face)(given, return_exceptions=True)
    broken, invoice, recipe = asyncio.run(call) if asyncio.iscoroutine(call) else call
    assert isinstance(broken, BatchError)
    assert [one.metadata["classify_type"] for one in (*invoice, *recipe)] == ["invoice", "recipe"]
    assert backend.asked == {"broken for good": 1, "an invoice": 1, "lost recipe": 2}


@pytest.mark.parametrize("face", FACES)
def test_no_run_of_the_attempts_shows_a_text_or_where_a_file_lies(face: str, rules: list[Rule]) -> None:
    recorder = Recorder()
    retrying = raising(rules, failing_once("invoice")).with_config(callbacks=[recorder])
    transformed(retrying, face, documents(INVOICE_TEXT))
    assert len(recorder.runs) == 3  # two attempts, and what is around them
    assert [run.outputs for run in recorder.runs if run.parent_run_id is None] == [{"count": 1}]
    assert "0.txt" in recorder.told()
    assert [secret for secret in (SECRET_WORDS, "/home/ada") if secret in recorder.told()] == []


def test_it_is_dumped_and_loaded_and_still_spares_what_will_never_succeed(rules: list[Rule]) -> None:
    retrying = ClassifyDocumentTransformer(rules, backend="local").with_retry(stop_after_attempt=2)
    kinds = [type(retrying), ClassifyDocumentTransformer]
    again = reloaded(retrying, **({"allowed_objects": kinds} if TAKES_ALLOWED_OBJECTS else {}))
    assert type(again) is type(retrying)
    assert again.max_attempt_number == 2
    assert again.retry_exception_types == retrying.retry_exception_types


async def test_lists_come_as_each_is_done_and_no_more_are_open_than_the_config_allows(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    transformer = ClassifyDocumentTransformer(rules, backend=backend)
    given = [documents(f"invoice {number}") for number in range(5)]
    found = {place: one async for place, one in transformer.abatch_as_completed(given, {"max_concurrency": 1})}
    assert [found[place][0].page_content for place in range(5)] == [one[0].page_content for one in given]
    assert backend.most_at_once == 1
    assert [one async for one in transformer.abatch_as_completed([])] == []


async def test_lists_as_they_are_done_hold_errors_where_they_are_asked_for(rules: list[Rule]) -> None:
    transformer = ClassifyDocumentTransformer(rules, backend=fails_on("broken"), on_failure="raise")
    given = [documents("broken"), documents("an invoice")]
    found = {place: one async for place, one in transformer.abatch_as_completed(given, return_exceptions=True)}
    assert isinstance(found[0], BatchError)
    assert found[1][0].metadata["classify_type"] == "invoice"


async def test_behind_an_error_no_list_goes_on(rules: list[Rule]) -> None:
    backend = HeldBackend()
    transformer = ClassifyDocumentTransformer(rules, backend=backend)
    foreign = [Document(page_content="theirs", metadata={"classify_type": "mine"})]

    async def completed() -> None:
        async for _ in transformer.abatch_as_completed([documents("held"), _after(backend, foreign)]):
            pass

    with pytest.raises(ClassifyError):
        await completed()
    await until(lambda: backend.cancelled == 1)
    assert not backend.asked


def _after(backend: HeldBackend, given: list[Document]) -> Any:
    """Documents that come once the backend has begun with others."""
    assert backend.begun.wait(20)
    yield from given
