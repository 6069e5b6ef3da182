from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.node_parser import HierarchicalNodeParser
from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageNode,
    IndexNode,
    MediaResource,
    MetadataMode,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
)

from classify_core import BatchError, Rule
from llama_index_classify import ClassifyTransform
from tests.backends import ScriptedBackend
from tests.llama_index.parts import fails_on, splitter

if TYPE_CHECKING:
    from collections.abc import Callable

BILL = "This invoice has a total."
CAKE = "This recipe has eggs."


def split(documents: list[Document], chunk_size: int = 80) -> list[BaseNode]:
    return splitter(chunk_size).get_nodes_from_documents(documents)


def types_of(nodes: list[BaseNode]) -> list[str | None]:
    return [node.metadata.get("classify_type") for node in nodes]


def test_each_document_gets_its_type_and_confidence(rules: list[Rule], documents: list[Document]) -> None:
    labelled = ClassifyTransform(rules, backend=ScriptedBackend())(documents)
    assert types_of(labelled) == ["invoice", "recipe", "uncategorized"]
    assert labelled[0].metadata["owner"] == "ann"
    assert labelled[0].metadata["classify_confidence"] == 0.9
    assert {type(value) for node in labelled for value in node.metadata.values()} == {str, float}


def test_the_embedded_engine_needs_no_key(rules: list[Rule]) -> None:
    bill = Document(text="Invoice number 7. Line items: 2 chairs. Tax 19 EUR. Total amount due 119 EUR.")
    [labelled] = ClassifyTransform(rules)([bill])
    assert labelled.metadata["classify_type"] == "invoice"
    assert labelled.metadata["classify_backend"] == "local/lexical"


def test_nodes_of_one_document_share_one_classification(rules: list[Rule], documents: list[Document]) -> None:
    backend = ScriptedBackend()
    nodes = split(documents)
    labelled = ClassifyTransform(rules, backend=backend)(nodes)
    assert len(nodes) > len(documents)
    assert backend.asked.total() == len(documents)
    assert [node.node_id for node in labelled] == [node.node_id for node in nodes]
    assert {node.ref_doc_id: node.metadata["classify_type"] for node in labelled} == {
        "bill": "invoice",
        "cake": "recipe",
        "poem": "uncategorized",
    }


def test_a_documents_text_is_its_nodes_in_reading_order(rules: list[Rule]) -> None:
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="book")}
    nodes = [
        TextNode(text="third", start_char_idx=20, relationships=source),
        TextNode(text="first", start_char_idx=0, relationships=source),
        TextNode(text="second", start_char_idx=10, relationships=source),
    ]
    backend = ScriptedBackend()
    labelled = ClassifyTransform(rules, backend=backend)(nodes)
    assert list(backend.asked) == ["first\n\nsecond\n\nthird"]
    assert [node.get_content() for node in labelled] == ["third", "first", "second"]


