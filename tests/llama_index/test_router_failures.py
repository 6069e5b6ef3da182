from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import BaseNode, Document
from llama_index.core.storage.docstore import SimpleDocumentStore

from classify_core import ClassifyError, NotFoundError, Rule
from classify_core.errors import RoutingError
from classify_core.routing import DEFAULT_ROUTE, REVIEW_ROUTE
from llama_index_classify.routing import IngestionRouter, RouteReport, RoutingReport
from tests.backends import ScriptedBackend
from tests.llama_index.parts import SavedBackend, fails_on
from tests.llama_index.routing_parts import (
    BILL,
    CAKE,
    POEM,
    Breaking,
    Collected,
    duplicates_only,
    empty_index,
    held_by,
    ignored,
    pipeline_with_stores,
)

WAYS = ["run", "arun"]


async def routed(router: IngestionRouter, way: str, documents: list[Document]) -> RoutingReport:
    return router.run(documents) if way == "run" else await router.arun(documents)


async def raised(router: IngestionRouter, way: str, documents: list[Document]) -> RoutingError:
    with pytest.raises(RoutingError) as caught:
        await routed(router, way, documents)
    return caught.value


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("concurrency", [1, 3])
async def test_a_failing_route_stops_no_other_and_is_told_at_the_end(
    concurrency: int, way: str, rules: list[Rule], documents: list[Document]
) -> None:
    kept, index = Collected(), empty_index()
    router = IngestionRouter(
        {"invoice": [Breaking()], "recipe": index},
        default=kept,
        rules=rules,
        backend=ScriptedBackend(),
        concurrency=concurrency,
    )
    error = await raised(router, way, documents)
    assert kept.calls == [["poem"]]
    assert set(held_by(index)) == {"cake"}
    assert "route 'invoice' (transformations) failed for 'bill': ConnectionError" in str(error)
    assert "run these documents again" in str(error)
    assert isinstance(error.__cause__, ConnectionError)
    assert [route.name for route in error.report.failed_routes] == ["invoice"]
    assert error.report["invoice"].document_ids == ("bill",)
    assert error.report["recipe"].error is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("on_failure", ["annotate", "skip"])
async def test_unless_it_is_to_raise_a_failing_route_is_in_the_report_alone(
    on_failure: str, way: str, rules: list[Rule], documents: list[Document]
) -> None:
    router = IngestionRouter(
        {"invoice": [Breaking()]}, default=ignored, rules=rules, backend=ScriptedBackend(), on_failure=on_failure
    )
    report = await routed(router, way, documents)
    assert not report.is_complete
    assert isinstance(report["invoice"].error, ConnectionError)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("on_failure", ["raise", "annotate", "skip"])
@pytest.mark.parametrize("has_review", [True, False])
async def test_what_cannot_be_classified_takes_the_way_that_the_policy_says_and_is_always_told(
    on_failure: str, way: str, rules: list[Rule], documents: list[Document], *, has_review: bool
) -> None:
    default, review = list[BaseNode](), list[BaseNode]()
    router = IngestionRouter(
        {},
        default=default.extend,
        review=review.extend if has_review else None,
        rules=rules,
        backend=fails_on("eggs"),
        on_failure=on_failure,
    )
    if on_failure == "raise":
        error = await raised(router, way, documents)
        assert "not classified: 'cake'" in str(error)
        assert isinstance(error.__cause__, ClassifyError)
        report = error.report
    else:
        report = await routed(router, way, documents)
    went = [node for node in [*default, *review] if node.node_id == "cake"]
    assert [node.metadata["classify_error"] for node in went] == (
        ["eggs cannot be read"] if on_failure == "annotate" else []
    )
    assert (went == review) is (has_review or not went)
    assert {node.node_id for node in default} - {"cake"} == {"bill", "poem"}
    [failure] = report.failures
    assert (failure.document_ids, failure.status, failure.error) == (("cake",), "failed", "eggs cannot be read")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", [pipeline_with_stores, duplicates_only])
async def test_a_pipeline_that_failed_takes_its_documents_again(make: Any, way: str, rules: list[Rule]) -> None:
    breaking = Breaking()
    pipeline: IngestionPipeline = make(breaking)
    router = IngestionRouter({}, default=pipeline, rules=rules, backend=ScriptedBackend())
    documents = [Document(id_="bill", text=BILL), Document(id_="cake", text=CAKE)]
    await raised(router, way, documents)
    breaking.mend()
    await routed(router, way, documents)
    assert set(held_by(pipeline)) == {"bill", "cake"}
    before = breaking.calls
    report = await routed(router, way, documents)
    assert (report.nodes, breaking.calls - before) == ([], 1)


