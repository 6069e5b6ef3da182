from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core import SummaryIndex, VectorStoreIndex
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import (
    Document,
    NodeRelationship,
    NodeWithScore,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)

from classify_core import (
    BatchError,
    ClassifyConfiguration,
    ConnectionFailedError,
    ForeignLabelError,
    NotFoundError,
    Rule,
)
from llama_index_classify import ClassifyPostprocessor, ClassifyTransform
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.llama_index.parts import NeverBackend, SavedBackend, fails_on, splitter

if TYPE_CHECKING:
    from llama_index.core.embeddings import MockEmbedding

    from tests.service import ClassifyService


@pytest.fixture
def retrieved() -> list[NodeWithScore]:
    """Five chunks of three documents, best first, as a retriever delivers them."""

    def chunk(id_: str, source: str, text: str, start: int, score: float) -> NodeWithScore:
        relationships = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=source)}
        node = TextNode(id_=id_, text=text, start_char_idx=start, relationships=relationships, embedding=[0.5, 0.5])
        return NodeWithScore(node=node, score=score)

    return [
        chunk("bill-2", "bill", "total due", 10, 0.9),
        chunk("cake-1", "cake", "a recipe", 0, 0.8),
        chunk("bill-1", "bill", "an invoice", 0, 0.7),
        chunk("poem-1", "poem", "the sea", 0, 0.6),
        chunk("cake-2", "cake", "with eggs", 9, 0.5),
    ]


def ids(nodes: list[NodeWithScore]) -> list[str]:
    return [scored.node_id for scored in nodes]


def types(nodes: list[NodeWithScore]) -> list[str | None]:
    return [scored.metadata.get("classify_type") for scored in nodes]


def test_retrieved_nodes_get_their_documents_label(rules: list[Rule], retrieved: list[NodeWithScore]) -> None:
    backend = ScriptedBackend()
    labelled = ClassifyPostprocessor(rules, backend=backend).postprocess_nodes(retrieved)
    assert types(labelled) == ["invoice", "recipe", "invoice", "uncategorized", "recipe"]
    assert dict(backend.asked) == {"an invoice\n\ntotal due": 1, "a recipe\n\nwith eggs": 1, "the sea": 1}


def test_order_and_scores_are_kept(rules: list[Rule], retrieved: list[NodeWithScore]) -> None:
    labelled = ClassifyPostprocessor(rules, backend=ScriptedBackend()).postprocess_nodes(retrieved)
    assert ids(labelled) == ids(retrieved)
    assert [scored.score for scored in labelled] == [0.9, 0.8, 0.7, 0.6, 0.5]


def test_retrieved_nodes_are_never_changed(rules: list[Rule], retrieved: list[NodeWithScore]) -> None:
    before = [scored.model_copy(deep=True) for scored in retrieved]
    labelled = ClassifyPostprocessor(rules, backend=ScriptedBackend()).postprocess_nodes(retrieved)
    assert retrieved == before
    assert not {id(scored.node) for scored in labelled} & {id(scored.node) for scored in retrieved}
    assert not {id(scored) for scored in labelled} & {id(scored) for scored in retrieved}


def test_the_label_of_a_retrieved_node_is_out_of_the_prompt_but_for_its_type(
    rules: list[Rule], retrieved: list[NodeWithScore]
) -> None:
    labelled = ClassifyPostprocessor(rules, backend=ScriptedBackend()).postprocess_nodes(retrieved)
    assert "classify_reasoning" in labelled[0].node.excluded_llm_metadata_keys
    assert "classify_reasoning" in labelled[0].node.excluded_embed_metadata_keys
    assert "classify_type" not in labelled[0].node.excluded_llm_metadata_keys


@pytest.mark.parametrize(
    ("options", "remaining"),
    [
        ({"keep_types": ["invoice"]}, ["bill-2", "bill-1"]),
        ({"keep_types": ["uncategorized"]}, ["poem-1"]),
        ({"drop_types": ["recipe"]}, ["bill-2", "bill-1", "poem-1"]),
        ({"drop_types": ["uncategorized", "invoice"]}, ["cake-1", "cake-2"]),
    ],
)
def test_only_wanted_types_pass(
    options: dict[str, Any], remaining: list[str], rules: list[Rule], retrieved: list[NodeWithScore]
) -> None:
    passed = ClassifyPostprocessor(rules, backend=ScriptedBackend(), **options).postprocess_nodes(retrieved)
    assert ids(passed) == remaining


