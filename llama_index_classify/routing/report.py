"""What a run of a router came to: what went where, and what did not."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from classify_core.errors import ClassifyError
from llama_index_classify.failures import IngestionFailure

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode

NAMED_AT_MOST: Final = 5


@dataclass(frozen=True, slots=True)
class RouteReport:
    """What became of one target in a run.

    Attributes:
        routes: the names of the routes that lead to it.
        kind: what it is: `"pipeline"`, `"index"`, `"transformations"` or `"callable"`.
        document_ids: the documents that it was handed.
        nodes: what it made of them; None where it does not tell, as an index that splits documents itself.
        error: why it failed; None where it did not.
    """

    routes: tuple[str, ...]
    kind: str
    document_ids: tuple[str, ...] = ()
    nodes: tuple[BaseNode, ...] | None = field(default=None, repr=False)
    error: Exception | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The names in one."""
        return ", ".join(self.routes)

    def __reduce__(self) -> tuple[Any, ...]:
        return RouteReport, (self.routes, self.kind, self.document_ids, self.nodes, _picklable(self.error))


@dataclass(frozen=True, slots=True)
class RoutingReport:
    """What a run came to. Its text holds names and numbers, and nothing of a document.

    Attributes:
        routes: one for each target, those that got nothing included, in the order they were given to the router.
        unchanged: the documents that had arrived in a former run and were left alone.
        failures: the documents that could not be classified, wherever they went.
        classified: how many documents were to be classified, those that failed included; the others were unchanged or
            carried a fresh label.
    """

    routes: tuple[RouteReport, ...]
    unchanged: tuple[str, ...] = ()
    failures: tuple[IngestionFailure, ...] = ()
    classified: int = 0

    @property
    def nodes(self) -> list[BaseNode]:
        """What all targets made of their documents, as far as they tell."""
        return [node for route in self.routes for node in route.nodes or ()]

    @property
    def failed_routes(self) -> tuple[RouteReport, ...]:
        """The targets that failed."""
        return tuple(route for route in self.routes if route.error is not None)

    @property
    def is_complete(self) -> bool:
        """Whether all documents were classified and no target failed."""
        return not self.failures and not self.failed_routes

    def __getitem__(self, route: str) -> RouteReport:
        """The target of a route: by its type, `"(default)"` or `"(review)"`."""
        for one in self.routes:
            if route in one.routes:
                return one
        raise KeyError(route)

    def __str__(self) -> str:
        lines = [("route", "target", "documents", "nodes", "error"), *map(_row, self.routes)]
        lines += [_counted("unchanged", self.unchanged), _counted("not classified", self.failures)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(_line(cells, widths) for cells in lines)

    def told_failures(self) -> Iterator[str]:
        """Each thing that failed, in words, with the documents concerned."""
        for route in self.failed_routes:
            yield f"route {route.name!r} ({route.kind}) failed for {named(route.document_ids)}: {_kind(route.error)}"
        if self.failures:
            unclassified = [identifier for one in self.failures for identifier in one.document_ids]
            yield f"not classified: {named(unclassified)}"


def named(identifiers: Sequence[str]) -> str:
    """A few identifiers, and how many more there are."""
    shown = ", ".join(map(repr, identifiers[:NAMED_AT_MOST]))
    further = len(identifiers) - NAMED_AT_MOST
    return shown if further <= 0 else f"{shown} and {further} more"


def _row(route: RouteReport) -> tuple[str, ...]:
    nodes = "-" if route.nodes is None else str(len(route.nodes))
    return route.name, route.kind, str(len(route.document_ids)), nodes, _kind(route.error)


def _counted(name: str, documents: Sequence[Any]) -> tuple[str, ...]:
    return name, "", str(len(documents)), "", ""


def _kind(error: Exception | None) -> str:
    # The name alone: a foreign error's text may quote a document.
    return "" if error is None else type(error).__name__


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _picklable(error: Exception | None) -> Exception | None:
    """The error, or its text where it is of a kind that cannot be pickled or restored."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - what was pickled here a moment ago
    except Exception:  # noqa: BLE001 - a foreign error's own methods may raise anything
        return ClassifyError(f"{type(error).__name__}: {error}")
    return error
