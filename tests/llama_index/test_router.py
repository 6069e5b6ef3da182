from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from typing import Any

import pytest
from llama_index.core import SummaryIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.schema import BaseNode, Document, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore

from classify_core import Classifier, ClassifyConfiguration, ForeignLabelError, InvalidOptionError, Rule
from classify_core.errors import RoutingError
from classify_core.routing import DEFAULT_ROUTE, REVIEW_ROUTE
from llama_index_classify.routing import IngestionRouter, RoutingReport
from tests.backends import ScriptedBackend
from tests.llama_index.parts import CollectingSpanHandler, SavedBackend, splitter
from tests.llama_index.routing_parts import (
    BILL,
    CAKE,
    POEM,
    Collected,
    duplicates_only,
    empty_index,
    held_by,
    ignored,
    page,
    pipeline_with_stores,
)

WAYS = ["run", "arun"]


async def routed(router: IngestionRouter, way: str, **arguments: Any) -> RoutingReport:
    return router.run(**arguments) if way == "run" else await router.arun(**arguments)


def chunks(document: str, text: str, count: int = 3) -> list[TextNode]:
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=document)}
    return [TextNode(text=f"{text} {number}", relationships=source) for number in range(count)]


@pytest.mark.parametrize("way", WAYS)
async def test_each_type_goes_to_its_own_kind_of_target(
    way: str, rules: list[Rule], documents: list[Document], embedding: MockEmbedding
) -> None:
    backend = ScriptedBackend()
    contract = Document(id_="deal", text="This contract binds both parties.")
    more = [*rules, Rule(type="contract", description="An agreement between two parties with their signatures.")]
    pipeline, index, kept = pipeline_with_stores(), empty_index(), Collected()
    router = IngestionRouter(
        {"invoice": pipeline, "contract": index, "recipe": [splitter(), embedding]},
        default=kept,
        rules=more,
        backend=backend,
    )
    report = await routed(router, way, documents=[contract, *documents])
    assert set(held_by(pipeline)) == {"bill"}
    assert set(held_by(index)) == {"deal"}
    assert kept.calls == [["poem"]]
    cake = report["recipe"].nodes or ()
    assert {node.ref_doc_id for node in cake} == {"cake"}
    assert all(node.embedding for node in cake)
    assert [report[name].kind for name in ("invoice", "contract", "recipe", DEFAULT_ROUTE)] == [
        "pipeline",
        "index",
        "transformations",
        "callable",
    ]
    assert len(report.nodes) == len(cake) + len(report["invoice"].nodes or ())
    assert backend.asked.total() == report.classified == 4


@pytest.mark.parametrize("way", WAYS)
async def test_each_target_is_run_once_with_all_its_documents_in_the_order_given(way: str, rules: list[Rule]) -> None:
    kept, other = Collected(), Collected()
    router = IngestionRouter({"invoice": kept}, default=other, rules=rules, backend=ScriptedBackend())
    texts = [BILL, POEM, BILL, CAKE, BILL]
    await routed(router, way, documents=[Document(id_=str(place), text=text) for place, text in enumerate(texts)])
    assert (kept.calls, other.calls) == ([["0", "2", "4"]], [["1", "3"]])


@pytest.mark.parametrize("way", WAYS)
async def test_what_several_types_share_is_run_once_with_the_documents_of_all(
    way: str, rules: list[Rule], documents: list[Document]
) -> None:
    shared = Collected()
    router = IngestionRouter(
        {"recipe": shared, "invoice": shared}, default=shared, rules=rules, backend=ScriptedBackend()
    )
    report = await routed(router, way, documents=documents)
    assert shared.calls == [["bill", "cake", "poem"]]
    assert report["invoice"] is report[DEFAULT_ROUTE]
    assert report["invoice"].name == "recipe, invoice, (default)"


def test_targets_get_labelled_copies_and_the_documents_stay_as_they_are(
    rules: list[Rule], documents: list[Document]
) -> None:
    got: list[BaseNode] = []
    before = [document.model_copy(deep=True) for document in documents]
    router = IngestionRouter({}, default=got.extend, rules=rules, backend=ScriptedBackend(), prefix="kind_")
    router.run(documents)
    assert [node.metadata["kind_type"] for node in got] == ["invoice", "recipe", "uncategorized"]
    assert documents == before
    assert all(node.metadata is not document.metadata for node, document in zip(got, documents, strict=True))


