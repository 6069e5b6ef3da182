"""Rules from files and from callers, refused with our own error before anything is sent."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from classify_core.errors import InvalidOptionError, InvalidRulesError
from classify_core.models import ClassifyConfiguration, ParsingConfiguration, Rule

RULES_ID_LENGTH = 16
UNRESOLVED_RULES_ID = "unresolved"
"""Written where a saved configuration could not be loaded, so that its rules are not known."""


def load_rules(path: str | Path) -> list[Rule]:
    """Reads rules from a YAML or JSON file: a list of `{type, description}`, or that list under `rules`.

    Raises:
        InvalidRulesError: the file cannot be read, or a rule breaks a limit; the message names the file.
    """
    where = Path(path)
    try:
        loaded = yaml.safe_load(where.read_text(encoding="utf-8-sig"))  # YAML reads JSON too
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InvalidRulesError(f"{where}: cannot read the rules: {reason}") from error
    except yaml.YAMLError as error:
        raise InvalidRulesError(f"{where}: is neither YAML nor JSON: {_first_line(error)}") from error
    try:
        return list(configuration_of(_listed(loaded)).rules)
    except InvalidRulesError as error:
        raise InvalidRulesError(f"{where}: {error.message}") from error


def configuration_of(
    rules: Iterable[Rule | Mapping[str, Any]], parsing: ParsingConfiguration | Mapping[str, Any] | None = None
) -> ClassifyConfiguration:
    """Makes a configuration of rules.

    Raises:
        InvalidRulesError: a rule breaks a limit of the service; the message names the rule and the limit.
    """
    if isinstance(rules, (str, Mapping)):
        raise InvalidRulesError("the rules are not a list; give [Rule(type=..., description=...), ...]")
    checked = tuple(_checked_rule(index, rule) for index, rule in enumerate(rules, start=1))
    try:
        return ClassifyConfiguration.model_validate({"rules": checked, "parsing_configuration": parsing})
    except ValidationError as error:
        raise InvalidRulesError("; ".join(_told(error))) from error


def rules_id_of(configuration: ClassifyConfiguration, min_confidence: float | None, backend: str) -> str:
    """Short hash of all that decides a label besides the document; the order of the rules does not matter."""
    told = configuration.model_dump(mode="json")
    told["rules"] = sorted(told["rules"], key=lambda rule: str(rule["type"]))
    told["parsing_configuration"] = told["parsing_configuration"] or ParsingConfiguration().model_dump(mode="json")
    told |= {"min_confidence": min_confidence, "backend": backend}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:RULES_ID_LENGTH]


def refuse_unknown_types(
    argument: str, types: Iterable[str] | None, rules: Sequence[Rule] | None, no_match_label: str
) -> None:
    """Refuses names of types that no rule produces; saved rules that are not loaded yet (None) cannot be checked.

    Raises:
        InvalidOptionError: there is such a name; the message tells the near matches.
    """
    if types is None or rules is None:
        return
    if isinstance(types, str):
        raise InvalidOptionError(f"{argument}={types!r}: give a list of types")
    known = [rule.type for rule in rules] + [no_match_label]
    for name in types:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known[:5]
            raise InvalidOptionError(f"{argument}: no rule produces {name!r}; near are {', '.join(map(repr, near))}")


def _listed(loaded: Any) -> list[Any]:
    rules = loaded.get("rules") if isinstance(loaded, dict) else loaded
    if not isinstance(rules, list):
        raise InvalidRulesError('holds no rules; write a list of {type, description}, or that list under "rules"')
    return rules


def _checked_rule(index: int, rule: Rule | Mapping[str, Any]) -> Rule:
    if isinstance(rule, Rule):
        return rule
    try:
        return Rule.model_validate(rule)
    except ValidationError as error:
        name = rule.get("type") if isinstance(rule, Mapping) else None
        named = f" ({str(name)[:50]!r})" if name else ""
        raise InvalidRulesError(f"rule {index}{named}: {'; '.join(_told(error))}") from error


def _told(error: ValidationError) -> list[str]:
    """Pydantic's findings without its prefixes, addresses and the rejected input."""
    findings = []
    for finding in error.errors(include_url=False, include_input=False):
        message = finding["msg"].removeprefix("Value error, ")
        field = ".".join(str(part) for part in finding["loc"])
        findings.append(message if finding["type"] == "value_error" else f"{field}: {message}")
    return findings


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
