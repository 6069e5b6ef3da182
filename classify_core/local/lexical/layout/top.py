"""Signs in the first lines of a text: headers of a mail, an address, a date, a greeting."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from classify_core.local.lexical.layout.page import Measure, Page

_TOP_CHARACTERS = 700
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez|janv|févr|avr|juin|juil|août|ene|abr|ago|dic|"
    r"gen|mag|giu|lug|set|ott|mrt|mei|fev|out)[a-zéû]*"
)
_DATE = (
    rf"(?:\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{2,4}}|\d{{1,2}}\.?\s+(?:de\s+)?{_MONTH}\.?\s+(?:de\s+)?\d{{4}}|{_MONTH}\.?\s+\d{{1,2}},?\s+\d{{4}}|"
    r"\d{4}\s?年\s?\d{1,2}\s?月)"
)


def _at_top(*patterns: str, enough: int = 1, least: int = 1) -> Measure:
    """Whether the first lines hold these so many times together; fewer than `least` are chance."""
    compiled = [re.compile(pattern, re.MULTILINE) for pattern in patterns]

    def measure(page: Page) -> float:
        top = page.folded[:_TOP_CHARACTERS]
        found = sum(len(pattern.findall(top)) for pattern in compiled)
        return found / enough if found >= least else 0.0

    return measure


# "CITY, Month 12 -", and after it the story in the same line.
_DATELINE = re.compile(r"^[A-Z][A-Z .,'\u2019]{2,40}[^\n]{0,45}?(?:--|[-\u2013\u2014])[ \t]*\w[^\n]{60}", re.MULTILINE)


def _dateline(page: Page) -> float:
    return float(_DATELINE.search(page.text[:_TOP_CHARACTERS]) is not None)


_GREETING = re.compile(
    r"(?:dear|hi|hello|sehr geehrte|liebe[r]?|chère?|madame|estimad[oa]|querid[oa]|gentile|egregio|cara?o?|beste|"
    r"geachte|prezad[oa]|尊敬的)\b[^\n]{0,40}[,:\uff1a!]?$"
)
_CLOSE = re.compile(
    r"(?:yours|sincerely|(?:best|kind|warm|with|many)? ?regards|thanks|mit freundlichen|viele grüße|cordialement|"
    r"salutations|atentamente|un saludo|cordiali|distinti|met vriendelijke|atenciosamente|此致|敬礼)"
)
_LINES_BEFORE_GREETING = 25


def _salutation(page: Page) -> float:
    """Half of it is the greeting, half the close."""
    greets = any(map(_GREETING.match, page.folded_lines[:_LINES_BEFORE_GREETING]))
    closes = any(map(_CLOSE.match, page.folded_lines))
    return (greets + closes) / 2


TOP_SIGNS: Final[Mapping[str, Measure]] = {
    "mail_headers": _at_top(
        r"^[ \t]*(?:>?from|to|cc|subject|date|sent|reply-to|message-id|received|return-path|delivered-to|mime-version|"
        r"content-type|von|an|betreff|gesendet|de|à|objet|asunto|enviado|oggetto|onderwerp|assunto|发件人|收件人|主题)"
        r"[ \t]*[:\uff1a]\s?\S",
        enough=3,
        least=2,
    ),
    "contact_top": _at_top(
        r"@[\w-]+\.\w", r"\d{2,4}\)?[ .-]\d{3,4}[ .-]?\d{3,4}", "linkedin", r"github\.com", enough=2
    ),
    "date_top": _at_top(rf"(?<!\w){_DATE}"),
    "dateline": _dateline,
    "salutation": _salutation,
}
