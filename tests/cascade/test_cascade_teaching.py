"""A cascade that is taught: how many documents are sent, what they teach, and what is said of the others."""

from __future__ import annotations

import random

import pytest

from classify_core import (
    Answer,
    Classifier,
    HostedBackend,
    InvalidOptionError,
    LocalBackend,
    OutOfCreditsError,
    ServerError,
    Source,
    Status,
)
from classify_core.cascade import CascadeBackend, CascadeTeaching
from classify_core.testing.server import ClassifyServer
from tests.backends import ScriptedBackend
from tests.cascade.documents import RULES, mixed, riddle, truth

TEACHING = CascadeTeaching(share=0.25, held_out=0.4, rounds=2)


def _cascade(dear: ScriptedBackend | None = None, **options: object) -> CascadeBackend:
    return CascadeBackend("local", dear or ScriptedBackend(truth), **{"teach": TEACHING, **options})


def test_at_most_the_share_is_sent_and_the_rest_stays() -> None:
    cascade = _cascade()
    with Classifier(RULES, backend=cascade) as classifier:
        outcomes = classifier.classify_many(mixed(42))
        assert classifier.usage.documents == 42
    report = cascade.report()
    assert (report.documents, report.sent, report.held_out) == (42, 10, 4)
    assert sum(cascade.dear.asked.values()) == 10
    assert sum(one.backend == "scripted" for one in outcomes) == 10
    assert [one.type for one in outcomes] == [truth(text).type for text in mixed(42)]
    assert report.agreement == 1.0
    assert report.agreement_interval == pytest.approx((0.5101, 1.0), abs=1e-4)


def test_the_same_documents_are_sent_in_any_order() -> None:
    texts = mixed(48)
    shuffled = random.Random(7).sample(texts, len(texts))
    outcomes, sent = [], []
    for order in (texts, shuffled):
        cascade = _cascade()
        with Classifier(RULES, backend=cascade) as classifier:
            outcomes.append(dict(zip(order, classifier.classify_many(order), strict=True)))
        sent.append(set(cascade.dear.asked))
    assert sent[0] == sent[1]
    assert outcomes[0] == outcomes[1]


def test_what_was_taught_holds_for_later_documents() -> None:
    def odd(text: str) -> Answer:  # to the dear backend riddles are recipes
        return truth(text) if truth(text).type else Answer(type="recipe", confidence=0.9)

    cascade = _cascade(ScriptedBackend(odd), below=0.0, none_is_sure=True, teach=0.4)
    with Classifier(RULES, backend=cascade) as classifier:
        before = classifier.classify(riddle(1000))
        outcomes = classifier.classify_many(mixed(80))
        after = classifier.classify(riddle(1001))
    assert before.type is None
    assert {one.type for one in outcomes[3::4]} == {"recipe"}
    assert (after.type, after.backend) == ("recipe", "local/lexical+batch")


def test_agreement_is_estimated_on_documents_that_taught_nothing() -> None:
    taught: list[set[str]] = []

    class Pupil(LocalBackend):
        async def learn(self, configuration, batch, labels, *, by_themselves):  # noqa: ANN001, ANN202 - as LocalBackend
            taught.append(set(labels))
            return await super().learn(configuration, batch, labels, by_themselves=by_themselves)

    cascade = CascadeBackend(Pupil(), ScriptedBackend(truth), teach=TEACHING)
    with Classifier(RULES, backend=cascade) as classifier:
        classifier.classify_many(mixed(40))
    assert max(len(keys) for keys in taught) == cascade.report().sent - cascade.report().held_out


def test_agreement_counts_what_the_dear_backend_contradicts() -> None:
    cascade = _cascade(
        ScriptedBackend(lambda _: Answer(type=None, confidence=0.1)), teach=CascadeTeaching(share=0.5, held_out=0.9)
    )
    with Classifier(RULES, backend=cascade) as classifier:
        classifier.classify_many(mixed(40))
    report = cascade.report()
    assert report.agreement is not None
    assert report.agreement < 0.8


