"""What a router is made of: its branches, and the step that classifies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union

from langchain_core.runnables import Runnable, RunnableSequence
from langchain_core.runnables.base import RunnableBindingBase, coerce_to_runnable

from classify_core.classifier import Classifier
from classify_core.errors import ClassifyError, InvalidOptionError
from classify_core.models import Rule
from classify_core.routing import DEFAULT_ROUTE, REVIEW_ROUTE
from langchain_classify.component import ClassifyComponent
from langchain_classify.runnable import ClassifyRunnable


def branches_of(routes: Mapping[str, Any], *, default: Any, review: Any) -> dict[str, Runnable[Any, Any]]:
    """The branches by the name of the route; what is given for several routes is one branch.

    Raises:
        InvalidOptionError: a route leads to nothing that can be run, or is not named after a type.
    """
    if not isinstance(routes, Mapping) or not all(isinstance(route, str) and route for route in routes):
        raise InvalidOptionError("the routes are a dictionary of runnables by type, such as {'invoice': chain}")
    given = {**routes, DEFAULT_ROUTE: default} | ({} if review is None else {REVIEW_ROUTE: review})
    made = dict[int, Runnable[Any, Any]]()
    for route, target in given.items():
        if id(target) not in made:
            made[id(target)] = _runnable(target, f"route {route!r}")
    return {route: made[id(target)] for route, target in given.items()}


def classifying_step(given: Any) -> Runnable[Any, Any]:
    """What classifies the inputs of a router.

    A `Classifier` that records failures becomes a step that does, so that they take a route; one that raises, one that
    raises.

    Raises:
        InvalidOptionError: it is nothing that can be run.
    """
    if isinstance(given, Classifier):
        records = given.arguments()["on_error"] == "record"
        return ClassifyRunnable(classifier=given, on_failure="annotate" if records else "raise")
    return _runnable(given, "classify")


def component_in(step: Runnable[Any, Any] | None) -> ClassifyComponent | None:
    """Our own component in a step, also where it is bound, retried or the end of a sequence; None where there is none.

    Its rules and metadata keys are those by which the router decides.
    """
    inner: Any = step
    while isinstance(inner, (RunnableBindingBase, RunnableSequence)):
        inner = inner.last if isinstance(inner, RunnableSequence) else inner.bound
    return inner if isinstance(inner, ClassifyComponent) else None


def loaded_rules(step: Runnable[Any, Any]) -> Sequence[Rule] | None:
    """The saved rules of a step of ours; None where it has none, or they cannot be loaded, as its answers will tell."""
    classifier = _with_saved_rules(step)
    if classifier is None:
        return None
    try:
        classifier.prepare()
    except ClassifyError:
        return None
    return classifier.rules


async def aloaded_rules(step: Runnable[Any, Any]) -> Sequence[Rule] | None:
    """The same, awaited."""
    classifier = _with_saved_rules(step)
    if classifier is None:
        return None
    try:
        await classifier.aprepare()
    except ClassifyError:
        return None
    return classifier.rules


def output_type_of(branches: Iterable[Runnable[Any, Any]]) -> Any:
    """The type of what any of the branches may give; `Any` where one does not tell."""
    given = [_output_type_of(branch) for branch in branches]
    return Any if Any in given else Union[tuple(given)]  # noqa: UP007 - known at run time only


def _output_type_of(branch: Runnable[Any, Any]) -> Any:
    try:
        stated = branch.OutputType
    except TypeError:  # it neither states one nor inherits one
        return Any
    return Any if isinstance(stated, str) else stated  # of a function whose annotations are not evaluated


def _with_saved_rules(step: Runnable[Any, Any]) -> Classifier | None:
    component = component_in(step)
    return None if component is None or component.configuration_id is None else component.classifier


def _runnable(target: Any, place: str) -> Runnable[Any, Any]:
    try:
        made: Runnable[Any, Any] = coerce_to_runnable(target)
    except TypeError:
        raise InvalidOptionError(
            f"{place}: a {type(target).__name__} cannot be run; give a Runnable, a function or a dict of them"
        ) from None
    return made
