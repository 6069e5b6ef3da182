"""The sentence that says why."""

from __future__ import annotations

from classify_core.engine import RuleScore
from classify_core.local.reasoning import explain

INVOICE = RuleScore("invoice", 0.7, ("invoice number", "line items", "total", "tax"))
RECIPE = RuleScore("recipe", 0.1, ("cook",))


def test_a_reason_quotes_what_was_found() -> None:
    assert explain([RECIPE, INVOICE], INVOICE) == (
        '"invoice number", "line items" and "total" match the rule "invoice"'
    )


def test_a_reason_with_one_quote_is_a_sentence_too() -> None:
    assert explain([RECIPE], RECIPE) == '"cook" matches the rule "recipe"'


def test_where_no_words_speak_for_a_rule_the_reason_says_so_and_quotes_none() -> None:
    table, weak = RuleScore("table", 0.9), RuleScore("table", 0.2)

    assert explain([table], table) == 'its format or layout matches the rule "table"'
    assert explain([weak], None) == 'no rule fits well enough: the nearest is "table"'


def test_a_reason_tells_the_page_of_each_quote() -> None:
    score = RuleScore("invoice", 0.7, ("bill to", "tax", "total"), pages=(1, None, 3))

    assert explain([score], score) == '"bill to" (page 1), "tax" and "total" (page 3) match the rule "invoice"'


def test_a_reason_tells_the_page_of_all_quotes_once() -> None:
    score = RuleScore("invoice", 0.7, ("bill to", "tax", "total", "due"), pages=(2, 2, 2, 5))

    assert explain([score], score) == '"bill to", "tax" and "total" on page 2 match the rule "invoice"'
    assert explain([score], None).endswith('but finding "bill to", "tax" and "total" on page 2 is too little')


def test_a_page_that_only_one_quote_has_is_not_told_of_the_others() -> None:
    score = RuleScore("invoice", 0.7, ("bill to", "tax"), pages=(2,))

    assert explain([score], score) == '"bill to" (page 2) and "tax" match the rule "invoice"'


def test_a_reason_against_all_rules_names_the_nearest() -> None:
    assert explain([RECIPE, RuleScore("lease", 0.0)], None) == (
        'no rule fits well enough: the nearest is "recipe", but finding "cook" is too little'
    )


def test_a_reason_against_all_rules_is_given_where_nothing_was_found() -> None:
    expected = "no rule fits: the document has nothing in common with any of them"

    assert explain([RuleScore("lease", 0.0)], None) == expected
    assert explain([], None) == expected
