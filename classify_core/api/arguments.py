"""Checks what callers give, before anything is sent, and says what is wrong in our own errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from classify_core.checks import checked_count
from classify_core.errors import InvalidOptionError, InvalidRulesError
from classify_core.models import ClassifyConfiguration, ParsingConfiguration, Rule
from classify_core.rules import configuration_of
from classify_core.validation import told

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
    findings = error.errors(include_url=False, include_context=False, include_input=False)
    about_rules = all("rules" in finding["loc"] for finding in findings)
    return (InvalidRulesError if about_rules else InvalidOptionError)("; ".join(told(error)))


def chosen_configuration(
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
    return configuration_of(rules, parsing_configuration)


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


def checked_page_size(given: int | None, largest: int | None = None) -> int | None:
    """Returns a page's size; None, where none was given, leaves it to the service.

    Raises:
        InvalidOptionError: the service has no pages of that size.
    """
    return None if given is None else checked_count("page_size", given, maximum=largest)
