"""Documents of one call teach each other what their types look like here."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from classify_core import Classification, Classifier, Status
from classify_core.local.adaptation import FEWEST_DOCUMENTS
from classify_core.progress import ProgressEvent
from tests.local.adaptation_documents import RULES, TYPES, clear, hinting, misleading, mixed, of_no_type, written

if TYPE_CHECKING:
    from classify_core.testing.server import ClassifyServer

ALONE, TOGETHER = {"local/lexical"}, {"local/lexical+batch"}
ROOT = Path(__file__).parents[2]
TEXTS = [text for text, _ in mixed(9)]

Decided = tuple[str | None, float | None, str | None]


def _classifier(**options: object) -> Classifier:
    return Classifier(RULES, **{"backend": "local", "cache": False, **options})


def _backends(outcomes: list[Classification]) -> set[str]:
    return {str(outcome.backend) for outcome in outcomes}


def _decided(outcomes: list[Classification]) -> list[Decided]:
    return [(outcome.type, outcome.confidence, outcome.reasoning) for outcome in outcomes]


def _right(outcomes: list[Classification], kinds: list[str | None]) -> float:
    return sum(one.type == kind for one, kind in zip(outcomes, kinds, strict=True)) / len(kinds)


def test_a_few_dozen_distinct_documents_teach_each_other_and_fewer_do_not() -> None:
    assert FEWEST_DOCUMENTS == 24
    enough = [text for text, _ in mixed(6)]
    assert len(enough) == FEWEST_DOCUMENTS
    assert _backends(_classifier().classify_many(enough)) == TOGETHER
    assert _backends(_classifier().classify_many(enough[1:])) == ALONE


def test_it_is_distinct_documents_that_count() -> None:
    twice = [text for text, _ in mixed(3)] * 4
    assert len(twice) > FEWEST_DOCUMENTS
    assert _backends(_classifier().classify_many(twice)) == ALONE


def test_a_document_that_is_there_twice_has_no_more_say_than_once() -> None:
    once = _classifier().classify_many(TEXTS)
    doubled = _classifier().classify_many([*TEXTS, *TEXTS[:12], TEXTS[0]])
    assert _decided(doubled) == _decided([*once, *once[:12], once[0]])


@pytest.mark.parametrize(("of_classifier", "of_call"), [("auto", False), (True, False), (False, None)])
def test_who_does_not_want_it_has_each_document_answered_by_itself(of_classifier: object, of_call: object) -> None:
    classifier = _classifier(adapt=of_classifier)
    together = classifier.classify_many(TEXTS, adapt=of_call)
    assert _backends(together) == ALONE
    assert _decided(together) == _decided([classifier.classify(text) for text in TEXTS])


def test_a_call_may_want_what_its_classifier_does_not() -> None:
    assert _backends(_classifier(adapt=False).classify_many(TEXTS, adapt=True)) == TOGETHER


def test_documents_that_come_singly_or_in_a_stream_never_teach_each_other() -> None:
    classifier = _classifier(adapt=True)
    streamed = dict(classifier.classify_as_completed(TEXTS))
    assert _backends(list(streamed.values())) == ALONE
    assert _backends([classifier.classify(text) for text in TEXTS]) == ALONE


async def test_the_same_holds_for_who_awaits() -> None:
    classifier = _classifier()
    assert _decided(await classifier.aclassify_many(TEXTS)) == _decided(_classifier().classify_many(TEXTS))
    streamed = {index: outcome async for index, outcome in classifier.aclassify_as_completed(TEXTS)}
    assert _backends([*streamed.values(), await classifier.aclassify(TEXTS[0])]) == ALONE


def test_the_server_answers_each_document_by_itself(classify_server: ClassifyServer) -> None:
    classifier = Classifier(RULES, backend="hosted", api_key=classify_server.api_key, base_url=classify_server.base_url)
    with classifier:
        served = classifier.classify_many(TEXTS)
    alone = _classifier().classify_many(TEXTS, adapt=False)
    assert [(one.type, one.confidence) for one in served] == [(one.type, one.confidence) for one in alone]


def test_what_documents_say_depends_neither_on_their_order_nor_on_the_call() -> None:
    first = dict(zip(TEXTS, _decided(_classifier().classify_many(TEXTS)), strict=True))
    for seed in range(2):
        shuffled = random.Random(seed).sample(TEXTS, len(TEXTS))
        again = _classifier(max_concurrency=1 + seed).classify_many(shuffled)
        assert dict(zip(shuffled, _decided(again), strict=True)) == first


def test_two_processes_say_the_same_to_the_last_digit() -> None:
    program = (
        "import json; from tests.local.test_adaptation import _classifier, _decided, TEXTS; "
        "print(json.dumps(_decided(_classifier().classify_many(TEXTS))))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert said[0] == said[1]
    assert len(json.loads(said[0])) == len(TEXTS)


def test_documents_that_hardly_say_what_they_are_are_known_by_the_others() -> None:
    clear_ones = [clear(kind, number) for number in range(10) for kind in TYPES]
    unclear = {
        hinting("choir_rehearsal", 0): "choir_rehearsal",
        hinting("violin_repair", 0): "violin_repair",
        misleading("ski_report", 0): "ski_report",
    }
    alone = [_classifier().classify(text).type for text in unclear]
    together = _classifier().classify_many([*clear_ones, *unclear])
    assert alone == [None, None, "greenhouse_log"]
    assert [one.type for one in together[len(clear_ones) :]] == list(unclear.values())
    assert _right(together[: len(clear_ones)], [*TYPES] * 10) == 1.0


def test_an_answer_that_others_had_a_part_in_says_so_and_quotes_what_the_document_has() -> None:
    clear_ones = [clear(kind, number) for number in range(10) for kind in TYPES]
    reason = _classifier().classify_many([*clear_ones, hinting("choir_rehearsal", 0)])[-1].reasoning
    assert reason == 'it is most like the documents that are surely "choir_rehearsal"; in itself it has "choir"'


def _type_absent(lot: random.Random) -> list[tuple[str, str | None]]:
    absent = lot.choice(TYPES)
    return lot.sample([(text, kind) for text, kind in mixed(16) if kind != absent], 44)


def _one_type(lot: random.Random) -> list[tuple[str, str | None]]:
    most, other = lot.sample(TYPES, 2)
    own = [(written(most, number), most) for number in lot.sample(range(90), 42)]
    return [*own, *((written(other, number), other) for number in range(2))]


def _many_of_no_type(lot: random.Random) -> list[tuple[str, str | None]]:
    return [*lot.sample(mixed(12), 30), *((of_no_type(number), None) for number in range(20))]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("drawn", [_type_absent, _one_type, _many_of_no_type])
def test_one_sided_batches_are_not_answered_worse_than_one_by_one(drawn: object, seed: int) -> None:
    texts, kinds = zip(*drawn(random.Random(seed)), strict=True)
    alone = _classifier().classify_many(texts, adapt=False)
    together = _classifier().classify_many(texts)
    assert _right(together, list(kinds)) >= _right(alone, list(kinds)) - 0.02


def test_a_label_that_was_given_is_not_revised_by_those_that_come_later() -> None:
    classifier, unclear = _classifier(cache=True), hinting("choir_rehearsal", 0)
    before = classifier.classify(unclear)
    assert before.type is None
    later = classifier.classify_many([*TEXTS, unclear])
    assert _decided(later[-1:]) == _decided([before])
    assert later[-1].backend == "local/lexical"
    assert _backends(later[:-1]) == TOGETHER


def test_who_asks_for_it_has_it_revised() -> None:
    classifier, unclear = _classifier(cache=True), hinting("choir_rehearsal", 0)
    classifier.classify(unclear)
    assert classifier.classify_many([*TEXTS, unclear], refresh=True)[-1].type == "choir_rehearsal"
    assert classifier.classify(unclear).type == "choir_rehearsal"


def test_what_the_batch_said_is_kept_in_a_file(tmp_path: Path) -> None:
    with _classifier(cache=tmp_path / "answers.db") as first:
        said = first.classify_many(TEXTS)
    with _classifier(cache=tmp_path / "answers.db") as second:
        kept = [second.classify(text) for text in TEXTS]
        assert second.usage.cached == len(TEXTS)
    assert _decided(kept) == _decided(said)
    assert _backends(kept) == TOGETHER


def test_min_confidence_applies_to_what_the_batch_says() -> None:
    least, texts = 0.8, [*TEXTS, hinting("choir_rehearsal", 0)]
    together = _classifier().classify_many(texts)
    strict = _classifier(min_confidence=least).classify_many(texts)
    assert [one.type for one in strict] == [one.type if one.confidence >= least else None for one in together]
    assert {one.status for one in strict} == {Status.COMPLETED, Status.BELOW_THRESHOLD}


def test_usage_counts_each_document_once() -> None:
    classifier = _classifier()
    classifier.classify_many([*TEXTS, TEXTS[0]])
    assert [classifier.usage.documents, classifier.usage.cached] == [len(TEXTS) + 1, 1]


def test_progress_ends_with_each_document_done_once() -> None:
    told: list[ProgressEvent] = []
    _classifier().classify_many(TEXTS, on_progress=told.append)
    assert sorted(event.index for event in told if event.stage.is_last) == list(range(len(TEXTS)))
