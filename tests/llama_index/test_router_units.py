"""What counts as one document from run to run: the pages of a file, the nodes of a document."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from llama_index.core import SimpleDirectoryReader
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import BaseNode, Document, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.readers.file import PDFReader

from classify_core import Rule
from classify_core.errors import RoutingError
from llama_index_classify.routing import IngestionRouter
from tests.backends import ScriptedBackend
from tests.llama_index.routing_parts import (
    BILL,
    CAKE,
    POEM,
    WAYS,
    Breaking,
    embedding_model,
    empty_index,
    held_by,
    page,
    pipeline_with_stores,
    routed,
    way_and_store,
)


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
    pipeline.transformations = [embedding_model()]
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