def test_a_known_answer_is_neither_sent_nor_revised() -> None:
    cascade = _cascade()
    with Classifier(RULES, backend=cascade) as classifier:
        first = classifier.classify_many(mixed(40))
        again = classifier.classify_many(mixed(40))
    assert again == first
    assert set(cascade.dear.asked.values()) == {1}


def test_where_the_dear_backend_fails_midway_nothing_is_lost() -> None:
    dear = ScriptedBackend(lambda text: OutOfCreditsError("empty", status=402) if len(dear.asked) > 4 else truth(text))
    with Classifier(RULES, backend=_cascade(dear), max_concurrency=1, on_error="record") as classifier:
        outcomes = classifier.classify_many(mixed(40))
        dear.behaviour = truth
        asked = set(dear.asked)
        again = classifier.classify_many(mixed(40))
    assert [one.backend for one in outcomes].count("scripted") == 4
    assert [type(one.error) for one in outcomes if one.status is Status.FAILED] == [OutOfCreditsError]
    assert sum(one.error is None for one in outcomes) >= 34
    assert {one.status for one in again} == {Status.COMPLETED}
    assert [old for old, new in zip(outcomes, again, strict=True) if old.error is None and old != new] == []
    assert len(asked & set(dear.asked)) == len(asked)


def test_a_document_that_the_dear_backend_fails_on_teaches_nothing() -> None:
    cascade = _cascade(ScriptedBackend(lambda _: ServerError("down", status=500)), on_dear_error="cheap")
    with Classifier(RULES, backend=cascade) as classifier:
        outcomes = classifier.classify_many(mixed(40))
    assert {one.status for one in outcomes} == {Status.COMPLETED}
    assert cascade.report().agreement is None


def test_examples_and_corrections_are_never_sent() -> None:
    dear = ScriptedBackend(truth)
    with Classifier(RULES, backend=_cascade(dear)) as classifier:
        lessons = classifier.learn([(riddle(number), "recipe") for number in range(4)])
        classifier.adapt(mixed(40))
    assert lessons.labelled == 4
    assert not dear.asked


def test_where_documents_may_not_teach_each_other_confidence_decides() -> None:
    cascade = _cascade(below=0.5)
    with Classifier(RULES, backend=cascade) as classifier:
        classifier.classify_many(mixed(40), adapt=False)
    assert (cascade.report().sent, cascade.report().agreement) == (10, None)


def test_a_few_documents_are_not_sent_beyond_the_share() -> None:
    cascade = _cascade()
    with Classifier(RULES, backend=cascade) as classifier:
        outcomes = classifier.classify_many(mixed(3))
    assert len(outcomes) == 3
    assert cascade.report().sent == 0


def test_an_unreadable_document_is_sent_beside_the_share() -> None:
    cascade = _cascade(ScriptedBackend(lambda text: truth(text or "Invoice")))
    with Classifier(RULES, backend=cascade) as classifier:
        outcomes = classifier.classify_many([*mixed(40), Source.file_id("dfl-1")])
        assert (classifier.usage.documents, classifier.usage.failed) == (41, 0)
    assert outcomes[-1].backend == "scripted"
    assert cascade.report().sent == 11


def test_the_service_teaches_and_only_the_sample_is_charged(classify_server: ClassifyServer) -> None:
    hosted = HostedBackend(api_key=classify_server.api_key, base_url=classify_server.base_url)
    cascade = CascadeBackend("local", hosted, teach=TEACHING)
    with Classifier(RULES, backend=cascade) as classifier:
        outcomes = classifier.classify_many(mixed(40))
        assert (classifier.usage.jobs, classifier.usage.credits) == (10, 10.0)
    assert classify_server.requests.count("POST /api/v2/classify") == 10
    assert sum(one.backend == "hosted" for one in outcomes) == 10
    assert (cascade.report().credits_spent, cascade.report().credits_saved) == (10.0, 30.0)


@pytest.mark.parametrize("numbers", [{"share": 0.0}, {"share": 0.2, "held_out": 1.0}, {"share": 0.2, "rounds": 0}])
def test_a_teaching_that_cannot_work_is_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(InvalidOptionError):
        CascadeTeaching(**numbers)
