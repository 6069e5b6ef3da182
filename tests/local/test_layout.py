"""Each sign of layout is seen where it is, and only there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from classify_core.engine import ParsedDocument
from classify_core.local.lexical.layout import LAYOUT_CHARACTERS, SIGNS, layout_of
from classify_core.local.lexical.reading import MAX_CHARACTERS_READ, read
from classify_core.local.lexical.terms import words_of

PROSE = (
    "The harbour lay quiet in the afternoon, and a grey cat slept upon the wall beside the nets.\n"
    "Two boats came in before the rain; nobody spoke while the baskets were carried up to the shed.\n"
    "Later the lamp was lit, the kettle sang, and the old clock in the corner went on as ever.\n"
    "Outside the wind had turned, and the gulls were gone from the roof of the chapel by then.\n"
    "So the evening went, with bread and soup, until the last of the guests took up a lantern.\n"
)
SHOWN = {
    "mail_headers": "From: Ada Hill\nTo: Ben Dale\nSubject: The boat\n\nIt is mended.",
    "quoted_lines": "> Is it mended?\n> And when?\nYes, it is.\nOn Sunday.",
    "chat_lines": "10:02 <ada> hello\n10:03 <ben> hi there\n10:03 <ada> mended?\n10:05 <ben> yes",
    "speaker_lines": "ADA: Who goes there?\nBEN: A friend.\nADA: Come in, then.\nBEN: Thank you.",
    "table_rows": "name,age,town\nAda,36,York\nBen,41,Leeds\nCyd,29,Bath\nDot,50,Ely\n",
    "numeric": "12 14.5 18 22 9.75\n11 13.5 17 21 8.25\n10 12.5 16 20 7.75\n",
    "money": "Paint $12.50, brush €4, ladder £89 and a tin of glue at USD 3.20.",
    "money_line_ends": "Paint 12.50\nBrush 4.00\nLadder 89.00\nTotal 105.50 EUR",
    "bullets": "To do\n- paint the hull\n- mend the sail\n• buy rope",
    "numbered_clauses": "Section 1 Term\n1.1 The term begins today.\n1.2 It ends in May.\n§ 2 Rent\n(a) monthly",
    "steps": "1. Peel the apples\n2. Cut them\n3. Boil them\n4. Serve",
    "quantities": "200 g flour\n2 cups sugar\n1 tsp salt\n½ l milk",
    "code": "def add(a, b):\n    return add(a, b);\n\nfor (x) {\n  call(x);\n}\n",
    "links": "See https://example.org and www.example.com or [the page](https://example.net).",
    "citations": "As shown before [12], and again by Hill et al. in detail (Dale, 2003).",
    "year_ranges": "2010 - 2014 Clerk\n2015 \u2013 present Harbour master",
    "contact_top": "Ada Hill\nada@example.org\n+44 1904 555 0100\nYork",
    "date_top": "York, 12 March 2024\nTo whom it may concern",
    "dateline": f"YORK, March 12 - {PROSE}",
    "reported_speech": '"It is mended," said Ada. "On Sunday," Ben told her, and added that he was glad.',
    "second_person": "You can use your boat when you like, and your crew may join you.",
    "first_person": "I told my crew that I would mend my boat, and that nobody but me could.",
    "first_person_plural": "We mend our boats, and we sell our nets; ask us.",
    "short_lines": "Ada Hill\nMill Lane 5\nYork\nEngland",
    "long_paragraphs": PROSE.replace("\n", " "),
    "fields": "Name: Ada Hill\nTown: York\nBoat: Grey Gull\nBerth: 14",
    "checkboxes": "☐ yes ☐ no [ ] perhaps [x] never",
    "salutation": "Dear Ben,\n\nthe boat is mended.\n\nBest regards\nAda",
    "capitals": "NOTICE TO ALL MASTERS OF BOATS IN THE HARBOUR",
    "questions": "Is it mended? And when? Who did it?",
    "options": "What floats?\nA) a stone\nB) a boat\nC) a nail\nD) a key",
    "timestamps": "".join(f"2024-03-12 10:02:{second} request served\n" for second in range(10, 20)),
    "verse": "The boats come home at break of day\nAnd all the gulls are far away\nThe wind is low, the sea is grey\n"
    "And who could ask the men to stay?",
    "blanks": "Name ____________ Date ............ Signature ________",
    "page_numbers": "The end of this page\nPage 3 of 7\n",
    "legalese": "The lessee shall hereby indemnify the lessor pursuant to the terms thereof.",
    "markdown": "# Boats\n\n## Mending\n\nGlue them.\n\n```\nglue\n```\n",
}


def layout(text: str) -> Mapping[str, float]:
    return layout_of(text, Counter(words_of(text)))


def test_each_sign_is_shown_below() -> None:
    assert SHOWN.keys() == SIGNS


@pytest.mark.parametrize("sign", sorted(SIGNS))
def test_a_text_that_is_laid_out_so_shows_the_sign_and_prose_does_not(sign: str) -> None:
    assert layout(SHOWN[sign]).get(sign, 0.0) > 0.3
    assert layout(PROSE).get(sign, 0.0) < 0.15


@pytest.mark.parametrize("text", ["", " \n\t\n ", PROSE, *SHOWN.values(), "\x00", "\u2028" * 9, "漢字" * 40])
def test_a_sign_is_a_share(text: str) -> None:
    found = layout(text)

    assert found.keys() <= SIGNS
    assert all(0.0 < value <= 1.0 for value in found.values())


def test_layout_is_looked_for_in_the_beginning_only() -> None:
    beginning = (PROSE * 20)[:LAYOUT_CHARACTERS]
    signs = layout_of(beginning, {})

    assert layout_of(beginning + SHOWN["code"] * 1_000 + SHOWN["blanks"] * 1_000, {}) == signs


@pytest.mark.parametrize(
    "piece",
    ["a", "\n", ". ", "(", "1,", "1.00 ", "- ", "\t", "_", "a(", "(a ", "[1", "0:", "§ ", "A.", "a@", "漢", "\u00ad"],
)
def test_of_a_hostile_text_no_more_is_read_than_of_any_other(piece: str) -> None:
    reading = read(ParsedDocument(text=piece * 1_000_000, title=piece * 1_000_000, headings=(piece * 1_000_000,) * 60))
    in_text = [zone for zone in reading.zones if zone.start is not None]
    others = [zone for zone in reading.zones if zone.start is None]

    assert sum(len(zone.text) for zone in in_text) <= MAX_CHARACTERS_READ
    assert len(others) <= 51
    assert all(len(zone.text) <= 300 for zone in others)
