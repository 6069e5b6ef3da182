"""From scores to an answer."""

from __future__ import annotations

from typing import Any

import pytest

from classify_core import Classifier, InvalidOptionError, InvalidResponseError, LexicalEngine, LocalBackend, Rule
from classify_core.engine import RuleScore
from classify_core.local.backend import decide

DESCRIPTION = "A bill with an invoice number, line items and the total amount due."


def test_rules_that_nothing_tells_apart_are_no_answer_and_are_named() -> None:
    rules = [Rule(type="inbound", description=DESCRIPTION), Rule(type="claim", description=DESCRIPTION)]
    with Classifier(rules, backend="local") as classifier:
        outcome = classifier.classify("Invoice number 7, total amount due: 20 EUR")

    assert outcome.type is None
    assert outcome.reasoning.startswith(
        '"inbound" and "claim" fit equally well, and nothing in the document tells them apart (found: "'
    )
    assert [each.type for each in outcome.alternatives] == ["inbound", "claim"]


def test_a_word_that_only_one_of_two_alike_rules_has_decides() -> None:
    rules = [Rule(type="bill", description=DESCRIPTION), Rule(type="claim", description=DESCRIPTION)]
    with Classifier(rules, backend="local") as classifier:
        assert classifier.classify("Claim: invoice number 7, total amount due: 20 EUR").type == "claim"


def test_of_hundreds_of_rules_with_the_same_words_none_is_guessed() -> None:
    rules = [
        Rule(type=f"category {number}", description=f"Documents on subject area number {number} and topic{number}x")
        for number in range(500)
    ]
    with Classifier(rules, backend="local") as classifier:
        shared, own = classifier.classify_many(["Documents on subject area number", "Documents on topic77x, topic77x"])

    assert shared.type is None
    assert "and 495 more" in shared.reasoning
    assert own.type == "category 77"


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ((0.5, 0.2), "0"),
        ((0.5, 0.4), "0"),
        ((0.48, 0.47), None),
        ((0.3, 0.3), None),
        ((0.2, 0.1), None),
        ((0.0, 0.0), None),
        ((0.09, *[0.08] * 11), None),
        ((0.02, *[0.0098] * 99), None),
        ((0.04, *[0.0096] * 99), "0"),
    ],
)
def test_the_best_rule_answers_where_it_is_clearly_the_best(
    probabilities: tuple[float, ...], expected: str | None
) -> None:
    scores = [RuleScore(str(number), probability) for number, probability in enumerate(probabilities)]

    assert decide(scores).type == expected


def test_a_tie_of_rules_that_do_not_fit_is_no_tie() -> None:
    assert "fit equally well" not in decide([RuleScore("a", 0.1, ("x",)), RuleScore("b", 0.1, ("x",))]).reasoning


def test_alternatives_beyond_the_best_have_a_probability() -> None:
    scores = [RuleScore("a", 0.0), RuleScore("b", 0.7), RuleScore("c", 0.1), RuleScore("d", 0.0)]

    assert [each.type for each in decide(scores).alternatives] == ["b", "c"]
    assert [each.type for each in decide(scores[:1]).alternatives] == ["a"]


def test_an_engine_s_class_is_not_an_engine() -> None:
    with pytest.raises(InvalidOptionError, match=r"give LexicalEngine\(\), not the class"):
        LocalBackend(LexicalEngine)  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize("fits", [0.9, 0.01])
def test_the_engine_s_own_words_are_the_reason_whether_or_not_its_best_rule_is_chosen(fits: float) -> None:
    scores = [RuleScore("a", 0.001, reasoning="not this"), RuleScore("b", fits, ("x",), reasoning="so it says")]

    assert decide(scores).reasoning == "so it says"


def test_an_engine_s_words_for_one_rule_do_not_explain_a_tie() -> None:
    scores = [RuleScore("a", 0.4, reasoning="clearly a"), RuleScore("b", 0.4, reasoning="clearly b")]

    assert "fit equally well" in decide(scores).reasoning


def test_the_rule_that_the_engine_itself_chose_answers_however_probable_others_are() -> None:
    decided = decide([RuleScore("a", 0.6), RuleScore("b", 0.0, is_chosen=True), RuleScore("c", 0.6)])

    assert (decided.type, decided.confidence) == ("b", 0.0)
    assert [each.type for each in decided.alternatives] == ["b", "a", "c"]


def test_an_engine_that_chooses_two_rules_is_an_error() -> None:
    class Undecided(LexicalEngine):
        async def ascore(self, documents: Any, rules: Any) -> list[list[RuleScore]]:
            return [[RuleScore(rule.type, 0.5, is_chosen=True) for rule in rules]]

    rules = [Rule(type=name, description=DESCRIPTION) for name in ("a", "b")]
    with (
        Classifier(rules, backend=LocalBackend(Undecided())) as classifier,
        pytest.raises(InvalidResponseError, match="choose one rule only"),
    ):
        classifier.classify("a bill")
