"""Documents whose type somebody said, checked before any of them is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from classify_core.errors import InvalidOptionError
from classify_core.metadata import UNCATEGORIZED
from classify_core.models import ClassifyConfiguration
from classify_core.rules import refuse_unknown_types
from classify_core.source import Source, SourceLike, sources_of

Labelled: TypeAlias = tuple[SourceLike, str | None]
"""A document and its type; None where it is of no type."""

Examples: TypeAlias = tuple[tuple[Source, str | None], ...]

ExamplesLike: TypeAlias = Mapping[str, Iterable[SourceLike]]
"""Documents by their type."""


def examples_of(examples: ExamplesLike | None, configuration: ClassifyConfiguration | None) -> Examples:
    """The examples of a `Classifier`'s `examples=`; none is read yet.

    Raises:
        InvalidOptionError: they are no mapping of types to documents, or a type is in no rule.
    """
    if examples is None:
        return ()
    if not isinstance(examples, Mapping):
        raise InvalidOptionError(f"examples is a {type(examples).__name__}; give a dict such as " + "{type: [sources]}")
    check_types("examples", examples, configuration)
    pairs = ((source, name) for name, sources in examples.items() for source in _listed(name, sources))
    return tuple((Source.of(source), _type_of(name, configuration)) for source, name in pairs)


def by_type(examples: Examples) -> dict[str, list[Source]]:
    """Examples as `Classifier(examples=)` takes them."""
    found: dict[str, list[Source]] = {}
    for source, name in examples:
        found.setdefault(UNCATEGORIZED if name is None else name, []).append(source)
    return found


def labelled_of(labelled: Iterable[Labelled]) -> list[Labelled]:
    """The pairs that an iterable yields, as they are.

    Raises:
        InvalidOptionError: it is none, or a mapping.
    """
    if isinstance(labelled, (str, bytes, Mapping)) or not isinstance(labelled, Iterable):
        raise InvalidOptionError(f"labelled is a {type(labelled).__name__}; give [(source, type), ...]")
    return list(labelled)


def checked_labelled(labelled: Iterable[Labelled], configuration: ClassifyConfiguration) -> Examples:
    """Pairs of a document and its type.

    Raises:
        InvalidOptionError: they are no such pairs, or a type is in no rule; no document was read.
    """
    pairs = [_pair(number, each) for number, each in enumerate(labelled, start=1)]
    check_types("labelled", [name for _, name in pairs], configuration)
    return tuple((source, _type_of(name, configuration)) for source, name in pairs)


def check_types(argument: str, names: Iterable[str | None], configuration: ClassifyConfiguration | None) -> None:
    """Raises InvalidOptionError where a type is in no rule; those of rules that are not loaded yet are not known."""
    rules = None if configuration is None else configuration.rules
    refuse_unknown_types(argument, [name for name in names if name is not None], rules, UNCATEGORIZED)


def _pair(number: int, labelled: object) -> tuple[Source, str | None]:
    if not isinstance(labelled, Sequence) or isinstance(labelled, (str, bytes)) or len(labelled) != 2:  # noqa: PLR2004 - a pair
        raise InvalidOptionError(f"number {number} is no pair of a document and its type: give [(source, type), ...]")
    source, name = labelled
    if name is not None and not isinstance(name, str):
        raise InvalidOptionError(f"number {number}: the type is a {type(name).__name__}; give a rule's type or None")
    return Source.of(source), name


def _type_of(name: str | None, configuration: ClassifyConfiguration | None) -> str | None:
    """A type by the name that labels have for it: documents without one are labelled too."""
    types = () if configuration is None else [rule.type for rule in configuration.rules]
    return None if name == UNCATEGORIZED and name not in types else name


def _listed(name: str, sources: Iterable[SourceLike]) -> Iterable[SourceLike]:
    if not isinstance(sources, Iterable):
        raise InvalidOptionError(f"examples of {name!r} are a {type(sources).__name__}; give a list of sources")
    try:
        return list(sources_of(sources))
    except InvalidOptionError as error:
        raise InvalidOptionError(f"examples of {name!r}: {error.message}") from None
