"""With a docstore a run can be repeated: what has arrived is left alone, what has changed is replaced."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from llama_index.core import StorageContext, SummaryIndex
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import Document
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.vector_stores.chroma import ChromaVectorStore

from classify_core import InvalidOptionError, Rule
from llama_index_classify.routing import IngestionRouter
from tests.backends import ScriptedBackend
from tests.llama_index.chroma import chroma_client
from tests.llama_index.parts import splitter
from tests.llama_index.routing_parts import (
    BILL,
    CAKE,
    POEM,
    WAYS,
    Collected,
    embedding_model,
    empty_index,
    held_by,
    ignored,
    pipeline_with_stores,
    routed,
    three,
    way_and_store,
)


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
    invoices, others = (
        IngestionPipeline(transformations=[splitter(), embedding_model()], vector_store=shared) for _ in "ab"
    )
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


@pytest.mark.parametrize("way", WAYS)
async def test_an_index_that_only_works_synchronously_is_replaced_in_as_well(way: str, rules: list[Rule]) -> None:
    index = SummaryIndex([], transformations=[splitter()])
    router = IngestionRouter({}, default=index, rules=rules, backend=ScriptedBackend(), docstore=SimpleDocumentStore())
    await routed(router, way, three())
    assert len(index.ref_doc_info["bill"].node_ids) > 2
    await routed(router, way, [Document(id_="bill", text=BILL), *three()[1:]])
    assert {name: len(info.node_ids) for name, info in index.ref_doc_info.items()} == {"bill": 1, "cake": 1, "poem": 1}
    assert len(index.index_struct.nodes) == 3


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
