from __future__ import annotations

import itertools
import json
import math
import pickle
from typing import Any

import pytest
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

from classify_core import InvalidOptionError, Rule
from classify_core.boosting import best_first, boosted
from llama_index_classify import ClassifyPostprocessor
from tests.backends import ScriptedBackend
from tests.llama_index.parts import fails_on

SCORES = [-math.inf, -3.0, -0.5, -0.0, 0.0, 0.2, 0.9, 1e300]


def scored(text: str, score: float | None) -> NodeWithScore:
    relationships = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"document of {text}")}
    return NodeWithScore(node=TextNode(id_=text, text=text, relationships=relationships), score=score)


def retrieved() -> list[NodeWithScore]:
    return [scored("an invoice", 0.9), scored("a recipe", 0.8), scored("the sea", 0.7), scored("a second recipe", 0.6)]


def ranking(rules: list[Rule], nodes: list[NodeWithScore], **options: Any) -> list[tuple[str, float | None]]:
    given = {"backend": ScriptedBackend(), **options}
    passed = ClassifyPostprocessor(rules, **given).postprocess_nodes(nodes)
    return [(one.node_id, one.score) for one in passed]


def test_a_boosted_type_comes_first_with_its_score_multiplied(rules: list[Rule]) -> None:
    assert ranking(rules, retrieved(), boost={"recipe": 1.5}) == [
        ("a recipe", pytest.approx(1.2)),
        ("an invoice", 0.9),
        ("a second recipe", pytest.approx(0.9)),
        ("the sea", 0.7),
    ]


async def test_the_asynchronous_way_ranks_alike(rules: list[Rule]) -> None:
    postprocessor = ClassifyPostprocessor(rules, backend=ScriptedBackend(), boost={"recipe": 2, "invoice": 0.1})
    assert await postprocessor.apostprocess_nodes(retrieved()) == postprocessor.postprocess_nodes(retrieved())


def test_no_match_can_be_weighted_too(rules: list[Rule]) -> None:
    assert ranking(rules, retrieved(), boost={"uncategorized": 2})[0] == ("the sea", 1.4)


def test_a_factor_of_zero_puts_a_type_behind_all_others(rules: list[Rule]) -> None:
    assert [name for name, _ in ranking(rules, retrieved(), boost={"invoice": 0})][-1] == "an invoice"


def test_without_boost_the_order_of_the_retriever_stays(rules: list[Rule]) -> None:
    upside_down = retrieved()[::-1]
    assert ranking(rules, upside_down) == [(one.node_id, one.score) for one in upside_down]


def test_equal_scores_keep_their_order(rules: list[Rule]) -> None:
    nodes = [scored(f"text {number}", 0.5) for number in range(20)]
    assert [name for name, _ in ranking(rules, nodes, boost={"invoice": 3})] == [one.node_id for one in nodes]


def test_what_has_no_score_keeps_none_and_comes_last_in_its_order(rules: list[Rule]) -> None:
    nodes = [scored("a recipe", None), scored("the sea", 0.1), scored("an invoice", None), scored("the hill", -5.0)]
    assert ranking(rules, nodes, boost={"recipe": 9}) == [
        ("the sea", 0.1),
        ("the hill", -5.0),
        ("a recipe", None),
        ("an invoice", None),
    ]


def test_the_score_of_a_failed_document_is_not_changed(rules: list[Rule]) -> None:
    boost = {"invoice": 3.0, "recipe": 3.0, "uncategorized": 3.0}
    assert ("the sea", 0.7) in ranking(rules, retrieved(), boost=boost, backend=fails_on("sea"))


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("factor", [0.0, 1e-320, 0.5, 1.0, 2.0, 1e300])
def test_a_factor_moves_a_score_in_its_direction_whatever_the_sign(score: float, factor: float) -> None:
    moved = boosted(score, factor)
    assert moved is not None
    assert moved >= score if factor >= 1 else moved <= score
    if math.isfinite(score):
        assert json.loads(json.dumps(moved, allow_nan=False)) == moved


@pytest.mark.parametrize("factor", [0.0, 1e-320, 0.5, 1.0, 2.0, 1e300])
def test_a_factor_keeps_the_order_within_a_type(factor: float) -> None:
    moved = [boosted(score, factor) for score in SCORES if math.isfinite(score)]
    assert all(low <= high for low, high in itertools.pairwise(moved))


def test_a_score_that_is_no_number_is_no_score_for_the_order() -> None:
    assert best_first([math.nan, 0.1, None, math.inf, -math.inf]) == [3, 1, 4, 0, 2]


@pytest.mark.parametrize("factor", [-1, math.inf, math.nan, "2", True, None])
def test_a_factor_that_cannot_work_is_refused(factor: Any, rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match=r"boost\['invoice'\]"):
        ClassifyPostprocessor(rules, backend="local", boost={"invoice": factor})


def test_a_boost_that_is_no_mapping_is_refused(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match="factor"):
        ClassifyPostprocessor(rules, backend="local", boost=["invoice"])


def test_a_type_that_no_rule_produces_is_refused_with_the_near_matches(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match="no rule produces 'invoices'; near are 'invoice'"):
        ClassifyPostprocessor(rules, backend="local", boost={"invoices": 2})


def test_the_factors_are_in_the_dictionary_in_a_stable_order_and_in_the_pickle(rules: list[Rule]) -> None:
    one = ClassifyPostprocessor(rules, backend="local", boost={"recipe": 2, "invoice": 0.5})
    other = ClassifyPostprocessor(rules, backend="local", boost={"invoice": 0.5, "recipe": 2})
    assert one.to_json() == other.to_json()
    assert json.loads(one.to_json())["boost"] == {"invoice": 0.5, "recipe": 2.0}
    assert one != ClassifyPostprocessor(rules, backend="local")
    for restored in (pickle.loads(pickle.dumps(one)), ClassifyPostprocessor.from_json(one.to_json())):
        assert restored == one
        assert restored.boost == one.boost