def test_the_metadata_is_not_part_of_the_text(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    ClassifyTransform(rules, backend=backend)([Document(text="nothing", metadata={"note": "invoice"})])
    assert list(backend.asked) == ["nothing"]


def test_chunks_of_chunks_belong_to_the_document_at_their_root(rules: list[Rule]) -> None:
    document = Document(text="This invoice lists many line items. " * 60)
    levels = {"long": splitter(256), "short": splitter(64)}
    parser = HierarchicalNodeParser.from_defaults(node_parser_ids=list(levels), node_parser_map=levels)
    nodes = parser.get_nodes_from_documents([document])
    assert len(nodes) > len(levels)
    backend = ScriptedBackend()
    assert set(types_of(ClassifyTransform(rules, backend=backend)(nodes))) == {"invoice"}
    assert backend.asked.total() == 1


def test_a_document_beside_its_own_chunks_is_classified_once(rules: list[Rule], documents: list[Document]) -> None:
    backend = ScriptedBackend()
    ClassifyTransform(rules, backend=backend)([documents[0], *split(documents[:1])])
    assert backend.asked.total() == 1


def test_what_is_given_is_never_changed(rules: list[Rule], documents: list[Document]) -> None:
    nodes = [*documents, *split(documents)]
    before = [node.model_copy(deep=True) for node in nodes]
    hashes = [node.hash for node in nodes]
    ClassifyTransform(rules, backend=ScriptedBackend())(nodes)
    assert nodes == before
    assert [node.hash for node in nodes] == hashes


NODES: list[BaseNode] = [
    Document(id_="a", text=BILL, metadata={"k": 1}),
    Node(id_="b", text_resource=MediaResource(text=BILL), image_resource=MediaResource(data=b"pixels")),
    TextNode(id_="c", text=BILL, embedding=[0.5, 0.25], start_char_idx=3, end_char_idx=9),
    ImageNode(id_="d", text=BILL, image="aGk=", image_mimetype="image/png"),
    IndexNode(id_="e", text=BILL, index_id="index", obj={"any": "object"}),
    TextNode(
        id_="f",
        text=BILL,
        relationships={
            NodeRelationship.SOURCE: RelatedNodeInfo(node_id="source", hash="h"),
            NodeRelationship.NEXT: RelatedNodeInfo(node_id="next"),
        },
    ),
]


@pytest.mark.parametrize("node", NODES, ids=lambda node: type(node).__name__)
def test_a_label_changes_nothing_but_the_metadata_and_its_exclusions(node: BaseNode, rules: list[Rule]) -> None:
    [labelled] = ClassifyTransform(rules, backend=ScriptedBackend())([node])
    assert type(labelled) is type(node)
    assert labelled.metadata["classify_type"] == "invoice"
    label = {"metadata", "excluded_embed_metadata_keys", "excluded_llm_metadata_keys"}
    assert {name: value for name, value in vars(labelled).items() if name not in label} == {
        name: value for name, value in vars(node).items() if name not in label
    }
    assert (labelled.node_id, labelled.ref_doc_id, labelled.source_node) == (
        node.node_id,
        node.ref_doc_id,
        node.source_node,
    )


def test_copies_share_no_container_with_the_originals(rules: list[Rule]) -> None:
    node = TextNode(text=BILL, metadata={"k": "v"}, relationships={NodeRelationship.NEXT: RelatedNodeInfo(node_id="n")})
    [labelled] = ClassifyTransform(rules, backend=ScriptedBackend())([node])
    labelled.metadata["k"] = "changed"
    labelled.relationships.clear()
    labelled.excluded_llm_metadata_keys.append("k")
    assert (node.metadata, node.excluded_llm_metadata_keys, len(node.relationships)) == ({"k": "v"}, [], 1)


def test_a_labelled_node_survives_the_frameworks_own_copy_and_dictionary(rules: list[Rule]) -> None:
    [labelled] = ClassifyTransform(rules, backend=ScriptedBackend())([Document(text=BILL)])
    assert Document.from_dict(labelled.to_dict()).metadata == labelled.metadata


def pages() -> list[Document]:
    """Two files of two pages, as readers deliver them, the second file's pages in the wrong order."""
    return [
        Document(text="invoice one", metadata={"file_path": "a.pdf", "page_label": "1", "case": "x"}),
        Document(text="invoice two", metadata={"file_path": "a.pdf", "page_label": "2", "case": "x"}),
        Document(text="recipe ten", metadata={"file_path": "b.pdf", "page_label": "10"}),
        Document(text="recipe nine", metadata={"file_path": "b.pdf", "page_label": "9"}),
    ]


def case_of(node: BaseNode) -> str:
    return str(node.metadata.get("case", "none"))


@pytest.mark.parametrize(
    ("group_by", "asked"),
    [
        ("auto", ["invoice one\n\ninvoice two", "recipe nine\n\nrecipe ten"]),
        (None, ["invoice one", "invoice two", "recipe ten", "recipe nine"]),
        ("case", ["invoice one\n\ninvoice two", "recipe ten", "recipe nine"]),
        (case_of, ["invoice one\n\ninvoice two", "recipe nine\n\nrecipe ten"]),
    ],
)
def test_group_by_says_what_one_document_is(
    group_by: str | Callable[[Any], str] | None, asked: list[str], rules: list[Rule]
) -> None:
    backend = ScriptedBackend()
    ClassifyTransform(rules, backend=backend, group_by=group_by)(pages())
    assert sorted(backend.asked) == sorted(asked)


def test_the_label_is_out_of_the_embedding_text_and_only_the_type_is_in_the_llm_text(rules: list[Rule]) -> None:
    [labelled] = ClassifyTransform(rules, backend=ScriptedBackend())([TextNode(text=BILL)])
    assert labelled.get_content(MetadataMode.EMBED) == BILL
    assert labelled.get_content(MetadataMode.LLM) == f"classify_type: invoice\n\n{BILL}"


def test_exclusions_are_added_once(rules: list[Rule]) -> None:
    node = TextNode(
        text=BILL, excluded_embed_metadata_keys=["own", "classify_type"], excluded_llm_metadata_keys=["own"]
    )
    transform = ClassifyTransform(rules, backend=ScriptedBackend())
    [labelled] = transform(transform([node]))
    for keys in (labelled.excluded_embed_metadata_keys, labelled.excluded_llm_metadata_keys):
        assert len(keys) == len(set(keys))
        assert {"own", "classify_reasoning", "classify_error"} <= set(keys)


def test_two_classifiers_live_side_by_side_under_their_own_prefixes(rules: list[Rule]) -> None:
    urgency = [Rule(type="total", description="names a total that is to be paid"), rules[1]]
    nodes = ClassifyTransform(rules, backend=ScriptedBackend())([Document(text=BILL)])
    [both] = ClassifyTransform(urgency, backend=ScriptedBackend(), prefix="urgency_")(nodes)
    assert (both.metadata["classify_type"], both.metadata["urgency_type"]) == ("invoice", "total")
    assert "urgency_reasoning" in both.excluded_llm_metadata_keys


def test_no_nodes_are_no_work(rules: list[Rule]) -> None:
    assert ClassifyTransform(rules, backend="local")([]) == []


def test_show_progress_shows_a_bar(
    rules: list[Rule], documents: list[Document], capfd: pytest.CaptureFixture[str]
) -> None:
    transform = ClassifyTransform(rules, backend=ScriptedBackend())
    transform(documents)
    assert capfd.readouterr().err == ""
    transform(documents, show_progress=True, anything_else="is ignored")
    assert "3/3" in capfd.readouterr().err


@pytest.mark.parametrize("options", [{}, {"on_failure": "skip"}, {"keep_types": ["recipe"]}, {"group_by": None}])
async def test_acall_comes_to_the_same_as_a_call(
    options: dict[str, Any], rules: list[Rule], documents: list[Document]
) -> None:
    nodes = split(documents)
    synchronous = ClassifyTransform(rules, backend=fails_on("sea"), **options)(nodes)
    asynchronous = await ClassifyTransform(rules, backend=fails_on("sea"), **options).acall(nodes)
    assert asynchronous == synchronous


async def test_acall_raises_what_a_call_raises(rules: list[Rule], documents: list[Document]) -> None:
    transform = ClassifyTransform(rules, backend=fails_on("eggs"), on_failure="raise")
    with pytest.raises(BatchError) as synchronous:
        transform(documents)
    with pytest.raises(BatchError) as asynchronous:
        await transform.acall(documents)
    assert str(asynchronous.value) == str(synchronous.value)
