"""Each part of the score has an effect that a user can see."""

from __future__ import annotations

from typing import Any

import pytest

from classify_core import Rule
from classify_core.engine import ParsedDocument, RuleScore
from classify_core.local.backend import decide
from classify_core.local.lexical import LexicalEngine
from classify_core.local.lexical.fitting import fit_rules
from classify_core.local.lexical.probabilities import probabilities
from classify_core.local.lexical.rules import compile_rules
from classify_core.local.lexical.scoring import Match

FILLER = "The sea was calm when Ada rowed out at dawn, and gulls followed her boat towards the grey island. " * 20
RECIPE = Rule(type="recipe", description="Ingredients, quantities and steps of preparation.")
LEASE = Rule(type="lease", description="A landlord lets premises to a tenant for rent.")
INVOICE = Rule(type="invoice", description="A bill with an invoice number, line items, tax and the total amount due.")
RULES = [RECIPE, LEASE, INVOICE]


def score(text: str, rules: list[Rule] | None = None, **fields: Any) -> list[RuleScore]:
    return LexicalEngine().score([ParsedDocument(text=text, **fields)], RULES if rules is None else rules)[0]


def answer(text: str, rules: list[Rule] | None = None, **fields: Any) -> str | None:
    return decide(score(text, rules, **fields)).type


@pytest.mark.parametrize("field", [{"title": "Recipe"}, {"headings": ("Recipe",)}])
def test_a_word_in_the_title_or_a_heading_counts_more_than_in_the_body(field: dict[str, Any]) -> None:
    body, marked = score(FILLER + "Recipe"), score(FILLER, **field)

    assert marked[0].probability > body[0].probability


def test_a_word_that_fits_by_chance_is_not_enough() -> None:
    assert answer(FILLER + "The tenant left.") is None


def test_words_of_many_rules_in_one_text_make_every_rule_less_likely() -> None:
    alone = score("Recipe: ingredients. " + FILLER)
    amid = score(
        "Recipe: ingredients. " + FILLER + "A landlord, a tenant, premises, rent; tax, bill, total, amount, items."
    )

    assert amid[0].probability < 0.8 * alone[0].probability


def test_two_words_side_by_side_tell_rules_apart_that_have_the_same_words() -> None:
    rules = [Rule(type=name, description="Something at a lake.") for name in ("house boat", "boat house")]

    assert answer("The boat house stands by the lake.", rules) == "boat house"
    assert answer("The house boat lies on the lake.", rules) == "house boat"


def test_a_word_of_few_rules_outweighs_a_word_of_many() -> None:
    rules = [
        Rule(type="alpha", description="zebra common"),
        Rule(type="beta", description="common walrus"),
        Rule(type="gamma", description="common otter"),
        Rule(type="delta", description="zebra weasel"),
    ]
    scores = score(f"walrus {FILLER}", rules)[1].probability, score(f"common {FILLER}", rules)[1].probability

    assert scores[0] > 2 * scores[1]


def test_confidence_grows_with_the_number_of_words_that_speak_for_a_rule() -> None:
    texts = ["Invoice", "Invoice, tax", "Invoice, bill, tax", "Invoice, bill, tax, total, due, items, number"]
    one, two, three, many = (score(text, [INVOICE])[0].probability for text in texts)

    assert one < two < three < many
    assert one < 0.7
    assert many > 0.9


def test_the_more_the_other_rules_score_by_accident_the_more_a_rule_needs() -> None:
    compiled = compile_rules(RULES)
    best = Match(0.35, [(0.07, f"word{number}") for number in range(5)])
    by_accident = Match(0.2, [(0.2, "rent")])
    quiet, noisy = (
        probabilities(fit_rules({0: best} | others, [], compiled, length=9))[0]
        for others in ({}, {1: by_accident, 2: by_accident})
    )

    assert noisy < 0.8 * quiet


def test_a_type_called_by_a_letter_or_a_number_is_found_by_it() -> None:
    rules = [Rule(type=name, description="A form of this kind.") for name in ("A", "B", "1040", "W 2")]

    assert [answer(text, rules) for text in ("Form B", "FORM A", "Form 1040", "Form W 2")] == ["B", "A", "1040", "W 2"]
    assert answer("This is b, a small note about a thing", rules[:1]) is None


@pytest.mark.parametrize("word", ["never", "not", "no", "without", "except", "Not"])
def test_what_a_description_excludes_is_no_evidence(word: str) -> None:
    rules = [Rule(type="bill", description=f"Claims for payment, {word} reminders or quotes; with tax.")]

    assert answer("Reminders. Quotes.", rules) is None
    assert [each.evidence for each in score("Reminder of tax.", rules)] == [("tax",)]


def test_not_only_excludes_nothing() -> None:
    assert score("Reminders", [Rule(type="bill", description="Not only reminders.")])[0].evidence == ("Reminders",)


@pytest.mark.parametrize("mark", ["\u00ad", "\u200b", "\u200d", "\u202e", "\u2066", "\ufeff"])
def test_invisible_characters_hide_no_word_and_are_not_quoted(mark: str) -> None:
    assert score(f"in{mark}voice{mark} num{mark}ber", [INVOICE])[0].evidence == ("invoice number",)


SAMPLES: list[tuple[str, str | None]] = [
    ("Pancakes. Ingredients: two eggs, flour, milk. Preparation: whisk and fry in steps.", "recipe"),
    ("Recipe for bean stew. Quantities for four. Soak the beans, then boil.", "recipe"),
    ("Ingredients\n3 apples\n100 g sugar\nSteps\n1. Peel\n2. Bake", "recipe"),
    ("The landlord lets the premises at 5 Mill Lane to the tenant. The rent is 900 a month.", "lease"),
    ("LEASE made between Ms Hill (the landlord) and Mr Dale (the tenant)", "lease"),
    ("Tenant shall pay rent on the first day of each month and keep the premises clean.", "lease"),
    ("Invoice number 88. Line items: paint, brush. Tax 4.00. Total amount due 24.00", "invoice"),
    ("INVOICE 2024-5\nBill to: Mr Dale\nTotal 80", "invoice"),
    ("Amount due: 12.50, tax included. Please quote the invoice number.", "invoice"),
    ("Dear Ada, the boat is mended and we sail on Sunday if the wind allows. Yours, Ben", None),
    ("Chapter one. It rained all night, and in the morning the bridge was gone.", None),
    ("The home side scored twice in the second half and won the cup.", None),
    ("Quarks are bound by gluons; the coupling runs with energy.", None),
    (FILLER, None),
]


def test_most_short_texts_of_known_types_and_of_none_are_answered_rightly() -> None:
    right = sum(answer(text) == expected for text, expected in SAMPLES)

    assert right >= 0.85 * len(SAMPLES)
