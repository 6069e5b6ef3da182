"""Signs of layout: how much of a text is laid out like a mail, a table, a dialogue, a list of clauses and so on.

Each sign is a number from 0.0 (nothing of it) to 1.0 (as much as documents that live by it have). They are counted in
the beginning of a text, where layout shows; most of them in its lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

LAYOUT_CHARACTERS: Final = 4_000
"""Of a text's beginning so many characters are looked at."""

_TOP_CHARACTERS = 700
_FEWEST_LINES = 4
_SHORT_LINE = 45
_LONG_LINE = 350
_LETTERS_OF_A_WORD = 6
_FEWEST_WORDS = 50
_FEWEST_COLUMNS = 2
_FEWEST_ROWS = 3

_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez|janv|févr|avr|juin|juil|août|ene|abr|ago|dic|"
    r"gen|mag|giu|lug|set|ott|mrt|mei|fev|out)[a-zéû]*"
)
_DATE = rf"(?:\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{2,4}}|\d{{1,2}}\.?\s+{_MONTH}\.?\s+\d{{4}}|{_MONTH}\.?\s+\d{{1,2}},?\s+\d{{4}})"
_AMOUNT = r"\d[.,]\d\d(?!\d|[.,]\d)"
_UNIT = (
    r"(?:g|kg|mg|ml|cl|dl|l|oz|lbs?|cups?|c|tsp|tbsp|teaspoons?|tablespoons?|pounds?|ounces?|grams?|cloves?|pinch|cans?|"
    r"slices?|sticks?|bunch|el|tl|esslöffel|teelöffel|prise|cuillères?|gousses?|cucharadas?|cucharaditas?|dientes?|"
    r"tazas?|cucchiai|cucchiaini|spicchi|eetlepels?|theelepels?|colheres?|xícaras?|dentes?)"
)


@dataclass(frozen=True, slots=True)
class _Page:
    """What signs are counted in.

    Attributes:
        text: the beginning of the text.
        folded: the same without case, in which patterns are found faster than by ignoring case.
        lines: how many lines are not empty.
        words: each word of the text, without case, with its number of occurrences.
        length: how many words the text has.
    """

    text: str
    folded: str
    lines: int
    words: Mapping[str, int]
    length: int


_Measure: TypeAlias = Callable[[_Page], float]


def layout_of(text: str, words: Mapping[str, int]) -> Mapping[str, float]:
    """The signs of a text that are there at all.

    Args:
        text: all of it.
        words: what was read of it, as words without case, with the number of occurrences of each.
    """
    beginning = text[:LAYOUT_CHARACTERS].strip()
    if not beginning:
        return {}
    lines = sum(1 for line in beginning.splitlines() if line.strip())
    page = _Page(beginning, beginning.casefold(), lines, words, sum(words.values()))
    found = ((name, min(1.0, measure(page))) for name, measure in _MEASURES.items())
    return {name: value for name, value in found if value > 0.0}


def _share_of_lines(pattern: str, typical: float, *, ignore_case: bool = True) -> _Measure:
    """Lines that match, as a share of all; `typical` is the share of documents that live by it."""
    compiled = re.compile(rf"^[ \t]*{pattern}", re.MULTILINE)

    def measure(page: _Page) -> float:
        if page.lines < _FEWEST_LINES:
            return 0.0
        return len(compiled.findall(page.folded if ignore_case else page.text)) / page.lines / typical

    return measure


def _rate(pattern: str, typical: float, *, ignore_case: bool = True) -> _Measure:
    """Occurrences for each word of the beginning; `typical` is the rate of documents that live by it."""
    compiled = re.compile(pattern, re.MULTILINE)

    def measure(page: _Page) -> float:
        found = len(compiled.findall(page.folded if ignore_case else page.text))
        return found / max(len(page.text) / _LETTERS_OF_A_WORD, _FEWEST_WORDS) / typical

    return measure


def _words(words: str, typical: float) -> _Measure:
    """How many of all words are these; `typical` is the share in documents that live by them."""
    counted = frozenset(words.split())

    def measure(page: _Page) -> float:
        return sum(page.words[word] for word in counted & page.words.keys()) / max(page.length, _FEWEST_WORDS) / typical

    return measure


def _at_top(pattern: str, enough: int = 1, least: int = 1) -> _Measure:
    """Whether the first lines hold it so many times; fewer than `least` are chance."""
    compiled = re.compile(pattern, re.MULTILINE)

    def measure(page: _Page) -> float:
        found = len(compiled.findall(page.folded[:_TOP_CHARACTERS]))
        return found / enough if found >= least else 0.0

    return measure


def _table_rows(page: _Page) -> float:
    """The share of lines that a delimiter cuts into as many columns as most others."""
    lines = [line for line in page.text.splitlines()[:-1] if line.strip()] or [page.text]
    if len(lines) < _FEWEST_ROWS:
        return 0.0
    return max(_delimited(lines, delimiter) for delimiter in (",", ";", "\t", "|"))


