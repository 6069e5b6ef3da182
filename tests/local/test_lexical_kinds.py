"""What the engine makes of rules and of built-in kinds together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from classify_core import Rule
from classify_core.engine import ParsedDocument, RuleScore
from classify_core.local.backend import decide
from classify_core.local.lexical import LexicalEngine

UNTOLD = "Documents that belong into this folder."


def score(text: str, rules: list[Rule], **fields: Any) -> list[RuleScore]:
    return LexicalEngine().score([ParsedDocument(text=text, **fields)], rules)[0]


def answer(text: str, rules: list[Rule], **fields: Any) -> str | None:
    return decide(score(text, rules, **fields)).type


INVOICE = "INVOICE\nInvoice number: 12\nBill to: Mill Lane 5\nSubtotal 40.00\nVAT 8.00\nTotal due 48.00\n"
LEASE = "LEASE\nThis lease is made between the landlord and the tenant. The monthly rent is due on the first day. "
RESUME = "Ada Hill\nada@example.org\nWork experience\n2015 - 2020 Welder\nEducation\n2014 Technical college\nSkills\n"
MINUTES = (
    "Minutes of the meeting\nPresent: Hill, Dale\nApologies: Marsh\n1. Minutes of the last meeting were approved.\n"
)


@pytest.mark.parametrize(
    ("rules", "common", "details"),
    [
        (
            {
                "purchase invoice": "An invoice that we received from a supplier and have to pay.",
                "sales invoice": "An invoice that we issued to a customer, who has to pay us.",
            },
            INVOICE,
            ["Received from our supplier.", "Issued to our customer."],
        ),
        (
            {
                "residential lease": "A lease of a flat or house in which the tenant lives.",
                "commercial lease": "A lease of a shop or an office in which the tenant does business.",
            },
            LEASE,
            ["The flat is let for living in.", "The shop is let for business."],
        ),
        (
            {
                "nurse resume": "Resume of a nurse, with hospital wards and patient care.",
                "welder resume": "Resume of a welder, with welding certificates and metal work.",
            },
            RESUME.replace("Welder", "Staff"),
            ["Patient care in a hospital", "Welding of metal plates"],
        ),
        (
            {
                "board minutes": "Minutes of a meeting of the board of directors.",
                "tenants minutes": "Minutes of a meeting of the tenants' association.",
            },
            MINUTES,
            ["The board thanked its directors.", "The association thanked all tenants."],
        ),
    ],
)
def test_two_rules_of_one_kind_are_told_apart_by_their_detail(
    rules: dict[str, str], common: str, details: list[str]
) -> None:
    of_one_kind = [Rule(type=name, description=description) for name, description in rules.items()]

    assert [answer(common + detail, of_one_kind) for detail in details] == list(rules)


def test_a_rule_finds_documents_in_languages_that_its_words_are_not_in() -> None:
    rules = [Rule(type="invoice", description=UNTOLD), Rule(type="job posting", description=UNTOLD)]
    texts = [
        "RECHNUNG\nRechnungsnummer: 12\nRechnungsdatum: 3.4.2024\nGesamtbetrag: 40,00 EUR",
        "FACTURE\nNuméro de facture : 12\nTVA 20 %\nTotal TTC : 40,00 €",
        "发票\n发票号码:12\n税额:5.00\n价税合计:¥48.00",
    ]

    assert [answer(text, rules) for text in texts] == ["invoice"] * 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("会议纪要\n出席人员:王明、李华\n议题:预算\n决议:通过预算方案。散会。", "meeting minutes"),
        ("个人简历\n姓名:王明\n教育背景\n工作经历\n专业技能", "resume"),
        ("租赁合同\n出租方(甲方):王明\n承租方(乙方):李华\n月租金:3000元\n押金", "lease"),
        ("隐私政策\n我们如何收集和使用您的个人信息\nCookie\n您的权利", "privacy policy"),
    ],
)
def test_kinds_are_known_by_chinese_words_too(text: str, expected: str) -> None:
    rules = [Rule(type=name, description=UNTOLD) for name in ("meeting minutes", "resume", "lease", "privacy policy")]

    assert answer(text, rules) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("議事録\n出席者:田中、鈴木\n議題:予算について", "議事録"),
        ("履歴書\n氏名:田中\n学歴と職歴", "履歴書"),
        ("ใบแจ้งหนี้\nเลขที่ 12\nยอดรวม 4000 บาท", "Thai bill"),
    ],
)
def test_rules_in_japanese_and_thai_are_found_by_their_own_words(text: str, expected: str) -> None:
    rules = [
        Rule(type="議事録", description="会議の出席者と議題が書かれている書類。"),
        Rule(type="履歴書", description="氏名、学歴、職歴が書かれている書類。"),
        Rule(type="Thai bill", description="เลขที่และยอดรวมที่ต้องชำระ"),
    ]

    assert answer(text, rules) == expected


def test_a_document_of_a_kind_that_no_rule_calls_up_more_likely_fits_none() -> None:
    rules = [Rule(type="harbour", description="On boats, nets, the tide and the harbour.")]
    boats = "The nets and the boats in the harbour, and the tide. "
    recipe = (
        "Fish soup\nIngredients\n200 g flour\n2 tbsp butter\nMethod\n1. Preheat the oven\n2. Simmer until tender\n"
        "3. Season with salt and pepper to taste\n4. Bring to the boil, stir and serve hot\nServes 4\n"
        "Prep time: 10 minutes\nCooking time: 30 minutes\n"
    )

    assert score(boats + recipe, rules)[0].probability < 0.5 * score(boats, rules)[0].probability
    unaware = LexicalEngine(without_kinds=["recipe"]).score([ParsedDocument(text=boats + recipe)], rules)[0]
    assert unaware[0].probability > score(boats + recipe, rules)[0].probability


@pytest.mark.parametrize("place", ["beginning", "middle", "end"])
def test_cues_are_found_at_the_beginning_in_the_middle_and_at_the_end_of_a_long_document(place: str) -> None:
    rules = [Rule(type="lease", description=UNTOLD)]
    cues = (
        "The landlord lets the premises to the tenant. The tenant shall pay the security deposit and the monthly rent."
    )
    filler = ["zq " * 40_000, "zq " * 40_000]
    texts = {
        "beginning": [cues, *filler],
        "middle": [filler[0], cues, filler[1]],
        "end": [*filler, cues],
    }

    assert "landlord" in str(score("".join(texts[place]), rules)[0].evidence)


def test_evidence_has_the_page_on_which_it_stands() -> None:
    rules = [Rule(type="invoice", description=UNTOLD)]
    first, second = "zq zq zq\n", "Rechnungsnummer: 12\n"
    pages = {"page_starts": (0, len(first)), "page_numbers": (4, 7)}
    scored = score(first + second, rules, **pages)

    assert scored[0].evidence == ("Rechnungsnummer",)
    assert scored[0].pages == (7,)
    assert '"Rechnungsnummer" on page 7' in decide(scored).reasoning


def test_evidence_of_a_title_has_no_page() -> None:
    rules = [Rule(type="invoice", description=UNTOLD)]
    pages = {"page_starts": (0,), "page_numbers": (1,)}
    scored = score("Rechnungsnummer: 12", rules, title="Faktura", **pages)[0]

    assert dict(zip(scored.evidence, scored.pages, strict=True)) == {"Rechnungsnummer": 1, "Faktura": None}


def test_where_layout_alone_speaks_for_a_rule_the_reason_says_so() -> None:
    rules = [Rule(type="spreadsheet", description=UNTOLD)]
    decided = decide(score("ada,36,york\nben,41,leeds\ncyd,29,bath\n", rules, format="csv"))

    assert decided.type == "spreadsheet"
    assert decided.reasoning == 'its format or layout matches the rule "spreadsheet"'


PROGRAM = """
import json, sys
from classify_core import Rule
from classify_core.engine import ParsedDocument
from classify_core.local.lexical import LexicalEngine
texts, labels = json.load(sys.stdin)
rules = [Rule(type=label, description="A document of this kind: " + label) for label in labels]
documents = [ParsedDocument(text=text) for text in texts]
scored = LexicalEngine().score(documents, rules)
print(json.dumps([[(score.probability.hex(), score.evidence) for score in each] for each in scored]))
"""


def test_scores_are_exactly_the_same_whatever_the_seed_of_hashes() -> None:
    parts = [INVOICE, LEASE, RESUME, MINUTES, "会议纪要 出席人员 决议", "Dear Ben,\nthe boat is mended."]
    texts = [one + other * repeated for one in parts for other in parts for repeated in (1, 9)][:30]
    labels = ["invoice", "lease", "resume", "meeting minutes", "letter", "form 1040", "A"]
    scored = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            input=json.dumps([texts, labels]),
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert scored[0] == scored[1]
    assert len(json.loads(scored[0])) == 30