@pytest.mark.parametrize("way", WAYS)
async def test_what_a_pipeline_ingested_before_it_failed_stays_known_to_it(way: str, rules: list[Rule]) -> None:
    breaking = Breaking()
    pipeline = duplicates_only(breaking)
    router = IngestionRouter({}, default=pipeline, rules=rules, backend=ScriptedBackend())
    breaking.mend()
    bill, cake = Document(id_="bill", text=BILL), Document(id_="cake", text=CAKE)
    await routed(router, way, [bill])
    once = held_by(pipeline)
    breaking._is_broken = True
    await raised(router, way, [bill, cake])
    breaking.mend()
    await routed(router, way, [bill, cake])
    assert held_by(pipeline)["bill"] == once["bill"]
    assert held_by(pipeline)["cake"] > 0


@pytest.mark.parametrize("way", WAYS)
async def test_rules_that_cannot_be_loaded_route_nothing_and_are_told(way: str) -> None:
    kept = Collected()
    router = IngestionRouter(
        {"invoice": kept},
        default=kept,
        configuration_id="cfg-1",
        backend=SavedBackend(NotFoundError("no such configuration")),
        docstore=SimpleDocumentStore(),
    )
    error = await raised(router, way, [Document(id_="bill", text=BILL)])
    assert kept.calls == []
    assert error.report.failures[0].error == "no such configuration"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("concurrency", [1, 2])
def test_an_interruption_is_not_taken_for_a_failing_route(concurrency: int, way: str, rules: list[Rule]) -> None:
    def interrupted(nodes: list[BaseNode]) -> None:
        raise SystemExit(3)

    router = IngestionRouter(
        {"invoice": interrupted, "recipe": ignored},
        default=ignored,
        rules=rules,
        backend=ScriptedBackend(),
        concurrency=concurrency,
        on_failure="annotate",
    )
    documents = [Document(text=BILL), Document(text=CAKE), Document(text=POEM)]
    with pytest.raises(SystemExit):
        _ = router.run(documents) if way == "run" else asyncio.run(router.arun(documents))


async def test_a_function_that_raises_stop_iteration_is_a_failing_route_and_no_hang(rules: list[Rule]) -> None:
    def empty(nodes: list[BaseNode]) -> None:
        next(iter(()))

    router = IngestionRouter({}, default=empty, rules=rules, backend=ScriptedBackend())
    for way in WAYS:
        error = await raised(router, way, [Document(text=BILL)])
        assert error.report[DEFAULT_ROUTE].error is not None


async def test_the_report_is_a_table_without_a_text(rules: list[Rule]) -> None:
    documents = [Document(id_=f"bill-{number}", text=BILL) for number in range(7)]
    documents += [Document(id_="cake", text=CAKE), Document(id_="poem", text=POEM)]
    router = IngestionRouter(
        {"invoice": [Breaking()]},
        default=[],
        review=Collected(),
        rules=rules,
        backend=fails_on("sea"),
    )
    error = await raised(router, "run", documents)
    assert [line.split() for line in str(error.report).splitlines()] == [
        ["route", "target", "documents", "nodes", "error"],
        ["invoice", "transformations", "7", "-", "ConnectionError"],
        ["(default)", "transformations", "1", "1"],
        ["(review)", "callable", "0", "-"],
        ["unchanged", "0"],
        ["not", "classified", "1"],
    ]
    assert "'bill-4' and 2 more" in str(error)
    told = f"{error}{error.report}{error.report!r}{error!r}"
    assert not any(text.strip() in told for text in (BILL, CAKE, POEM))
    with pytest.raises(KeyError):
        error.report["memo"]


class Unpicklable(Exception):  # noqa: N818 - what matters is how it is made
    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


async def test_error_and_report_survive_pickling_whatever_a_route_raised(rules: list[Rule]) -> None:
    def breaks(nodes: list[BaseNode]) -> None:
        first, second = "no", "space"
        raise Unpicklable(first, second)

    router = IngestionRouter({"invoice": breaks}, default=[], rules=rules, backend=fails_on("eggs"))
    error = await raised(router, "run", [Document(text=BILL), Document(text=CAKE), Document(text=POEM)])
    restored = pickle.loads(pickle.dumps(error))
    assert str(restored) == str(error)
    assert str(restored.report["invoice"].error) == "Unpicklable: no space"
    assert restored.report.failures == error.report.failures
    assert [node.get_content() for node in restored.report.nodes] == [POEM]
    kept = RouteReport(("invoice",), "index", error=ConnectionError("away"))
    assert isinstance(pickle.loads(pickle.dumps(kept)).error, ConnectionError)


@pytest.mark.parametrize("way", WAYS)
async def test_failed_documents_in_review_can_be_told_by_their_metadata(way: str, rules: list[Rule]) -> None:
    router = IngestionRouter(
        {}, default=ignored, review=[], rules=rules, backend=fails_on("eggs"), on_failure="annotate"
    )
    report = await routed(router, way, [Document(id_="cake", text=CAKE)])
    assert [node.metadata["classify_status"] for node in report[REVIEW_ROUTE].nodes or ()] == ["failed"]
    assert "classify_type" not in report.nodes[0].metadata
