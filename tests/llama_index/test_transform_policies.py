from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.schema import BaseNode, Document

from classify_core import BatchError, ForeignLabelError, Rule
from llama_index_classify import ClassifyTransform
from tests.backends import ScriptedBackend
from tests.llama_index.parts import fails_on, splitter

BILL = "This invoice has a total."
CAKE = "This recipe has eggs."


def split(documents: list[Document], chunk_size: int = 80) -> list[BaseNode]:
    return splitter(chunk_size).get_nodes_from_documents(documents)


def types_of(nodes: list[BaseNode]) -> list[str | None]:
    return [node.metadata.get("classify_type") for node in nodes]


def test_a_fresh_label_is_not_made_again(rules: list[Rule], documents: list[Document]) -> None:
    backend = ScriptedBackend()
    transform = ClassifyTransform(rules, backend=backend, cache=False)
    once = transform(documents)
    assert transform(once) == once
    assert backend.asked.total() == len(documents)


def test_chunks_of_a_labelled_document_need_no_classification(rules: list[Rule], documents: list[Document]) -> None:
    backend = ScriptedBackend()
    transform = ClassifyTransform(rules, backend=backend, cache=False)
    transform(split(transform(documents), 200))
    assert backend.asked.total() == len(documents)


def test_a_label_made_under_other_rules_is_replaced(rules: list[Rule]) -> None:
    old = ClassifyTransform(rules[1:], backend=ScriptedBackend())([Document(text=BILL)])
    [new] = ClassifyTransform(rules, backend=ScriptedBackend())(old)
    assert (old[0].metadata["classify_type"], new.metadata["classify_type"]) == ("uncategorized", "invoice")


def test_a_type_that_somebody_else_wrote_is_an_error_that_names_the_document(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    theirs = Document(text=BILL, metadata={"classify_type": "mine", "file_name": "a.pdf"})
    with pytest.raises(ForeignLabelError, match=r"a\.pdf.*overwrite=True"):
        ClassifyTransform(rules, backend=backend)([Document(text=CAKE), theirs])
    assert backend.asked.total() == 0


def test_overwrite_replaces_a_type_that_somebody_else_wrote(rules: list[Rule]) -> None:
    theirs = Document(text=BILL, metadata={"classify_type": "mine"})
    [labelled] = ClassifyTransform(rules, backend=ScriptedBackend(), overwrite=True)([theirs])
    assert labelled.metadata["classify_type"] == "invoice"


def test_below_the_threshold_the_type_is_withheld(rules: list[Rule]) -> None:
    [labelled] = ClassifyTransform(rules, backend=ScriptedBackend(), min_confidence=0.95)([Document(text=BILL)])
    assert labelled.metadata["classify_type"] == "uncategorized"
    assert labelled.metadata["classify_status"] == "below_threshold"


@pytest.mark.parametrize(
    ("options", "remaining"),
    [
        ({"keep_types": ["invoice"]}, ["bill"]),
        ({"keep_types": {"invoice", "uncategorized"}}, ["bill", "poem"]),
        ({"drop_types": ["recipe"]}, ["bill", "poem"]),
        ({"drop_types": ["uncategorized"]}, ["bill", "cake"]),
        ({"keep_types": ["invoice", "recipe"], "drop_types": ["recipe"]}, ["bill"]),
    ],
)
def test_only_wanted_types_remain_in_order(
    options: dict[str, Any], remaining: list[str], rules: list[Rule], documents: list[Document]
) -> None:
    labelled = ClassifyTransform(rules, backend=ScriptedBackend(), **options)(documents)
    assert [node.node_id for node in labelled] == remaining


def test_a_failed_document_is_annotated_and_the_others_are_fine(rules: list[Rule], documents: list[Document]) -> None:
    labelled = ClassifyTransform(rules, backend=fails_on("eggs"), keep_types=["invoice"])(documents)
    assert [node.node_id for node in labelled] == ["bill", "cake"]
    failed = labelled[1].metadata
    assert "classify_type" not in failed
    assert failed["classify_status"] == "failed"
    assert "eggs cannot be read" in failed["classify_error"]
    assert failed["classify_rules_id"] == labelled[0].metadata["classify_rules_id"]


def test_skip_leaves_a_failed_document_out(rules: list[Rule], documents: list[Document]) -> None:
    labelled = ClassifyTransform(rules, backend=fails_on("eggs"), on_failure="skip")(documents)
    assert [node.node_id for node in labelled] == ["bill", "poem"]


def test_raise_tells_all_outcomes_once_every_document_was_tried(rules: list[Rule], documents: list[Document]) -> None:
    backend = fails_on("eggs")
    with pytest.raises(BatchError, match=r"1 of 3 .*eggs cannot be read") as raised:
        ClassifyTransform(rules, backend=backend, on_failure="raise")(documents)
    assert [outcome.type for outcome in raised.value.outcomes] == ["invoice", None, None]
    assert backend.asked.total() == 3


def test_a_failed_document_is_tried_again(rules: list[Rule]) -> None:
    backend = fails_on("eggs")
    transform = ClassifyTransform(rules, backend=backend)
    failed = transform([Document(text="recipe with eggs")])
    backend.behaviour = None
    [healed] = transform(failed)
    assert healed.metadata["classify_type"] == "recipe"
    assert "classify_error" not in healed.metadata


def test_an_empty_document_is_annotated(rules: list[Rule]) -> None:
    [labelled] = ClassifyTransform(rules, backend="local")([Document(text="", metadata={"file_name": "blank.txt"})])
    assert labelled.metadata["classify_status"] == "failed"
    assert "blank.txt" in labelled.metadata["classify_error"]
