"""The promises of the lexical engine."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from classify_core import Rule
from classify_core.engine import Engine, ParsedDocument, RuleScore
from classify_core.local.kinds import Kind
from classify_core.local.lexical import MAX_CHARACTERS_READ, LexicalEngine
from classify_core.local.lexical.features import features_of
from classify_core.local.lexical.reading import read, sample
from classify_core.local.lexical.rules import CompiledRules, compile_rules
from classify_core.local.lexical.scoring import match_rules

RULES = [
    Rule(type="invoice", description="A bill with an invoice number, line items, tax and the total amount due."),
    Rule(type="recipe", description="A cooking recipe with ingredients, quantities and steps of preparation."),
    Rule(type="lease agreement", description="A contract in which a landlord lets premises to a tenant for rent."),
]
INVOICE = "INVOICE\nInvoice number: 4711\n2 line items\nTax 19 %\nTotal amount due: 84.00 EUR"
RECIPE = "Lentil soup\nIngredients: lentils, carrots, salt.\nPreparation: wash the lentils, cook them, add salt."
STORY = "The sea was calm when Ada rowed out at dawn, and gulls followed her boat towards the grey island. " * 5


def score(text: str, rules: list[Rule] | None = None, **fields: Any) -> list[RuleScore]:
    document = ParsedDocument(text=text, **fields)
    return LexicalEngine().score([document], RULES if rules is None else rules)[0]


def answer(scores: list[RuleScore]) -> str | None:
    best = max(scores, key=lambda each: each.probability)
    return best.type if best.probability > 1.0 - sum(each.probability for each in scores) else None


@pytest.mark.parametrize(("text", "expected"), [(INVOICE, "invoice"), (RECIPE, "recipe"), (STORY, None)])
def test_a_document_gets_the_rule_whose_words_it_uses_or_none(text: str, expected: str | None) -> None:
    assert answer(score(text)) == expected


def test_a_single_rule_can_be_refused_and_accepted() -> None:
    assert answer(score(INVOICE, RULES[:1])) == "invoice"
    assert answer(score(RECIPE, RULES[:1])) is None


def test_there_is_one_score_for_each_rule_in_the_order_of_the_rules() -> None:
    backwards = RULES[::-1]

    assert [each.type for each in score(INVOICE, backwards)] == [rule.type for rule in backwards]


@pytest.mark.parametrize("text", ["", "12 34 56.78 2024-01-31", "--- *** ??? !!!", "№ 7 § 3 €", "x y z", " \n\t"])
def test_without_words_every_rule_gets_zero(text: str) -> None:
    assert [(each.probability, each.evidence) for each in score(text)] == [(0.0, ())] * len(RULES)


@pytest.mark.parametrize("text", [INVOICE, RECIPE, STORY, INVOICE * 200, INVOICE + RECIPE, " ".join(map(str, RULES))])
def test_the_probabilities_add_up_to_at_most_one(text: str) -> None:
    probabilities = [each.probability for each in score(text)]

    assert all(0.0 <= probability <= 1.0 for probability in probabilities)
    assert sum(probabilities) <= 1.0


def test_two_rules_that_differ_in_a_detail_are_told_apart_by_that_detail() -> None:
    rules = [
        Rule(type="purchase invoice", description="An invoice that we received from a supplier, to be paid by us."),
        Rule(type="sales invoice", description="An invoice that we issued to a customer, to be paid by the customer."),
    ]
    common = "Invoice no. 12\nInvoice date: 3 March\nTo be paid within 14 days.\n"

    assert answer(score(common + "Received from our supplier Acme.", rules)) == "purchase invoice"
    assert answer(score(common + "Issued to our customer Acme.", rules)) == "sales invoice"


def test_a_word_that_many_rules_share_counts_less_than_a_word_of_one_rule() -> None:
    rules = [
        Rule(type="safety report", description="A report about accidents."),
        Rule(type="annual report", description="A report about earnings."),
        Rule(type="test report", description="A report about measurements."),
    ]

    assert answer(score("Report. Report. Report. On the measurements.", rules)) == "test report"


@pytest.mark.parametrize("field", [{"title": "Cooking recipe"}, {"headings": ("Recipe", "Ingredients")}])
def test_the_title_and_the_headings_count(field: dict[str, Any]) -> None:
    plain, titled = score(STORY)[1], score(STORY, **field)[1]

    assert titled.probability > plain.probability


def test_the_beginning_counts_more_than_the_rest() -> None:
    early, late = score("Recipe with ingredients. " + STORY * 3), score(STORY * 3 + "Recipe with ingredients.")

    assert early[1].probability > late[1].probability


def test_a_format_that_is_a_kind_of_document_speaks_for_the_rule_that_names_it() -> None:
    rules = [*RULES, Rule(type="data export", description="A table as CSV or spreadsheet with rows of values.")]

    assert answer(score("name,age\nada,36\nbob,41", rules, format="csv")) == "data export"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RECHNUNG\nRechnungsnummer 17, Rechnungsbetrag: 40 €", "Rechnung"),
        ("\uff32\uff45\uff43\uff48\uff4e\uff55\uff4e\uff47 über den Rechnungsbetrag", "Rechnung"),
        ("請求書\n請求番号: 17\n合計金額 4000円", "請求書"),
        ("Договор аренды: арендатор платит арендную плату", "Договор аренды"),
        ("re\u0301sume\u0301 d'E\u0301milie : expe\u0301rience professionnelle", "résumé"),
        ("चालान संख्या 17, कुल राशि", "Hindi bill"),
        ("فاتورة رقم ١٢، المبلغ الإجمالي", "فاتورة"),
    ],
)
def test_languages_and_scripts_other_than_english_are_scored(text: str, expected: str) -> None:
    rules = [
        Rule(type="Rechnung", description="Enthält Rechnungsnummer und Rechnungsbetrag."),
        Rule(type="請求書", description="請求番号と合計金額が書かれている書類。"),
        Rule(type="Договор аренды", description="арендатор платит арендную плату"),
        Rule(type="résumé", description="Expérience professionnelle et formation."),
        Rule(type="Hindi bill", description="चालान संख्या, कुल राशि"),
        Rule(type="فاتورة", description="رقم الفاتورة و المبلغ الإجمالي"),
    ]

    assert answer(score(text, rules)) == expected
    alone = LexicalEngine(without_kinds=True).score([ParsedDocument(text=text)], rules)[0]
    assert answer(alone) == expected, "without built-in kinds"


@pytest.mark.parametrize("text", [INVOICE, RECIPE, "INVOICE\n number  of\tthe\nlandlord's PREMISES for rent"])
def test_the_evidence_is_really_in_the_document_and_short(text: str) -> None:
    quotes = [quote for each in score(text, title="My tenant") for quote in each.evidence]
    written = " ".join(f"My tenant {text}".split())

    assert quotes
    assert all(quote in written and len(quote) <= 60 for quote in quotes)


def test_the_evidence_does_not_repeat_itself() -> None:
    evidence = score(INVOICE)[0].evidence

    assert "Invoice number" in evidence
    assert not [one for one in evidence for other in evidence if one != other and one.casefold() in other.casefold()]


def test_a_document_is_scored_the_same_alone_or_among_others() -> None:
    documents = [ParsedDocument(text=text) for text in (INVOICE, RECIPE, STORY)]
    engine = LexicalEngine()

    assert engine.score(documents, RULES) == [engine.score([document], RULES)[0] for document in documents]


def test_the_same_document_gets_the_same_scores_in_every_process_and_thread() -> None:
    documents = [ParsedDocument(text=f"{INVOICE} {number}") for number in range(40)]
    engine = pickle.loads(pickle.dumps(LexicalEngine()))

    with ThreadPoolExecutor(8) as pool:
        scored = list(pool.map(lambda document: engine.score([document], RULES)[0], documents))

    assert scored == LexicalEngine().score(documents, RULES)


def test_threads_that_begin_at_once_compile_the_rules_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[int] = []
    all_are_there = threading.Barrier(8)

    def observed(rules: list[Rule], kinds: tuple[Kind, ...]) -> CompiledRules:
        compiled.append(len(rules))
        return compile_rules(rules, kinds)

    def scored(_: int) -> list[RuleScore]:
        all_are_there.wait(20)
        return score(INVOICE, rules)

    monkeypatch.setattr("classify_core.local.lexical.engine.compile_rules", observed)
    rules = [Rule(type=f"kind {number}", description="bills that are told apart by nothing") for number in range(300)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(scored, range(8)))

    assert compiled == [300]
    assert answers == [answers[0]] * 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_that_is_forked_while_rules_are_compiled_scores_too() -> None:
    program = """
