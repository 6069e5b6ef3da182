from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from fpdf import FPDF
from llama_index.core import SimpleDirectoryReader, StorageContext, SummaryIndex, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import BaseNode, Document, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.readers.file import PDFReader
from llama_index.vector_stores.chroma import ChromaVectorStore

from classify_core import InvalidOptionError, Rule
from classify_core.errors import RoutingError
from llama_index_classify.routing import IngestionRouter, RoutingReport
from tests.backends import ScriptedBackend
from tests.llama_index.chroma import chroma_client
from tests.llama_index.parts import fails_on, splitter
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
    page,
    pipeline_with_stores,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# llama-index-core 0.13 calls it itself when a document is inserted.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated method get_doc_id:DeprecationWarning")

WAYS = ["run", "arun"]
STORES: list[Callable[[], Any]] = [empty_index, pipeline_with_stores, duplicates_only]

way_and_store = pytest.mark.parametrize(("way", "make"), [(way, make) for way in WAYS for make in STORES])


async def routed(router: IngestionRouter, way: str, documents: list[Any], **more: Any) -> RoutingReport:
    """A run over copies, as a reader would load them anew."""
    fresh = [document.model_copy(deep=True) for document in documents]
    return router.run(fresh, **more) if way == "run" else await router.arun(fresh, **more)


def three() -> list[Document]:
    return [Document(id_="bill", text=BILL * 30), Document(id_="cake", text=CAKE), Document(id_="poem", text=POEM)]


@way_and_store
async def test_a_second_run_classifies_and_ingests_nothing(way: str, make: Any, rules: list[Rule]) -> None:
    backend, docstore, target, kept = ScriptedBackend(), SimpleDocumentStore(), make(), Collected()
    for repeated in (False, True):  # another process, with what the first one persisted
        router = IngestionRouter(
            {"invoice": target}, default=kept, rules=rules, backend=backend, docstore=docstore, cache=False
        )
        report = await routed(router, way, three())
        assert report.unchanged == (("bill", "cake", "poem") if repeated else ())
        assert report.classified == (0 if repeated else 3)
        assert backend.asked.total() == 3
        assert len(kept.calls) == 1
        assert held_by(target)["bill"] > 1
        docstore = SimpleDocumentStore.from_dict(docstore.to_dict())
    assert "unchanged" in str(report)


@way_and_store
async def test_a_changed_document_replaces_its_former_version_alone(way: str, make: Any, rules: list[Rule]) -> None:
    backend, target = ScriptedBackend(), make()
    router = IngestionRouter(
        {}, default=target, rules=rules, backend=backend, docstore=SimpleDocumentStore(), cache=False
    )
    await routed(router, way, three())
    before = held_by(target)
    report = await routed(router, way, [Document(id_="bill", text=BILL), *three()[1:]])
    assert report.unchanged == ("cake", "poem")
    assert backend.asked.total() == 4
    assert before["bill"] > 1
    assert held_by(target) == Counter(bill=1, cake=before["cake"], poem=before["poem"])


@pytest.mark.parametrize("way", WAYS)
async def test_a_label_that_a_reader_wrote_counts_by_its_type(way: str, rules: list[Rule]) -> None:
    kept = Collected()
    router = IngestionRouter({}, default=kept, rules=rules, backend=ScriptedBackend(), docstore=SimpleDocumentStore())

    def labelled(**label: str) -> list[Document]:
        fresh = {"type": "invoice", "status": "completed", "rules_id": router.classifier.rules_id} | label
        return [Document(id_="a", text=POEM, metadata={f"classify_{key}": value for key, value in fresh.items()})]

    await routed(router, way, labelled(job_id="job-1", reasoning="it names line items"))
    assert (await routed(router, way, labelled(job_id="job-2", reasoning="a bill"))).unchanged == ("a",)
    assert (await routed(router, way, labelled(type="recipe", job_id="job-1"))).unchanged == ()
    assert kept.calls == [["a"], ["a"]]


@way_and_store
async def test_a_document_whose_type_changes_leaves_the_route_that_held_it(
    way: str, make: Any, rules: list[Rule]
) -> None:
    invoices, others = make(), make()
    router = IngestionRouter(
        {"invoice": invoices}, default=others, rules=rules, backend=ScriptedBackend(), docstore=SimpleDocumentStore()
    )
    await routed(router, way, three())
    assert set(held_by(invoices)) == {"bill"}
    swapped = [Document(id_="bill", text=POEM), Document(id_="cake", text=CAKE), Document(id_="poem", text=BILL)]
    for _ in range(2):
        await routed(router, way, swapped)
        assert set(held_by(invoices)) == {"poem"}
        assert set(held_by(others)) == {"bill", "cake"}
    await routed(router, way, three())
    assert (set(held_by(invoices)), set(held_by(others))) == ({"bill"}, {"cake", "poem"})


