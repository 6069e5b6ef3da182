"""A configuration that the service keeps, as it is: our limits are for what we send."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from classify_core.errors import InvalidResponseError
from classify_core.models import (
    AnsweredConfiguration,
    ClassifyConfiguration,
    ParsingConfiguration,
    Rule,
    SavedConfiguration,
)


def configuration_in(saved: SavedConfiguration) -> ClassifyConfiguration:
    """The rules and options of a saved configuration, unchecked.

    Raises:
        InvalidResponseError: it holds no rules for classification.
    """
    if not saved.parameters.rules:
        raise InvalidResponseError(
            f"the configuration {saved.id} ({saved.product_type}) holds no rules for classification"
        )
    return _unchecked(saved.parameters)


def _unchecked(parameters: AnsweredConfiguration) -> ClassifyConfiguration:
    kept: dict[str, Any] = {"mode": parameters.mode, "parsing_configuration": None}
    kept["rules"] = tuple(Rule.model_construct(**_fields(rule, Rule)) for rule in parameters.rules)
    if parameters.parsing_configuration is not None:
        fields = _fields(parameters.parsing_configuration, ParsingConfiguration)
        kept["parsing_configuration"] = ParsingConfiguration.model_construct(**fields)
    return ClassifyConfiguration.model_construct(**kept)


def _fields(answered: BaseModel, model: type[BaseModel]) -> dict[str, Any]:
    return {name: getattr(answered, name) for name in model.model_fields}
