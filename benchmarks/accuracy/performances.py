"""Methods, each in a process of its own, on documents that were parsed once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.accuracy.documents import Corpus
from benchmarks.accuracy.task import Answer, Performance, Task, write_task
from benchmarks.paired.served import ROOT
from classify_core import ClassifyError, ParsedDocument, UnreadableDocumentError
from classify_core.evaluation import Labelled
from classify_core.local.extraction import extract
from classify_core.source import Content

_REASON_LENGTH: Final = 200


class MethodFailedError(Exception):
    """A method cannot be measured, and why."""


@dataclass(frozen=True)
class Unreadable:
    """A document that nobody can classify."""

    error: ClassifyError


class ParsedCorpus:
    """The texts of a corpus.

    Args:
        corpus: what is read.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus

    @cached_property
    def documents(self) -> list[ParsedDocument | Unreadable]:
        """One a document, in their order."""
        return [_parsed(each) for each in self.corpus.labelled]

    def performance(self, method: str, *, python: Path | None = None, passes: int = 1) -> Performance:
        """Has a method answer the documents that can be read.

        Args:
            method: a module of `benchmarks.accuracy.methods`.
            python: that of its environment; by default this one.
            passes: how often, for the time that it takes.

        Raises:
            MethodFailedError: it did not answer.
        """
        with TemporaryDirectory(prefix="classify-benchmark-") as folder:
            file = Path(folder) / "task.jsonl"
            write_task(file, self._task)
            command = [str(python or sys.executable), "-m", "benchmarks.accuracy.worker", method, str(file)]
            ended = subprocess.run([*command, str(passes)], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own program, in an environment that the user names
        if ended.returncode != 0:
            told = ended.stderr.strip().rpartition("\n")[2][:_REASON_LENGTH]
            raise MethodFailedError(told or f"it ended with {ended.returncode}")
        return _performance(ended.stdout)

    @property
    def _task(self) -> Task:
        rules = [{"type": rule.type, "description": rule.description} for rule in self.corpus.rules]
        return Task(rules, [asdict(each) for each in self.documents if isinstance(each, ParsedDocument)])


def _parsed(labelled: Labelled) -> ParsedDocument | Unreadable:
    source = labelled.source
    try:
        return extract(Content(source.value.read_bytes(), source.name, source.format))
    except UnreadableDocumentError as error:
        return Unreadable(error)


def _performance(printed: str) -> Performance:
    # A library may have printed something before.
    fields = json.loads(printed.strip().rpartition("\n")[2])
    answers: Sequence[Answer] = [Answer(*answer) for answer in fields.pop("answers")]
    return Performance(answers, **fields)