@pytest.mark.parametrize("way", WAYS)
async def test_all_nodes_of_a_document_take_one_route_after_one_classification(way: str, rules: list[Rule]) -> None:
    backend, kept = ScriptedBackend(), Collected()
    nodes = [*chunks("bill", BILL), *chunks("poem", POEM)]
    nodes[0].text = "nothing here names a type"
    router = IngestionRouter({"invoice": kept}, default=ignored, rules=rules, backend=backend)
    await routed(router, way, nodes=nodes)
    assert kept.calls == [[node.node_id for node in nodes[:3]]]
    assert backend.asked.total() == 2


def test_the_pages_of_a_file_take_the_same_route(rules: list[Rule]) -> None:
    kept = Collected()
    pages = [page(1, POEM, identifier="p1"), page(2, BILL, identifier="p2")]
    IngestionRouter({"invoice": kept}, default=ignored, rules=rules, backend=ScriptedBackend()).run(pages)
    assert kept.calls == [["p1", "p2"]]


def test_fresh_labels_are_not_made_again(rules: list[Rule], documents: list[Document]) -> None:
    backend = ScriptedBackend()
    got: list[BaseNode] = []
    classifier = Classifier(rules, backend=backend, cache=False)
    IngestionRouter({}, default=got.extend, classifier=classifier).run(documents)
    report = IngestionRouter({}, default=ignored, classifier=classifier).run(nodes=got)
    assert (backend.asked.total(), report.classified) == (3, 0)


@pytest.mark.parametrize("has_review", [True, False])
def test_what_is_below_min_confidence_goes_to_review_else_to_the_default(
    rules: list[Rule], documents: list[Document], *, has_review: bool
) -> None:
    default, review, unmatched = Collected(), Collected(), Collected()
    router = IngestionRouter(
        {"invoice": ignored, "uncategorized": unmatched},
        default=default,
        review=review if has_review else None,
        rules=rules,
        backend=ScriptedBackend(),
        min_confidence=0.95,
    )
    report = router.run(documents)
    assert (review if has_review else default).calls == [["bill", "cake"]]
    assert report[REVIEW_ROUTE if has_review else DEFAULT_ROUTE].document_ids == ("bill", "cake")
    assert unmatched.calls == [["poem"]]


def test_nodes_and_documents_go_together_and_in_order(rules: list[Rule], documents: list[Document]) -> None:
    pipeline, index, plain = pipeline_with_stores(), empty_index(), SummaryIndex([], transformations=[splitter()])
    nodes = chunks("deal", "An invoice of a deal.")
    for target in (pipeline, index, plain):
        router = IngestionRouter({"invoice": target}, default=ignored, rules=rules, backend=ScriptedBackend())
        report = router.run(documents=documents, nodes=nodes)
        assert report["invoice"].document_ids == ("bill", "deal")
    assert held_by(pipeline)["deal"] + held_by(pipeline)[nodes[0].node_id] > 0
    assert held_by(index)["deal"] == 3
    assert set(plain.ref_doc_info) == {"bill", "deal"}


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_given_is_an_empty_report(way: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    report = await routed(IngestionRouter({}, default=Collected(), rules=rules, backend=backend), way)
    assert report.is_complete
    assert (report.nodes, report[DEFAULT_ROUTE].document_ids, backend.asked.total()) == ([], (), 0)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("invoices", "a str"),
        (None, "a NoneType"),
        (SimpleDocumentStore(), "a SimpleDocumentStore"),
        ([ignored], "a function is no transformation"),
        (Collected, "the class Collected"),
    ],
)
def test_a_target_that_takes_no_documents_is_refused_by_the_name_of_its_route(
    target: Any, told: str, rules: list[Rule]
) -> None:
    with pytest.raises(InvalidOptionError, match=f"'invoice': .*{told}"):
        IngestionRouter({"invoice": target}, default=ignored, rules=rules, backend="local")
    with pytest.raises(InvalidOptionError, match=r"\(default\)"):
        IngestionRouter({}, default=target, rules=rules, backend="local")


@pytest.mark.parametrize(
    "options",
    [{"concurrency": 0}, {"concurrency": True}, {"docstore": {}}, {"keep_types": ["invoice"]}, {"drop_types": []}],
)
def test_an_option_that_cannot_work_is_refused(options: dict[str, Any], rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match=next(iter(options))):
        IngestionRouter({}, default=ignored, rules=rules, backend="local", **options)


@pytest.mark.parametrize("routes", [[("invoice", ignored)], {7: ignored}])
def test_routes_that_are_no_dictionary_by_type_are_refused(routes: Any, rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match="by type"):
        IngestionRouter(routes, default=ignored, rules=rules, backend="local")


