"""A model's answer to scores that `decide` turns into exactly that answer, or into none."""

from __future__ import annotations

from collections.abc import Sequence

from classify_core.engine import RuleScore
from classify_core.local.prompted.answer import NO_MATCH, CheckedAnswer
from classify_core.local.prompted.shown import ShownDocument
from classify_core.models import Rule

_LONGEST_QUOTE = 200
_LONGEST_REASONING = 1_000


def scores_of(answer: CheckedAnswer, shown: ShownDocument, rules: Sequence[Rule]) -> list[RuleScore]:
    """One score a rule: the confidence for the one that the model chose, nothing for all others.

    A model says nothing of the others, so none of its doubt is spread over them. Where its quote proves nothing, no
    rule has any probability, whatever the model and the document say.
    """
    said = answer.said
    because = _line(said.reasoning, _LONGEST_REASONING)
    if said.type == NO_MATCH:
        return _none(rules, because or "the model says that no rule fits")
    quote = _line(said.quote, _LONGEST_QUOTE)
    fault = shown.fault_of(said.quote)
    if fault is not None:
        return _none(rules, f'the model said "{said.type}", but {fault}: "{quote}"')
    chosen = RuleScore(
        type=said.type,
        probability=answer.confidence,
        evidence=(quote,),
        reasoning=f"{because or _quoting(quote)} (confidence {answer.confidence_origin})",
        is_chosen=True,
    )
    return [chosen if rule.type == said.type else RuleScore(rule.type, 0.0) for rule in rules]


def _quoting(quote: str) -> str:
    return f'it quotes "{quote}"'


def _none(rules: Sequence[Rule], reasoning: str) -> list[RuleScore]:
    return [RuleScore(rule.type, 0.0, reasoning=reasoning) for rule in rules]


def _line(text: str, longest: int) -> str:
    """A text on one line, cut."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