def test_it_needs_no_query_and_takes_every_form_of_one(rules: list[Rule], retrieved: list[NodeWithScore]) -> None:
    postprocessor = ClassifyPostprocessor(rules, backend=ScriptedBackend())
    answers = [
        postprocessor.postprocess_nodes(retrieved),
        postprocessor.postprocess_nodes(retrieved, query_str="which?"),
        postprocessor.postprocess_nodes(retrieved, QueryBundle("which?")),
    ]
    assert answers[0] == answers[1] == answers[2]


def test_nothing_retrieved_is_no_work(rules: list[Rule]) -> None:
    assert ClassifyPostprocessor(rules, backend=ScriptedBackend()).postprocess_nodes([]) == []


@pytest.mark.parametrize("index_class", [VectorStoreIndex, SummaryIndex])
@pytest.mark.parametrize("first", ["transform", "splitter"])
def test_nodes_labelled_at_ingestion_are_not_classified_again(
    index_class: Any, first: str, rules: list[Rule], documents: list[Document], embedding: MockEmbedding
) -> None:
    backend = ScriptedBackend()
    steps = [ClassifyTransform(rules, backend=backend), splitter(150)]
    nodes = IngestionPipeline(transformations=steps if first == "transform" else steps[::-1]).run(documents=documents)
    assert backend.asked.total() == 3
    options = {"embed_model": embedding} if index_class is VectorStoreIndex else {}
    found = index_class(nodes, **options).as_retriever().retrieve("?")
    labelled = ClassifyPostprocessor(rules, backend=backend, cache=False).postprocess_nodes(found)
    assert found
    assert types(labelled) == types(found)
    assert backend.asked.total() == 3


def test_a_stale_label_is_made_anew(rules: list[Rule], retrieved: list[NodeWithScore]) -> None:
    stale = ClassifyPostprocessor(rules[1:], backend=ScriptedBackend()).postprocess_nodes(retrieved)
    assert types(stale)[0] == "uncategorized"
    assert types(ClassifyPostprocessor(rules, backend=ScriptedBackend()).postprocess_nodes(stale))[0] == "invoice"


def test_a_type_that_somebody_else_wrote_is_an_error(rules: list[Rule], retrieved: list[NodeWithScore]) -> None:
    retrieved[0].node.metadata["classify_type"] = "mine"
    with pytest.raises(ForeignLabelError, match="overwrite=True"):
        ClassifyPostprocessor(rules, backend=ScriptedBackend()).postprocess_nodes(retrieved)


def test_a_failed_document_passes_annotated_whatever_is_kept(rules: list[Rule], retrieved: list[NodeWithScore]) -> None:
    postprocessor = ClassifyPostprocessor(rules, backend=fails_on("sea"), keep_types=["invoice"], drop_types=["recipe"])
    passed = postprocessor.postprocess_nodes(retrieved)
    assert ids(passed) == ["bill-2", "bill-1", "poem-1"]
    assert passed[2].metadata["classify_status"] == "failed"
    assert "sea cannot be read" in passed[2].metadata["classify_error"]


def test_a_classifier_that_never_answers_is_an_annotation(rules: list[Rule], retrieved: list[NodeWithScore]) -> None:
    passed = ClassifyPostprocessor(rules, backend=NeverBackend(), timeout=0.01).postprocess_nodes(retrieved)
    assert ids(passed) == ids(retrieved)
    assert {scored.metadata["classify_status"] for scored in passed} <= {"timeout", "not_started"}


def test_a_query_has_ten_seconds_unless_told_otherwise(rules: list[Rule]) -> None:
    assert ClassifyPostprocessor(rules, backend="local").classifier.arguments()["timeout"] == 10.0
    assert ClassifyPostprocessor(rules, backend="local", timeout=2).classifier.arguments()["timeout"] == 2
    shared = ClassifyTransform(rules, backend="local").classifier
    assert ClassifyPostprocessor(classifier=shared).deadline == 10.0
    patient = ClassifyTransform(rules, backend="local", timeout=60).classifier
    assert ClassifyPostprocessor(classifier=patient).deadline == 60.0


