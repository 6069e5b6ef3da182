"""The targets of a router, and which routes lead to each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classify_core.errors import InvalidOptionError
from classify_core.routing import DEFAULT_ROUTE, REVIEW_ROUTE
from llama_index_classify.routing.targets import Target, target_of

if TYPE_CHECKING:
    from llama_index.core.storage.docstore import BaseDocumentStore


@dataclass(frozen=True, slots=True)
class Branch:
    """A target and the routes that lead to it: what several types share is run once, with the documents of all."""

    routes: tuple[str, ...]
    target: Target


def branches_of(routes: Mapping[str, Any], *, default: Any, review: Any) -> tuple[Branch, ...]:
    """The targets in the order given, each object once.

    Raises:
        InvalidOptionError: a route leads to nothing that documents can be handed to, or is not named after a type.
    """
    given = {**_checked(routes), DEFAULT_ROUTE: default} | ({} if review is None else {REVIEW_ROUTE: review})
    named = dict[int, list[str]]()
    for route, target in given.items():
        named.setdefault(id(target), []).append(route)
    return tuple(Branch(tuple(names), target_of(names[0], given[names[0]])) for names in named.values())


def check_docstore(docstore: BaseDocumentStore, branches: tuple[Branch, ...]) -> None:
    """Refuses what a docstore's records would be lost in, or would lose documents with.

    Raises:
        InvalidOptionError: it is a target's own docstore, or a target deletes what a run does not bring.
    """
    for branch in branches:
        route, contents = branch.routes[0], branch.target.contents
        if contents is None:
            continue
        if contents.docstore is docstore:
            raise InvalidOptionError(
                f"docstore= is that of route {route!r} too; give the router one of its own, for records that are no "
                "documents"
            )
        if contents.deletes_what_is_missing:
            raise InvalidOptionError(
                f"route {route!r}: a router with docstore= hands over changed documents only, and a pipeline with "
                "DocstoreStrategy.UPSERTS_AND_DELETE would delete all others; use UPSERTS, or no docstore= here"
            )


def _checked(routes: Any) -> Mapping[str, Any]:
    if not isinstance(routes, Mapping) or not all(isinstance(route, str) for route in routes):
        raise InvalidOptionError("the routes are a dictionary of targets by type, such as {'invoice': pipeline}")
    return routes
