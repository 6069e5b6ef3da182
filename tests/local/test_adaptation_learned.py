"""What is kept of documents that teach: little, and the same whatever their order."""

from __future__ import annotations

import json
import random
import sys

import pytest

from classify_core import Classifier, InvalidOptionError, ParsedDocument
from classify_core.local.adaptation import Learned, Lesson, batch, learned, nothing_learned, plain, restored, traits_of
from classify_core.local.adaptation.traits import SIGN_ORDER, Traits, TraitStore
from tests.local.adaptation_documents import RULES, TYPES, hinting, mixed

TEXTS = [text for text, _ in mixed(9)]


def _lesson(key: str, type_name: str | None, *, is_label: bool = True) -> Lesson:
    traits = Traits({"frost": 2, key: 1}, (0.5,) + (0.0,) * (len(SIGN_ORDER) - 1))
    return Lesson(key, traits, type_name, is_label=is_label, weight=1.0)


def _learned(*lessons: Lesson) -> Learned:
    return nothing_learned(TYPES).with_lessons(lessons)


def test_a_document_of_a_thousand_words_takes_a_few_kilobytes() -> None:
    lot, documents = random.Random(1), 200
    vocabulary = ["".join(lot.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(3_000)]
    store = TraitStore()
    for _ in range(documents):
        store.add(traits_of(ParsedDocument(text=" ".join(lot.choices(vocabulary, k=1_000)))))
    packed = sum(sys.getsizeof(each) for arrays in store._packed for each in arrays)
    terms = sys.getsizeof(store._numbers) + sys.getsizeof(store._terms) + sum(map(sys.getsizeof, store._terms))
    assert packed / documents < 16_000
    assert terms < 3_000_000  # once, however many documents


def test_what_is_packed_is_what_was_added() -> None:
    store = TraitStore()
    given = [traits_of(ParsedDocument(text=text)) for text in TEXTS[:5]]
    for traits in given:
        store.add(traits)
    for position, traits in enumerate(given):
        assert dict(store[position].terms) == dict(traits.terms)
        assert store[position].layout == pytest.approx(traits.layout, rel=1e-6)


def test_of_too_many_documents_a_part_teaches_and_all_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_LESSONS", 30)
    monkeypatch.setattr(batch, "_JUDGED_AT_ONCE", 4)
    texts = [*TEXTS, *(hinting(kind, 0) for kind in TYPES[:1])]
    first = Classifier(RULES, backend="local", cache=False).classify_many(texts)
    again = Classifier(RULES, backend="local", cache=False).classify_many(texts[::-1])[::-1]
    assert {one.backend for one in first} == {"local/lexical+batch"}
    assert first[-1].type == TYPES[0]
    assert [(one.type, one.confidence) for one in first] == [(one.type, one.confidence) for one in again]


def test_guesses_are_kept_up_to_a_bound_and_given_types_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "MOST_LESSONS", 3)
    guesses = [_lesson(f"guess {number}", TYPES[0], is_label=False) for number in range(9)]
    labels = [_lesson(f"label {number}", TYPES[1]) for number in range(9)]
    kept = _learned(*labels).with_lessons(guesses[::-1]).lessons
    assert [lesson.key for lesson in kept] == ["guess 0", "guess 1", "guess 2", *(each.key for each in labels)]


def test_a_guess_never_replaces_what_somebody_said() -> None:
    said = _learned(_lesson("a", TYPES[0]))
    assert said.with_lessons([_lesson("a", TYPES[1], is_label=False)]).labels == {"a": TYPES[0]}
    assert said.with_lessons([_lesson("a", None)]).labels == {"a": None}


def test_plain_data_hold_all_that_was_learned() -> None:
    given = _learned(_lesson("a", TYPES[0]), _lesson("b", None), _lesson("c", TYPES[1], is_label=False))
    assert restored(json.loads(json.dumps(plain(given))), TYPES) == given


def test_rules_in_another_order_take_over_the_influence_of_each_type() -> None:
    given = Learned(tuple(TYPES), (), (1.0, 2.0, 3.0, 4.0, 0.5), 0.9)
    other = restored(plain(given), TYPES[::-1])
    assert [other.types, other.influence] == [tuple(TYPES[::-1]), (4.0, 3.0, 2.0, 1.0, 0.5)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.pop("lessons"),
        lambda data: data.pop("version"),
        lambda data: data.update(version="1"),
        lambda data: data.update(types="a"),
        lambda data: data["influence"].pop(),
        lambda data: data.update(influence=[float("nan")] * 5),
        lambda data: data.update(agreement=float("inf")),
        lambda data: data["lessons"][0].update(type="sonnet"),
        lambda data: data["lessons"][0].update(weight=float("inf")),
        lambda data: data["lessons"][0].update(weight=0.0),
        lambda data: data["lessons"][0].update(weight=float("nan")),
        lambda data: data["lessons"][0].update(terms=[-1, 0]),
        lambda data: data["lessons"][0].update(terms=[0, 99]),
        lambda data: data["lessons"][0].update(counts=[0, 1]),
        lambda data: data["lessons"][0].update(counts=[1]),
        lambda data: data["lessons"][0].update(layout={SIGN_ORDER[0]: float("nan")}),
        lambda data: data["lessons"][0].update(more=1),
    ],
)
def test_damaged_data_are_refused_before_anything_is_taken_up(damage: object) -> None:
    data = plain(_learned(_lesson("a", TYPES[0])))
    restored(data, TYPES)
    damage(data)
    with pytest.raises(InvalidOptionError, match="damaged"):
        restored(data, TYPES)


def test_data_of_a_newer_version_are_refused_whatever_they_look_like() -> None:
    with pytest.raises(InvalidOptionError, match="version 2, and this release reads 1"):
        restored({"version": 2, "pages": []}, TYPES)


def test_data_for_other_types_name_the_difference() -> None:
    data = plain(_learned(_lesson("a", TYPES[0])))
    with pytest.raises(InvalidOptionError, match=r"lack \['choir_rehearsal'\], and it knows nothing of \['sonnet'\]"):
        restored(data, ["sonnet", *TYPES[1:]])
