"""Signs told by lines: quotes, dialogue, lists, clauses, fields, logs, verse."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from classify_core.local.lexical.layout.page import Measure, Page
from classify_core.local.lexical.layout.shape import FEWEST_LINES


def _share(pattern: str, typical: float, *, ignore_case: bool = True) -> Measure:
    """Lines that begin so, as a share of all; `typical` is the share in documents that live by it."""
    matches = re.compile(pattern).match

    def measure(page: Page) -> float:
        if len(page.lines) < FEWEST_LINES:
            return 0.0
        found = sum(map(bool, map(matches, page.folded_lines if ignore_case else page.lines)))
        return found / len(page.lines) / typical

    return measure


def _share_of_ends(pattern: str, typical: float) -> Measure:
    """Lines that end so, as a share of all."""
    found_in = re.compile(pattern + "$", re.MULTILINE).findall

    def measure(page: Page) -> float:
        if len(page.lines) < FEWEST_LINES:
            return 0.0
        return len(found_in(page.folded)) / len(page.lines) / typical

    return measure


_UNIT = (
    r"(?:g|kg|mg|ml|cl|dl|l|oz|lbs?|cups?|c|tsp|tbsp|teaspoons?|tablespoons?|pounds?|ounces?|grams?|cloves?|pinch|cans?|"
    r"slices?|sticks?|bunch|el|tl|esslöffel|teelöffel|prise|cuillères?|gousses?|cucharadas?|cucharaditas?|dientes?|"
    r"tazas?|cucchiai|cucchiaini|spicchi|eetlepels?|theelepels?|colheres?|xícaras?|dentes?)"
)
_NUMBER = r"(?:\d+(?:[.,/-]\d+)?|[½¼¾⅓⅔⅛]|a|one|two|half)(?:[ \t]*[½¼¾⅓⅔⅛]|[ \t]+\d/\d)?"
_NICKNAME = r"[<\[(]?[@+~&%]?[\w.|`^-]{2,24}[>\])]?"
_CLOCK = r"[\[(]?(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4}[,T ]+)?\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\.?)?[\])]?"
_CLAUSE_WORD = r"(?:section|article|clause|artikel|artículo|articolo|artigo|paragraph)"
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)"

_SPEAKER = re.compile(
    r"([A-Z][A-Z.'\u2019 -]{1,28}|[A-Z][a-z]+(?: [A-Z][a-z]+)?)[ \t]*[:.](?:[ \t]+[\"\u201c(A-Z]|$)|([QA])[:.]"
)
_TYPICAL_SPEAKERS = 0.25


def _speaker_lines(page: Page) -> float:
    """Lines that begin with who says them. Each speaks more than once, which tells them from the labels of fields."""
    if len(page.lines) < FEWEST_LINES:
        return 0.0
    spoken = Counter(match[1] or match[2] for match in map(_SPEAKER.match, page.lines) if match is not None)
    return sum(times for times in spoken.values() if times > 1) / len(page.lines) / _TYPICAL_SPEAKERS


LINE_SIGNS: Final[Mapping[str, Measure]] = {
    "quoted_lines": _share(r">", 0.2),
    "chat_lines": _share(
        rf"(?:{_CLOCK}[ \t]*(?:[-\u2013][ \t]*)?(?:<{_NICKNAME}>|{_NICKNAME}[ \t]*:|\*|===)|<{_NICKNAME}>[ \t])", 0.5
    ),
    "speaker_lines": _speaker_lines,
    "money_line_ends": _share_of_ends(r"\d[.,]\d\d(?!\d|[.,]\d)[ \t]*(?:[$€£¥₹%]|eur|usd|[a-z]{1,2})?[ \t]*", 0.25),
    "bullets": _share(r"[-*•·‣▪●○\u2013][ \t]+\S", 0.35),
    "numbered_clauses": _share(
        rf"(?:\d{{1,2}}(?:\.\d{{1,2}}){{1,3}}\.?[ \t]+[^\W\d_]|{_CLAUSE_WORD}[ \t]+[\divx]+|§+[ \t]*\d|"
        r"\([a-zivx]{1,4}\)[ \t]|第[一二三四五六七八九十百]+[条章])",
        0.15,
    ),
    "steps": _share(r"(?:[Ss]tep[ \t]+)?\d{1,2}[.):][ \t]+[A-Z]\w+(?![^\n]{160})", 0.2, ignore_case=False),
    "quantities": _share(rf"(?:[-*•·▢☐][ \t]*)?{_NUMBER}[ \t]*{_UNIT}\b", 0.15),
    "fields": _share(r"[^\W\d_][^:.]{1,34}[:\uff1a](?:[ \t]*\S.{0,60})?$", 0.4),
    "options": _share(r"(?:[-*•][ \t]*)?(?:\(?[A-Ea-e][.)]|\[[ xX]\])[ \t]+\S", 0.3),
    "timestamps": _share(rf"\[?(?:\d{{4}}[-/]\d\d[-/]\d\d[t ]|{_DAY}?,? ?[a-z]{{3}} +\d{{1,2}} )\d\d:\d\d:\d\d", 0.5),
    "verse": _share(r"[A-Z\u201c\"'\u2019][^.;:]{10,55}[,;a-z!?\u2014]$", 0.6, ignore_case=False),
    "markdown": _share(r"(?:#{1,6} |```|\.\. [a-z]+::|[=~^-]{4,}$|\[[^\]\n]+\]\()", 0.12),
}
