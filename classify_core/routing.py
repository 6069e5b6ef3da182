"""Which route a document takes: decided by its label alone, the same in every framework."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from classify_core.checks import checked_fraction
from classify_core.classification import Classification, Status
from classify_core.errors import InvalidOptionError
from classify_core.labels import Label
from classify_core.metadata import MetadataSchema
from classify_core.models import Rule
from classify_core.rules import refuse_unknown_types

# A rule's type has no brackets, so these are told from every route that is named after one.
DEFAULT_ROUTE: Final = "(default)"
REVIEW_ROUTE: Final = "(review)"

_FAILURES: Final = frozenset(status.value for status in Status if not status.is_success)


class Verdict(NamedTuple):
    """What of a label decides the route.

    Attributes:
        type: the type, the no-match label included; None where the document could not be classified.
        status: how the classification ended.
    """

    type: str | None
    status: str


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """The routes there are, besides the default.

    Attributes:
        types: those that have a route of their own; the no-match label may be one.
        has_review: whether there is a route for documents whose type is not to be trusted.
        schema: the metadata keys.
        min_confidence: below it a type is not to be trusted, as if the classifier had withheld it; nor is one whose
            confidence is not told. 0.0 to 1.0; None trusts each.

    Raises:
        InvalidOptionError: `min_confidence` is no such number, or a type is named like the default or review.
    """

    types: Collection[str]
    has_review: bool = False
    schema: MetadataSchema = field(default_factory=MetadataSchema)
    min_confidence: float | None = None

    def __post_init__(self) -> None:
        if self.min_confidence is not None:
            checked_fraction("min_confidence", self.min_confidence)
        for name, argument in ((DEFAULT_ROUTE, "default"), (REVIEW_ROUTE, "review")):
            if name in self.types:
                raise InvalidOptionError(f"routes: {name!r} is no type; give {argument}= instead")

    def check(self, rules: Sequence[Rule] | None) -> None:
        """Refuses routes that no document could ever take; saved rules that are not loaded yet (None) tell nothing.

        Raises:
            InvalidOptionError: no rule produces a route's type (the message tells the near matches), or a rule's type
                cannot be told from no match.
        """
        self.schema.refuse_ambiguous(rules)
        refuse_unknown_types("routes", self.types, rules, self.schema.no_match_label)

    def label_in(self, metadata: Mapping[str, Any]) -> Label | None:
        """The label that metadata carries, be it of a failure; None where no classifier has written one."""
        if isinstance(metadata.get(self.schema.key("rules_id")), str) and self._tells_failure(metadata):
            return {key: metadata[key] for key in self.schema.all_keys if key in metadata}
        return self.schema.own_label(metadata)

    def verdict(self, label: Label) -> Verdict:
        """What of a label decides the route."""
        status = str(label.get(self.schema.key("status")))
        return self._verdict(self.schema.type_of(label), status, label.get(self.schema.key("confidence")))

    def verdict_of(self, classification: Classification) -> Verdict:
        """What of a classification decides the route: the same as of its label."""
        named = classification.type
        if named is None and classification.status.is_success:
            named = self.schema.no_match_label
        return self._verdict(named, classification.status.value, classification.confidence)

    def route_of(self, verdict: Verdict) -> str:
        """The name of the route: the type's own, else the default; review, where there is one, without a sure type."""
        if verdict.status != Status.COMPLETED:
            return REVIEW_ROUTE if self.has_review else DEFAULT_ROUTE
        return verdict.type if verdict.type is not None and verdict.type in self.types else DEFAULT_ROUTE

    def _verdict(self, named: str | None, status: str, confidence: object) -> Verdict:
        is_match = named not in {None, self.schema.no_match_label}
        if status == Status.COMPLETED and is_match and not self._trusts(confidence):
            return Verdict(self.schema.no_match_label, Status.BELOW_THRESHOLD.value)
        return Verdict(named, status)

    def _trusts(self, confidence: object) -> bool:
        if self.min_confidence is None:
            return True
        try:
            return float(str(confidence)) >= self.min_confidence  # a store may hand back a number of its own kind
        except ValueError:
            return False

    def _tells_failure(self, metadata: Mapping[str, Any]) -> bool:
        status = metadata.get(self.schema.key("status"))
        return isinstance(status, str) and status in _FAILURES
