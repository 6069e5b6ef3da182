"""How sure a backend is of its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from classify_core.classification import Answer

# A document whose answer changes with a view to the others is worth as much as one that is so much less sure: where
# two opinions differ one is wrong, however sure it is.
_DISAGREEMENT: Final = 0.3
# That no rule fits is said of all that is unusual, so less is to be made of a backend that is sure of it.
_TRUST_IN_NONE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a backend says of one document.

    Attributes:
        key: equal for equal documents.
        alone: its answer for the document alone.
        together: its answer with a view to the other documents of the call.
    """

    key: str
    alone: Answer
    together: Answer


def margin(answer: Answer) -> float:
    """By how much the most probable type is more probable than the next, 0.0 to 1.0; that no rule fits is one of them.

    Margin sampling: Scheffer, Decomain, Wrobel, "Active Hidden Markov Models for Information Extraction" (2001).
    """
    shares = [alternative.confidence for alternative in answer.alternatives]
    if not shares:
        return answer.confidence
    first, second = sorted([*shares, max(0.0, 1.0 - sum(shares)), 0.0], reverse=True)[:2]
    return first - second


def least_sure_first(opinions: Iterable[Opinion]) -> list[Opinion]:
    """The documents, those first of which most is to be learned; the order of the documents does not matter.

    Query by committee (Seung, Opper, Sompolinsky, 1992) of two, the document alone and with a view to the others,
    beside the margin.
    """
    return sorted(opinions, key=_urgency)


def drawn(keys: Iterable[str], count: int) -> list[str]:
    """Keys drawn by lot; the lots are the keys' own digests, so that the same documents are always drawn alike."""
    return sorted(keys, key=_lot)[:count]


def _urgency(opinion: Opinion) -> tuple[float, str]:
    disagreement = _DISAGREEMENT if opinion.alone.type != opinion.together.type else 0.0
    trust = _TRUST_IN_NONE if opinion.together.type is None else 1.0
    return trust * margin(opinion.together) - disagreement, _lot(opinion.key)


def _lot(key: str) -> str:
    return hashlib.sha256(b"cascade " + key.encode("utf-8", "surrogatepass")).hexdigest()