def _delimited(lines: list[str], delimiter: str) -> float:
    counts = [line.count(delimiter) for line in lines]
    usual = max(set(counts), key=lambda count: (counts.count(count), count))
    if usual < (_FEWEST_COLUMNS - 1 if delimiter == "\t" else _FEWEST_COLUMNS):
        return 0.0
    regular = counts.count(usual) / len(counts)
    return regular if regular >= 0.5 else 0.0  # noqa: PLR2004 - commas of prose come as often by chance


def _capitals(page: _Page) -> float:
    letters = sum(map(str.isalpha, page.text)) or 1
    return max(0.0, sum(map(str.isupper, page.text)) / letters - 0.1) / 0.4


def _short_lines(page: _Page) -> float:
    lines = [line for line in page.text.splitlines() if line.strip()]
    if len(lines) < _FEWEST_LINES:
        return 0.0
    return sum(len(line.strip()) <= _SHORT_LINE for line in lines) / len(lines)


def _long_paragraphs(page: _Page) -> float:
    return sum(len(line) for line in page.text.splitlines() if len(line) > _LONG_LINE) / len(page.text)


_CURRENCY_AMOUNTS = _rate(r"[$€£¥₹]\s?\d|\d[ \t]?[€£]|\b(?:usd|eur|gbp|chf|rm|rs|inr|rmb)\.? ?\d", 0.04)
_PLAIN_AMOUNTS = _rate(_AMOUNT, 0.1)
_AMOUNTS_WITHOUT_CURRENCY = 0.5


def _money(page: _Page) -> float:
    """Amounts of a currency; bare numbers with two decimals may be measurements and count half."""
    plain = min(_PLAIN_AMOUNTS(page), 1.0)
    return max(_CURRENCY_AMOUNTS(page), _AMOUNTS_WITHOUT_CURRENCY * plain)


_DATELINE = re.compile(r"^[A-Z][A-Z .,'’]{2,40}[^\n]{0,45}?(?:--|[-–—])[ \t]*\w[^\n]{60}", re.MULTILINE)


def _dateline(page: _Page) -> float:
    return float(_DATELINE.search(page.text[:_TOP_CHARACTERS]) is not None)


_GREETING = re.compile(
    r"^[ \t]*(?:dear|hi|hello|sehr geehrte|liebe[r]?|chère?|madame|estimad[oa]|querid[oa]|gentile|egregio|cara?o?|beste|"
    r"geachte|prezad[oa]|尊敬的)\b[^\n]{0,40}[,:：!]?[ \t]*$",
    re.MULTILINE,
)
_CLOSE = re.compile(
    r"^[ \t]*(?:yours|sincerely|(?:best|kind|warm|with|many)? ?regards|thanks|mit freundlichen|viele grüße|cordialement|"
    r"salutations|atentamente|un saludo|cordiali|distinti|met vriendelijke|atenciosamente|此致|敬礼)",
    re.MULTILINE,
)


def _salutation(page: _Page) -> float:
    """Half of it is the greeting, half the close."""
    return (bool(_GREETING.search(page.folded[: 2 * _TOP_CHARACTERS])) + bool(_CLOSE.search(page.folded))) / 2


_NICKNAME = r"[<\[(]?[@+~&%]?[\w.|`^-]{2,24}[>\])]?"
_CLOCK = r"[\[(]?(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4}[,T ]+)?\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\.?)?[\])]?"

