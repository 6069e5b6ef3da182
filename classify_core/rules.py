"""Rules from files and from callers, refused with our own error before anything is sent."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from classify_core.errors import InvalidOptionError, InvalidRulesError
from classify_core.models import MAX_TYPE_LENGTH, ClassifyConfiguration, ParsingConfiguration, Rule
from classify_core.rule_text import parsed
from classify_core.validation import told

RULES_ID_LENGTH = 16
UNRESOLVED_RULES_ID = "unresolved"
"""Written where a saved configuration could not be loaded, so that its rules are not known."""


def load_rules(path: str | Path) -> list[Rule]:
    """Reads rules from a YAML or JSON file: a list of `{type, description}`, or that list under `rules`.

    Raises:
        InvalidRulesError: the file cannot be read, names a key twice, or a rule breaks a limit; the message names the
            file.
    """
    written = written_rules(path)
    try:
        return list(configuration_of(written).rules)
    except InvalidRulesError as error:
        raise InvalidRulesError(f"{Path(path)}: {error.message}") from error


def written_rules(path: str | Path) -> list[Any]:
    """Reads the list of rules in a file as it is written, whatever limits the rules break.

    Raises:
        InvalidRulesError: the file cannot be read, names a key twice, or holds no list; the message names the file.
    """
    where = Path(path)
    text = _text_of(where)
    try:
        return _listed(parsed(text, named_json=where.suffix.lower() == ".json"))
    except InvalidRulesError as error:
        raise InvalidRulesError(f"{where}: {error.message}") from error


def configuration_of(
    rules: Iterable[Rule | Mapping[str, Any]], parsing: ParsingConfiguration | Mapping[str, Any] | None = None
) -> ClassifyConfiguration:
    """Makes a configuration of rules.

    Raises:
        InvalidRulesError: a rule breaks a limit of the service; the message names the rule and the limit.
        InvalidOptionError: `parsing` does.
    """
    # A pydantic model is iterable too: over its fields.
    if isinstance(rules, (str, bytes, Mapping, BaseModel)) or not isinstance(rules, Iterable):
        raise InvalidRulesError(
            f"the rules are not a list but of type {type(rules).__name__}; give [Rule(type=..., description=...), ...]"
            ", or load_rules(path) of a file"
        )
    checked = tuple(_checked_rule(index, rule) for index, rule in enumerate(rules, start=1))
    checked_parsing = _checked_parsing(parsing)
    try:
        return ClassifyConfiguration(rules=checked, parsing_configuration=checked_parsing)
    except ValidationError as error:
        raise InvalidRulesError("; ".join(told(error))) from None


def canonical(configuration: ClassifyConfiguration) -> dict[str, Any]:
    """Returns the one form, as plain data, that configurations of equal meaning share.

    Options that are not given equal their defaults. The order of the rules is taken as irrelevant: the service
    documents none, and a type stands in one rule only; so a backend that reads the rules in order may answer
    differently for another order, yet its answers count as the same work.
    """
    # By the names of the base class: what a saved configuration adds says nothing about a label.
    plain = configuration.model_dump(mode="json", include=set(ClassifyConfiguration.model_fields))
    plain["rules"] = sorted(plain["rules"], key=lambda rule: str(rule["type"]))
    plain["parsing_configuration"] = plain["parsing_configuration"] or ParsingConfiguration().model_dump(mode="json")
    return plain


def rules_id_of(configuration: ClassifyConfiguration, min_confidence: float | None, backend: str) -> str:
    """Short hash of all that decides a label besides the document; `canonical` says which configurations are equal."""
    minimum = None if min_confidence is None else float(min_confidence)  # 1 and 1.0 are different in JSON
    decisive = canonical(configuration) | {"min_confidence": minimum, "backend": backend}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:RULES_ID_LENGTH]


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
            near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.5) or known[:5]
            raise InvalidOptionError(f"{argument}: no rule produces {name!r}; near are {', '.join(map(repr, near))}")


def _listed(loaded: Any) -> list[Any]:
    rules = loaded.get("rules") if isinstance(loaded, dict) else loaded
    if not isinstance(rules, list):
        raise InvalidRulesError('holds no rules; write a list of {type, description}, or that list under "rules"')
    return rules


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidRulesError(f"{path}: cannot read the rules: {error.strerror or type(error).__name__}") from error
    except UnicodeDecodeError as error:
        raise InvalidRulesError(f"{path}: cannot read the rules: it is not UTF-8 text") from error
    except ValueError as error:  # a path with a NUL character
        raise InvalidRulesError(f"{str(path)!r}: cannot read the rules: it is not a path") from error


def _checked_rule(index: int, rule: Rule | Mapping[str, Any]) -> Rule:
    if isinstance(rule, Rule):
        return rule
    if not isinstance(rule, Mapping):
        raise InvalidRulesError(
            f"rule {index} is of type {type(rule).__name__}; give Rule(type=..., description=...) or a dict of the two"
        )
    try:
        return Rule.model_validate(rule)
    except ValidationError as error:
        name = rule.get("type")
        named = f" ({name[:MAX_TYPE_LENGTH]!r})" if isinstance(name, str) and name else ""
        raise InvalidRulesError(f"rule {index}{named}: {'; '.join(told(error))}") from None


def _checked_parsing(parsing: ParsingConfiguration | Mapping[str, Any] | None) -> ParsingConfiguration | None:
    try:
        return None if parsing is None else ParsingConfiguration.model_validate(parsing)
    except ValidationError as error:
        raise InvalidOptionError(f"parsing: {'; '.join(told(error))}") from None
