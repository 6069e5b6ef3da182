"""A model's answer to scores that `decide` turns into exactly that answer, or into none."""

from __future__ import annotations

from collections.abc import Sequence

from classify_core.engine import RuleScore
from classify_core.local.prompted.answer import NO_MATCH, ModelAnswer
from classify_core.local.prompted.shown import ShownDocument
from classify_core.models import Rule

_LONGEST_QUOTE = 200
_LONGEST_REASONING = 1_000


def scores_of(answer: ModelAnswer, shown: ShownDocument, rules: Sequence[Rule]) -> list[RuleScore]:
    """One score a rule: the model's confidence for the one it chose, nothing for all others.

    A model says nothing of the others, so none of its doubt is spread over them. Where its quote proves nothing, no
    rule has any probability, whatever the model and the document say.
    """
    if answer.type == NO_MATCH:
        return _none(rules, _line(answer.reasoning, _LONGEST_REASONING) or "the model says that no rule fits")
    quote = _line(answer.quote, _LONGEST_QUOTE)
    fault = shown.fault_of(answer.quote)
    if fault is not None:
        return _none(rules, f'the model said "{answer.type}", but {fault}: "{quote}"')
    chosen = RuleScore(
        type=answer.type,
        probability=answer.confidence,
        evidence=(quote,),
        reasoning=_line(answer.reasoning, _LONGEST_REASONING),
        is_chosen=True,
    )
    return [chosen if rule.type == answer.type else RuleScore(rule.type, 0.0) for rule in rules]


def _none(rules: Sequence[Rule], reasoning: str) -> list[RuleScore]:
    return [RuleScore(rule.type, 0.0, reasoning=reasoning) for rule in rules]


def _line(text: str, longest: int) -> str:
    """A text on one line, cut."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
