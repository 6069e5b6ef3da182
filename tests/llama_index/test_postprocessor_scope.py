from __future__ import annotations

import pickle
from typing import Any

import pytest
from llama_index.core.schema import BaseNode, NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

from classify_core import InvalidOptionError, Rule
from llama_index_classify import ClassifyPostprocessor, ClassifyTransform
from tests.backends import ScriptedBackend

CHUNKS = {"bill-1": "an invoice", "bill-2": "a recipe on its back", "bill-3": "and nothing else"}


def chunks() -> list[BaseNode]:
    relationships = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="bill")}
    return [TextNode(id_=id_, text=text, relationships=relationships) for id_, text in CHUNKS.items()]


def types(postprocessor: ClassifyPostprocessor, nodes: list[BaseNode]) -> list[Any]:
    passed = postprocessor.postprocess_nodes([NodeWithScore(node=node, score=0.5) for node in nodes])
    return [one.metadata["classify_type"] for one in passed]


def nodes_of(postprocessor: ClassifyPostprocessor, nodes: list[BaseNode]) -> list[BaseNode]:
    return [one.node for one in postprocessor.postprocess_nodes([NodeWithScore(node=node) for node in nodes])]


def made(rules: list[Rule], **options: Any) -> ClassifyPostprocessor:
    return ClassifyPostprocessor(rules, **{"backend": ScriptedBackend(), **options})


def test_scope_document_makes_one_label_for_all_nodes_of_a_document(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    assert types(made(rules, scope="document", backend=backend), chunks()) == ["invoice"] * 3
    assert backend.asked.total() == 1


def test_scope_node_makes_a_label_for_each_node(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    assert types(made(rules, scope="node", backend=backend), chunks()) == ["invoice", "recipe", "uncategorized"]
    assert set(backend.asked) == set(CHUNKS.values())


def test_a_document_label_is_not_fresh_for_single_nodes(rules: list[Rule]) -> None:
    ingested = list(ClassifyTransform(rules, backend=ScriptedBackend())(chunks()))
    assert {node.metadata["classify_type"] for node in ingested} == {"invoice"}
    assert types(made(rules, scope="node"), ingested) == ["invoice", "recipe", "uncategorized"]


def test_a_node_label_is_not_fresh_for_its_document(rules: list[Rule]) -> None:
    second = nodes_of(made(rules, scope="node"), chunks())[1]
    assert second.metadata["classify_type"] == "recipe"
    first = chunks()[0]
    assert types(made(rules), [first, second]) == ["invoice", "invoice"]
    labelled = ClassifyTransform(rules, backend=ScriptedBackend())([first, second])
    assert [node.metadata["classify_type"] for node in labelled] == ["invoice", "invoice"]


@pytest.mark.parametrize("scope", ["document", "node"])
def test_within_its_scope_a_label_is_fresh(scope: Any, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    postprocessor = made(rules, scope=scope, backend=backend, cache=False)
    labelled = nodes_of(postprocessor, chunks())
    asked = backend.asked.total()
    assert nodes_of(postprocessor, labelled) == labelled
    assert backend.asked.total() == asked


def test_group_by_is_refused_beside_scope_node(rules: list[Rule]) -> None:
    for group_by in ("case", len):
        with pytest.raises(InvalidOptionError, match="leave group_by out"):
            made(rules, scope="node", group_by=group_by)


def test_scope_is_in_the_dictionary_and_in_the_pickle(rules: list[Rule]) -> None:
    node = ClassifyPostprocessor(rules, backend="local", scope="node", prefix="kind_")
    assert node.to_dict()["scope"] == "node"
    assert node != ClassifyPostprocessor(rules, backend="local", prefix="kind_", group_by=None)
    for restored in (pickle.loads(pickle.dumps(node)), ClassifyPostprocessor.from_json(node.to_json())):
        assert restored == node
        text = TextNode(text="Invoice number 7, total amount due")
        [first], [second] = nodes_of(node, [text]), nodes_of(restored, [text])
        assert first.metadata == second.metadata
