"""What many documents teach of each other: a linear model of their words, taught by the surest of them and by examples.

The engine alone knows the rules and what kinds of documents look like in general; the documents of one call show what
they look like here. So the answers that the engine is surest of teach a model, the model judges the documents that it
was not taught by, and both opinions are joined, the model's as far as it agrees with the engine where that is sure
(self-training: Yarowsky, "Unsupervised Word Sense Disambiguation Rivaling Supervised Methods", 1995).
"""

from classify_core.local.adaptation.batch import FEWEST_DOCUMENTS, LocalBatch
from classify_core.local.adaptation.explaining import decide_again, given_answer
from classify_core.local.adaptation.learned import Learned, Lesson, nothing_learned
from classify_core.local.adaptation.plain_data import plain, restored
from classify_core.local.adaptation.requirements import can_adapt, require_adaptation
from classify_core.local.adaptation.traits import Traits, traits_of

__all__ = [
    "FEWEST_DOCUMENTS",
    "Learned",
    "Lesson",
    "LocalBatch",
    "Traits",
    "can_adapt",
    "decide_again",
    "given_answer",
    "nothing_learned",
    "plain",
    "require_adaptation",
    "restored",
    "traits_of",
]
