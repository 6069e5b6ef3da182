"""What is found wrong with rules, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from classify_core import InvalidRulesError, Rule, load_rules
from classify_core.models import ClassifyConfiguration
from classify_core.rule_findings import Finding, Severity, find
from classify_core.rules import written_rules

EXAMPLES = Path(__file__).parents[2] / "examples"


def rule(kind: Any, description: Any) -> dict[str, Any]:
    return {"type": kind, "description": description}


def codes(*rules: Any) -> set[str]:
    return {finding.code for finding in find(rules)} - {"no-catch-all"}


def of(code: str, *rules: Any) -> list[Finding]:
    return [finding for finding in find(rules) if finding.code == code]


INVOICE = rule("invoice", "A bill with an invoice number, line items, tax and the total amount due.")
RECIPE = rule("recipe", "A cooking recipe with ingredients, quantities and steps of preparation.")
OTHER = rule("other", "Any document that fits none of the other rules.")


def test_good_rules_have_no_findings() -> None:
    assert find([INVOICE, RECIPE, OTHER]) == []


def test_the_example_rules_have_only_the_note_that_they_have_no_catch_all() -> None:
    assert [finding.code for finding in find(load_rules(EXAMPLES / "rules.yaml"))] == ["no-catch-all"]


def test_rules_are_taken_as_models_too() -> None:
    assert find([Rule(**INVOICE), Rule(**OTHER)]) == []


def test_every_broken_limit_is_found_not_only_the_first() -> None:
    broken: list[Any] = [
        rule("a/b", "short"),
        rule("x" * 51, "d" * 501),
        {"type": "memo", "desc": "a misspelt key"},
        {"type": True, "description": 7},
        "no mapping",
        rule("  ", "A letter from the bank."),
    ]
    found = of("limit", *broken)
    assert [finding.numbers for finding in found] == [(1,), (1,), (2,), (2,), (3,), (3,), (4,), (4,), (5,), (6,)]
    assert all(finding.severity is Severity.ERROR and finding.remedy for finding in found)
    assert "'/'" in found[0].message
    assert "quotes" in found[6].remedy


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [rule("a/b", "A letter from the bank.")],
        [rule("memo", "short")],
        [INVOICE, INVOICE],
        [INVOICE, rule("INVOICE", "Proof of payment by card at a till.")],
        [{"type": "memo"}],
    ],
)
def test_rules_that_are_refused_have_an_error(rules: list[Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - pydantic's, whose text is its own affair
        ClassifyConfiguration(rules=rules)
    assert find(rules)[0].severity is Severity.ERROR


@pytest.mark.parametrize("rules", [[INVOICE], [rule("x", "a document")], [rule(" a", "no letter at all, never")]])
def test_rules_that_are_accepted_have_no_error(rules: list[Any]) -> None:
    assert ClassifyConfiguration(rules=rules)
    assert all(finding.severity is not Severity.ERROR for finding in find(rules))


def test_errors_come_first_and_notes_last() -> None:
    found = find([rule("letter", "a document"), rule("a/b", "A memo with a subject and a date.")])
    assert [finding.severity for finding in found] == [Severity.ERROR, Severity.WARNING, Severity.NOTE]


@pytest.mark.parametrize(
    ("first", "second"),
    [("invoice", " invoice"), ("purchase_order", "purchase order"), ("Purchase-Order", "purchase_orders")],
)
def test_types_that_differ_in_punctuation_or_ending_only_are_confusable(first: str, second: str) -> None:
    [finding] = of("same-type", rule(first, INVOICE["description"]), rule(second, RECIPE["description"]))
    assert (finding.severity, finding.numbers, finding.rules) == (Severity.WARNING, (1, 2), (first, second))


@pytest.mark.parametrize(("first", "second"), [("invoice", "voice"), ("form A", "form B"), ("W-2", "W-9")])
def test_types_that_differ_in_a_word_are_not(first: str, second: str) -> None:
    assert of("same-type", rule(first, INVOICE["description"]), rule(second, RECIPE["description"])) == []


def test_equal_descriptions_are_told_once_for_all_rules_that_share_them() -> None:
    rules = [
        rule(name, text) for name, text in zip("abc", ["A bill, paid.", "a bill paid", "A  BILL - PAID!"], strict=True)
    ]
    assert codes(*rules) == {"same-description"}
    [finding] = of("same-description", *rules)
    assert finding.numbers == (1, 2, 3)


ALIKE = [
    (
        "contains invoice number, line items, and total amount",
        "contains an invoice number, line items and total amount",
    ),
    (
        "Proof of payment with merchant name, date, items and amount paid",
        "Proof of payment showing merchant name, date, items bought, and amount paid",
    ),
    (
        "Minutes of a meeting: attendees, agenda, decisions and action items",
        "Decisions, agenda, attendees and action items of a meeting (minutes)",
    ),
    (
        "Eine Rechnung mit Rechnungsnummer, Positionen und Gesamtbetrag",
        "Rechnung mit Positionen, Gesamtbetrag und einer Rechnungsnummer",
    ),
    (
        "Facture avec numéro de facture, montant total et TVA",
        "Une facture comme toujours avec le montant total, la TVA et un numéro",
    ),
    (
        "Contrato de trabajo con salario, jornada y firma del empleado",
        "Un contrato de trabajo que contiene la firma del empleado, salario y jornada",
    ),
    ("Une offre d'un fournisseur sur l'entretien d'une machine", "Offre de fournisseur : entretien de machine"),
    ("Contratto dell'azienda con l'impiegato sullo stipendio", "Contratto tra azienda e impiegato sullo stipendio"),
    ("Eine Quittung über Betrag, Datum und Händler", "Quittung über Händler und Datum sowie Betrag"),
    ("含有发票号码和总金额的文件", "含有发票号码和总金额"),
    ("Трудовой договор: оклад, должность, подпись работника", "Договор трудовой, подпись работника, оклад и должность"),
]


@pytest.mark.parametrize(("first", "second"), ALIKE)
def test_rules_in_the_same_words_are_alike(first: str, second: str) -> None:
    [finding] = of("alike", rule("one", first), RECIPE, rule("two", second))
    assert (finding.severity, finding.numbers) == (Severity.WARNING, (1, 3))


DISTINCT = [
    (INVOICE["description"], "Proof that a payment was made: merchant, date, items and how it was paid."),
    (
        "Invoice for electricity with meter readings, tariff, consumption and total due",
        "Invoice for water with meter readings, tariff, consumption and total due",
    ),
    (
        "An invoice that we received from a supplier, with line items and a total",
        "An invoice that we sent to a customer, with line items and a total",
    ),
    ("Rechnung eines Lieferanten an uns, mit Positionen", "Rechnung von uns an einen Kunden, mit Positionen"),
    ("供应商开给我公司的增值税发票和商品明细", "我公司开给客户的增值税发票和商品明细"),
    ("An invoice that has been paid in full", "An invoice that has not been paid in full"),
    ("Eine Rechnung, die bezahlt wurde, mit Stempel", "Eine Rechnung mit Stempel, die nicht bezahlt wurde"),
    ("Un contrato con firma", "Un contrato sin firma"),
    ("Contrat signé avec annexes", "Contrat sans annexes, signé"),
    ("Tax return, form 1040, with wages and refund", "Tax information, form 1099, with payer and recipient"),
    ("A letter from a bank about an account", "A letter from a doctor about a diagnosis"),
    ("含有发票号码和总金额", "双方签署的劳动合同条款和期限"),
    ("Счёт на оплату, номер и сумма", "Трудовой договор, оклад и подпись"),
]


@pytest.mark.parametrize(("first", "second"), DISTINCT)
def test_rules_with_words_of_their_own_are_not_alike(first: str, second: str) -> None:
    assert of("alike", rule("one", first), rule("two", second)) == []


NEAR = [
    ("Line items and a total; sent to us", "Line items and a total; sent by us"),
    ("Invoice of our company to a customer", "Invoice of a customer to our company"),
    ("W-2 form for the tax year 2023", "W-2 form for the tax year 2024"),
]


@pytest.mark.parametrize(("first", "second"), NEAR)
def test_rules_that_differ_in_one_detail_are_never_refused(first: str, second: str) -> None:
    found = find([rule("purchase invoice", first), rule("sales invoice", second)])
    assert Severity.ERROR not in {finding.severity for finding in found}


def test_rules_after_one_pattern_are_told_apart_by_what_they_do_not_share() -> None:
    countries = ["France", "Spain", "Italy", "Poland", "Norway", "Greece"]
    rules = [
        rule(each, f"Passport with a photograph, a number, a signature and the arms of {each}") for each in countries
    ]
    assert of("alike", *rules) == []


def test_a_pair_among_thousands_of_rules_is_found() -> None:
    many = [rule(f"t{n}", f"report with number and date about a{n} b{n} c{n} and d{n % 50}") for n in range(3000)]
    many[2700] = rule("twin", many[100]["description"] + " in brief")
    [finding] = of("alike", *many)
    assert finding.numbers == (101, 2701)


def test_a_rule_whose_words_all_stand_in_another_is_covered_by_it() -> None:
    contract = rule("contract", "Agreement between two parties with clauses and signatures")
    secret = rule("nda", "Agreement between two parties to keep information confidential, with clauses and signatures")
    [finding] = of("covered", secret, contract)
    assert (finding.severity, finding.rules) == (Severity.NOTE, ("contract", "nda"))


@pytest.mark.parametrize(
    ("kind", "description", "words"),
    [
        ("letter", "a document", "fits every document"),
        ("letter", "other stuff", "fits every document"),
        ("letter", "Various general information and data", "fits every document"),
        ("letter", "Ein beliebiges Dokument", "fits every document"),
        ("letter", "N'importe quel document important", "fits every document"),
        ("letter", "Un documento con información general", "fits every document"),
        ("carta", "任何文件的内容", "fits every document"),
        ("invoice", "This is an invoice document.", "repeats the type"),
        ("bank_statement", "Bank statements", "repeats the type"),
        ("BankStatement", "A bank statement.", "repeats the type"),
        ("Rechnung", "Eine Rechnung.", "repeats the type"),
        ("letter", "Not an invoice, not a receipt", "what such a document is not"),
        ("letter", "Kein Vertrag und keine Rechnung", "what such a document is not"),
        ("letter", "Ce n'est pas une facture", "what such a document is not"),
        ("letter", "No es una factura", "what such a document is not"),
        ("letter", "----------", "fits every document"),
    ],
)
def test_a_description_that_no_document_can_be_recognised_by_says_nothing(
    kind: str, description: str, words: str
) -> None:
    [finding] = of("says-nothing", rule(kind, description))
    assert finding.severity is Severity.WARNING
    assert words in finding.message


@pytest.mark.parametrize(
    ("kind", "description"),
    [
        ("invoice", "An invoice with line items."),
        ("contract", "Signed by both parties, not a draft."),
        ("thesis", "Abschlussarbeit einer Hochschule"),
        ("pagamento", "Documento usado no pagamento de salários"),
        ("charity", "Report of a non-profit organisation"),
        ("sales", "not only sales but also returns"),
        ("us", "Tax return of a resident"),
        ("其他合同", "双方签署的劳动合同条款和期限"),
    ],
)
def test_a_description_with_a_word_of_its_own_says_something(kind: str, description: str) -> None:
    assert codes(rule(kind, description)) == set()


CATCH_ALLS = [
    ("other", "Any document that fits none of the other rules."),
    ("misc_documents", "Everything else, such as flyers."),
    ("unknown", "Documents that do not match another type"),
    ("sonstiges", "Alles andere, was zu keiner Regel passt"),
    ("autres", "Tout autre document"),
    ("otros", "Cualquier otro documento"),
    ("altro", "Qualsiasi altro documento"),
    ("overig", "Alle overige documenten"),
    ("其他", "不属于以上任何类型的其他文件"),
    ("прочее", "Любые остальные документы"),
    ("leftovers", "anything else"),
    ("none_of_the_above", "Does not match a rule above"),
    ("none of these", "None of the above categories apply"),
    ("other_letters", "Letters that fit none of the other categories"),
]


@pytest.mark.parametrize(("kind", "description"), CATCH_ALLS)
def test_a_rule_for_all_that_is_left_over_is_known_as_one(kind: str, description: str) -> None:
    assert find([INVOICE, rule(kind, description)]) == []


@pytest.mark.parametrize("kind", ["US", "IT", "other_income", "default", "general ledger"])
def test_a_type_that_only_sounds_like_it_is_no_catch_all(kind: str) -> None:
    [finding] = find([rule(kind, "Notice with an amount, a due date and a signature")])
    assert (finding.code, finding.severity, finding.rules) == ("no-catch-all", Severity.NOTE, ())
    assert "null" in finding.message
    assert "nothing, if null is what you want" in finding.remedy


def test_two_catch_alls_cannot_be_told_apart() -> None:
    [finding] = find([INVOICE, OTHER, rule("misc", "anything else")])
    assert (finding.code, finding.rules) == ("several-catch-alls", ("other", "misc"))


def test_a_catch_all_without_limits_swallows_the_others() -> None:
    [finding] = find([INVOICE, rule("other", "Any document")])
    assert (finding.code, finding.severity) == ("greedy-catch-all", Severity.WARNING)


def test_a_catch_all_that_names_another_rule_s_type_takes_its_documents() -> None:
    [finding] = find([INVOICE, RECIPE, rule("other", "Everything else: letters, invoices, flyers")])
    assert (finding.code, finding.rules) == ("greedy-catch-all", ("other", "invoice"))


def test_a_catch_all_that_excludes_another_rule_s_type_does_not() -> None:
    assert find([INVOICE, rule("other", "Anything that is not an invoice")]) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("letter ", "spaces at its ends"),
        ("cover  letter", "several spaces"),
        ("cafe\u0301", "two characters"),
        ("Uncategorized", "fits no rule"),
    ],
)
def test_a_type_that_filters_miss_is_told(kind: str, words: str) -> None:
    [finding] = of("type-spelling", rule(kind, "Written by a guest, with a date and thanks"))
    assert finding.severity is Severity.WARNING
    assert words in finding.message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("cover letter", "bank_statement"),
        ("cover-letter", "bank statement"),
        ("Letter", "memo"),
        ("NDA Letter", "memo"),
    ],
)
def test_types_that_are_not_spelt_alike_are_noted(first: str, second: str) -> None:
    [finding] = of("type-spelling", rule(first, INVOICE["description"]), rule(second, RECIPE["description"]))
    assert finding.severity is Severity.NOTE
    assert repr(first) in finding.message
    assert repr(second) in finding.message


@pytest.mark.parametrize(
    ("first", "second"), [("CV", "letter"), ("Q1 report", "bank letter"), ("W-2 form", "bank letter"), ("US", "A 1")]
)
def test_an_abbreviation_does_not_make_a_mixture(first: str, second: str) -> None:
    assert codes(rule(first, INVOICE["description"]), rule(second, RECIPE["description"])) == set()


def test_written_rules_are_read_whatever_limits_they_break(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("rules:\n- {type: a/b, description: x}\n- 7\n")
    assert written_rules(path) == [{"type": "a/b", "description": "x"}, 7]


@pytest.mark.parametrize("text", ["rules: 7", "{a: 1, a: 2}", "[", ""])
def test_a_file_without_a_list_of_rules_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(InvalidRulesError, match=r"rules\.yaml"):
        written_rules(path)
