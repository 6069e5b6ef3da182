"""What a router is made of: its branches, and the step that classifies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, Union

from langchain_core.runnables import Runnable, RunnableSequence, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase, coerce_to_runnable
from langchain_core.runnables.configurable import RunnableConfigurableFields

from classify_core.classifier import Classifier
from classify_core.errors import ClassifyError, InvalidOptionError
from classify_core.models import Rule
from classify_core.routing import DEFAULT_ROUTE, REVIEW_ROUTE
from langchain_classify.component import ClassifyComponent
from langchain_classify.runnable import ClassifyRunnable

_RULES_FIELDS: Final = frozenset({"rules", "configuration_id"})


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


def components_in(step: Runnable[Any, Any] | None) -> list[ClassifyComponent]:
    """Our own components that decide what a step gives, also where they are bound, retried or the end of a sequence.

    Several where one falls back on another; none where something else may decide, or rules that come with the call.
    Their rules and metadata keys are those by which the router decides.
    """
    if isinstance(step, ClassifyComponent):
        return [step]
    if isinstance(step, RunnableSequence):
        return components_in(step.last)
    if isinstance(step, RunnableBindingBase):
        return components_in(step.bound)
    if isinstance(step, RunnableConfigurableFields) and not step.fields.keys() & _RULES_FIELDS:
        return components_in(step.default)
    if isinstance(step, RunnableWithFallbacks):
        parts = [components_in(part) for part in step.runnables]
        return list(chain.from_iterable(parts)) if all(parts) else []
    return []


def rules_of(components: Sequence[ClassifyComponent]) -> Sequence[Rule] | None:
    """All rules that a type may come from; None where they are not known, or saved ones."""
    return _united([component.rules for component in components])


def loaded_rules(step: Runnable[Any, Any]) -> Sequence[Rule] | None:
    """The rules of a step that has saved ones; None without, or if they cannot be loaded, as its answers will tell."""
    components = components_in(step)
    saved = _with_saved_rules(components)
    try:
        for classifier in saved:
            classifier.prepare()
    except ClassifyError:
        return None
    return _united([component.classifier.rules for component in components]) if saved else None


async def aloaded_rules(step: Runnable[Any, Any]) -> Sequence[Rule] | None:
    """The same, awaited."""
    components = components_in(step)
    saved = _with_saved_rules(components)
    try:
        for classifier in saved:
            await classifier.aprepare()
    except ClassifyError:
        return None
    return _united([component.classifier.rules for component in components]) if saved else None


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


def _with_saved_rules(components: Sequence[ClassifyComponent]) -> list[Classifier]:
    return [component.classifier for component in components if component.configuration_id is not None]


def _united(parts: Sequence[Sequence[Rule] | None]) -> Sequence[Rule] | None:
    known = dict[str, Rule]()
    for rules in parts:
        if rules is None:
            return None
        known |= {rule.type: rule for rule in rules}
    return list(known.values()) if parts else None


def _runnable(target: Any, place: str) -> Runnable[Any, Any]:
    try:
        made: Runnable[Any, Any] = coerce_to_runnable(target)
    except TypeError:
        raise InvalidOptionError(
            f"{place}: a {type(target).__name__} cannot be run; give a Runnable, a function or a dict of them"
        ) from None
    return made