_MEASURES: Final[Mapping[str, _Measure]] = {
    "mail_headers": _at_top(
        r"^(?:>?from|to|cc|subject|date|sent|reply-to|message-id|received|return-path|delivered-to|mime-version|"
        r"content-type|von|an|betreff|gesendet|de|à|objet|asunto|enviado|oggetto|onderwerp|assunto|发件人|收件人|主题)"
        r"[ \t]*[:：]\s?\S",
        enough=3,
        least=2,
    ),
    "quoted_lines": _share_of_lines(r">", 0.2),
    "chat_lines": _share_of_lines(
        rf"(?:{_CLOCK}[ \t]*(?:[-–][ \t]*)?(?:<{_NICKNAME}>|{_NICKNAME}[ \t]*:|\*|===)|<{_NICKNAME}>[ \t])", 0.5
    ),
    "speaker_lines": _share_of_lines(
        r"(?:(?:[A-Z][A-Z.'’ -]{1,28}|[A-Z][a-z]+(?: [A-Z][a-z]+)?)[ \t]*[:.](?:[ \t]+[\"“(A-Z]|$)|Q[:.]|A[:.])",
        0.25,
        ignore_case=False,
    ),
    "table_rows": _table_rows,
    "numeric": _rate(r"\d[\d.,:/-]*", 0.35),
    "money": _money,
    "money_line_ends": _share_of_lines(rf"[^\n]*{_AMOUNT}[ \t]*(?:[$€£¥₹%]|eur|usd|[a-z]{{1,2}})?[ \t]*$", 0.25),
    "bullets": _share_of_lines(r"[-*•·‣▪●○–][ \t]+\S", 0.35),
    "numbered_clauses": _share_of_lines(
        r"(?:\(?\d{1,2}(?:\.\d{1,2}){0,3}[.)]?[ \t]+[A-Z\"“]|(?:section|article|clause|artikel|article|artículo|articolo|"
        r"artigo|paragraph)[ \t]+[\dIVX]+|§+[ \t]*\d|\([a-zivx]{1,4}\)[ \t]|第[一二三四五六七八九十百]+[条章])",
        0.15,
    ),
    "steps": _share_of_lines(r"(?:step[ \t]+)?\d{1,2}[.):][ \t]+[A-Z]\w+(?![^\n]{160})", 0.2, ignore_case=False),
    "quantities": _share_of_lines(
        rf"(?:[-*•·▢☐][ \t]*)?(?:\d+(?:[.,/-]\d+)?|[½¼¾⅓⅔⅛]|a|one|two|half)(?:[ \t]*[½¼¾⅓⅔⅛]|[ \t]+\d/\d)?[ \t]*{_UNIT}\b", 0.15
    ),
    "code": _rate(r"```|^[ \t]*(?:[$%]|>>>|import|def|class|return)[ \t]|[{};][ \t]*$|\w\([^()\n]*\)|::|->|=>", 0.05),
    "links": _rate(r"https?://|www\.|\]\(", 0.04),
    "citations": _rate(
        r"\[\d{1,3}(?:[,–-] ?\d{1,3})*\]|\bet al\b|\([a-z]+[^()\n]{0,40},? (?:19|20)\d\d[a-z]?\)|\bdoi[:.]", 0.01
    ),
    "year_ranges": _rate(
        rf"(?:19|20)\d\d\s?(?:[-–—]|to|bis|until|à|a|al)\s?(?:{_MONTH}\.?,? )?"
        r"(?:(?:19|20)\d\d|present|now|current|heute|aujourd|actualidad|oggi|heden|atual|至今)",
        0.01,
    ),
    "contact_top": _at_top(r"[\w.+-]+@[\w-]+\.\w+|\+?\(?\d{2,4}\)?[ .-]\d{3,4}[ .-]?\d{3,4}|linkedin|github\.com", enough=2),
    "date_top": _at_top(rf"\b{_DATE}\b"),
    "dateline": _dateline,
    "reported_speech": _words(
        "said says told added according sagte sagt erklärte erklärt déclaré explique indiqué dijo afirmó señaló detto "
        "dichiarato spiegato zei zegt disse afirmou declarou",
        0.012,
    ),
    "second_person": _words("you your yours vous votre vos usted je jouw uw você ihre ihren", 0.04),
    "first_person": _words("i i'm i've i'd me my mein meine ich mi mis yo mon ma mes io mio mia ik mijn eu meu minha", 0.04),
    "first_person_plural": _words(
        "we we're our us wir unser unsere uns nous notre nos nosotros nuestra nuestro noi nostro nostra wij onze nós nosso "
        "nossa",
        0.03,
    ),
    "short_lines": _short_lines,
    "long_paragraphs": _long_paragraphs,
    "fields": _share_of_lines(r"[^\W\d_][^\n:.]{1,34}[:：](?:[ \t]*\S[^\n]{0,60})?[ \t]*$", 0.4),
    "checkboxes": _rate(r"[☐☑☒□■✓✔✗]|\[[ xX]?\]|\([ ]\)", 0.01),
    "salutation": _salutation,
    "capitals": _capitals,
    "questions": _rate(r"[?？](?:\s|$)", 0.03),
    "options": _share_of_lines(r"(?:[-*•][ \t]*)?(?:\(?[A-Ea-e][.)]|\[[ xX]\])[ \t]+\S", 0.3),
    "timestamps": _share_of_lines(
        r"\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ]|(?:mon|tue|wed|thu|fri|sat|sun)?,? ?[a-z]{3} +\d{1,2} )\d\d:\d\d:\d\d", 0.5
    ),
    "verse": _share_of_lines(r"[A-Z“\"'’][^\n.;:]{10,55}[,;a-z!?—][ \t]*$", 0.6, ignore_case=False),
    "blanks": _rate(r"_{4,}|\.{6,}|…{3,}", 0.01),
    "page_numbers": _rate(
        r"\d{1,4} (?:of|von|sur|de|di|van|/) \d{1,4}[ \t]*$|第 *\d+ *页", 0.003
    ),
    "legalese": _words(
        "shall hereby herein hereof thereof therein hereunder hereto hereinafter pursuant notwithstanding whereas witnesseth "
        "indemnify indemnification hiermit gemäß vorbehaltlich conformément nonobstant soussigné conforme estipula "
        "hierbij krachtens sottoscritto outorga",
        0.015,
    ),
    "markdown": _share_of_lines(r"(?:#{1,6} |```|\.\. [a-z]+::|[=~^-]{4,}$|\[[^\]\n]+\]\()", 0.12),
}

SIGNS: Final = frozenset(_MEASURES)
"""The names of all signs."""
