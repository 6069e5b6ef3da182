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


def test_where_only_the_format_speaks_for_a_rule_the_reason_says_so() -> None:
    table = RuleScore("table", 0.9)

    assert explain([table], table) == 'the format matches the rule "table"'


def test_a_reason_against_all_rules_names_the_nearest() -> None:
    assert explain([RECIPE, RuleScore("lease", 0.0)], None) == (
        'no rule fits well enough: the nearest is "recipe", but finding "cook" is too little'
    )


def test_a_reason_against_all_rules_is_given_where_nothing_was_found() -> None:
    expected = "no rule fits: the document has nothing in common with any of them"

    assert explain([RuleScore("lease", 0.0)], None) == expected
    assert explain([], None) == expected