def test_a_misspelt_option_or_policy_is_refused(rules: list[Rule]) -> None:
    with pytest.raises(ValueError, match="min_confidense"):
        IngestionRouter({}, default=ignored, rules=rules, backend="local", min_confidense=0.5)
    with pytest.raises(ValueError, match="on_failure"):
        IngestionRouter({}, default=ignored, rules=rules, backend="local", on_failure="ignore")


def test_a_route_that_no_rule_produces_is_refused_when_it_is_made(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match="near are 'invoice'"):
        IngestionRouter({"invioce": ignored}, default=ignored, rules=rules, backend="local")


@pytest.mark.parametrize("way", WAYS)
async def test_with_saved_rules_it_is_refused_before_anything_is_classified(way: str, rules: list[Rule]) -> None:
    backend = SavedBackend(ClassifyConfiguration(rules=tuple(rules)))
    kept = Collected()
    router = IngestionRouter({"invioce": kept}, default=kept, configuration_id="cfg-1", backend=backend)
    with pytest.raises(InvalidOptionError, match="near are 'invoice'"):
        await routed(router, way, documents=[Document(text=BILL)])
    assert (kept.calls, backend.asked.total()) == ([], 0)


@pytest.mark.parametrize("way", WAYS)
async def test_a_type_of_somebody_else_is_refused_before_anything_is_routed(way: str, rules: list[Rule]) -> None:
    kept = Collected()
    documents = [Document(text=BILL), Document(text=CAKE, metadata={"classify_type": "mine"})]
    router = IngestionRouter({}, default=kept, rules=rules, backend=ScriptedBackend())
    with pytest.raises(ForeignLabelError):
        await routed(router, way, documents=documents)
    assert kept.calls == []
    IngestionRouter({}, default=kept, rules=rules, backend=ScriptedBackend(), overwrite=True).run(documents)
    assert len(kept.calls) == 1


async def test_an_async_function_is_awaited_and_refused_where_it_cannot_be(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    got: list[BaseNode] = []

    class Sink:
        async def __call__(self, nodes: list[BaseNode]) -> list[BaseNode]:
            got.extend(nodes)
            return nodes

    async def store(name: str, nodes: list[BaseNode]) -> None:
        got.extend(nodes)

    for target in (Sink(), partial(store, "invoices")):
        router = IngestionRouter({"invoice": target}, default=ignored, rules=rules, backend=backend)
        with pytest.raises(InvalidOptionError, match=r"'invoice' are async; await router.arun"):
            router.run([Document(text=BILL)])
        assert backend.asked.total() == 0
    await router.arun([Document(id_="bill", text=BILL)])
    report = await IngestionRouter({}, default=Sink(), rules=rules, backend=backend).arun([Document(text=POEM)])
    assert len(report.nodes) == 1
    assert len(got) == 2


async def test_a_function_that_turns_out_to_be_async_is_awaited_or_a_failure(rules: list[Rule]) -> None:
    async def store(nodes: list[BaseNode]) -> list[BaseNode]:
        return nodes

    def begun(nodes: list[BaseNode]) -> Coroutine[Any, Any, list[BaseNode]]:
        return store(nodes)

    router = IngestionRouter({}, default=begun, rules=rules, backend=ScriptedBackend())
    assert len((await router.arun([Document(text=BILL)])).nodes) == 1
    with pytest.raises(RoutingError) as caught:
        router.run([Document(text=BILL)])
    assert "arun" in str(caught.value.report[DEFAULT_ROUTE].error)


def test_a_pipeline_with_duplicates_only_takes_nodes_of_several_documents(rules: list[Rule]) -> None:
    pipeline = duplicates_only()
    router = IngestionRouter({}, default=pipeline, rules=rules, backend=ScriptedBackend())
    report = router.run(nodes=[*chunks("bill", BILL), *chunks("cake", CAKE)])
    assert report[DEFAULT_ROUTE].document_ids == ("bill", "cake")
    assert len(report.nodes) >= 6


@pytest.mark.parametrize("way", WAYS)
async def test_traces_show_the_router_and_no_key(way: str, rules: list[Rule], spans: CollectingSpanHandler) -> None:
    router = IngestionRouter(
        {"invoice": pipeline_with_stores()}, default=ignored, rules=rules, backend="hosted", api_key="llx-secret"
    )
    with pytest.raises(RoutingError):
        await routed(router, way, documents=[Document(text="")])
    assert f"IngestionRouter.{way}" in spans.names
    assert not spans.open_spans
    assert "llx-secret" not in "".join(spans.told)
    assert repr(router) == "IngestionRouter(invoice -> pipeline, (default) -> callable)"
