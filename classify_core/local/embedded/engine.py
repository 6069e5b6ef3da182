"""The engine: rules embedded once, a document by a few of its passages."""

from __future__ import annotations

import math
import threading
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from classify_core.engine import ParsedDocument, RuleScore
from classify_core.errors import InvalidResponseError
from classify_core.local.embedded.kinds import Described
from classify_core.local.embedded.passages import passages_of
from classify_core.local.embedded.probabilities import probabilities
from classify_core.local.embedded.rules import EmbeddedRules, texts_to_embed
from classify_core.local.embedded.vectors import Vector, mean, product, unit
from classify_core.local.model_calls import failures_of
from classify_core.local.model_engine import ModelEngine
from classify_core.models import Rule

DEFAULT_MAX_CHARACTERS: Final = 4_000
"""Five passages."""

_REMEMBERED_RULE_SETS = 8
_LONGEST_QUOTE = 100


class EmbeddedEngine(ModelEngine):
    """Scores each document by how near its meaning is to each rule's; a framework's adapter knows the model's call.

    Args:
        model_name: the model's own name; the engine's is `"embedding/"` and this.
        max_characters: how much of a document is embedded: of a longer one its beginning, middle and end.

    Raises:
        InvalidOptionError: `max_characters` is no number, or too small.
    """

    def __init__(self, model_name: str, *, max_characters: int = DEFAULT_MAX_CHARACTERS) -> None:
        super().__init__(
            "embedding", model_name, max_characters=max_characters, default_max_characters=DEFAULT_MAX_CHARACTERS
        )
        self._forget()

    @abstractmethod
    def _embed(self, texts: list[str]) -> Iterable[Iterable[float]]:
        """Returns a vector for each text, in order; whatever it raises is a failure of the model."""

    def _scored(self, document: ParsedDocument, rules: Sequence[Rule]) -> list[RuleScore]:
        passages = passages_of(document, max_characters=self._max_characters)
        if not passages:
            return [RuleScore(rule.type, 0.0) for rule in rules]
        known = self._known(tuple((rule.type, rule.description) for rule in rules))
        vectors = self._vectors(passages, length=known.length)
        return _scores(rules, known, passages, vectors)

    def _known(self, rules: tuple[Described, ...]) -> EmbeddedRules:
        # One thread embeds a set of rules; others that need it wait, instead of paying for it again.
        with self._lock:
            if rules not in self._rule_sets:
                self._rule_sets[rules] = self._embedded(rules)
            self._rule_sets.move_to_end(rules)
            if len(self._rule_sets) > _REMEMBERED_RULE_SETS:
                self._rule_sets.popitem(last=False)
            return self._rule_sets[rules]

    def _embedded(self, rules: tuple[Described, ...]) -> EmbeddedRules:
        return EmbeddedRules.of(self._vectors(texts_to_embed(rules)))

    def _vectors(self, texts: list[str], *, length: int | None = None) -> list[Vector]:
        with failures_of(self.name):
            vectors = [tuple(map(float, vector)) for vector in self._embed(texts)]
        lengths = {len(vector) for vector in vectors} | ({length} if length is not None else set())
        are_numbers = all(math.isfinite(math.hypot(*vector)) for vector in vectors)
        if len(vectors) != len(texts) or len(lengths) != 1 or not are_numbers:
            raise InvalidResponseError(
                f"the model of {self.name!r} did not return a vector of finite numbers, all of one length, for each "
                f"of {len(texts)} texts; try it by itself"
            )
        return [unit(vector) for vector in vectors]

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._rule_sets: OrderedDict[tuple[Described, ...], EmbeddedRules] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in {"_lock", "_rule_sets"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._forget()


def _scores(
    rules: Sequence[Rule], known: EmbeddedRules, passages: Sequence[str], vectors: Sequence[Vector]
) -> list[RuleScore]:
    whole = mean(vectors)
    fits = probabilities([product(rule, whole) for rule in known.rules], [product(kind, whole) for kind in known.kinds])
    best = max(range(len(rules)), key=fits.__getitem__)
    return [
        RuleScore(
            rule.type,
            fit,
            evidence=(_nearest_passage(known.rules[position], passages, vectors),) if position == best and fit else (),
        )
        for position, (rule, fit) in enumerate(zip(rules, fits, strict=True))
    ]


def _nearest_passage(rule: Vector, passages: Sequence[str], vectors: Sequence[Vector]) -> str:
    """How the passage begins that is nearest to a rule."""
    nearest = max(range(len(passages)), key=lambda position: product(rule, vectors[position]))
    passage = passages[nearest]
    return passage if len(passage) <= _LONGEST_QUOTE else passage[: _LONGEST_QUOTE - 1] + "…"
