"""Broken limits of the service, all of them: `Rule` and `ClassifyConfiguration` refuse at the first rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from classify_core.models import (
    MAX_DESCRIPTION_LENGTH,
    MAX_TYPE_LENGTH,
    MIN_DESCRIPTION_LENGTH,
    ClassifyConfiguration,
    Rule,
)
from classify_core.rule_findings.finding import Finding, Severity, about
from classify_core.validation import told

_REMEDIES: Final[Mapping[str, str]] = {
    "type": f"write a type of 1 to {MAX_TYPE_LENGTH} letters, digits, spaces, hyphens and underscores",
    "description": (
        f"write {MIN_DESCRIPTION_LENGTH} to {MAX_DESCRIPTION_LENGTH} characters that say what such a document contains"
    ),
}
_NO_TEXT: Final = "write it as text; YAML reads words such as yes, null and 1040 otherwise unless they are in quotes"
_NO_FIELD: Final = "remove it or mend its spelling: a rule has a type and a description"


def broken_limits(written: Sequence[Any]) -> list[Finding]:
    """One finding for each limit that is broken; equal types are found by `equal_types`."""
    if not written:
        return [_no_rules()]
    return [finding for number, rule in enumerate(written, start=1) for finding in _of_rule(number, rule)]


def _of_rule(number: int, rule: Any) -> list[Finding]:
    if not isinstance(rule, Mapping):
        message = f"rule {number} is of type {type(rule).__name__}, not a mapping"
        return [_broken(number, rule, message, "write it as {type: ..., description: ...}")]
    try:
        Rule.model_validate(dict(rule))
    except ValidationError as error:
        kinds = error.errors(include_url=False, include_context=False, include_input=False)
        return [
            _broken(number, rule, sentence, _remedy(str(kind["loc"][0]), kind["type"]))
            for sentence, kind in zip(told(error), kinds, strict=True)
        ]
    return []


def _remedy(field: str, kind: str) -> str:
    if kind == "string_type":
        return _NO_TEXT
    return _REMEDIES.get(field, _NO_FIELD)


def _broken(number: int, rule: Any, message: str, remedy: str) -> Finding:
    name = rule.get("type") if isinstance(rule, Mapping) else None
    is_name = isinstance(name, str) and bool(name.strip())
    named = str(name)[:MAX_TYPE_LENGTH] if is_name else f"rule {number}"
    return Finding(
        severity=Severity.ERROR, code="limit", numbers=(number,), rules=(named,), message=message, remedy=remedy
    )


def _no_rules() -> Finding:
    try:
        ClassifyConfiguration(rules=())
    except ValidationError as error:
        message = "; ".join(told(error))
    return about([], Severity.ERROR, "limit", message=message, remedy="write a list of {type, description}")
