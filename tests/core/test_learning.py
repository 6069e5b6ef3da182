"""A classifier learns from documents, examples and corrections, and uses it from then on."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from classify_core import BatchError, Classification, Classifier, InvalidOptionError, Source
from classify_core.local.backend import LocalBackend
from tests.backends import ScriptedBackend
from tests.local.adaptation_documents import RULES, TYPES, clear, hinting, mixed, of_no_type

CHOIR, GREENHOUSE, SKI, VIOLIN = TYPES
TEXTS = [text for text, _ in mixed(9)]
UNCLEAR = hinting(CHOIR, 0)
ODD = "Zyx quorb flimmer blicket, the wobbly zaxon of gronkle sits by the merv."
LIKE_IT = ODD.replace("zaxon", "daxon")


def _classifier(**options: object) -> Classifier:
    return Classifier(RULES, **{"backend": "local", "cache": False, **options})


def _seen(outcome: Classification) -> list[str | None]:
    return [outcome.type, outcome.backend]


def test_what_documents_taught_is_used_for_each_that_comes_later() -> None:
    classifier = _classifier()
    assert _seen(classifier.classify(UNCLEAR)) == [None, "local/lexical"]
    lessons = classifier.adapt(TEXTS)
    assert lessons.documents > 20
    assert lessons.labelled == 0
    assert lessons.agreement > 0.8
    assert _seen(classifier.classify(UNCLEAR)) == [CHOIR, "local/lexical+batch"]


async def test_documents_to_learn_from_may_come_asynchronously() -> None:
    async def feed() -> AsyncIterator[str]:
        for text in TEXTS:
            yield text

    classifier = _classifier()
    assert await classifier.aadapt(feed()) == _classifier().adapt(TEXTS[::-1])
    assert (await classifier.aclassify(UNCLEAR)).type == CHOIR


def test_learning_from_documents_labels_none_of_them() -> None:
    classifier = _classifier(cache=True)
    classifier.adapt(TEXTS)
    assert classifier.usage.cached == 0
    classifier.classify(TEXTS[0])
    assert classifier.usage.cached == 0


def test_documents_that_cannot_be_read_teach_nothing_at_all(tmp_path: Path) -> None:
    classifier, sources = _classifier(), [*TEXTS, tmp_path / "missing.txt"]
    with pytest.raises(BatchError, match=r"1 of 37 documents"):
        classifier.adapt(sources)
    assert _seen(classifier.classify(UNCLEAR)) == [None, "local/lexical"]
    classifier.adapt(sources, on_error="record")
    assert _seen(classifier.classify(UNCLEAR)) == [CHOIR, "local/lexical+batch"]


def test_a_correction_counts_for_the_document_and_for_those_like_it() -> None:
    classifier = _classifier(cache=True)
    assert classifier.classify(ODD).type is None
    lessons = classifier.learn([(ODD, VIOLIN)])
    assert [lessons.documents, lessons.labelled] == [1, 1]
    corrected, like_it = classifier.classify(ODD), classifier.classify(LIKE_IT)
    assert [corrected.type, corrected.confidence, like_it.type] == [VIOLIN, 1.0, VIOLIN]
    assert corrected.reasoning == 'it was given as an example of "violin_repair"'
    assert classifier.classify(clear(SKI, 1)).type == SKI


def test_a_correction_counts_among_documents_that_teach_each_other_too() -> None:
    classifier = _classifier()
    classifier.learn([(ODD, VIOLIN)])
    *_, corrected, like_it = classifier.classify_many([*TEXTS, ODD, LIKE_IT])
    assert [_seen(corrected), _seen(like_it)] == [[VIOLIN, "local/lexical+batch"]] * 2
    assert corrected == classifier.classify(ODD)


def test_a_correction_is_kept_where_the_label_was_kept(tmp_path: Path) -> None:
    with _classifier(cache=tmp_path / "answers.db") as first:
        first.classify(ODD)
        first.learn([(ODD, VIOLIN)])
    with _classifier(cache=tmp_path / "answers.db") as second:
        assert second.classify(ODD).type == VIOLIN


@pytest.mark.parametrize("none", [None, "uncategorized"])
def test_a_document_may_be_given_as_one_of_no_type(none: str | None) -> None:
    classifier, wrong = _classifier(), clear(SKI, 1)
    classifier.learn([(wrong, none)])
    outcome = classifier.classify(wrong)
    assert [outcome.type, outcome.reasoning] == [None, "it was given as a document of no type"]


def test_the_last_word_on_a_document_counts() -> None:
    classifier = _classifier(cache=True)
    classifier.learn([(ODD, VIOLIN), (ODD, CHOIR)])
    assert classifier.classify(ODD).type == CHOIR
    assert classifier.learn([(ODD, SKI)]).labelled == 1
    assert [classifier.classify(ODD).type, classifier.classify(LIKE_IT).type] == [SKI, SKI]


async def test_corrections_that_come_at_once_are_all_learned() -> None:
    classifier = _classifier()
    documents = [f"{ODD} {'merv ' * number}" for number in range(8)]
    await asyncio.gather(*(classifier.alearn([(document, VIOLIN)]) for document in documents))
    assert classifier.learn([(LIKE_IT, VIOLIN)]).labelled == len(documents) + 1


def test_what_is_known_by_documents_and_by_examples_adds_up() -> None:
    classifier = _classifier()
    classifier.learn([(ODD, VIOLIN)])
    classifier.adapt(TEXTS)
    assert [classifier.classify(each).type for each in (ODD, UNCLEAR)] == [VIOLIN, CHOIR]


def test_no_document_to_learn_is_no_error() -> None:
    assert _classifier().learn([]).documents == 0
    assert _classifier().adapt([]).documents == 0


def test_an_unknown_type_is_refused_with_its_neighbours_before_anything_is_read(tmp_path: Path) -> None:
    missing = tmp_path / "missing.txt"
    with pytest.raises(InvalidOptionError, match="no rule produces 'violin_repairs'; near are 'violin_repair'"):
        _classifier().learn([(missing, CHOIR), (missing, "violin_repairs")])
    with pytest.raises(InvalidOptionError, match="examples: no rule produces 'ski_reports'; near are 'ski_report'"):
        _classifier(examples={"ski_reports": [missing]})


@pytest.mark.parametrize("labelled", [5, None, "text", {"a": CHOIR}, [ODD], [(ODD,)], [(ODD, 5)], (ODD, CHOIR)])
def test_what_is_no_list_of_pairs_is_refused(labelled: object) -> None:
    with pytest.raises(InvalidOptionError, match=r"give \[\(source, type\), ...\]|give a rule's type or None"):
        _classifier().learn(labelled)


def test_an_unreadable_correction_teaches_nothing_of_the_others(tmp_path: Path) -> None:
    classifier = _classifier(cache=True)
    with pytest.raises(BatchError):
        classifier.learn([(ODD, VIOLIN), (tmp_path / "missing.txt", VIOLIN)])
    assert _seen(classifier.classify(ODD)) == [None, "local/lexical"]


def test_one_example_of_each_type_is_enough_and_draws_no_strangers() -> None:
    classifier = _classifier(examples={kind: [hinting(kind, 0)] for kind in TYPES})
    assert [classifier.classify(hinting(kind, 20)).type for kind in TYPES] == TYPES
    assert {classifier.classify(of_no_type(number)).type for number in range(12)} == {None}


def test_examples_are_read_when_they_are_first_needed_and_then_never_again(tmp_path: Path) -> None:
    example = tmp_path / "example.txt"
    classifier = _classifier(examples={VIOLIN: [example]})
    example.write_text(ODD, encoding="utf-8")
    assert classifier.classify(LIKE_IT).type == VIOLIN
    example.unlink()
    assert [each.type for each in classifier.classify_many([LIKE_IT, ODD])] == [VIOLIN, VIOLIN]
    there = pickle.loads(pickle.dumps(classifier))
    assert there.classify(LIKE_IT).type == VIOLIN


def test_examples_that_were_not_needed_yet_travel_too() -> None:
    there = pickle.loads(pickle.dumps(_classifier(examples={VIOLIN: [ODD]})))
    assert there.classify(LIKE_IT).type == VIOLIN


def test_many_documents_at_once_have_the_examples_read_once(tmp_path: Path) -> None:
    backend, read = LocalBackend(), []
    learn = backend.learn

    async def counted(*args: object, **options: object) -> object:
        read.append(args)
        return await learn(*args, **options)

    backend.learn = counted
    _classifier(backend=backend, examples={VIOLIN: [ODD]}).classify_many(TEXTS)
    assert len(read) == 1


def test_an_example_that_cannot_be_read_is_an_error_of_every_document_until_it_can(tmp_path: Path) -> None:
    example = tmp_path / "example.txt"
    classifier = _classifier(examples={VIOLIN: [example]}, on_error="record")
    assert classifier.classify(LIKE_IT).error is not None
    example.write_text(ODD, encoding="utf-8")
    assert classifier.classify(LIKE_IT).type == VIOLIN


def test_examples_are_no_part_of_the_rules() -> None:
    with_examples, without = _classifier(examples={VIOLIN: [ODD]}), _classifier()
    assert with_examples.rules_id == without.rules_id
    assert with_examples.rules == without.rules
    assert ODD not in repr(with_examples)
    assert ODD not in repr(with_examples.configuration)


@pytest.mark.parametrize("examples", [5, [ODD], {VIOLIN: ODD}, {VIOLIN: 5}, {VIOLIN: [5]}])
def test_what_are_no_examples_is_refused(examples: object) -> None:
    with pytest.raises(InvalidOptionError):
        _classifier(examples=examples)


@pytest.mark.parametrize("backend", ["hosted", "scripted"])
def test_a_backend_that_learns_nothing_says_so(backend: str) -> None:
    options = {"backend": ScriptedBackend()} if backend == "scripted" else {"backend": "hosted", "api_key": "llx-none"}
    classifier = Classifier(RULES, **options)
    for refused in (
        lambda: Classifier(RULES, adapt=True, **options),
        lambda: Classifier(RULES, examples={VIOLIN: [ODD]}, **options),
        lambda: classifier.adapt(TEXTS),
        lambda: classifier.learn([(ODD, VIOLIN)]),
    ):
        with pytest.raises(InvalidOptionError, match="learns nothing from documents"):
            refused()


def test_automatic_adaptation_has_no_effect_where_the_backend_learns_nothing() -> None:
    backend = ScriptedBackend()
    outcomes = Classifier(RULES, backend=backend, adapt="auto").classify_many(TEXTS)
    assert {one.backend for one in outcomes} == {"scripted"}
    assert set(backend.asked.values()) == {1}


@pytest.mark.parametrize("adapt", ["always", 2, None])
def test_another_word_for_adapt_is_refused(adapt: object) -> None:
    with pytest.raises(InvalidOptionError, match='give "auto", True or False'):
        _classifier(adapt=adapt)


def test_sources_of_every_kind_teach(tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    path.write_text(ODD, encoding="utf-8")
    for source in (path, Source.text(ODD, name="odd"), Source.of(ODD)):
        classifier = _classifier()
        classifier.learn([(source, VIOLIN)])
        assert classifier.classify(LIKE_IT).type == VIOLIN
