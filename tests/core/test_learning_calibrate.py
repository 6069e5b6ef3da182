"""A classifier learns from labelled documents how often it is right, whatever its backend."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import pytest

from classify_core import Alternative, Answer, BatchError, Classifier, Rule, Status, TooFewLabelsError
from tests.backends import ScriptedBackend
from tests.local.adaptation_documents import RULES, TYPES, hinting, written

KINDS = [
    Rule(type="invoice", description="A bill with line items and a total."),
    Rule(type="recipe", description="A dish to cook with its ingredients."),
]
LABELLED = [(f"document {number}", "invoice" if number % 5 else "recipe") for number in range(60)]


class BoastingBackend(ScriptedBackend):
    """Says invoice of every document, surer than it is right; equal backends travel to other processes."""

    name = "boasting"

    def _answer(self, text: str, configuration: object) -> Answer:
        confidence = (90 + int(text.split()[1]) % 10) / 100
        others = (Alternative(type="invoice", confidence=confidence), Alternative(type="recipe", confidence=0.01))
        return Answer(type="invoice", confidence=confidence, reasoning="it always is", alternatives=others)


def _classifier(**options: object) -> Classifier:
    return Classifier(KINDS, **{"backend": BoastingBackend(), **options})


def test_confidence_comes_to_mean_the_share_that_is_right_and_the_raw_one_is_kept() -> None:
    classifier = _classifier()
    before = classifier.classify("document 95")
    assert [before.confidence, before.raw_confidence] == [0.95, None]
    report = classifier.calibrate(LABELLED)
    assert [report.documents, report.right] == [60, 48]
    after = classifier.classify("document 95")
    assert after.raw_confidence == 0.95
    assert after.confidence == pytest.approx(0.8, abs=0.08)
    assert report.after.log_loss < report.before.log_loss


def test_alternatives_follow_the_calibrated_confidence() -> None:
    classifier = _classifier()
    classifier.calibrate(LABELLED)
    outcome = classifier.classify("document 95")
    first, second = outcome.alternatives
    assert [first.type, first.confidence] == ["invoice", outcome.confidence]
    assert second.confidence > 0.01
    assert first.confidence + second.confidence <= 1.0


def test_the_least_confidence_applies_to_the_calibrated_one() -> None:
    classifier = _classifier(min_confidence=0.9)
    assert classifier.classify("document 95").type == "invoice"
    classifier.calibrate(LABELLED)
    outcome = classifier.classify("document 95")
    assert [outcome.type, outcome.status] == [None, Status.BELOW_THRESHOLD]


def test_what_is_withheld_teaches_how_sure_to_be_all_the_same() -> None:
    assert _classifier(min_confidence=0.99).calibrate(LABELLED).documents == 60


def test_too_few_documents_are_refused_before_any_is_paid_for() -> None:
    backend = BoastingBackend()
    with pytest.raises(TooFewLabelsError, match="there are 49 labelled documents, and it takes 50") as raised:
        _classifier(backend=backend).calibrate(LABELLED[:49])
    assert raised.value.documents == 49
    assert not backend.asked


def test_documents_that_are_all_right_teach_nothing_of_errors() -> None:
    classifier = _classifier()
    with pytest.raises(TooFewLabelsError, match="1 more that is classified wrong"):
        classifier.calibrate([(text, "invoice") for text, _ in LABELLED])
    assert classifier.classify("document 95").raw_confidence is None


def test_calibrating_again_begins_with_the_raw_confidences_and_asks_nothing_twice() -> None:
    backend = BoastingBackend()
    classifier = _classifier(backend=backend)
    first = classifier.calibrate(LABELLED)
    once = classifier.classify("document 95").confidence
    assert classifier.calibrate(LABELLED) == first
    assert classifier.classify("document 95").confidence == once
    assert set(backend.asked.values()) == {1}


def test_a_document_without_a_classification_leaves_all_as_it_was(tmp_path: Path) -> None:
    classifier = _classifier()
    with pytest.raises(BatchError):
        classifier.calibrate([*LABELLED, (tmp_path / "missing.txt", "invoice")])
    assert classifier.classify("document 95").raw_confidence is None


async def test_the_same_can_be_awaited() -> None:
    classifier = _classifier()
    assert await classifier.acalibrate(LABELLED) == _classifier().calibrate(LABELLED)
    assert (await classifier.aclassify("document 95")).raw_confidence == 0.95


def test_the_calibration_travels_to_another_process_and_into_a_file(tmp_path: Path) -> None:
    classifier = _classifier()
    classifier.calibrate(LABELLED)
    classifier.save(tmp_path / "calibration.gz")
    there, later = pickle.loads(pickle.dumps(classifier)), _classifier()
    later.load(tmp_path / "calibration.gz")
    wanted = classifier.classify("document 95").confidence
    assert [there.classify("document 95").confidence, later.classify("document 95").confidence] == [wanted, wanted]


def test_a_label_that_is_there_is_calibrated_when_it_is_asked_for() -> None:
    classifier = _classifier()
    classifier.classify("document 95")
    classifier.calibrate(LABELLED)
    assert classifier.classify("document 95").raw_confidence == 0.95


def _documents(numbers: Sequence[int]) -> list[tuple[str, str]]:
    return [(written(kind, number), kind) for number in numbers for kind in TYPES]


def test_documents_are_calibrated_as_they_are_classified() -> None:
    wrong = [(hinting(TYPES[1], number), TYPES[0]) for number in range(8)]
    labelled = [*_documents(range(12)), *wrong]
    alone = Classifier(RULES, backend="local").calibrate(labelled, adapt=False)
    together = Classifier(RULES, backend="local").calibrate(labelled)
    assert together.documents >= alone.documents
    assert together.before != alone.before
