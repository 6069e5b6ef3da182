"""Rules on a command line: whole, field by field, or in a file."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from classify_core.cli.commands import OptionGroup
from classify_core.cli.values import naming, objects_of, paired, text_of
from classify_core.errors import InvalidRulesError
from classify_core.models import Rule
from classify_core.rules import configuration_of, written_rules

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
            help="A rule as YAML or JSON: \"{type: invoice, description: '...'}\", or a list of rules; @FILE reads "
            "them from a file. Repeatable.",
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
        in_fields = paired(RULE, fields)
        if self.rule is None and not in_fields:
            return None
        return checked_rules(RULE, rule_objects(RULE, self.rule or ()) + in_fields)


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
        kept = rules_in_file(self.rule_file)
        return checked_rules(RULE_FILE, [*kept, *(own or ())])


def rules_in_file(path: Path) -> tuple[Rule, ...]:
    """The rules of a file that --rules names.

    Raises:
        InvalidRulesError: it cannot be read, or a rule breaks a limit; the message tells the first of such rules, and
            which command tells all.
    """
    with naming(RULE_FILE):
        written = written_rules(path)
        try:
            return configuration_of(written).rules
        except InvalidRulesError as error:
            check = f"classify rules check {shlex.quote(str(path))}"
            raise InvalidRulesError(f"{path}: {error.message}; `{check}` tells all that is wrong") from None


def rule_objects(flag: str, values: Sequence[str]) -> list[dict[str, Any]]:
    """The rules of a flag that may be repeated: each value is a rule, a list of rules, or that list under `rules`.

    Raises:
        UsageError: one is none of these.
    """
    objects = objects_of(flag, values)
    return [rule for each in objects for rule in (each["rules"] if _is_list_of_rules(each) else [each])]


def _is_list_of_rules(value: dict[str, Any]) -> bool:
    return set(value) == {"rules"} and isinstance(value["rules"], list)


def checked_rules(flag: str, rules: list[Any]) -> tuple[Rule, ...]:
    """Makes rules of objects.

    Raises:
        UsageError: one breaks a limit of the service, or two clash; the message names the flag.
    """
    with naming(flag):
        return configuration_of(rules).rules
