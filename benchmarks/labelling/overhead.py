"""How much longer `ClassifyRunnable.batch` takes than the `Classifier` inside it."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig

from benchmarks.labelling.corpus import CountingBackend
from benchmarks.labelling.figures import Figure, exactly, under
from benchmarks.labelling.timing import MICROSECONDS, Seconds, timed
from classify_core import Backend, Classifier, LocalBackend, Rule, load_rules
from langchain_classify import ClassifyRunnable

MOST_OVERHEAD: Final = 0.10
SHORTEST, LONGEST = 1_000, 2_000
_EXAMPLES: Final = Path(__file__).parents[2] / "examples"
_TEXT_ENDINGS: Final = {".eml", ".md", ".txt"}
_SEED: Final = 7


@dataclass(frozen=True)
class Pair:
    """The same documents, classified by either.

    Attributes:
        core: what `Classifier.classify_many` took.
        runnable: what `ClassifyRunnable.batch` took.
        asked: how many classifications the runnable's were.
    """

    core: Seconds
    runnable: Seconds
    asked: int


def measured_overhead(documents: int, rounds: int) -> list[Figure]:
    """Classifies a batch with each, in turn; every second round begins with the other.

    The aim is one for the embedded engine. A backend that answers at once shows the time that the runnable takes; the
    share says how little the core does then, and is for some microseconds a matter of chance. With a callback handler
    that listens, LangChain makes a run for each document, within which the handler is told of its progress.
    """
    batch = _Batch(load_rules(_EXAMPLES / "rules.yaml"), documents_of(documents), rounds)
    lexical, at_once = batch.pairs(LocalBackend), batch.pairs(lambda: None)
    heard = batch.pairs(lambda: None, RunnableConfig(callbacks=[BaseCallbackHandler()]))
    what = f"ClassifyRunnable.batch of {documents:,} beyond classify_many"
    return [
        exactly(f"classifications of a batch of {documents:,}", max(pair.asked for pair in lexical), documents),
        under(f"{what}, embedded engine", _share(lexical), MOST_OVERHEAD, told=_told(lexical, documents)),
        Figure(f"{what}, answered at once", f"{_share(at_once):.1%}{_told(at_once, documents)}"),
        Figure(f"{what}, answered at once, with a handler", f"{_share(heard):.1%}{_told(heard, documents)}"),
    ]


def documents_of(count: int) -> list[str]:
    """Texts of 1,000 to 2,000 characters, each another one, of the paragraphs of the example documents."""
    files = sorted(path for path in (_EXAMPLES / "documents").iterdir() if path.suffix in _TEXT_ENDINGS)
    paragraphs = [part for path in files for part in path.read_text(encoding="utf-8").split("\n\n") if part.strip()]
    draw = random.Random(_SEED)  # noqa: S311 - no secret: the same documents in every run
    return [_document(number, paragraphs, draw) for number in range(count)]


def _document(number: int, paragraphs: Sequence[str], draw: random.Random) -> str:
    parts, length = [f"Document {number}"], draw.randint(SHORTEST, LONGEST)
    while sum(map(len, parts)) < length:
        parts.append(draw.choice(paragraphs))
    return "\n\n".join(parts)[:length]


@dataclass(frozen=True)
class _Batch:
    rules: Sequence[Rule]
    texts: Sequence[str]
    rounds: int

    def pairs(self, new_inner: Callable[[], Backend | None], config: RunnableConfig | None = None) -> list[Pair]:
        self._pair(new_inner(), config, begins_with_core=True)  # what is made once is in no round
        return [self._pair(new_inner(), config, begins_with_core=number % 2 == 0) for number in range(self.rounds)]

    def _pair(self, inner: Backend | None, config: RunnableConfig | None, *, begins_with_core: bool) -> Pair:
        # Each has a classifier of its own, since what one was answered the other would know.
        backend = CountingBackend(inner)
        core, inside = Classifier(self.rules, backend=CountingBackend(inner)), Classifier(self.rules, backend=backend)
        with core, inside:
            runnable = ClassifyRunnable(classifier=inside)
            works = [lambda: core.classify_many(self.texts), lambda: runnable.batch(self.texts, config)]
            took = {place: timed(works[place])[0] for place in ((0, 1) if begins_with_core else (1, 0))}
        return Pair(took[0], took[1], backend.asked)


def _share(pairs: Sequence[Pair]) -> float:
    return statistics.median(pair.runnable.processor / pair.core.processor for pair in pairs) - 1


def _told(pairs: Sequence[Pair], documents: int) -> str:
    more = statistics.median(pair.runnable.processor - pair.core.processor for pair in pairs)
    core = statistics.median(pair.core.processor for pair in pairs)
    return f" ({more / documents * MICROSECONDS:.0f} us more than {core / documents * MICROSECONDS:.0f} us a document)"
