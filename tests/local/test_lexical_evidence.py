"""Quotes are found however the document writes its words, and say on which page they stand."""

from __future__ import annotations

from itertools import pairwise

import pytest

from classify_core import Rule
from classify_core.engine import ParsedDocument, RuleScore
from classify_core.local.backend import decide
from classify_core.local.lexical import LexicalEngine
from classify_core.local.lexical.folding import fold


def score(text: str, *rules: Rule, **fields: tuple[int, ...]) -> RuleScore:
    return LexicalEngine().score([ParsedDocument(text=text, **fields)], rules)[0][0]


@pytest.mark.parametrize(
    ("text", "name", "description", "expected"),
    [
        ("Diese Maßnahme", "Maßnahme", "Enthält geplante Schritte.", {"Maßnahme"}),
        ("ΑΡΙΘΜΌΣ 12", "αριθμός", "Ένα έγγραφο με αριθμό.", {"ΑΡΙΘΜΌΣ"}),
        ("re\u0301sume\u0301 ici", "résumé", "Formation et langues.", {"re\u0301sume\u0301"}),
        (
            "die \uff32\uff45\uff43\uff48\uff4e\uff55\uff4e\uff47",
            "Rechnung",
            "Enthält Posten.",
            {"\uff32\uff45\uff43\uff48\uff4e\uff55\uff4e\uff47"},
        ),
        ("\u0130\u0130 the harbour", "harbour", "On boats and nets.", {"harbour"}),
        ("my_harbour_log", "harbour", "On boats and nets.", {"harbour"}),
        ("发票harbour", "harbour", "On boats and nets.", {"harbour"}),
        ("चालाना। चालान संख्या 17", "bill", "चालान संख्या और राशि", {"चालान संख्या"}),
        ("المبلغ الإجمالي 12", "bill", "المبلغ الإجمالي و الرقم", {"المبلغ الإجمالي"}),
        ("ｶﾞｽ 料金表", "料金表", "毎月の料金表が書かれている。", {"料金表"}),
    ],
)
def test_a_word_is_quoted_as_the_document_writes_it(text: str, name: str, description: str, expected: set[str]) -> None:
    found = score(text, Rule(type=name, description=description))

    assert expected & set(found.evidence), found
    assert all(quote in text for quote in found.evidence)
    assert "format or layout" not in decide([found]).reasoning


def test_half_a_word_is_not_quoted() -> None:
    assert score("चालाना", Rule(type="bill", description="चालान संख्या और राशि")).evidence == ()


def test_characters_that_nobody_sees_move_no_quote_to_another_page() -> None:
    first, second = "so\u00adme\u00ad words\u200b of no kind\u00ad\u00ad\n", "The harbour of the boats\n"
    found = score(
        first + second,
        Rule(type="harbour", description="Speaks of harbours."),
        page_starts=(0, len(first)),
        page_numbers=(1, 2),
    )

    assert (found.evidence, found.pages) == (("harbour",), (2,))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Plain words",
        "\u201cquotes\u201d \u2026 and ﬁne",
        "Straße",
        "e\u0301te\u0301",
        "ｶﾞｽ",
        "\u1112\u1161\u11ab",
        "İ" * 5,
        "汉字…ﬁ" * 40,
        "汉" * 31 + "e\u0301か\u3099",
    ],
)
def test_each_folded_character_has_its_place(text: str) -> None:
    folded = fold(text)
    places = [folded.place(position) for position in range(len(folded.text) + 1)]

    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, len(text))
    assert "".join(fold(text[start:stop]).text for start, stop in pairwise(places)) == folded.text
