"""What the local backend decides with: documents and rules in, a score and evidence for each rule out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from classify_core.models import Rule


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document's text as an engine sees it.

    Attributes:
        text: all of the text that was read, page after page.
        name: the document's name, for messages; not evidence of its type.
        title: its own title, where the format has one (a PDF's metadata, an HTML `<title>`, a mail's subject).
        headings: its headings in order, where the format marks them.
        format: what it was read from, as a lower-case file ending without the dot: `"pdf"`, `"eml"`, `"txt"`.
        page_starts: where each page begins in `text`, in characters; empty where the format has no pages.
        page_numbers: the number of each of these pages in the file, from 1.
        unread: which of its pages could not be read, and why, as a clause; empty where all were.
    """

    text: str = field(repr=False)
    name: str | None = None
    title: str | None = field(default=None, repr=False)
    headings: tuple[str, ...] = field(default=(), repr=False)
    format: str = "txt"
    page_starts: tuple[int, ...] = ()
    page_numbers: tuple[int, ...] = ()
    unread: str = ""

    def page_of(self, offset: int) -> int | None:
        """The number of the page that a character of `text` stands on; None where the format has no pages."""
        position = bisect_right(self.page_starts, offset)
        return self.page_numbers[position - 1] if position > 0 else None


@dataclass(frozen=True, slots=True)
class RuleScore:
    """How well one rule fits one document.

    Attributes:
        type: the rule's type.
        probability: 0.0 to 1.0. Those of all rules add up to at most 1; what is missing is the probability that no
            rule fits.
        evidence: what in the document speaks for the rule, as short quotes, strongest first.
        pages: the page of each piece of evidence, where the document has pages and the engine tells them.
        reasoning: why, in the engine's own words, where it has any. That of the best score is the answer's, also where
            the answer is that no rule fits.
        is_chosen: whether the engine itself says that this rule is the answer, as a language model does, however
            little probability it gives; for one rule of a document at most. Where none is, the probabilities decide.
    """

    type: str
    probability: float
    evidence: tuple[str, ...] = ()
    reasoning: str = ""
    is_chosen: bool = False
    pages: tuple[int | None, ...] = ()


@runtime_checkable
class Engine(Protocol):
    """Scores documents against rules. The local backend calls `score` off the event loop, or awaits `ascore`."""

    @property
    def name(self) -> str:
        """A stable short name, such as `"lexical"`; it becomes part of `classify_backend` (`"local/lexical"`)."""

    def score(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        """For each document one score for each rule, in the order of `rules`."""

    async def ascore(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        """The same for a caller on an event loop; must not block it."""
