"""What was learned, as plain data and back; terms are written once, however many documents have them.

The data hold words of the documents, each with its number of occurrences, but no text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError

from classify_core.errors import InvalidOptionError
from classify_core.local.adaptation.learned import Learned, Lesson
from classify_core.local.adaptation.traits import SIGN_ORDER, Traits

_VERSION: Final = 1


class _PlainLesson(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    key: str
    type: str | None
    is_label: bool
    weight: float = Field(gt=0.0)
    terms: list[NonNegativeInt]
    counts: list[PositiveInt]
    layout: dict[str, float]


class _PlainLearned(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    version: int = Field(strict=True, ge=_VERSION, le=_VERSION)
    types: list[str]
    influence: list[float]
    agreement: float | None
    terms: list[str]
    lessons: list[_PlainLesson]


def plain(learned: Learned) -> dict[str, Any]:
    """What was learned, as data that JSON can hold."""
    terms = sorted({term for lesson in learned.lessons for term in lesson.traits.terms})
    numbers = {term: number for number, term in enumerate(terms)}
    return {
        "version": _VERSION,
        "types": list(learned.types),
        "influence": list(learned.influence),
        "agreement": learned.agreement,
        "terms": terms,
        "lessons": [_plain_lesson(lesson, numbers) for lesson in learned.lessons],
    }


def _plain_lesson(lesson: Lesson, numbers: Mapping[str, int]) -> dict[str, Any]:
    return {
        "key": lesson.key,
        "type": lesson.type,
        "is_label": lesson.is_label,
        "weight": lesson.weight,
        "terms": [numbers[term] for term in lesson.traits.terms],
        "counts": list(lesson.traits.terms.values()),
        "layout": {sign: value for sign, value in zip(SIGN_ORDER, lesson.traits.layout, strict=True) if value},
    }


def restored(data: Mapping[str, Any], types: Sequence[str]) -> Learned:
    """What was learned, of such data.

    Args:
        data: what `plain` returned.
        types: the types of the rules that it is to be used with.

    Raises:
        InvalidOptionError: the data are damaged, of a newer version, or were learned for other types.
    """
    version = data.get("version")
    if isinstance(version, int) and version > _VERSION:  # a later one may look quite different
        raise InvalidOptionError(
            f"it is of version {version}, and this release reads {_VERSION}; upgrade, or learn again"
        )
    try:
        return _learned(_PlainLearned.model_validate(data), types)
    except (ValidationError, IndexError, KeyError, ValueError) as error:
        if isinstance(error, InvalidOptionError):
            raise
        raise InvalidOptionError("what was learned is damaged; learn again, and save it again") from None


def _learned(read: _PlainLearned, types: Sequence[str]) -> Learned:
    _refuse_other_types(read.types, types)
    learned = Learned(
        tuple(types),
        tuple(_lesson(lesson, read.terms) for lesson in read.lessons),
        _in_order(read, types),
        read.agreement,
    )
    for lesson in learned.lessons:
        learned.class_of(lesson.type)  # there is such a type
    return learned


def _lesson(lesson: _PlainLesson, terms: Sequence[str]) -> Lesson:
    counted = {terms[number]: count for number, count in zip(lesson.terms, lesson.counts, strict=True)}
    traits = Traits(counted, tuple(lesson.layout.get(sign, 0.0) for sign in SIGN_ORDER))
    return Lesson(lesson.key, traits, lesson.type, lesson.is_label, lesson.weight)


def _refuse_other_types(learned: Sequence[str], types: Sequence[str]) -> None:
    if sorted(learned) == sorted(types):
        return
    missing, unknown = sorted(set(learned) - set(types)), sorted(set(types) - set(learned))
    raise InvalidOptionError(
        f"it was learned for other types: these rules lack {missing or 'none of them'}, and it knows nothing of "
        f"{unknown or 'no other'}"
    )


def _in_order(read: _PlainLearned, types: Sequence[str]) -> tuple[float, ...]:
    """The influence of each type in the order of the rules, and last that of none."""
    by_type = dict(zip([*read.types, None], read.influence, strict=True))
    return tuple(by_type[each] for each in [*types, None])
