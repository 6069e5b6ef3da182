"""Signs told by marks and numbers: amounts, code, links, citations, blanks to fill in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from classify_core.local.lexical.layout.page import Measure, Page

_LETTERS_OF_A_WORD = 6
_FEWEST_WORDS = 50
_AMOUNTS_WITHOUT_CURRENCY = 0.5
_NOW = r"(?:(?:19|20)\d\d|present|now|current|heute|aujourd|actualidad|oggi|heden|atual|至今)"
_MONTH = r"[a-zäéû]{3,9}\.?,? "


def _rate(*patterns: str, typical: float) -> Measure:
    """Occurrences for each word of the beginning; `typical` is the rate in documents that live by it.

    Several patterns, each with a beginning of its own, are found much faster than one of alternatives.
    """
    found_in = [re.compile(pattern, re.MULTILINE).findall for pattern in patterns]

    def measure(page: Page) -> float:
        found = sum(len(find(page.folded)) for find in found_in)
        return found / max(len(page.text) / _LETTERS_OF_A_WORD, _FEWEST_WORDS) / typical

    return measure


_CURRENCY_AMOUNTS = _rate(
    r"[$€£¥₹]\s?\d",
    r"[€£](?<=[ \t\d][€£])(?!\s?\d)",
    *(rf"{code}\.? ?\d" for code in ("usd", "eur", "gbp", "chf", "rm", "rs", "inr", "rmb")),
    typical=0.04,
)
_PLAIN_AMOUNTS = _rate(r"\d[.,]\d\d(?!\d|[.,]\d)", typical=0.1)


def _money(page: Page) -> float:
    """Amounts of a currency; bare numbers with two decimals may be measurements and count half."""
    plain = min(_PLAIN_AMOUNTS(page), 1.0)
    return max(_CURRENCY_AMOUNTS(page), _AMOUNTS_WITHOUT_CURRENCY * plain)


MARK_SIGNS: Final[Mapping[str, Measure]] = {
    "numeric": _rate(r"\d[\d.,:/-]*", typical=0.35),
    "money": _money,
    "code": _rate(
        "```",
        r"^[ \t]*(?:[$%]|>>>|import|def|class|return)[ \t]",
        r"[{};][ \t]*$",
        r"\((?<=\w\()[^()\n]*\)",
        "::",
        "->",
        "=>",
        typical=0.05,
    ),
    "links": _rate("https?://", r"www\.", r"\]\(", typical=0.04),
    "citations": _rate(
        r"\[\d{1,3}(?:[,\u2013-] ?\d{1,3})*\]",
        r"et al\b",
        r"\([a-z][^()\n]{0,60} (?:19|20)\d\d[a-z]?\)",
        r"doi[:.]",
        typical=0.01,
    ),
    "year_ranges": _rate(
        rf"(?:19|20)\d\d\s?(?:[-\u2013\u2014]|to|bis|until|à|a|al)\s?(?:{_MONTH})?{_NOW}", typical=0.01
    ),
    "checkboxes": _rate(r"[☐☑☒□■✓✔✗]", r"\[[ x]?\]", r"\( \)", typical=0.01),
    "questions": _rate(r"[?\uff1f](?:\s|$)", typical=0.03),
    "blanks": _rate("____+", r"\.\.\.\.\.\.+", "\u2026\u2026\u2026+", typical=0.01),
    "page_numbers": _rate(r"\d (?:of|von|sur|de|di|van|/) \d{1,4}[ \t]*$", r"第 *\d+ *页", typical=0.003),
}
