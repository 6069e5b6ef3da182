"""Routing by type: `route_by_type` for chains, `type_condition` for the conditional edges of a LangGraph graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, cast

from langchain_core.documents import Document
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.base import RunnableLike
from langchain_core.runnables.graph import Graph
from langchain_core.runnables.utils import ConfigurableFieldSpec, get_unique_config_specs
from pydantic import BaseModel, BeforeValidator, Field, RootModel, SkipValidation

from classify_core.classification import Classification
from classify_core.classifier import Classifier
from classify_core.metadata import MetadataSchema, schema_of
from classify_core.models import Rule
from classify_core.routing import DEFAULT_ROUTE, REVIEW_ROUTE, RoutePlan
from classify_core.rules import configuration_of
from langchain_classify.component import COMPONENT_CONFIG, Rules
from langchain_classify.references import documents_in
from langchain_classify.routes.branches import branches_of, classifying_step, components_in, output_type_of, rules_of
from langchain_classify.routes.calls import RouterCalls
from langchain_classify.routes.condition import TypeCondition, type_condition
from langchain_classify.routes.drawing import graph_of
from langchain_classify.routes.reading import DEFAULT_KEY, RouteReader

__all__ = ["TypeCondition", "TypeRouter", "TypeRouterInput", "route_by_type", "type_condition"]


def route_by_type(
    routes: Mapping[str, RunnableLike[Any, Any]],
    *,
    default: RunnableLike[Any, Any],
    review: RunnableLike[Any, Any] | None = None,
    min_confidence: float | None = None,
    classify: RunnableLike[Any, Any] | Classifier | None = None,
    rules: Rules | None = None,
    key: str | None = None,
    prefix: str | None = None,
    metadata_schema: MetadataSchema | None = None,
) -> TypeRouter:
    """A Runnable that hands each input, as it is, to the branch that its type has.

        router = route_by_type({"invoice": extract}, default=store, classify=ClassifyRunnable(rules))
        router.invoke(Document(page_content="..."))

    An input tells its type by itself: a `Classification` or its JSON data, a labelled `Document`, a list of documents
    that all take one route, or a mapping with one of these under `key`. With `classify=` it is classified first, and
    the branch still gets what was given.

    Args:
        routes: branches by type: Runnables, functions, async functions or dictionaries of them. `"uncategorized"` may
            be one.
        default: the branch of all that has no route of its own, `"uncategorized"` included.
        review: the branch of what is not sure: withheld, below `min_confidence`, or what could not be classified; by
            default the default.
        min_confidence: 0.0 to 1.0; a type below it is not sure, nor is one whose confidence is not told.
        classify: classifies what is given: a `ClassifyRunnable`, a `Classifier`, or a Runnable that gives what tells a
            type. Whether a failure is raised or takes a route is for its `on_failure` to say (`on_error`): under
            `"annotate"` (`"record"`) it goes to review.
        rules: those that the types come from; by default those of `classify`. A route that they do not produce is an
            error.
        key: under which a mapping, or a state object, holds what tells its type, by default `"classification"`; with
            `classify=` the document to classify, by default the input is the document.
        prefix: of the metadata keys, by default that of `classify`; short for
            `metadata_schema=MetadataSchema(prefix=...)`.
        metadata_schema: the metadata keys.

    Raises:
        InvalidOptionError: a branch cannot be run, no rule produces a route's type (the message tells the near
            matches), or another option cannot work.
        InvalidRulesError: the rules break a limit.
    """
    return TypeRouter(
        routes,
        default=default,
        review=review,
        min_confidence=min_confidence,
        classify=classify,
        rules=rules,
        key=key,
        prefix=prefix,
        metadata_schema=metadata_schema,
    )


def _checked_document(value: Any) -> Any:
    if isinstance(value, dict) and "page_content" not in value:
        raise ValueError("it has no page_content")  # LangChain's own error is none that pydantic understands
    return value


_Document = Annotated[Document, BeforeValidator(_checked_document)]
# In this order: any JSON object is a dictionary too.
_Telling = Annotated[Classification | _Document | list[_Document] | dict[str, Any], Field(union_mode="left_to_right")]


class TypeRouterInput(RootModel[_Telling]):
    """What tells its type by itself: a classification, labelled documents, or a mapping that holds it under a key."""


class TypeRouter(RouterCalls):
    """What `route_by_type` gives.

    Its own run shows callbacks and tracers a reference to the input (names, sizes, digests; of a mapping the keys) and
    the route taken. What a branch was given and gave is in the branch's own run, which bears the tag `route:<name>`,
    such as `route:invoice`, `route:(default)` or `route:(review)`; the classification in a run named `classify`.

    Args:
        routes: as for `route_by_type`, like all further arguments.
    """

    model_config = COMPONENT_CONFIG

    name: str | None = "route_by_type"
    routes: dict[str, Runnable[Any, Any]] = Field(frozen=True)
    default: Runnable[Any, Any] = Field(frozen=True)
    review: Runnable[Any, Any] | None = Field(default=None, frozen=True)
    # Checked by the plan, whose error is our own.
    min_confidence: Annotated[float | None, SkipValidation()] = Field(default=None, frozen=True)
    rules: list[Rule] | None = Field(default=None, frozen=True)
    metadata_schema: MetadataSchema = Field(default_factory=MetadataSchema, frozen=True)

    def __init__(
        self,
        routes: Mapping[str, RunnableLike[Any, Any]],
        *,
        default: RunnableLike[Any, Any],
        review: RunnableLike[Any, Any] | None = None,
        classify: RunnableLike[Any, Any] | Classifier | None = None,
        rules: Rules | None = None,
        prefix: str | None = None,
        metadata_schema: MetadataSchema | None = None,
        **fields: Any,
    ) -> None:
        branches = branches_of(routes, default=default, review=review)
        step = None if classify is None else classifying_step(classify)
        components = components_in(step)
        if components and prefix is None and metadata_schema is None:
            metadata_schema = components[0].metadata_schema
        super().__init__(
            routes={route: branches[route] for route in routes},
            default=branches[DEFAULT_ROUTE],
            review=branches.get(REVIEW_ROUTE),
            classify=step,
            rules=None if rules is None else configuration_of(rules).rules,
            metadata_schema=schema_of(prefix, metadata_schema),
            **fields,
        )
        self._plan().check(rules_of(components) if self.rules is None else self.rules)

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """True; what of it can be loaded again depends on its branches: functions cannot."""
        return True

    @property
    def lc_attributes(self) -> dict[str, Any]:
        """Constructor arguments as JSON data, in place of models that LangChain's dumper does not know."""
        rules = None if self.rules is None else [rule.model_dump(mode="json") for rule in self.rules]
        return {
            "metadata_schema": self.metadata_schema.model_dump(mode="json"),
            **({} if rules is None else {"rules": rules}),
        }

    @property
    def branches(self) -> dict[str, Runnable[Any, Any]]:
        """Every branch by the name of its route; `"(default)"` and `"(review)"` are names too."""
        return branches_of(self.routes, default=self.default, review=self.review)

    @property
    def OutputType(self) -> Any:  # noqa: N802 - LangChain's name
        """What the branches give."""
        return output_type_of(self.branches.values())

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        """That of what classifies, where that takes the input itself; else see `TypeRouterInput`."""
        if self.classify is not None and self.key is None:
            return cast("type[BaseModel]", self.classify.get_input_schema(config))
        return TypeRouterInput

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        """Those of all parts."""
        parts = [*self.branches.values(), *([] if self.classify is None else [self.classify])]
        return get_unique_config_specs(spec for part in parts for spec in part.config_specs)

    def get_graph(self, config: RunnableConfig | None = None) -> Graph:
        """The graph, in which an edge for each route leads to its branch."""
        return graph_of(self, self.branches, step=self.classify, config=config)

    def route_of(self, value: Any) -> str:
        """The name of the route that a value takes: a type, `"(default)"` or `"(review)"`; classifies nothing.

        Raises:
            InvalidOptionError: it tells no type by itself.
        """
        return self.reader().route_of(value)

    def split(self, documents: Iterable[Document]) -> dict[str, list[Document]]:
        """Labelled documents by the route that each takes, in the order given; classifies nothing.

            for route, group in router.split(documents).items():
                stores[route].add_documents(group)

        Returns:
            The routes that documents take, in the order of the routes.

        Raises:
            InvalidOptionError: a document carries no label.
        """
        taken = self.reader().split(documents_in(documents))
        return {route: taken[route] for route in self.branches if route in taken}

    def reader(self) -> RouteReader:
        """What reads routes off what was classified."""
        # What classifies may give a mapping too, under the usual key; the router's own is then the document's.
        return RouteReader(self._plan(), DEFAULT_KEY if self.key is None or self.classify is not None else self.key)

    def _plan(self) -> RoutePlan:
        return RoutePlan(tuple(self.routes), self.review is not None, self.metadata_schema, self.min_confidence)
