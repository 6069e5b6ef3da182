"""Who has the whole list lets its documents teach each other; who has a part of it never does."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document, NodeWithScore

from classify_core import Classifier, InvalidOptionError
from llama_index_classify import (
    ClassifyPostprocessor,
    ClassifyReader,
    ClassifyToolSpec,
    ClassifyTransform,
    IngestionRouter,
)
from tests.teaching_documents import RULES, document, silent_places, teaching_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from classify_core.testing.server import ClassifyServer

TEXTS, KINDS = teaching_documents()
SILENT = silent_places()
ALONE, TOGETHER = {"local/lexical"}, {"local/lexical+batch"}
SECRET = "the text of an example that nobody may see"


class Texts(BaseReader):
    """Loads the texts."""

    def lazy_load_data(self) -> Iterator[Document]:
        yield from _documents()


def _documents() -> list[Document]:
    return [Document(id_=f"{place:03}", text=text) for place, text in enumerate(TEXTS)]


def _backends(nodes: Any) -> set[str]:
    return {node.metadata["classify_backend"] for node in nodes}


def _types(nodes: Any) -> dict[str, str]:
    return {node.node_id: node.metadata["classify_type"] for node in nodes}


async def _transform(**options: Any) -> Any:
    return ClassifyTransform(RULES, backend="local", **options)(_documents())


async def _atransform(**options: Any) -> Any:
    return await ClassifyTransform(RULES, backend="local", **options).acall(_documents())


async def _pipeline(**options: Any) -> Any:
    return IngestionPipeline(transformations=[ClassifyTransform(RULES, backend="local", **options)]).run(
        documents=_documents()
    )


async def _load_data(**options: Any) -> Any:
    return ClassifyReader(Texts(), RULES, backend="local", **options).load_data()


async def _aload_data(**options: Any) -> Any:
    return await ClassifyReader(Texts(), RULES, backend="local", **options).aload_data()


async def _router(**options: Any) -> Any:
    found: list[Any] = []
    IngestionRouter({}, rules=RULES, default=found.extend, backend="local", **options).run(documents=_documents())
    return found


async def _lazy_load_data(**options: Any) -> Any:
    return list(ClassifyReader(Texts(), RULES, backend="local", **options).lazy_load_data())


async def _astream_data(**options: Any) -> Any:
    reader = ClassifyReader(Texts(), RULES, backend="local", **options)
    return [each async for each in reader.astream_data()]


async def _postprocess(**options: Any) -> Any:
    found = [NodeWithScore(node=each, score=1.0) for each in _documents()]
    return [each.node for each in ClassifyPostprocessor(RULES, backend="local", **options).postprocess_nodes(found)]


async def _apostprocess(**options: Any) -> Any:
    found = [NodeWithScore(node=each, score=1.0) for each in _documents()]
    postprocessor = ClassifyPostprocessor(RULES, backend="local", **options)
    return [each.node for each in await postprocessor.apostprocess_nodes(found)]


async def _postprocess_with_a_docstore(**options: Any) -> Any:
    index = VectorStoreIndex.from_documents(_documents(), embed_model=MockEmbedding(embed_dim=2))
    found = [NodeWithScore(node=each, score=1.0) for each in index.docstore.docs.values()]
    postprocessor = ClassifyPostprocessor(RULES, backend="local", docstore=index.docstore, **options)
    return [each.node for each in postprocessor.postprocess_nodes(found)]


WHOLE = [_transform, _atransform, _pipeline, _load_data, _aload_data, _router]
IN_PARTS = [_lazy_load_data, _astream_data, _postprocess, _apostprocess, _postprocess_with_a_docstore]


@pytest.mark.parametrize("way", WHOLE)
async def test_the_documents_of_a_whole_list_teach_each_other(way: Callable[..., Any]) -> None:
    nodes = await way()
    assert _backends(nodes) == TOGETHER
    types = [each.metadata["classify_type"] for each in sorted(nodes, key=lambda node: node.node_id)]
    assert [types[place] for place in range(len(TEXTS)) if place not in SILENT] == KINDS[: len(TEXTS) - len(SILENT)]
    assert {types[place] for place in SILENT} != {"uncategorized"}


@pytest.mark.parametrize("way", WHOLE)
async def test_adapt_false_leaves_each_document_to_itself(way: Callable[..., Any]) -> None:
    nodes = await way(adapt=False)
    assert _backends(nodes) == ALONE
    types = _types(nodes)
    assert {types[f"{place:03}"] for place in SILENT} == {"uncategorized"}


@pytest.mark.parametrize("way", IN_PARTS)
@pytest.mark.parametrize("adapt", ["auto", True])
async def test_streams_and_queries_leave_each_document_to_itself(way: Callable[..., Any], adapt: Any) -> None:
    assert _backends(await way(adapt=adapt)) == ALONE


def test_the_order_of_the_nodes_does_not_matter() -> None:
    forwards = ClassifyTransform(RULES, backend="local")(_documents())
    backwards = ClassifyTransform(RULES, backend="local")(_documents()[::-1])
    assert [each.metadata for each in backwards[::-1]] == [each.metadata for each in forwards]


def test_a_label_that_is_there_stays_as_it_is() -> None:
    step = ClassifyTransform(RULES, backend="local")
    alone = [step([each])[0] for each in _documents()]
    assert step(alone) == alone
    assert step(_documents()) == alone  # by the answers that are known
    assert _backends(ClassifyTransform(RULES, backend="local", refresh=True)(_documents())) == TOGETHER


def test_a_tool_leaves_each_document_to_itself_and_uses_what_was_learned() -> None:
    classifier, silent = Classifier(RULES, backend="local", cache=False), document("kiln_firing", 12, says_so=False)
    [text_tool] = ClassifyToolSpec(classifier=classifier).to_tool_list()
    before = text_tool.call(text=silent).raw_output.classification
    classifier.adapt(TEXTS)
    after = text_tool.call(text=silent).raw_output.classification
    assert [before.type, before.backend] == [None, "local/lexical"]
    assert [after.type, after.backend] == ["kiln_firing", "local/lexical+batch"]


def test_a_hosted_backend_answers_each_document_by_itself(classify_server: ClassifyServer) -> None:
    key, address = classify_server.api_key, classify_server.base_url
    step = ClassifyTransform(RULES, backend="hosted", api_key=key, base_url=address)
    assert _backends(step(_documents())) == {"hosted"}
    assert not step.adapts


@pytest.mark.parametrize("component", [ClassifyTransform, ClassifyPostprocessor, ClassifyReader])
def test_what_was_learned_travels_to_another_process(component: Any) -> None:
    classifier = Classifier(RULES, backend="local")
    classifier.adapt(TEXTS)
    there = pickle.loads(pickle.dumps(component(classifier=classifier))).classifier
    found = there.classify(document("kiln_firing", 12, says_so=False))
    assert [found.type, found.backend] == ["kiln_firing", "local/lexical+batch"]


def test_each_worker_lets_the_documents_that_it_gets_teach_each_other() -> None:
    step = ClassifyTransform(RULES, backend="local")
    nodes = IngestionPipeline(transformations=[step], disable_cache=True).run(
        documents=[*_documents(), *_documents()], num_workers=2
    )
    assert _backends(nodes) == TOGETHER


@pytest.mark.parametrize("adapt", ["auto", True, False])
def test_whether_documents_teach_each_other_is_part_of_what_is_stored(adapt: Any) -> None:
    step = ClassifyTransform(RULES, backend="local", adapt=adapt)
    assert step.to_dict()["adapt"] == adapt
    assert ClassifyTransform.from_dict(step.to_dict()) == step


def test_examples_that_are_files_are_stored_by_their_paths(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Mugs came out with pinholes.", encoding="utf-8")
    step = ClassifyTransform(RULES, backend="local", examples={"kiln_firing": [tmp_path / "a.txt"]})
    assert step.to_dict()["examples"] == {"kiln_firing": [{"path": str(tmp_path / "a.txt")}]}
    again = ClassifyTransform.from_dict(step.to_dict())
    assert again == step
    [node] = again([Document(text="Mugs came out with pinholes.")])
    assert node.metadata["classify_type"] == "kiln_firing"


def test_the_text_of_an_example_is_in_nothing_that_is_stored_or_shown() -> None:
    step = ClassifyTransform(RULES, backend="local", examples={"kiln_firing": [SECRET, SECRET.encode()]})
    for shown in (repr(step), str(step), step.to_json(), step.model_dump_json(), repr(step.model_dump())):
        assert SECRET not in shown
    assert step != ClassifyTransform(RULES, backend="local", examples={"kiln_firing": ["another"]})
    with pytest.raises(InvalidOptionError, match=r"pass examples= again, or keep what was learned with .*save\(\)"):
        ClassifyTransform.from_dict(step.to_dict())
    assert ClassifyTransform.from_dict(step.to_dict(), examples=step.examples) == step


def test_examples_travel_to_another_process() -> None:
    step = ClassifyTransform(RULES, backend="local", examples={"kiln_firing": [SECRET]})
    [node] = pickle.loads(pickle.dumps(step))([Document(text=SECRET)])
    assert node.metadata["classify_type"] == "kiln_firing"
