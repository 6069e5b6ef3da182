"""What a query may ask of labels: which types and how sure, checked; and the same told to a language model.

Adapters translate both to their framework's own filters, so that both frameworks come to the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from classify_core.checks import checked_fraction
from classify_core.errors import InvalidOptionError
from classify_core.metadata import schema_of, shortened
from classify_core.models import Rule
from classify_core.rules import configuration_of, refuse_unknown_types

RulesLike: TypeAlias = Iterable[Rule | Mapping[str, Any]]

MEANINGS_LENGTH: Final = 4000
"""Characters of rules' descriptions told to a model in all, shared equally: a prompt holds them with each question."""
_LEAST_MEANING: Final = 20


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """The labels that a query asks for. Both conditions hold; a document without a type meets neither.

    Attributes:
        type_key: the metadata key of the type.
        types: any of them, in alphabetical order; at least one.
        confidence_key: the metadata key of the confidence.
        min_confidence: at least this, 0.0 to 1.0; None asks for none.
    """

    type_key: str
    types: tuple[str, ...]
    confidence_key: str
    min_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class LabelAttribute:
    """A metadata key that a language model may filter on, in words.

    Attributes:
        key: its full name.
        value_type: what its values are.
        description: what they mean, for the model.
    """

    key: str
    value_type: type[str | float]
    description: str


def label_filter(
    types: str | Iterable[str], *, rules: RulesLike | None, min_confidence: float | None, prefix: str
) -> LabelFilter:
    """Checks what a query asks for.

    Args:
        types: one or several; `"uncategorized"` is one.
        rules: those that the documents were labelled by; None checks no names.
        min_confidence: 0.0 to 1.0.
        prefix: of the metadata keys.

    Raises:
        InvalidOptionError: there is no type, one that no rule produces, or another argument cannot work.
        InvalidRulesError: the rules break a limit.
    """
    schema = schema_of(prefix)
    wanted = _named(types)
    if rules is not None:
        refuse_unknown_types("types", wanted, configuration_of(rules).rules, schema.no_match_label)
    # Always a float, as it is stored: some stores compare whole numbers with whole numbers only.
    least = None if min_confidence is None else float(checked_fraction("min_confidence", min_confidence))
    return LabelFilter(schema.key("type"), wanted, schema.key("confidence"), least)


def label_attributes(rules: RulesLike, *, prefix: str) -> tuple[LabelAttribute, LabelAttribute]:
    """Tells a language model of the type and the confidence, so that it can make filters of questions.

    All types are named, whatever their number; what they mean is shortened to `MEANINGS_LENGTH` characters in all.

    Raises:
        InvalidOptionError: a rule cannot be told from no match, or the prefix cannot work.
        InvalidRulesError: the rules break a limit.
    """
    schema, checked = schema_of(prefix), configuration_of(rules).rules
    schema.refuse_ambiguous(checked)
    every_type = f'{_meanings(checked)}; "{schema.no_match_label}" (none of them)'
    return (
        LabelAttribute(schema.key("type"), str, f"The type of the document, exactly one of: {every_type}."),
        LabelAttribute(
            schema.key("confidence"),
            float,
            "How sure the type is: a number from 0.0 to 1.0, never a string. "
            "Filter on it only where the question asks for documents whose type is sure or unsure.",
        ),
    )


def _named(types: str | Iterable[str]) -> tuple[str, ...]:
    named = [types] if isinstance(types, str) else types
    if isinstance(named, (bytes, Mapping)) or not isinstance(named, Iterable):
        raise InvalidOptionError(f"types is of type {type(types).__name__}; give a type's name or a list of names")
    # Stores' clients refuse subclasses of str, such as members of an enum.
    wanted = sorted({str.__str__(_checked_name(one)) for one in named})
    if not wanted:
        raise InvalidOptionError("types is empty; name at least one type, or do without the filter")
    return tuple(wanted)


def _checked_name(name: object) -> str:
    if isinstance(name, str) and name:
        return name
    found = "an empty name" if name == "" else f"something of type {type(name).__name__}"
    raise InvalidOptionError(f'types holds {found}; give names of types, such as "invoice"')


def _meanings(rules: Sequence[Rule]) -> str:
    share = MEANINGS_LENGTH // len(rules)
    return "; ".join(f'"{rule.type}"{_meaning(rule, share)}' for rule in rules)


def _meaning(rule: Rule, length: int) -> str:
    """What a type means; nothing where so little room is left that it would say nothing."""
    return f" ({shortened(rule.description, length)})" if length >= _LEAST_MEANING else ""
