"""Checks what callers give, before anything is sent, and says what is wrong in our own errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from classify_core.errors import InvalidOptionError, InvalidRulesError
from classify_core.models import ClassifyConfiguration, ParsingConfiguration, Rule
from classify_core.rules import configuration_of as configuration_of_rules

Model = TypeVar("Model", bound=BaseModel)
Rules = Sequence[Rule | Mapping[str, str]]


def build(model: type[Model], **values: Any) -> Model:
    """Makes a body of what a caller gave.

    Raises:
        InvalidRulesError: a rule breaks a limit, or two rules clash.
        InvalidOptionError: another value cannot work.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _usage_error(error) from None  # the cause would quote all that was given, secrets included


def _usage_error(error: ValidationError) -> InvalidRulesError | InvalidOptionError:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    text = "; ".join(_fault(fault["loc"], fault["msg"]) for fault in faults)
    about_rules = all("rules" in fault["loc"] for fault in faults)
    return (InvalidRulesError if about_rules else InvalidOptionError)(text)


def _fault(path: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    where = ".".join(str(part) for part in path)
    return f"{where}: {text}" if where else text


def configuration_of(
    rules: Rules | None,
    configuration: ClassifyConfiguration | None,
    parsing_configuration: ParsingConfiguration | None,
) -> ClassifyConfiguration | None:
    """Returns the one configuration that was given, in parts or whole; None where there is none.

    Raises:
        InvalidOptionError: it was given both ways.
        InvalidRulesError: a rule breaks a limit, or two rules clash.
    """
    if rules is None:
        if parsing_configuration is not None:
            raise InvalidOptionError("parsing_configuration goes with rules=; a whole configuration holds its own")
        return configuration
    if configuration is not None:
        raise InvalidOptionError("give rules= or configuration=, not both")
    return configuration_of_rules(rules, parsing_configuration)


def values(name: str, given: Sequence[str] | None) -> tuple[str, ...] | None:
    """Returns a repeated query parameter's values; a lone string is one value.

    Raises:
        InvalidOptionError: it is empty, which the service would take for "no filter".
    """
    if given is None:
        return None
    listed = (given,) if isinstance(given, str) else tuple(given)
    if not listed:
        raise InvalidOptionError(f"{name} is empty, which would list everything; leave it out to mean that")
    return listed


def moment(name: str, given: datetime | None) -> str | None:
    """Returns a time as the service reads it.

    Raises:
        InvalidOptionError: it has no time zone, so that it could mean many moments.
    """
    if given is None:
        return None
    if given.tzinfo is None:
        raise InvalidOptionError(f"{name} has no time zone; add one, such as tzinfo=timezone.utc")
    return given.isoformat()


def checked_page_size(given: int | None, largest: int) -> int | None:
    """Returns a page's size.

    Raises:
        InvalidOptionError: the service has no pages of that size.
    """
    if given is not None and not 1 <= given <= largest:
        raise InvalidOptionError(f"page_size is {given}; the service takes 1 to {largest}")
    return given


def checked_seconds(name: str, given: float, *, zero_allowed: bool = False) -> float:
    """Returns a time span, which must be finite: a wait without an end is none.

    Raises:
        InvalidOptionError: it is no such number.
    """
    is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
    if not is_number or not (0 < given < math.inf or (zero_allowed and given == 0)):
        raise InvalidOptionError(f"{name} is {given!r}; give seconds, {'0 or more' if zero_allowed else 'above 0'}")
    return given
