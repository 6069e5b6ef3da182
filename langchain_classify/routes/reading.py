"""What of an input tells its type: the one place that decides it, for chains and for graphs."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from langchain_core.documents import Document
from pydantic import BaseModel, ValidationError

from classify_core.classification import Classification
from classify_core.errors import InvalidOptionError
from classify_core.routing import RoutePlan
from classify_core.validation import told
from langchain_classify.references import documents_in, item_of

DEFAULT_KEY: Final = "classification"

_READABLE: Final = "a Classification, its JSON data, a labelled Document or a list of such documents"
# The fields that a classification's JSON data always has.
_MARKS: Final = frozenset({"status", "backend", "rules_id"})
_MISSING: Final = object()
_TOLD_KEYS: Final = 10


@dataclass(frozen=True, slots=True)
class RouteReader:
    """Reads the route off what was classified before; classifies nothing itself.

    Attributes:
        plan: the routes there are.
        key: under which a mapping, or a state object as its attribute, holds what tells its type.
    """

    plan: RoutePlan
    key: str = DEFAULT_KEY

    def route_of(self, value: Any) -> str:
        """The name of the route that a value takes.

        Raises:
            InvalidOptionError: it tells no type, or documents in it take different routes.
        """
        held = _held_under(self.key, value)
        if held is None:
            raise InvalidOptionError(f"nothing has been put under {self.key!r} yet; classify before routing")
        return self._route_of(value if held is _MISSING else held)

    def split(self, documents: Sequence[Document]) -> dict[str, list[Document]]:
        """The documents by the route that each takes, in the order given."""
        taken = dict[str, list[Document]]()
        for document in documents:
            taken.setdefault(self._route_of_document(document), []).append(document)
        return taken

    def _route_of(self, value: Any) -> str:
        if isinstance(value, Classification):
            return self.plan.route_of(self.plan.verdict_of(value))
        if isinstance(value, Document):
            return self._route_of_document(value)
        if isinstance(value, (list, tuple)):
            return self._route_of_all(documents_in(value))
        if isinstance(value, Mapping) and value.keys() >= _MARKS:
            return self.plan.route_of(self.plan.verdict_of(_classification_in(value)))
        raise InvalidOptionError(
            f"{_shape_of(value)} tells no type; classify it first (route_by_type does so with classify=) and give "
            f"{_READABLE}, or one under {self.key!r}"
        )

    def _route_of_document(self, document: Document) -> str:
        label = self.plan.label_in(document.metadata)
        if label is None:
            raise InvalidOptionError(
                f"it carries no label of a classifier under {self.plan.schema.prefix!r}; label it first with a "
                "ClassifyDocumentTransformer of the same prefix (or give route_by_type classify=)",
                source_name=item_of(document).display_name or document.id,
            )
        return self.plan.route_of(self.plan.verdict(label))

    def _route_of_all(self, documents: Sequence[Document]) -> str:
        counts = Counter(map(self._route_of_document, documents))
        if not counts:
            raise InvalidOptionError("an empty list tells no type; route lists that hold a document")
        if len(counts) > 1:
            taken = ", ".join(f"{count} to {route!r}" for route, count in counts.items())
            raise InvalidOptionError(
                f"the documents of the list take different routes: {taken}; route each with router.map(), or each "
                "group of router.split(documents)"
            )
        return next(iter(counts))


def looked_up(key: str | None, value: Any) -> Any:
    """What a mapping or a state object holds under a key; where there is no key, or it is neither, the value itself.

    Raises:
        InvalidOptionError: it is a mapping without the key.
    """
    held = _MISSING if key is None else _held_under(key, value)
    if held is not _MISSING:
        return held
    if key is not None and isinstance(value, Mapping):
        raise InvalidOptionError(f"{_shape_of(value)} holds no document under {key!r}")
    return value


def _held_under(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get(key, _MISSING)
    is_state = isinstance(value, BaseModel) or dataclasses.is_dataclass(value)
    if not is_state or isinstance(value, (Classification, Document)):
        return _MISSING
    return getattr(value, key, _MISSING)


def _classification_in(data: Mapping[str, Any]) -> Classification:
    try:
        return Classification.model_validate(data)
    except ValidationError as error:
        raise InvalidOptionError(f"a classification's JSON data cannot be read: {'; '.join(told(error))}") from None


def _shape_of(value: Any) -> str:
    """What a value is, in words that tell nothing of its content."""
    if not isinstance(value, Mapping):
        return f"a {type(value).__name__}"
    if not value:
        return "an empty mapping"
    named = (repr(key) for key in value if isinstance(key, str))
    keys = ", ".join(islice(named, _TOLD_KEYS))
    return f"a mapping with the keys {keys}" if keys else "a mapping without names for keys"