def test_on_failure_can_raise_or_skip(rules: list[Rule], retrieved: list[NodeWithScore]) -> None:
    with pytest.raises(BatchError, match="sea cannot be read"):
        ClassifyPostprocessor(rules, backend=fails_on("sea"), on_failure="raise").postprocess_nodes(retrieved)
    skipped = ClassifyPostprocessor(rules, backend=fails_on("sea"), on_failure="skip").postprocess_nodes(retrieved)
    assert "poem-1" not in ids(skipped)


UNPREPARED = {
    "unknown": NotFoundError("there is no such configuration", status=404),
    "unreachable": ConnectionFailedError("connection refused"),
    "broken": ValueError("the document says llx-secret"),
    "slow": None,
}


@pytest.mark.parametrize("loads", UNPREPARED.values(), ids=UNPREPARED.keys())
async def test_a_saved_configuration_that_cannot_be_loaded_does_not_fail_the_query(
    loads: Exception | None, retrieved: list[NodeWithScore], caplog: pytest.LogCaptureFixture
) -> None:
    postprocessor = ClassifyPostprocessor(
        configuration_id="cfg-1", backend=SavedBackend(loads), timeout=0.01, keep_types=["invoice"]
    )
    with caplog.at_level(logging.WARNING, logger="classify_core"):
        for passed in (postprocessor.postprocess_nodes(retrieved), await postprocessor.apostprocess_nodes(retrieved)):
            assert [one.node_id for one in passed] == [one.node_id for one in retrieved]
            assert {one.node.metadata["classify_status"] for one in passed} == {"not_started"}
            assert all("classify_type" not in one.node.metadata for one in passed)
    told = [record for record in caplog.records if "rules or examples could not be loaded" in record.getMessage()]
    assert [record.levelname for record in told] == ["WARNING"] * 2
    assert "llx-secret" not in caplog.text


def test_without_a_configuration_raise_raises_and_skip_leaves_out_what_has_no_label(
    rules: list[Rule], retrieved: list[NodeWithScore]
) -> None:
    labelled = ClassifyPostprocessor(rules, backend=ScriptedBackend()).postprocess_nodes(retrieved[:2])
    options: dict[str, Any] = {"configuration_id": "cfg-1", "backend": SavedBackend(UNPREPARED["unknown"])}
    with pytest.raises(NotFoundError):
        ClassifyPostprocessor(**options, on_failure="raise").postprocess_nodes(retrieved)
    skipped = ClassifyPostprocessor(**options, on_failure="skip").postprocess_nodes([*labelled, *retrieved[2:]])
    assert skipped == labelled


def test_without_a_configuration_what_carries_a_label_keeps_it(
    rules: list[Rule], retrieved: list[NodeWithScore]
) -> None:
    labelled = ClassifyPostprocessor(rules, backend=ScriptedBackend()).postprocess_nodes(retrieved[:2])
    backend = SavedBackend(UNPREPARED["unknown"])
    passed = ClassifyPostprocessor(configuration_id="cfg-1", backend=backend).postprocess_nodes(labelled)
    assert passed == labelled


async def test_a_saved_configuration_is_loaded_when_the_first_nodes_come(
    rules: list[Rule], retrieved: list[NodeWithScore]
) -> None:
    for _ in range(2):
        backend = SavedBackend(ClassifyConfiguration(rules=rules))
        postprocessor = ClassifyPostprocessor(configuration_id="cfg-1", backend=backend)
        assert types(postprocessor.postprocess_nodes(retrieved))[0] == "invoice"
        other = ClassifyPostprocessor(configuration_id="cfg-1", backend=backend)
        assert types(await other.apostprocess_nodes(retrieved))[0] == "invoice"


