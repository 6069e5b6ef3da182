"""An engine that asks a language model, whichever framework calls it.

A document becomes what is shown of it (`shown`), that and the rules become a prompt (`prompt`), what the model returns
becomes an answer or a fault to tell it (`answer`), with the probability of its type where the model tells of its tokens
(`log_probabilities`), and the answer becomes scores once its quote is found in the document (`quotes`, `verdict`).
`engine` puts these together; an adapter adds the call alone.
"""

from __future__ import annotations

from classify_core.local.prompted.answer import NO_MATCH, ModelAnswer, Reply, UnusableAnswerError, fault_of
from classify_core.local.prompted.engine import DEFAULT_MAX_CHARACTERS, PromptedEngine
from classify_core.local.prompted.prompt import Prompt

__all__ = [
    "DEFAULT_MAX_CHARACTERS",
    "NO_MATCH",
    "ModelAnswer",
    "Prompt",
    "PromptedEngine",
    "Reply",
    "UnusableAnswerError",
    "fault_of",
]