@pytest.mark.parametrize("way", WAYS)
async def test_it_moves_and_replaces_in_stores_that_keep_the_texts_too(way: str, rules: list[Rule]) -> None:
    client = chroma_client()
    invoices, others = (client.create_collection(f"{name}-{uuid4()}") for name in ("invoices", "others"))
    storage = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=invoices))
    router = IngestionRouter(
        {"invoice": empty_index(storage_context=storage)},
        default=pipeline_with_stores(vector_store=ChromaVectorStore(chroma_collection=others)),
        rules=rules,
        backend=ScriptedBackend(),
        docstore=SimpleDocumentStore(),
    )

    def held(collection: Any) -> list[str]:
        return sorted(metadata["ref_doc_id"] for metadata in collection.get()["metadatas"])

    await routed(router, way, three())
    assert set(held(invoices)) == {"bill"}
    assert held(others) == ["cake", "poem"]
    for _ in range(2):
        await routed(router, way, [Document(id_="bill", text=POEM), Document(id_="cake", text=BILL), three()[2]])
        assert (held(invoices), held(others)) == (["cake"], ["bill", "poem"])


@pytest.mark.parametrize("way", WAYS)
async def test_routes_that_share_a_vector_store_keep_a_document_that_moves_between_them(
    way: str, rules: list[Rule]
) -> None:
    shared = SimpleVectorStore()
    invoices, others = (IngestionPipeline(transformations=[splitter(), _embed()], vector_store=shared) for _ in "ab")
    router = IngestionRouter(
        {"invoice": invoices},
        default=others,
        rules=rules,
        backend=ScriptedBackend(),
        docstore=SimpleDocumentStore(),
    )
    await routed(router, way, [Document(id_="a", text=BILL), Document(id_="b", text=POEM)])
    await routed(router, way, [Document(id_="a", text=POEM), Document(id_="b", text=BILL)])
    assert held_by(others) == Counter(a=1, b=1)


@pytest.mark.parametrize("way", WAYS)
async def test_changed_rules_route_everything_again(way: str, rules: list[Rule]) -> None:
    docstore, index = SimpleDocumentStore(), empty_index()
    more = [*rules, Rule(type="sea", description="A text about the sea, its waves and its storms.")]
    for chosen in (rules, more):
        kept = Collected()
        router = IngestionRouter(
            {"sea": kept} if chosen is more else {},
            default=index,
            rules=chosen,
            backend=ScriptedBackend(),
            docstore=docstore,
        )
        report = await routed(router, way, three())
        assert report.unchanged == ()
    assert kept.calls == [["poem"]]
    assert set(held_by(index)) == {"bill", "cake"}


@pytest.mark.parametrize("way", WAYS)
async def test_a_route_that_is_added_takes_its_documents_and_no_other_is_touched(way: str, rules: list[Rule]) -> None:
    docstore, index, recipes = SimpleDocumentStore(), empty_index(), empty_index()
    for routes in ({}, {"recipe": recipes}):
        router = IngestionRouter(
            routes, default=index, rules=rules, backend=ScriptedBackend(), docstore=docstore, cache=False
        )
        report = await routed(router, way, three())
    assert report.unchanged == ("bill", "poem")
    assert (set(held_by(index)), set(held_by(recipes))) == ({"bill", "poem"}, {"cake"})


@pytest.mark.parametrize("way", WAYS)
async def test_other_metadata_keys_are_other_labels(way: str, rules: list[Rule]) -> None:
    docstore, index = SimpleDocumentStore(), empty_index()
    for prefix in ("classify_", "kind_"):
        router = IngestionRouter(
            {}, default=index, rules=rules, backend=ScriptedBackend(), docstore=docstore, prefix=prefix
        )
        assert (await routed(router, way, three())).unchanged == ()
    assert {"kind_type"} <= set(next(iter(index.vector_store.data.metadata_dict.values())))
    assert held_by(index)["poem"] == 1


