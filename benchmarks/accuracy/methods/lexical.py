"""Ours, one document at a time: the engine alone, on texts that are parsed already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.accuracy.task import Answer, Pass, Task, best_of
from classify_core import ParsedDocument, Rule
from classify_core.local.decision import decide
from classify_core.local.lexical import LexicalEngine


def prepare(task: Task) -> Pass:
    """Compiles the rules."""
    engine = LexicalEngine()
    rules = [Rule(**rule) for rule in task.rules]
    documents = [_parsed(document) for document in task.documents]
    engine.score([], rules)

    def answer(document: ParsedDocument) -> Answer:
        scores = engine.score([document], rules)[0]
        decide(scores)  # quotes and words are part of an answer
        return best_of(score.probability for score in scores)

    return lambda: [answer(document) for document in documents]


def _parsed(fields: Mapping[str, Any]) -> ParsedDocument:
    """The document that was written as these fields."""
    arguments: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    return ParsedDocument(**arguments)
