"""Which route a document takes: decided by its label alone, the same in every framework."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from classify_core.classification import Status
from classify_core.labels import Label
from classify_core.metadata import MetadataSchema
from classify_core.models import Rule
from classify_core.rules import refuse_unknown_types

# A rule's type has no brackets, so these are told from every route that is named after one.
DEFAULT_ROUTE: Final = "(default)"
REVIEW_ROUTE: Final = "(review)"


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
    """

    types: Collection[str]
    has_review: bool = False
    schema: MetadataSchema = field(default_factory=MetadataSchema)

    def check(self, rules: Sequence[Rule] | None) -> None:
        """Refuses routes that no document could ever take; saved rules that are not loaded yet (None) tell nothing.

        Raises:
            InvalidOptionError: a route is named after a type that no rule produces; the message tells the near matches.
        """
        refuse_unknown_types("routes", self.types, rules, self.schema.no_match_label)

    def verdict(self, label: Label) -> Verdict:
        """What of a label decides the route."""
        return Verdict(self.schema.type_of(label), str(label.get(self.schema.key("status"))))

    def route_of(self, verdict: Verdict) -> str:
        """The name of the route: the type's own, else the default; review, where there is one, without a sure type."""
        if verdict.status != Status.COMPLETED:
            return REVIEW_ROUTE if self.has_review else DEFAULT_ROUTE
        return verdict.type if verdict.type is not None and verdict.type in self.types else DEFAULT_ROUTE