async def test_a_route_that_is_gone_is_told_of_where_it_may_still_hold_something(
    rules: list[Rule], caplog: pytest.LogCaptureFixture
) -> None:
    docstore = SimpleDocumentStore()
    options: dict[str, Any] = {"rules": rules, "backend": ScriptedBackend(), "docstore": docstore}
    IngestionRouter({"invoice": empty_index()}, default=ignored, **options).run(three())
    with caplog.at_level(logging.WARNING):
        report = IngestionRouter({}, default=ignored, **options).run(three())
    assert report.unchanged == ("cake", "poem")
    assert "no route 'invoice' any more" in caplog.text


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
    index = HalfWay([], embed_model=_embed(), transformations=[splitter()])
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
    index, recipes = HalfWay([], embed_model=_embed(), transformations=[splitter()]), empty_index()
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
@pytest.mark.parametrize("have_ids", [True, False])
async def test_when_one_page_changes_the_whole_file_is_classified_and_routed_again(
    way: str, rules: list[Rule], *, have_ids: bool
) -> None:
    def pages(*texts: str) -> list[Document]:
        return [page(i, text, identifier=f"page-{i}" if have_ids else None) for i, text in enumerate(texts, start=1)]

    backend, invoices, others = ScriptedBackend(), empty_index(), empty_index()
    router = IngestionRouter(
        {"invoice": invoices}, default=others, rules=rules, backend=backend, docstore=SimpleDocumentStore()
    )
    await routed(router, way, pages(BILL, POEM, POEM))
    assert held_by(invoices).total() == 3
    assert len((await routed(router, way, pages(BILL, POEM, POEM))).unchanged) == 3
    await routed(router, way, pages(POEM, POEM))
    assert (held_by(invoices).total(), held_by(others).total()) == (0, 2)
    assert backend.asked.total() == 2


@pytest.mark.parametrize("way", WAYS)
async def test_a_pdf_is_known_again_though_its_reader_makes_up_identifiers(
    way: str, rules: list[Rule], tmp_path: Path
) -> None:
    pdf = FPDF()
    for text in (BILL, POEM):
        pdf.add_page()
        pdf.set_font("helvetica")
        pdf.cell(text=text)
    pdf.output(str(tmp_path / "scan.pdf"))
    index = empty_index()
    router = IngestionRouter({}, default=index, rules=rules, backend=ScriptedBackend(), docstore=SimpleDocumentStore())
    for repeated in (False, True):
        documents = SimpleDirectoryReader(str(tmp_path), file_extractor={".pdf": PDFReader()}).load_data()
        report = await routed(router, way, documents)
        assert len(report.unchanged) == (2 if repeated else 0)
        assert held_by(index).total() == 2


def _chunks(document: str, *texts: str) -> list[TextNode]:
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=document)}
    return [TextNode(text=text, relationships=source) for text in texts]


@way_and_store
@pytest.mark.parametrize("group_by", ["auto", None])
async def test_nodes_are_known_by_their_source_document(
    way: str, make: Any, group_by: str | None, rules: list[Rule]
) -> None:
    index = make() if make is empty_index else make_for_nodes(make)
    backend = ScriptedBackend()
    router = IngestionRouter(
        {}, default=index, rules=rules, backend=backend, docstore=SimpleDocumentStore(), group_by=group_by
    )
    await routed(router, way, [], nodes=[*_chunks("bill", BILL, POEM), *_chunks("cake", CAKE)])
    report = await routed(router, way, [], nodes=[*_chunks("bill", BILL, POEM), *_chunks("cake", CAKE)])
    assert report.unchanged == ("bill", "cake")
    await routed(router, way, [], nodes=[*_chunks("bill", BILL), *_chunks("cake", CAKE)])
    assert held_by(index) == Counter(bill=1, cake=1)


@pytest.mark.parametrize("way", WAYS)
async def test_a_document_whose_parts_go_apart_has_arrived_when_all_of_them_have(way: str, rules: list[Rule]) -> None:
    invoices, breaking = empty_index(), Breaking()
    router = IngestionRouter(
        {"invoice": invoices},
        default=[breaking],
        rules=rules,
        backend=ScriptedBackend(),
        docstore=SimpleDocumentStore(),
        group_by=None,
    )
    with pytest.raises(RoutingError):
        await routed(router, way, [], nodes=_chunks("mixed", BILL, POEM))
    breaking.mend()
    report = await routed(router, way, [], nodes=_chunks("mixed", BILL, POEM))
    assert (report.unchanged, len(report["(default)"].nodes or ())) == ((), 1)
    assert held_by(invoices) == Counter(mixed=1)
    assert (await routed(router, way, [], nodes=_chunks("mixed", BILL, POEM))).unchanged == ("mixed",)


