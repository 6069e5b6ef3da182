"""Ours, all documents as one batch: a whole call of `classify_many` on texts, what they teach each other included."""

from __future__ import annotations

from benchmarks.accuracy.task import Answer, Pass, Task
from classify_core import Classification, Classifier, Rule, Source


def prepare(task: Task) -> Pass:
    """Makes the sources; each pass makes a classifier of its own, which knows of no former one."""
    rules = [Rule(**rule) for rule in task.rules]
    sources = [Source.text(text) for text in task.document_texts]
    positions = {rule.type: position for position, rule in enumerate(rules)}

    def answer(outcome: Classification) -> Answer:
        return Answer(positions[outcome.alternatives[0].type], outcome.confidence or 0.0)

    def run() -> list[Answer]:
        with Classifier(rules, backend="local") as classifier:
            return [answer(outcome) for outcome in classifier.classify_many(sources)]

    return run
