"""How commands are declared: groups of options that many commands take, and examples in their help.

Typer makes one option of each parameter of a command's function. Here a parameter whose type is an `OptionGroup` stands
for all fields of that dataclass, so that options which belong together are declared, and understood, in one place.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self, cast, get_type_hints

import typer

CommandFunction = Callable[..., None]


@dataclass(frozen=True)
class OptionGroup:
    """Options that belong together: a frozen dataclass whose fields are annotated as Typer reads them.

    Every field has a default that means "not given". A group that the program's own callback takes too may be given
    before the command as well as after it.
    """

    def over(self, earlier: Self) -> Self:
        """These options, completed by those that were given before the command."""
        given = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }
        return dataclasses.replace(earlier, **given)


def command(app: typer.Typer, name: str, *, examples: tuple[str, ...]) -> Callable[[CommandFunction], CommandFunction]:
    """Registers a function as a command.

    Args:
        app: the group that the command belongs to.
        name: what it is called by.
        examples: command lines, shown at the end of its help.
    """

    def register(function: CommandFunction) -> CommandFunction:
        app.command(name, epilog=lines("Examples:", *examples))(takes_option_groups(function))
        return function

    return register


def lines(title: str, *entries: str) -> str:
    """A part of a help text whose lines stay as they are."""
    return "\n".join(["\b", title, *(f"  {entry}" for entry in entries)])


def takes_option_groups(function: CommandFunction) -> CommandFunction:
    """Returns a function whose parameters are those of `function`, with each group replaced by its fields."""
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    groups = {parameter.name: parameter.annotation for parameter in parameters if _is_group(parameter)}
    if not groups:
        return function
    takes_context = any(parameter.annotation is typer.Context for parameter in parameters)

    @functools.wraps(function)
    def run(context: typer.Context, **told: Any) -> None:
        for name, group in groups.items():
            fields = {field.name: told.pop(field.name) for field in dataclasses.fields(group)}
            told[name] = _completed(context, group(**fields))
        if takes_context:
            told["context"] = context
        function(**told)

    shown = [_keyword("context", typer.Context)]
    for parameter in parameters:
        if parameter.annotation is typer.Context:
            continue
        shown += _fields_of(groups[parameter.name]) if parameter.name in groups else [_alone(parameter)]
    return _with_parameters(run, shown)


def _with_parameters(function: Any, parameters: list[inspect.Parameter]) -> CommandFunction:
    """Sets what `inspect.signature` and `get_type_hints`, with which Typer looks at a function, find."""
    function.__signature__ = inspect.Signature(parameters)
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return cast(CommandFunction, function)


def _is_group(parameter: inspect.Parameter) -> bool:
    return isinstance(parameter.annotation, type) and issubclass(parameter.annotation, OptionGroup)


def _completed(context: typer.Context, group: OptionGroup) -> OptionGroup:
    """The group with what was given before the command; it is kept for a command that comes after."""
    known: dict[type[OptionGroup], OptionGroup] = context.ensure_object(dict)
    earlier = known.get(type(group))
    known[type(group)] = group if earlier is None else group.over(earlier)
    return known[type(group)]


def _fields_of(group: type[Any]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in dataclasses.fields(group):
        yield _keyword(field.name, hints[field.name], default=field.default)


def _alone(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)


def _keyword(name: str, annotation: Any, *, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