def make_for_nodes(make: Any) -> IngestionPipeline:
    pipeline = make()
    pipeline.transformations = [_embed()]
    return pipeline


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["index", "pipeline"])
async def test_what_is_stored_unsplit_is_removed_too(way: str, kind: str, rules: list[Rule]) -> None:
    def make() -> Any:
        return empty_index() if kind == "index" else make_for_nodes(pipeline_with_stores)

    def given(text: str) -> list[BaseNode]:
        return [TextNode(id_="a", text=text) if kind == "index" else Document(id_="a", text=text)]

    invoices, others = make(), make()
    router = IngestionRouter(
        {"invoice": invoices}, default=others, rules=rules, backend=ScriptedBackend(), docstore=SimpleDocumentStore()
    )
    await routed(router, way, [], nodes=given(BILL))
    assert set(invoices.vector_store.data.embedding_dict) == {"a"}
    await routed(router, way, [], nodes=given(POEM))
    assert not invoices.vector_store.data.embedding_dict
    assert set(others.vector_store.data.embedding_dict) == {"a"}
    await routed(router, way, [], nodes=given(BILL))
    assert set(invoices.vector_store.data.embedding_dict) == {"a"}


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
async def test_an_index_that_only_works_synchronously_is_replaced_in_as_well(way: str, rules: list[Rule]) -> None:
    index = SummaryIndex([], transformations=[splitter()])
    router = IngestionRouter({}, default=index, rules=rules, backend=ScriptedBackend(), docstore=SimpleDocumentStore())
    await routed(router, way, three())
    assert len(index.ref_doc_info["bill"].node_ids) > 2
    await routed(router, way, [Document(id_="bill", text=BILL), *three()[1:]])
    assert {name: len(info.node_ids) for name, info in index.ref_doc_info.items()} == {"bill": 1, "cake": 1, "poem": 1}
    assert len(index.index_struct.nodes) == 3


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


def test_a_docstore_of_a_target_is_refused(rules: list[Rule]) -> None:
    for target in (pipeline_with_stores(), empty_index()):
        docstore = target.docstore
        with pytest.raises(InvalidOptionError, match=r"'invoice' too; give the router one of its own"):
            IngestionRouter({"invoice": target}, default=ignored, rules=rules, backend="local", docstore=docstore)


def test_a_docstore_with_other_contents_is_refused_before_anything_is_classified(rules: list[Rule]) -> None:
    docstore, backend = SimpleDocumentStore(), ScriptedBackend()
    docstore.set_document_hash("bill", "a1b2c3")
    router = IngestionRouter({}, default=ignored, rules=rules, backend=backend, docstore=docstore)
    with pytest.raises(InvalidOptionError, match="a docstore of its own"):
        router.run(three())
    assert backend.asked.total() == 0


def test_a_pipeline_that_would_delete_unchanged_documents_is_refused(rules: list[Rule]) -> None:
    pipeline = pipeline_with_stores(docstore_strategy=DocstoreStrategy.UPSERTS_AND_DELETE)
    options: dict[str, Any] = {"default": ignored, "rules": rules, "backend": ScriptedBackend()}
    with pytest.raises(InvalidOptionError, match=r"'invoice': .*UPSERTS_AND_DELETE"):
        IngestionRouter({"invoice": pipeline}, docstore=SimpleDocumentStore(), **options)
    IngestionRouter({"invoice": pipeline}, **options).run(three())
    assert set(held_by(pipeline)) == {"bill"}


def test_the_docstore_holds_no_text_and_no_key(rules: list[Rule]) -> None:
    docstore = SimpleDocumentStore()
    router = IngestionRouter({}, default=empty_index(), rules=rules, backend=ScriptedBackend(), docstore=docstore)
    router.run(three())
    assert not any(text.strip() in str(docstore.to_dict()) for text in (BILL, CAKE, POEM))
    assert not docstore.docs


class AwaitedOnly(SimpleDocumentStore):
    """A docstore that may not be called synchronously."""

    def get_document_hash(self, doc_id: str) -> str | None:
        raise AssertionError(doc_id)

    def set_document_hashes(self, doc_hashes: dict[str, str]) -> None:
        raise AssertionError(doc_hashes)


async def test_an_awaited_run_awaits_the_docstore(rules: list[Rule]) -> None:
    router = IngestionRouter({}, default=empty_index(), rules=rules, backend=ScriptedBackend(), docstore=AwaitedOnly())
    await router.arun(three())
    assert (await router.arun(three())).unchanged == ("bill", "cake", "poem")


def _embed() -> MockEmbedding:
    return MockEmbedding(embed_dim=4)
