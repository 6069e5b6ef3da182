from __future__ import annotations

import pytest
from llama_index.core.vector_stores import FilterCondition, FilterOperator, MetadataFilters

from classify_core import Rule
from classify_core.errors import InvalidOptionError
from llama_index_classify.filters import type_filters


def as_told(filters: MetadataFilters) -> list[tuple[str, FilterOperator, object]]:
    return [(one.key, one.operator, one.value) for one in filters.filters]


def test_one_type_is_an_exact_match_which_every_store_knows() -> None:
    assert as_told(type_filters("invoice")) == [("classify_type", FilterOperator.EQ, "invoice")]
    assert len(type_filters("invoice").legacy_filters()) == 1


def test_several_types_are_one_filter_so_that_others_can_stand_beside_it() -> None:
    filters = type_filters(["recipe", "invoice"], min_confidence=1, prefix="kind_")
    assert filters.condition is FilterCondition.AND
    assert as_told(filters) == [
        ("kind_type", FilterOperator.IN, ["invoice", "recipe"]),
        ("kind_confidence", FilterOperator.GTE, 1.0),
    ]


def test_a_bool_is_refused_by_us_in_our_own_words() -> None:
    with pytest.raises(InvalidOptionError, match="min_confidence is True"):
        type_filters("invoice", min_confidence=True)
    with pytest.raises(InvalidOptionError, match="types holds something of type bool"):
        type_filters([True])


def test_a_type_that_no_rule_produces_is_an_error_and_not_a_filter_that_finds_nothing(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match="near are 'recipe'"):
        type_filters("receipe", rules=rules)


def test_filters_for_equal_types_are_equal(rules: list[Rule]) -> None:
    assert type_filters({"recipe", "invoice"}, rules=rules) == type_filters(["recipe", "invoice"], rules=rules)
