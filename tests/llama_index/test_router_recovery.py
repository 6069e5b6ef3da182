"""What a run left undone, for whatever reason, is done by the next one, and nothing is there twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.schema import Document, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore

from classify_core import Rule
from classify_core.errors import RoutingError
from llama_index_classify.routing import IngestionRouter
from tests.backends import ScriptedBackend
from tests.llama_index.parts import fails_on, splitter
from tests.llama_index.routing_parts import (
    BILL,
    CAKE,
    POEM,
    WAYS,
    Breaking,
    Collected,
    embedding_model,
    empty_index,
    held_by,
    pipeline_with_stores,
    routed,
    three,
    way_and_store,
)


@way_and_store
async def test_only_what_failed_is_done_again_when_its_route_is_mended(way: str, make: Any, rules: list[Rule]) -> None:
    backend, breaking, kept, index = ScriptedBackend(), Breaking(), Collected(), make()
    router = IngestionRouter(
        {"invoice": pipeline_with_stores(breaking), "recipe": index},
        default=kept,
        rules=rules,
        backend=backend,
        docstore=SimpleDocumentStore(),
    )
    with pytest.raises(RoutingError, match="what has arrived is left alone"):
        await routed(router, way, three())
    breaking.mend()
    report = await routed(router, way, three())
    assert report.unchanged == ("cake", "poem")
    assert report["invoice"].document_ids == ("bill",)
    assert kept.calls == [["poem"]]
    assert held_by(index)["cake"] == 1
    assert (await routed(router, way, three())).unchanged == ("bill", "cake", "poem")


class HalfWay(VectorStoreIndex):
    """Ends the program, as a crash would, when it has inserted so many documents."""

    remaining = 2

    def insert(self, document: Document, **options: Any) -> None:
        super().insert(document, **options)
        self.remaining -= 1
        if self.remaining == 0:
            raise KeyboardInterrupt


def test_a_crash_in_the_middle_of_a_route_leaves_no_doubles(rules: list[Rule]) -> None:
    index = HalfWay([], embed_model=embedding_model(), transformations=[splitter()])
    docstore, kept = SimpleDocumentStore(), Collected()
    router = IngestionRouter(
        {"recipe": kept}, default=index, rules=rules, backend=ScriptedBackend(), docstore=docstore, cache=False
    )
    bills = [Document(id_=f"bill-{number}", text=BILL) for number in range(3)]
    with pytest.raises(KeyboardInterrupt):
        router.run([*bills, Document(id_="cake", text=CAKE)])
    assert held_by(index) == Counter({"bill-0": 1, "bill-1": 1})
    assert kept.calls == [["cake"]]
    report = router.run([*bills, Document(id_="cake", text=CAKE)])
    assert report.unchanged == ("cake",)
    assert held_by(index) == Counter({f"bill-{number}": 1 for number in range(3)})


def test_after_a_crash_a_document_whose_type_changed_is_nowhere_twice(rules: list[Rule]) -> None:
    index, recipes = HalfWay([], embed_model=embedding_model(), transformations=[splitter()]), empty_index()
    router = IngestionRouter(
        {"recipe": recipes}, default=index, rules=rules, backend=ScriptedBackend(), docstore=SimpleDocumentStore()
    )
    with pytest.raises(KeyboardInterrupt):
        router.run([Document(id_="a", text=BILL), Document(id_="b", text=BILL)])
    router.run([Document(id_="a", text=CAKE), Document(id_="b", text=BILL)])
    assert (set(held_by(index)), set(held_by(recipes))) == ({"b"}, {"a"})


@pytest.mark.parametrize("way", WAYS)
async def test_a_former_version_stays_until_the_new_one_is_classified(way: str, rules: list[Rule]) -> None:
    index, backend = empty_index(), ScriptedBackend()
    router = IngestionRouter({}, default=index, rules=rules, backend=backend, docstore=SimpleDocumentStore())
    await routed(router, way, three())
    backend.behaviour = fails_on("sea").behaviour
    changed = [*three()[:2], Document(id_="poem", text=POEM * 2)]
    with pytest.raises(RoutingError, match="not classified: 'poem'"):
        await routed(router, way, changed)
    assert held_by(index)["poem"] == 1
    backend.behaviour = None
    report = await routed(router, way, changed)
    assert report["(default)"].document_ids == ("poem",)


@pytest.mark.parametrize("way", WAYS)
async def test_what_went_to_review_unclassified_moves_on_once_it_can_be(way: str, rules: list[Rule]) -> None:
    index, review, backend = empty_index(), empty_index(), fails_on("eggs")
    router = IngestionRouter(
        {},
        default=index,
        review=review,
        rules=rules,
        backend=backend,
        docstore=SimpleDocumentStore(),
        on_failure="annotate",
    )
    for _ in range(2):
        report = await routed(router, way, three())
        assert (held_by(review), set(held_by(index))) == (Counter(cake=1), {"bill", "poem"})
    assert report.unchanged == ("bill", "poem")
    backend.behaviour = None
    await routed(router, way, three())
    assert (set(held_by(review)), set(held_by(index))) == (set(), {"bill", "cake", "poem"})


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_removed_before_its_new_route_failed_hinders_no_further_run(way: str, rules: list[Rule]) -> None:
    index, breaking, kept = empty_index(), Breaking(), Collected()
    router = IngestionRouter(
        {"invoice": index, "recipe": [breaking]},
        default=kept,
        rules=rules,
        backend=ScriptedBackend(),
        docstore=SimpleDocumentStore(),
    )
    await routed(router, way, [], nodes=[TextNode(id_="a", text=BILL), Document(id_="b", text=BILL)])
    moved = [TextNode(id_="a", text=CAKE), Document(id_="b", text=CAKE)]
    with pytest.raises(RoutingError, match="ConnectionError"):
        await routed(router, way, [], nodes=moved)
    assert not index.vector_store.data.embedding_dict
    breaking.mend()
    report = await routed(router, way, [], nodes=moved)
    assert report["recipe"].document_ids == ("a", "b")


@pytest.mark.parametrize("way", WAYS)
async def test_where_the_former_version_cannot_be_removed_nothing_is_doubled(way: str, rules: list[Rule]) -> None:
    class Undeletable(SimpleVectorStore):
        def delete(self, ref_doc_id: str, **options: Any) -> None:
            raise PermissionError("read only")

    index = empty_index(storage_context=StorageContext.from_defaults(vector_store=Undeletable()))
    router = IngestionRouter({}, default=index, rules=rules, backend=ScriptedBackend(), docstore=SimpleDocumentStore())
    await routed(router, way, three()[1:])
    with pytest.raises(RoutingError, match="PermissionError") as caught:
        await routed(router, way, [Document(id_="cake", text=CAKE * 2), three()[2]])
    assert held_by(index) == Counter(cake=1, poem=1)
    assert caught.value.report.unchanged == ("poem",)