@pytest.mark.parametrize("options", [{}, {"keep_types": ["invoice"]}, {"on_failure": "skip"}, {"group_by": None}])
async def test_the_asynchronous_way_comes_to_the_same(
    options: dict[str, Any], rules: list[Rule], retrieved: list[NodeWithScore]
) -> None:
    synchronous = ClassifyPostprocessor(rules, backend=fails_on("sea"), **options).postprocess_nodes(retrieved)
    asynchronous = ClassifyPostprocessor(rules, backend=fails_on("sea"), **options).apostprocess_nodes(retrieved)
    assert await asynchronous == synchronous


async def test_the_event_loop_runs_on_while_nodes_are_classified(
    rules: list[Rule], retrieved: list[NodeWithScore]
) -> None:
    backend = HeldBackend()
    running = asyncio.create_task(ClassifyPostprocessor(rules, backend=backend).apostprocess_nodes(retrieved))
    await until(backend.begun.is_set)  # only a loop that is not blocked comes back from here
    assert not running.done()
    backend.release.set()
    assert len(await running) == len(retrieved)


async def test_a_query_engine_answers_from_the_wanted_types(
    rules: list[Rule], documents: list[Document], embedding: MockEmbedding
) -> None:
    postprocessor = ClassifyPostprocessor(rules, backend=ScriptedBackend(), keep_types=["recipe"])
    index = VectorStoreIndex.from_documents(documents, embed_model=embedding)
    engine = RetrieverQueryEngine.from_args(
        index.as_retriever(similarity_top_k=10), llm=MockLLM(), node_postprocessors=[postprocessor]
    )
    for answer in (engine.query("what is in it?"), await engine.aquery("what is in it?")):
        assert {scored.metadata["classify_type"] for scored in answer.source_nodes} == {"recipe"}
        assert {scored.node.ref_doc_id for scored in answer.source_nodes} == {"cake"}


def test_engines_may_share_one_postprocessor(
    rules: list[Rule], documents: list[Document], embedding: MockEmbedding
) -> None:
    postprocessor = ClassifyPostprocessor(rules, backend=ScriptedBackend())
    index = VectorStoreIndex.from_documents(documents, embed_model=embedding)
    before = postprocessor.to_dict()
    engines = [
        RetrieverQueryEngine.from_args(index.as_retriever(), llm=MockLLM(), node_postprocessors=[postprocessor])
        for _ in range(2)
    ]
    answers = [{scored.node_id: scored.metadata for scored in engine.query("?").source_nodes} for engine in engines]
    assert answers[0] == answers[1]
    assert postprocessor.callback_manager is engines[1].callback_manager
    assert postprocessor.to_dict() == before


@pytest.mark.parametrize("fault", ["unauthorised", "unreachable", "out of credits"])
def test_a_hosted_classifier_that_refuses_does_not_fail_the_query(
    fault: str, rules: list[Rule], retrieved: list[NodeWithScore], service: ClassifyService
) -> None:
    key, address = service.api_key, service.base_url
    if fault == "unauthorised":
        key = "llx-wrong-key-0123456789"
    if fault == "unreachable":
        address = "http://127.0.0.1:9"
    if fault == "out of credits":
        service.fail_next("*", status=402, body={"detail": "no credits"}, times=100)
    postprocessor = ClassifyPostprocessor(rules, backend="hosted", api_key=key, base_url=address, timeout=0.5)
    with postprocessor.classifier:
        passed = postprocessor.postprocess_nodes(retrieved)
    assert ids(passed) == ids(retrieved)
    assert {scored.metadata["classify_status"] for scored in passed} <= {"failed", "not_started", "timeout"}
    assert not [scored for scored in passed if "classify_type" in scored.metadata]


def test_the_time_out_holds_for_the_whole_query(rules: list[Rule], retrieved: list[NodeWithScore]) -> None:
    backend = HeldBackend()
    postprocessor = ClassifyPostprocessor(rules, backend=backend, timeout=1.0, max_concurrency=1, group_by=None)
    passed = postprocessor.postprocess_nodes(retrieved)
    assert [one.node_id for one in passed] == [one.node_id for one in retrieved]
    assert {one.node.metadata["classify_status"] for one in passed} <= {"timeout", "not_started"}
    assert backend.begun.is_set()
    assert len(backend.asked) <= 1
    backend.release.set()
