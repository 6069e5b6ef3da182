"""What a method is given and what it says, in files and lines between two Pythons; the standard library alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias


class Answer(NamedTuple):
    """What a method says of one document: the position of the best rule, and how sure that is, 0.0 to 1.0."""

    rule: int
    confidence: float


@dataclass(frozen=True)
class Task:
    """Rules and documents.

    Attributes:
        rules: each rule's fields.
        documents: each document's fields, as it was parsed.
    """

    rules: Sequence[Mapping[str, str]]
    documents: Sequence[Mapping[str, Any]]

    @property
    def rule_texts(self) -> list[str]:
        """Each rule in one text."""
        return [f"{rule['type'].replace('_', ' ')}: {rule['description']}" for rule in self.rules]

    @property
    def document_texts(self) -> list[str]:
        """Each document's title, where it has one, and text."""
        return ["\n".join(filter(None, (document["title"], document["text"]))) for document in self.documents]


Pass: TypeAlias = Callable[[], list[Answer]]
"""Answers all documents, one after the other."""

Prepare: TypeAlias = Callable[[Task], Pass]
"""What a method needs before its first document: it is not timed, but takes memory."""


@dataclass(frozen=True)
class Performance:
    """What a method said, and what it took.

    Attributes:
        answers: one a document.
        documents_a_second: of processor time on one core, at the median pass.
        memory: bytes that the method added to the peak of its process.
    """

    answers: Sequence[Answer]
    documents_a_second: float
    memory: int


def write_task(path: Path, task: Task) -> None:
    """Writes it a document a line, so that whoever reads it holds no more than the documents."""
    path.write_text("".join(f"{json.dumps(value)}\n" for value in (task.rules, *task.documents)), encoding="utf-8")


def read_task(path: Path) -> Task:
    """Reads it."""
    with path.open(encoding="utf-8") as lines:
        rules = json.loads(next(lines))
        return Task(rules, [json.loads(line) for line in lines])


def best_of(scores: Iterable[float], *, most: float = 1.0) -> Answer:
    """The best rule, the first of equals; its score as a share of `most` is the confidence."""
    rule, score = max(enumerate(map(float, scores)), key=lambda each: each[1])
    return Answer(rule, min(max(score / most, 0.0), 1.0) if most > 0.0 else 0.0)
