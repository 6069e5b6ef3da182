from __future__ import annotations

from enum import Enum, StrEnum
from typing import Any

import pytest

from classify_core import InvalidRulesError, Rule
from classify_core.errors import InvalidOptionError
from classify_core.filtering import MEANINGS_LENGTH, LabelFilter, label_attributes, label_filter


def wanted(types: Any, **options: Any) -> LabelFilter:
    return label_filter(types, **({"rules": None, "min_confidence": None, "prefix": "classify_"} | options))


@pytest.mark.parametrize("types", ["invoice", ["invoice"], ("invoice", "invoice"), {"invoice"}, iter(["invoice"])])
def test_one_type_may_come_in_any_form(types: Any) -> None:
    assert wanted(types) == LabelFilter("classify_type", ("invoice",), "classify_confidence", None)


def test_the_order_of_several_types_does_not_depend_on_how_they_come() -> None:
    assert wanted({"recipe", "invoice"}).types == wanted(["recipe", "invoice", "recipe"]).types == ("invoice", "recipe")


def test_types_of_an_enum_become_plain_strings() -> None:
    class Kind(StrEnum):
        INVOICE = "invoice"

    class Old(str, Enum):  # noqa: UP042 - as older programs write it, whose str() is another one
        RECIPE = "recipe"

    types = wanted([Kind.INVOICE, Old.RECIPE]).types
    assert types == ("invoice", "recipe")
    assert {type(one) for one in types} == {str}


def test_the_keys_bear_the_prefix() -> None:
    asked = wanted("invoice", prefix="kind_")
    assert (asked.type_key, asked.confidence_key) == ("kind_type", "kind_confidence")


@pytest.mark.parametrize("least", [0, 1])
def test_a_whole_number_as_confidence_becomes_a_float_as_labels_have_it(least: int) -> None:
    asked = wanted("invoice", min_confidence=least).min_confidence
    assert asked == least
    assert isinstance(asked, float)


def test_a_type_that_no_rule_produces_is_refused_with_the_near_matches(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match=r"'invoces'.*near are 'invoice'"):
        wanted(["recipe", "invoces"], rules=rules)


def test_uncategorized_is_always_a_type(rules: list[Rule]) -> None:
    assert wanted("uncategorized", rules=rules).types == ("uncategorized",)


def test_rules_may_be_dictionaries(rules: list[Rule]) -> None:
    assert wanted("recipe", rules=[rule.model_dump() for rule in rules]).types == ("recipe",)


def test_without_rules_no_name_is_checked() -> None:
    assert wanted("whatever").types == ("whatever",)


@pytest.mark.parametrize(
    ("types", "complaint"),
    [
        ([], "types is empty"),
        ("", "an empty name"),
        (["invoice", ""], "an empty name"),
        ([None], "NoneType"),
        ([True], "bool"),
        (True, "type bool"),
        (None, "type NoneType"),
        (b"invoice", "type bytes"),
        ({"invoice": 1}, "type dict"),
        ([Rule(type="invoice", description="contains line items")], "type Rule"),
    ],
)
def test_types_that_cannot_work_are_refused_in_clear_words(types: Any, complaint: str) -> None:
    with pytest.raises(InvalidOptionError, match=complaint):
        wanted(types)


@pytest.mark.parametrize("least", [True, False, -0.1, 1.01, float("nan"), float("inf"), "0.5"])
def test_a_confidence_that_no_label_can_have_is_refused(least: Any) -> None:
    with pytest.raises(InvalidOptionError, match=r"min_confidence is .*between 0\.0 and 1\.0"):
        wanted("invoice", min_confidence=least)


@pytest.mark.parametrize("prefix", ["", "1_", "a b"])
def test_a_prefix_that_no_label_can_have_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidOptionError, match="prefix"):
        wanted("invoice", prefix=prefix)


@pytest.mark.parametrize("rules", [[], "rules.yaml", [{"type": "invoice"}]])
def test_rules_that_break_a_limit_are_refused(rules: Any) -> None:
    with pytest.raises(InvalidRulesError):
        wanted("invoice", rules=rules)


def test_a_model_is_told_all_types_what_they_mean_and_how_no_match_is_written(rules: list[Rule]) -> None:
    of_type, of_confidence = label_attributes(rules, prefix="kind_")
    assert (of_type.key, of_type.value_type) == ("kind_type", str)
    assert (of_confidence.key, of_confidence.value_type) == ("kind_confidence", float)
    for rule in rules:
        assert f'"{rule.type}" ({rule.description})' in of_type.description
    assert '"uncategorized"' in of_type.description


@pytest.mark.parametrize("count", [1, 30, 200, 201, 700])
def test_a_model_is_told_every_name_however_many_rules_there_are_and_not_endless_meanings(count: int) -> None:
    rules = [Rule(type=f"type {number}", description="m" * 500) for number in range(count)]
    described = label_attributes(rules, prefix="classify_")[0].description
    assert all(f'"{rule.type}"' in described for rule in rules)
    assert len(described) <= MEANINGS_LENGTH + count * len('"type 000" (); ') + 200


def test_a_rule_that_looks_like_no_match_is_not_described() -> None:
    with pytest.raises(InvalidOptionError, match="cannot be told from no match"):
        label_attributes([Rule(type="Uncategorized", description="contains anything")], prefix="classify_")
