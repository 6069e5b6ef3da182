"""A rule calls kinds of documents up by what it means."""

from __future__ import annotations

import pytest

from classify_core import Rule
from classify_core.local.kinds import all_kinds
from classify_core.local.lexical.rules import compile_rules

UNTOLD = "Documents that belong into this folder."


def called_by(label: str, description: str = UNTOLD) -> dict[str, float]:
    """The kinds that a rule calls up, surest first."""
    compiled = compile_rules([Rule(type=label, description=description)], all_kinds())
    sureties = {compiled.cues.kinds[kind]: calls[0][1] for kind, calls in compiled.calls.items()}
    return dict(sorted(sureties.items(), key=lambda each: (-each[1], each[0])))


def most_called_by(label: str, description: str = UNTOLD) -> set[str]:
    """The kind that a rule calls up; several where it may mean each, as Spanish "receta": recipe or prescription."""
    called = called_by(label, description)
    return {kind for kind, surety in called.items() if surety == max(called.values())}


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("invoice", "invoice"),
        ("Invoices", "invoice"),
        ("sales_invoice", "invoice"),
        ("supplier bills", "invoice"),
        ("Eingangsrechnung", "invoice"),
        ("Rechnungen", "invoice"),
        ("facturen", "invoice"),
        ("facture", "invoice"),
        ("factura", "invoice"),
        ("fattura", "invoice"),
        ("factuur", "invoice"),
        ("fatura", "invoice"),
        ("发票", "invoice"),
        ("CV", "resume"),
        ("CVs", "resume"),
        ("candidate_resume", "resume"),
        ("Lebenslauf", "resume"),
        ("简历", "resume"),
        ("Mietvertrag", "lease"),
        ("tenancy agreement", "lease"),
        ("contrat de location", "lease"),
        ("NDA", "nondisclosure_agreement"),
        ("confidentiality agreement", "nondisclosure_agreement"),
        ("tos", "terms_of_service"),
        ("AGB", "terms_of_service"),
        ("Datenschutzerklärung", "privacy_policy"),
        ("política de privacidad", "privacy_policy"),
        ("隐私政策", "privacy_policy"),
        ("Gehaltsabrechnung", "payslip"),
        ("bulletin de paie", "payslip"),
        ("Kontoauszug", "bank_statement"),
        ("estratto conto", "bank_statement"),
        ("purchase order", "purchase_order"),
        ("Lieferschein", "delivery_note"),
        ("receta", "recipe"),
        ("recept", "recipe"),
        ("食谱", "recipe"),
        ("meeting notes", "meeting_minutes"),
        ("Protokoll", "meeting_minutes"),
        ("communiqué de presse", "press_release"),
        ("Pressemitteilung", "press_release"),
        ("comunicato stampa", "press_release"),
        ("vacature", "job_posting"),
        ("Stellenanzeige", "job_posting"),
        ("poesia", "poem"),
        ("Gedicht", "poem"),
        ("patente", "patent"),
        ("专利", "patent"),
        ("scientific article", "scientific_paper"),
        ("Gebrauchsanweisung", "user_manual"),
        ("manual de usuario", "user_manual"),
        ("judgment", "court_opinion"),
        ("newspaper article", "news_article"),
    ],
)
def test_a_label_calls_its_kind_up_in_any_of_eight_languages(label: str, kind: str) -> None:
    assert kind in most_called_by(label)


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("Asks a customer to pay for goods, with line items, tax and the amount due.", "invoice"),
        ("Proof that a purchase was paid in a shop, with the items, change and cash or card.", "receipt"),
        ("Work experience, education and skills of a job applicant.", "resume"),
        ("Ingredients and the steps to cook a dish.", "recipe"),
        ("Who attended a meeting, what was discussed and decided, action items.", "meeting_minutes"),
        ("A landlord lets a flat to a tenant for a monthly rent.", "lease"),
        ("How personal data are collected and used, cookies and the rights of users.", "privacy_policy"),
        ("Opening balance, transactions and closing balance of an account.", "bank_statement"),
        ("Gross pay, deductions and net pay of an employee for a month.", "payslip"),
        ("An open position: responsibilities, requirements and how to apply.", "job_posting"),
        ("A judge decides a case and gives the reasons, plaintiff and defendant.", "court_opinion"),
        ("Claims of an invention with drawings and prior art.", "patent"),
        ("Abstract, methods, results, discussion and references of a research study.", "scientific_paper"),
        ("Verses and stanzas with rhyme.", "poem"),
        ("Questions and answers that customers often ask.", "faq"),
        ("Announces news of a company to the media, with a press contact.", "press_release"),
        ("Changes in a new version of a program: new features and bug fixes.", "release_notes"),
        ("Lines with a time stamp and a level that a server writes.", "log_file"),
    ],
)
def test_a_description_alone_calls_a_kind_up(description: str, kind: str) -> None:
    assert most_called_by("type_a", description) == {kind}


@pytest.mark.parametrize(
    ("label", "description", "kind", "named"),
    [
        ("invoice", "Ingredients, quantities and steps to cook a dish.", "recipe", "invoice"),
        ("report", "Work experience, education and skills of a job applicant.", "resume", "project_report"),
        ("letter", "A landlord lets premises to a tenant for rent; deposit and notice.", "lease", "letter"),
        ("minutes", "Gross pay, deductions and net pay of an employee.", "payslip", "meeting_minutes"),
    ],
)
def test_a_description_that_contradicts_the_name_outranks_it(
    label: str, description: str, kind: str, named: str
) -> None:
    called = called_by(label, description)

    assert called[kind] > called.get(named, 0.0)


def test_what_a_description_excludes_is_not_called_up() -> None:
    assert "receipt" not in called_by("type_a", "Asks for payment with an amount due; not a shop's receipt.")


@pytest.mark.parametrize("label", ["type_a", "misc", "folder 7", "A", "1040"])
def test_a_rule_that_means_no_kind_calls_none_up(label: str) -> None:
    assert called_by(label) == {}
