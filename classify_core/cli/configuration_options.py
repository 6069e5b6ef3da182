"""A v2 configuration on a command line: whole, or in parts that complete the whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from classify_core.api.arguments import build
from classify_core.api.calls_configurations import PRODUCT_TYPE
from classify_core.cli.commands import OptionGroup
from classify_core.cli.parsing_options import NESTED_PARSING, NestedParsingOptions, ParsingOptions
from classify_core.cli.rule_options import RuleFileOptions, checked_rules, rule_objects
from classify_core.cli.values import given, naming, object_of
from classify_core.models import ClassifyConfiguration, Rule

CONFIGURATION: Final = "--configuration"
CONFIGURATION_RULES: Final = "--configuration.rules"
PARAMETERS: Final = "--parameters"


class Mode(StrEnum):
    """How a v2 job reads its document; there is one way."""

    FAST = "FAST"


@dataclass(frozen=True)
class ConfigurationOptions(OptionGroup):
    """The configuration of a job."""

    configuration: Annotated[
        str | None,
        typer.Option(
            CONFIGURATION,
            metavar="OBJECT",
            help='As YAML or JSON: "{rules: [...], parsing-configuration: {...}}"; @FILE reads it from a file.',
        ),
    ] = None
    configuration_rules: Annotated[
        list[str] | None,
        typer.Option(
            CONFIGURATION_RULES,
            metavar="OBJECT",
            help="A rule: \"{type: invoice, description: '...'}\", or a list of rules; @FILE reads them. Repeatable.",
        ),
    ] = None
    mode: Annotated[Mode | None, typer.Option(f"{CONFIGURATION}.mode", help="Unless said, FAST.")] = None

    def completed_by(self, rules: RuleFileOptions, parsing: NestedParsingOptions) -> ClassifyConfiguration | None:
        """The configuration; None where nothing of it was given.

        Raises:
            UsageError: a value cannot be read, or breaks a limit of the service.
        """
        whole = object_of(CONFIGURATION, self.configuration)
        chosen = [*(self._rules() or ()), *(rules.rules() or ())] or None
        return _completed(CONFIGURATION, whole, rules=chosen, mode=self.mode, parsing=parsing.fields(NESTED_PARSING))

    def _rules(self) -> tuple[Rule, ...] | None:
        if self.configuration_rules is None:
            return None
        return checked_rules(CONFIGURATION_RULES, rule_objects(CONFIGURATION_RULES, self.configuration_rules))


@dataclass(frozen=True)
class ParametersOptions(OptionGroup):
    """The contents of a saved configuration."""

    parameters: Annotated[
        str | None,
        typer.Option(
            PARAMETERS,
            metavar="OBJECT",
            help='All in one, as YAML or JSON: "{rules: [...], parsing-configuration: {...}}"; @FILE reads it from a '
            "file.",
        ),
    ] = None

    def completed_by(self, rules: RuleFileOptions, parsing: ParsingOptions) -> ClassifyConfiguration | None:
        """The contents; None where nothing of them was given.

        Raises:
            UsageError: a value cannot be read, or breaks a limit of the service.
        """
        whole = object_of(PARAMETERS, self.parameters)
        if whole.get("product_type") == PRODUCT_TYPE:  # as the service tells it; the client adds it again
            del whole["product_type"]
        return _completed(PARAMETERS, whole, rules=rules.rules(), mode=None, parsing=parsing.fields())


def _completed(
    flag: str, whole: dict[str, Any], *, rules: Any, mode: Mode | None, parsing: dict[str, Any]
) -> ClassifyConfiguration | None:
    fields = whole | given(rules=rules, mode=mode)
    if parsing:
        inner = whole.get("parsing_configuration")
        fields["parsing_configuration"] = (inner if isinstance(inner, dict) else {}) | parsing
    if not fields:
        return None
    if "rules" in fields:
        fields["rules"] = checked_rules(flag, fields["rules"])
    with naming(flag):
        return build(ClassifyConfiguration, **fields)
