"""Who has the whole list lets its documents teach each other; who has a part of it never does."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from langchain_core.documents.base import Blob
from langchain_core.load import dumps
from langchain_core.runnables import ConfigurableField, RunnableLambda

from classify_core import Classifier
from langchain_classify import (
    ClassifyDocumentCompressor,
    ClassifyDocumentTransformer,
    ClassifyLoader,
    ClassifyRunnable,
    ClassifyTool,
    route_by_type,
)
from tests.backends import ScriptedBackend
from tests.langchain.helpers import Recorder, reloaded
from tests.teaching_documents import RULES, document, silent_places, teaching_documents

if TYPE_CHECKING:
    from pathlib import Path

    from classify_core.testing.server import ClassifyServer

TEXTS, KINDS = teaching_documents()
SILENT = silent_places()
ALONE, TOGETHER = {"local/lexical"}, {"local/lexical+batch"}
SECRET = "the text of an example that nobody may see"


class Texts(BaseLoader):
    """Loads the texts."""

    def lazy_load(self) -> Iterator[Document]:
        yield from _documents()


def _documents() -> list[Document]:
    return [Document(text) for text in TEXTS]


def _transformer(**options: Any) -> ClassifyDocumentTransformer:
    return ClassifyDocumentTransformer(RULES, backend="local", **options)


def _loader(**options: Any) -> ClassifyLoader:
    return ClassifyLoader(Texts(), RULES, backend="local", **options)


def _runnable(**options: Any) -> ClassifyRunnable:
    return ClassifyRunnable(RULES, backend="local", **options)


def _broken() -> ClassifyRunnable:
    return ClassifyRunnable(RULES, backend=ScriptedBackend(lambda _: ValueError("broken")))


async def _gathered(values: AsyncIterator[Any]) -> list[Any]:
    return [each async for each in values]


async def _of_lists(values: list[Document]) -> AsyncIterator[list[Document]]:
    for each in values:
        yield [each]


LISTS: dict[str, Callable[..., Any]] = {
    "transform_documents": lambda **options: _transformer(**options).transform_documents(_documents()),
    "atransform_documents": lambda **options: _transformer(**options).atransform_documents(_documents()),
    "transformer.invoke": lambda **options: _transformer(**options).invoke(_documents()),
    "transformer.ainvoke": lambda **options: _transformer(**options).ainvoke(_documents()),
    "transformer.batch": lambda **options: _transformer(**options).batch([_documents()])[0],
    "transformer.with_retry": lambda **options: _transformer(**options).with_retry().invoke(_documents()),
    "load": lambda **options: _loader(**options).load(),
    "aload": lambda **options: _loader(**options).aload(),
    "load blobs": lambda **options: ClassifyLoader(
        blobs=map(Blob.from_data, TEXTS), rules=RULES, backend="local", **options
    ).load(),
}
BATCHES: dict[str, Callable[..., Any]] = {
    "batch": lambda **options: _runnable(**options).batch(TEXTS),
    "abatch": lambda **options: _runnable(**options).abatch(TEXTS),
    "map": lambda **options: _runnable(**options).map().invoke(TEXTS),
    "batch with_config": lambda **options: _runnable(**options).with_config(tags=["a"]).batch(TEXTS),
    "batch with_retry": lambda **options: _runnable(**options).with_retry().batch(TEXTS),
    "abatch with_retry": lambda **options: _runnable(**options).with_retry().abatch(TEXTS),
    "batch with_fallbacks": lambda **options: _broken().with_fallbacks([_runnable(**options)]).batch(TEXTS),
    "abatch with_fallbacks": lambda **options: _broken().with_fallbacks([_runnable(**options)]).abatch(TEXTS),
    "batch in a sequence": lambda **options: (_runnable(**options) | RunnableLambda(lambda found: found)).batch(TEXTS),
}
STREAMS: dict[str, Callable[..., Any]] = {
    "lazy_transform_documents": lambda **options: _transformer(**options).lazy_transform_documents(_documents()),
    "alazy_transform_documents": lambda **options: _gathered(
        _transformer(**options).alazy_transform_documents(_documents())
    ),
    "transform": lambda **options: chain.from_iterable(
        _transformer(**options).transform([each] for each in _documents())
    ),
    "lazy_load": lambda **options: _loader(**options).lazy_load(),
    "alazy_load": lambda **options: _gathered(_loader(**options).alazy_load()),
    "compress_documents": lambda **options: ClassifyDocumentCompressor(
        RULES, backend="local", **options
    ).compress_documents(_documents(), "what?"),
    "acompress_documents": lambda **options: ClassifyDocumentCompressor(
        RULES, backend="local", **options
    ).acompress_documents(_documents(), "what?"),
}


async def _found(way: Callable[..., Any], **options: Any) -> list[Any]:
    found = way(**options)
    return list(await found if hasattr(found, "__await__") else found)


def _labels(found: list[Any]) -> list[tuple[str | None, str]]:
    """Types and backends."""
    if isinstance(found[0], Document):
        told = [(each.metadata["classify_type"], each.metadata["classify_backend"]) for each in found]
        return [(None if kind == "uncategorized" else kind, backend) for kind, backend in told]
    return [(each.type, each.backend) for each in found]


@pytest.mark.parametrize("way", [*LISTS, *BATCHES])
async def test_the_documents_of_a_whole_list_teach_each_other(way: str) -> None:
    found = _labels(await _found((LISTS | BATCHES)[way]))
    assert {backend for _, backend in found} == TOGETHER
    assert [kind for kind, _ in found[: SILENT[0]]] == KINDS[: SILENT[0]]
    assert {found[place][0] for place in SILENT} != {None}


@pytest.mark.parametrize("way", [*LISTS, *BATCHES])
async def test_adapt_false_leaves_each_document_to_itself(way: str) -> None:
    found = _labels(await _found((LISTS | BATCHES)[way], adapt=False))
    assert {backend for _, backend in found} == ALONE
    assert {found[place][0] for place in SILENT} == {None}


@pytest.mark.parametrize("adapt", ["auto", True])
@pytest.mark.parametrize("way", STREAMS)
async def test_streams_and_queries_leave_each_document_to_itself(way: str, adapt: Any) -> None:
    assert {backend for _, backend in _labels(await _found(STREAMS[way], adapt=adapt))} == ALONE


async def test_what_is_told_as_it_is_done_is_told_of_each_document_by_itself() -> None:
    outcomes = dict(_runnable().batch_as_completed(TEXTS))
    awaited = dict(await _gathered(_runnable().abatch_as_completed(TEXTS)))
    retried = dict(_runnable().with_retry().batch_as_completed(TEXTS))
    streamed = await _gathered(_transformer().atransform(_of_lists(_documents())))
    assert {one.backend for found in (outcomes, awaited, retried) for one in found.values()} == ALONE
    assert {each.metadata["classify_backend"] for documents in streamed for each in documents} == ALONE


def test_a_router_of_many_lets_them_teach_each_other() -> None:
    found: list[Any] = []
    router = route_by_type({"kiln_firing": found.append}, default=lambda text: None, classify=_runnable(), rules=RULES)
    router.batch(TEXTS)
    assert len(found) == KINDS.count("kiln_firing")


def test_each_input_of_a_batch_has_a_run_that_ends_with_its_answer() -> None:
    recorder = Recorder()
    outcomes = _runnable().batch(TEXTS, {"callbacks": [recorder]})
    assert [run.outputs for run in recorder.runs] == [{"output": outcome} for outcome in outcomes]


async def test_the_order_of_the_documents_does_not_matter() -> None:
    forwards = _transformer().transform_documents(_documents())
    assert _transformer().transform_documents(_documents()[::-1])[::-1] == forwards
    assert _runnable().batch(TEXTS[::-1])[::-1] == _runnable().batch(TEXTS)


def test_a_label_that_is_there_stays_as_it_is() -> None:
    transformer = _transformer()
    alone = list(transformer.lazy_transform_documents(_documents()))
    assert transformer.transform_documents(alone) == alone
    assert transformer.transform_documents(_documents()) == alone  # by the answers that are known
    made_anew = _transformer(refresh=True).transform_documents(_documents())
    assert {each.metadata["classify_backend"] for each in made_anew} == TOGETHER


def test_a_tool_leaves_each_document_to_itself_and_uses_what_was_learned() -> None:
    classifier, silent = Classifier(RULES, backend="local", cache=False), document("kiln_firing", 12, says_so=False)
    call = {"type": "tool_call", "id": "1", "name": "classify_document", "args": {"text": silent}}
    tool = ClassifyTool(classifier=classifier)
    before = tool.invoke(call).artifact
    classifier.adapt(TEXTS)
    after = tool.invoke(call).artifact
    assert [before["type"], before["backend"]] == [None, "local/lexical"]
    assert [after["type"], after["backend"]] == ["kiln_firing", "local/lexical+batch"]


def test_a_hosted_backend_answers_each_document_by_itself(classify_server: ClassifyServer) -> None:
    key, address = classify_server.api_key, classify_server.base_url
    runnable = ClassifyRunnable(RULES, backend="hosted", api_key=key, base_url=address)
    assert {one.backend for one in runnable.batch(TEXTS)} == {"hosted"}
    assert not runnable.adapts


def test_what_was_learned_travels_to_another_process() -> None:
    classifier = Classifier(RULES, backend="local")
    classifier.adapt(TEXTS)
    there = pickle.loads(pickle.dumps(ClassifyRunnable(classifier=classifier)))
    found = there.invoke(document("kiln_firing", 12, says_so=False))
    assert [found.type, found.backend] == ["kiln_firing", "local/lexical+batch"]


@pytest.mark.parametrize("adapt", ["auto", True, False])
def test_whether_documents_teach_each_other_is_dumped(adapt: Any) -> None:
    assert reloaded(_transformer(adapt=adapt)).adapt == adapt


def test_examples_that_are_files_are_dumped_by_their_paths(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Mugs came out with pinholes.", encoding="utf-8")
    runnable = _runnable(examples={"kiln_firing": [tmp_path / "a.txt"]})
    again = reloaded(runnable)
    assert again.examples == runnable.examples
    assert again.invoke("Mugs came out with pinholes.").type == "kiln_firing"


def test_the_text_of_an_example_is_in_nothing_that_is_dumped_or_shown() -> None:
    runnable = _runnable(examples={"kiln_firing": [SECRET, SECRET.encode()]})
    assert '"not_implemented"' in dumps(runnable)
    for shown in (dumps(runnable), repr(runnable), str(runnable), repr(runnable.model_dump())):
        assert SECRET not in shown


def test_examples_travel_to_another_process_and_teach_a_configured_component() -> None:
    runnable = _runnable(examples={"kiln_firing": [SECRET]})
    assert pickle.loads(pickle.dumps(runnable)).invoke(SECRET).type == "kiln_firing"
    configured = runnable.configurable_fields(min_confidence=ConfigurableField(id="least"))
    assert configured.invoke(SECRET, {"configurable": {"least": 0.1}}).type == "kiln_firing"
