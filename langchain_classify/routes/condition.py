"""The conditional edge of a LangGraph graph: which node is next, by the type of a document. Needs no LangGraph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classify_core.errors import InvalidOptionError
from classify_core.metadata import MetadataSchema, schema_of
from classify_core.routing import DEFAULT_ROUTE, REVIEW_ROUTE, RoutePlan
from classify_core.rules import configuration_of
from langchain_classify.component import Rules
from langchain_classify.routes.reading import DEFAULT_KEY, RouteReader


@dataclass(frozen=True, slots=True)
class TypeCondition:
    """What `type_condition` gives: called with a graph's state it returns the name of the next node.

    Attributes:
        nodes: by the name of the route; `"(default)"` and `"(review)"` are names too.
        reader: tells the route.
    """

    nodes: Mapping[str, str]
    reader: RouteReader

    @property
    def path_map(self) -> dict[str, str]:
        """The nodes that may be next, as `add_conditional_edges` takes them, so that the drawn graph is right."""
        return {node: node for node in self.nodes.values()}

    @property
    def __name__(self) -> str:
        """By which LangGraph tells the conditions of one node apart."""
        return f"type_condition({self.reader.key})"

    def __call__(self, state: Any) -> str:
        """The name of the next node.

        Args:
            state: a mapping, or an object with attributes (a pydantic model, a dataclass).

        Raises:
            InvalidOptionError: the state tells no type.
        """
        return self.nodes[self.reader.route_of(state)]


def type_condition(
    nodes: Mapping[str, str],
    *,
    default: str,
    review: str | None = None,
    min_confidence: float | None = None,
    key: str = DEFAULT_KEY,
    rules: Rules | None = None,
    prefix: str | None = None,
    metadata_schema: MetadataSchema | None = None,
) -> TypeCondition:
    """A conditional edge that leads to the node that a type has.

        condition = type_condition({"invoice": "extract"}, default="store", review="ask_a_person", min_confidence=0.6)
        graph.add_conditional_edges("classify", condition, condition.path_map)

    The state holds under `key` what tells the type, as for `route_by_type`. Keep a classification in the state as JSON
    data, `classification.model_dump(mode="json")`: a checkpointer may refuse to restore classes that it does not know.

    Args:
        nodes: names of nodes by type; `"uncategorized"` may be one, and LangGraph's `END` may be a node.
        default: the node for all that has none of its own, `"uncategorized"` included.
        review: the node for what is not sure: withheld, below `min_confidence`, or not classified; by default the
            default.
        min_confidence: 0.0 to 1.0; a type below it is not sure, nor is one whose confidence is not told.
        key: of the state, under which stands what tells the type.
        rules: those that the types come from; a type that they do not produce is an error. None checks nothing.
        prefix: of the metadata keys of documents; short for `metadata_schema=MetadataSchema(prefix=...)`.
        metadata_schema: the metadata keys of documents.

    Raises:
        InvalidOptionError: no rule produces a type (the message tells the near matches), or another option cannot work.
        InvalidRulesError: the rules break a limit.
    """
    named = _named_nodes(nodes, default=default, review=review)
    plan = RoutePlan(tuple(nodes), review is not None, schema_of(prefix, metadata_schema), min_confidence)
    plan.check(None if rules is None else configuration_of(rules).rules)
    return TypeCondition(named, RouteReader(plan, key))


def _named_nodes(nodes: Mapping[str, str], *, default: str, review: str | None) -> dict[str, str]:
    if not isinstance(nodes, Mapping):
        raise InvalidOptionError("the nodes are a dictionary of names by type, such as {'invoice': 'extract'}")
    named = {**nodes, DEFAULT_ROUTE: default} | ({} if review is None else {REVIEW_ROUTE: review})
    for route, node in named.items():
        if not isinstance(node, str) or not node:
            raise InvalidOptionError(f"the node of {route!r} is {node!r}; give the name of a node of the graph")
    return named
