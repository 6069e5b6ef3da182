"""What the local backend decides with: documents and rules in, a score and evidence for each rule out."""

from __future__ import annotations

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
    """

    text: str = field(repr=False)
    name: str | None = None
    title: str | None = field(default=None, repr=False)
    headings: tuple[str, ...] = field(default=(), repr=False)
    format: str = "txt"


@dataclass(frozen=True, slots=True)
class RuleScore:
    """How well one rule fits one document.

    Attributes:
        type: the rule's type.
        probability: 0.0 to 1.0. Those of all rules add up to at most 1; what is missing is the probability that no
            rule fits.
        evidence: what in the document speaks for the rule, as short quotes, strongest first.
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