import os
from classify_core import LexicalEngine, Rule
from classify_core.engine import ParsedDocument
from classify_core.local.lexical import engine
with engine._compiling.lock:
    child = os.fork()
    if child == 0:
        LexicalEngine().score([ParsedDocument("an invoice")], [Rule(type="invoice", description="a bill to be paid")])
        os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


async def test_ascore_scores_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    original = LexicalEngine.score

    def observed(self: LexicalEngine, *arguments: object) -> list[list[RuleScore]]:
        threads.append(threading.get_ident())
        return original(self, *arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(LexicalEngine, "score", observed)
    scored = await LexicalEngine().ascore([ParsedDocument(text=INVOICE)], RULES)

    assert scored == [score(INVOICE)]
    assert threads[0] != threading.get_ident()
    assert asyncio.get_running_loop().is_running()


def test_it_is_an_engine_called_lexical() -> None:
    assert isinstance(LexicalEngine(), Engine)
    assert LexicalEngine().name == "lexical"


def test_of_a_long_document_the_beginning_the_middle_and_the_end_are_read() -> None:
    text = "begin " + "x " * 500_000 + "centre " + "x " * 500_000 + "end"

    pieces = sample(text)

    assert sum(len(piece) for _, piece in pieces) <= MAX_CHARACTERS_READ
    assert all(text[start : start + len(piece)] == piece for start, piece in pieces)
    assert ["begin" in pieces[0][1], "centre" in pieces[1][1], "end" in pieces[2][1]] == [True, True, True]


def test_words_that_the_cuts_of_a_long_document_bring_together_are_no_pair() -> None:
    (_, beginning), (middle, _), _ = sample("zq " * 70_000)
    text = "zq " * 70_000
    text = f"{text[: len(beginning) - 9]} invoice {text[len(beginning) : middle]} number {text[middle + 8 :]}"

    assert sample(text)[0][1].endswith(" invoice ")
    assert sample(text)[1][1].startswith(" number ")
    assert score(text)[0].evidence == ("invoice", "number")


@pytest.mark.parametrize("text", ["a" * 3_000_000, "漢" * 300_000, "a'" * 300_000, "1" * 300_000, "\u0301" * 300_000])
def test_a_monstrous_word_is_no_trouble(text: str) -> None:
    assert answer(score(text)) is None


def test_with_ten_thousand_rules_only_the_rules_that_share_a_word_are_touched() -> None:
    many = [
        Rule(type=f"kind{number}x", description=f"Speaks of subject{number}x and theme{number}x.")
        for number in range(9_997)
    ] + RULES
    compiled = compile_rules(many)

    features = features_of(read(ParsedDocument(text=INVOICE)), compiled)
    matches = match_rules(features, compiled)

    assert sorted(matches) == [9_997]
    assert len(features.weights) < 30


def test_ten_thousand_rules_that_share_their_words_are_still_scored() -> None:
    many = [
        Rule(type=f"invoice {number}", description="invoice number, total amount and line items")
        for number in range(10_000)
    ]

    scores = score(INVOICE, many)

    assert len(scores) == 10_000
    unfit = [score(text, many)[9_999] for text in ("nothing of it", "nor of this")]
    assert unfit[0] is unfit[1], "what nothing speaks for is not kept for each document"
    assert sum(each.probability for each in scores) <= 1.0


def test_only_a_few_rule_sets_are_kept() -> None:
    from classify_core.local.lexical import engine  # noqa: PLC0415  the module, not its class

    for number in range(50):
        score(INVOICE, [Rule(type=f"kind {number}", description="a description of ten characters")])

    assert engine._compiled_once.cache_info().currsize <= 8
