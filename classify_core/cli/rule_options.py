"""Rules on a command line: whole, field by field, or in a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from classify_core.cli.commands import OptionGroup
from classify_core.cli.values import naming, objects_of, paired, text_of
from classify_core.models import Rule
from classify_core.rules import configuration_of, load_rules

RULE: Final = "--rule"
RULE_FILE: Final = "--rules"


@dataclass(frozen=True)
class RuleOptions(OptionGroup):
    """Rules, each one option or a pair of them."""

    rule: Annotated[
        list[str] | None,
        typer.Option(
            RULE,
            metavar="OBJECT",
            help="A rule as YAML or JSON: \"{type: invoice, description: '...'}\"; @FILE reads it, or a list of rules, "
            "from a file. Repeatable.",
        ),
    ] = None
    rule_type: Annotated[
        list[str] | None,
        typer.Option("--rule.type", metavar="TEXT", help="A rule's type. Repeatable, paired with --rule.description."),
    ] = None
    rule_description: Annotated[
        list[str] | None,
        typer.Option("--rule.description", metavar="TEXT", help="What a document of that type contains."),
    ] = None

    def rules(self) -> tuple[Rule, ...] | None:
        """The rules, whole ones first; None where none was given.

        Raises:
            UsageError: one cannot be read, or breaks a limit of the service.
        """
        fields = {
            "type": [text_of("--rule.type", value) for value in self.rule_type or ()],
            "description": [text_of("--rule.description", value) for value in self.rule_description or ()],
        }
        objects = objects_of(RULE, self.rule or ()) + paired(RULE, fields)
        return checked_rules(RULE, objects) if objects else None


@dataclass(frozen=True)
class RuleFileOptions(RuleOptions):
    """Rules, or a file of them."""

    rule_file: Annotated[
        Path | None,
        typer.Option(RULE_FILE, metavar="FILE", help="A file of rules, YAML or JSON, as `classify run` takes."),
    ] = None

    def rules(self) -> tuple[Rule, ...] | None:
        """The file's rules, then those of the command line; None where there are neither.

        Raises:
            UsageError: one cannot be read, or breaks a limit of the service.
        """
        own = super().rules()
        if self.rule_file is None:
            return own
        with naming(RULE_FILE):
            kept = load_rules(self.rule_file)
        return checked_rules(RULE_FILE, [*kept, *(own or ())])


def checked_rules(flag: str, rules: list[Any]) -> tuple[Rule, ...]:
    """Makes rules of objects.

    Raises:
        UsageError: one breaks a limit of the service, or two clash; the message names the flag.
    """
    with naming(flag):
        return configuration_of(rules).rules
