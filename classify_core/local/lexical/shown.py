"""What a document shows without saying it: its layout and its format, in the words that a rule describes them with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from classify_core.local.lexical.terms import terms_of, words_of

if TYPE_CHECKING:
    from collections.abc import Container

    from classify_core.local.lexical.reading import Reading
    from classify_core.local.lexical.vocabulary import Term

_STRENGTH_OF_FORMAT: Final = 0.9
_STRENGTH_OF_LAYOUT: Final = 0.7
# In words: a text of so many has half of the layout that its author would give a longer one.
_LENGTH_OF_HALF_THE_LAYOUT: Final = 30.0
# A word or two have no layout.
_LEAST_WHOLE: Final = 0.1
# What is less of a sign is chance.
_LEAST_SIGN: Final = 0.3

# Only formats that are themselves a kind of document; a PDF can hold anything.
_FORMATS: Final[Mapping[str, str]] = {
    "csv": "csv table tabular data spreadsheet rows columns",
    "tsv": "tsv table tabular data spreadsheet rows columns",
    "xlsx": "excel table tabular data spreadsheet rows columns",
    "xls": "excel table tabular data spreadsheet rows columns",
    "ods": "table tabular data spreadsheet rows columns",
    "eml": "email mail message",
    "msg": "email mail message",
    "pptx": "presentation slides",
    "ppt": "presentation slides",
    "epub": "book ebook",
}

_SIGNS: Final[Mapping[str, str]] = {
    "mail_headers": "email mail message sender recipient subject headers",
    "quoted_lines": "quoted replies reply thread",
    "chat_lines": "chat conversation messages nicknames time stamps timestamps line",
    "speaker_lines": "dialogue speakers speaker transcript characters interview",
    "table_rows": "table tabular csv spreadsheet rows columns values cells header row",
    "numeric": "numbers figures values",
    "money": "prices price amounts amount currency",
    "money_line_ends": "prices price amounts amount total items",
    "bullets": "bullet points list lists",
    "numbered_clauses": "numbered clauses sections articles paragraphs",
    "steps": "steps step-by-step instructions directions numbered",
    "quantities": "quantities ingredients amounts units",
    "code": "code commands examples snippets programming",
    "links": "links urls addresses",
    "citations": "references citations bibliography literature",
    "contact_top": "contact details address phone email",
    "dateline": "dateline",
    "reported_speech": "quotes quoted statements",
    "fields": "fields labels labelled values",
    "checkboxes": "check boxes checkbox checkboxes ticked",
    "blanks": "blanks fields fill",
    "salutation": "salutation greeting signature",
    "questions": "questions question answers",
    "options": "options choice multiple answers",
    "timestamps": "time stamps timestamps entries log",
    "verse": "verses verse stanzas lines",
    "legalese": "legal obligations",
}


def shown_by(reading: Reading, wanted: Container[Term]) -> dict[Term, float]:
    """Returns how strongly a document shows the terms that some rule looks for, each above 0.0 and up to 1.0."""
    shown: dict[Term, float] = {}
    for term, strength in _shown(reading):
        if term in wanted:
            shown[term] = max(shown.get(term, 0.0), strength)
    return shown


def _shown(reading: Reading) -> Iterator[tuple[str, float]]:
    for term in _terms_of(_FORMATS.get(reading.document.format, "")):
        yield term, _STRENGTH_OF_FORMAT
    whole = reading.terms / (reading.terms + _LENGTH_OF_HALF_THE_LAYOUT)
    if whole < _LEAST_WHOLE:
        return
    for sign, value in reading.layout.items():
        if value >= _LEAST_SIGN:
            for term in _terms_of(_SIGNS.get(sign, "")):
                yield term, _STRENGTH_OF_LAYOUT * value * whole


@cache
def _terms_of(words: str) -> tuple[str, ...]:
    return tuple(terms_of(words_of(words)))
