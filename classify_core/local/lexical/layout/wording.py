"""Signs told by function words: who speaks to whom, and in what register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from classify_core.local.lexical.layout.page import Measure, Page

_FEWEST_WORDS = 50


def _words(words: str, typical: float) -> Measure:
    """How many of all words are these; `typical` is the share in documents that live by them."""
    counted = frozenset(words.split())

    def measure(page: Page) -> float:
        found = sum(page.words[word] for word in counted & page.words.keys())
        return found / max(page.length, _FEWEST_WORDS) / typical

    return measure


WORDING_SIGNS: Final[Mapping[str, Measure]] = {
    "reported_speech": _words(
        "said says told added according sagte sagt erklärte erklärt déclaré explique indiqué dijo afirmó señaló detto "
        "dichiarato spiegato zei zegt disse afirmou declarou",
        0.012,
    ),
    "second_person": _words("you your yours vous votre vos usted je jouw uw você ihre ihren", 0.04),
    "first_person": _words(
        "i i'm i've i'd me my mein meine ich mi mis yo mon ma mes io mio mia ik mijn eu meu minha", 0.04
    ),
    "first_person_plural": _words(
        "we we're our us wir unser unsere uns nous notre nos nosotros nuestra nuestro noi nostro nostra wij onze nós "
        "nosso nossa",
        0.03,
    ),
    "legalese": _words(
        "shall hereby herein hereof thereof therein hereunder hereto hereinafter pursuant notwithstanding whereas "
        "witnesseth indemnify indemnification hiermit gemäß vorbehaltlich conformément nonobstant soussigné conforme "
        "estipula hierbij krachtens sottoscritto outorga",
        0.015,
    ),
}
