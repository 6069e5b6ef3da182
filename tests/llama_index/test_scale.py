"""Labels for very many nodes: asked for once a document, written into copies that share nothing."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from typing import Any, ClassVar

import pytest
from llama_index.core.schema import MetadataMode, NodeRelationship, RelatedNodeInfo, TextNode

from benchmarks.labelling.corpus import CountingBackend
from classify_core import MetadataSchema, Rule
from llama_index_classify import ClassifyTransform
from tests.backends import ScriptedBackend

CONTAINERS = ("metadata", "excluded_embed_metadata_keys", "excluded_llm_metadata_keys", "relationships")


def chunks(document: str, text: str, count: int, **fields: Any) -> list[TextNode]:
    return [
        TextNode(
            id_=f"{document}-{position}",
            text=f"{text} {position}",
            metadata={"file_name": f"{document}.txt", "page_count": 3},
            excluded_embed_metadata_keys=["file_name"],
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=document)},
            start_char_idx=position,
            **fields,
        )
        for position in range(count)
    ]


async def test_many_nodes_come_to_one_classification_a_document(rules: list[Rule]) -> None:
    nodes = [node for number in range(30) for node in chunks(f"d{number}", f"invoice {number}", 40)]
    for is_awaited in (False, True):
        backend = ScriptedBackend()
        step = ClassifyTransform(rules, backend=backend)
        labelled = await step.acall(nodes) if is_awaited else step(nodes)
        assert backend.asked.total() == len(backend.asked) == 30
        assert [node.node_id for node in labelled] == [node.node_id for node in nodes]
        assert {node.metadata["classify_type"] for node in labelled} == {"invoice"}


@pytest.mark.parametrize("is_labelled_already", [False, True])
def test_no_two_nodes_share_a_container(*, is_labelled_already: bool, rules: list[Rule]) -> None:
    step = ClassifyTransform(rules, backend=ScriptedBackend())
    nodes = chunks("a", "invoice", 5) + chunks("b", "invoice", 5)
    labelled = step(step(nodes)) if is_labelled_already else step(nodes)
    held = [id(getattr(node, name)) for node in [*nodes, *labelled] for name in CONTAINERS]
    assert len(held) == len(set(held)) == 20 * len(CONTAINERS)


def test_what_is_changed_in_one_copy_is_in_no_other_also_of_later_calls(rules: list[Rule]) -> None:
    step = ClassifyTransform(rules, backend=ScriptedBackend())
    first, second = step(chunks("a", "invoice", 2))
    before = second.model_copy(deep=True)
    first.metadata["owner"] = "ann"
    first.excluded_embed_metadata_keys.append("owner")
    first.excluded_llm_metadata_keys.clear()
    assert second == before
    assert step(chunks("a", "invoice", 2))[1] == before


def test_nodes_of_different_exclusions_keep_their_own(rules: list[Rule]) -> None:
    step = ClassifyTransform(rules, backend=ScriptedBackend())
    exclusions = [["one"], ["two", "three"], []]
    nodes = [TextNode(text="invoice", excluded_llm_metadata_keys=keys) for keys in exclusions]
    added = MetadataSchema().llm_exclusions
    assert [node.excluded_llm_metadata_keys for node in step(nodes)] == [[*keys, *added] for keys in exclusions]


class CountedNode(TextNode):
    """Counts how often its text is asked for."""

    reads: ClassVar[Counter[str]] = Counter()

    def get_content(self, metadata_mode: MetadataMode = MetadataMode.NONE) -> str:
        self.reads[self.node_id] += 1
        return super().get_content(metadata_mode)


def test_each_nodes_text_is_read_once(rules: list[Rule]) -> None:
    nodes = [CountedNode(**dict(node)) for node in chunks("counted", "invoice", 20)]
    CountedNode.reads.clear()
    ClassifyTransform(rules, backend=ScriptedBackend())(nodes)
    assert CountedNode.reads == {node.node_id: 1 for node in nodes}


@pytest.mark.parametrize("is_awaited", [False, True])
async def test_the_joined_texts_of_all_documents_are_never_held_together(
    *, is_awaited: bool, rules: list[Rule]
) -> None:
    characters = 100_000
    nodes = [node for number in range(100) for node in chunks(f"d{number}", f"{number:5}" * (characters // 5), 2)]
    step = ClassifyTransform(rules, backend=CountingBackend())
    tracemalloc.start()
    try:
        labelled = await step.acall(nodes) if is_awaited else step(nodes)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(labelled) == len(nodes)
    assert peak < len(nodes) * characters / 2


def test_a_copied_schema_has_names_of_its_own(rules: list[Rule]) -> None:
    schema = MetadataSchema()
    assert "classify_type" in schema.embedding_exclusions  # asked for, and so known, before it is copied
    other = schema.model_copy(update={"prefix": "kind_"})
    [node] = ClassifyTransform(rules, backend=ScriptedBackend(), metadata_schema=other)([TextNode(text="invoice")])
    assert node.metadata["kind_type"] == "invoice"
    assert all(key.startswith("kind_") for key in (*node.metadata, *node.excluded_embed_metadata_keys))


def test_a_former_label_leaves_nothing_behind(rules: list[Rule]) -> None:
    former = ClassifyTransform(rules, backend=ScriptedBackend(), min_confidence=0.5)
    now = ClassifyTransform(rules, backend=ScriptedBackend(), metadata_schema=MetadataSchema(reasoning_length=0))
    labelled = former(chunks("a", "invoice", 3))
    assert all("classify_reasoning" in node.metadata for node in labelled)
    again = now(labelled)
    assert not any("classify_reasoning" in node.metadata for node in again)
    assert [list(node.metadata)[:2] for node in again] == [["file_name", "page_count"]] * 3
