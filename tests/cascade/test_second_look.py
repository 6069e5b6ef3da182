"""Documents that are classified once more: whose an answer is where calls run at once, fail, or have little time."""

from __future__ import annotations

import asyncio
import logging
import pickle
from collections.abc import Mapping
from typing import Any

import pytest

from classify_core import (
    Answer,
    Classifier,
    ClassifyConfiguration,
    ClassifyRequest,
    LocalBackend,
    ServerError,
    Source,
    Status,
)
from classify_core.backend import Batch, Lessons
from classify_core.cascade import CascadeBackend
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.cascade.documents import RULES, bill, mixed, riddle, truth


class _HeldLocal(LocalBackend):
    """Holds back the documents of calls with a batch until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.held = 0
        self.is_released = False

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        if request.batch is not None:
            self.held += 1
            while not self.is_released:
                await asyncio.sleep(0.002)
        return await super().classify(request, timeout=timeout)


class _Kept(ScriptedBackend):
    """A dear backend that has the rules saved."""

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        return ClassifyConfiguration(rules=tuple(RULES))


class _Broken(LocalBackend):
    """Its batch says the same of each document, or raises it."""

    def __init__(self, said: object) -> None:
        super().__init__()
        self._said = said
        self._keys: list[str] = []

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        self._keys.append(request.content_key)
        return await super().classify(request, timeout=timeout)

    def new_batch(self, configuration: ClassifyConfiguration) -> Any:
        del configuration
        return self

    async def answers(self) -> Mapping[str, Any]:
        if isinstance(self._said, BaseException):
            raise self._said
        return dict.fromkeys(self._keys, self._said) if self._said is not None else None


@pytest.mark.parametrize("cache", [True, False])
async def test_a_document_alone_is_never_given_what_stands_within_another_call_only(*, cache: bool) -> None:
    cheap = _HeldLocal()
    async with Classifier(RULES, backend=CascadeBackend(cheap, ScriptedBackend(truth)), cache=cache) as classifier:
        many = asyncio.create_task(classifier.aclassify_many([riddle(1)]))
        await until(lambda: cheap.held)
        alone = asyncio.create_task(classifier.aclassify(riddle(1)))
        await asyncio.sleep(0.05)
        cheap.is_released = True
        assert (await alone).backend == "scripted"
        assert [one.backend for one in await many] == ["scripted"]


@pytest.mark.parametrize("cache", [True, False])
async def test_an_equal_document_of_two_calls_at_once_is_sent_for_both(*, cache: bool) -> None:
    cheap = _HeldLocal()
    cascade = CascadeBackend(cheap, ScriptedBackend(truth))
    async with Classifier(RULES, backend=cascade, cache=cache) as classifier:
        calls = [asyncio.create_task(classifier.aclassify_many([riddle(1), bill(number)])) for number in range(2)]
        await until(lambda: cheap.held == 3)
        cheap.is_released = True
        outcomes = await asyncio.gather(*calls)
    assert [one[0].backend for one in outcomes] == ["scripted", "scripted"]
    assert cascade.report().sent == len({one for each in outcomes for one in each if one.backend == "scripted"}) == 1


async def test_what_one_call_cannot_read_cheaply_is_sent_for_a_document_alone() -> None:
    cheap = _HeldLocal()
    dear = ScriptedBackend(lambda _: truth("Invoice"))
    async with Classifier(RULES, backend=CascadeBackend(cheap, dear)) as classifier:
        many = asyncio.create_task(classifier.aclassify_many([Source.file_id("dfl-1")]))
        await until(lambda: cheap.held)
        alone = asyncio.create_task(classifier.aclassify(Source.file_id("dfl-1")))
        await asyncio.sleep(0.05)
        cheap.is_released = True
        assert {(await alone).type, (await many)[0].type} == {"invoice"}


def test_equal_documents_that_only_the_dear_backend_can_read_are_counted_right() -> None:
    dear = ScriptedBackend(lambda _: truth("Invoice"))
    with Classifier(RULES, backend=CascadeBackend("local", dear)) as classifier:
        classifier.classify_many([Source.file_id("dfl-1")] * 3)
        assert (classifier.usage.documents, classifier.usage.cached, classifier.usage.failed) == (3, 2, 0)


def test_equal_documents_that_the_dear_backend_fails_on_are_counted_right() -> None:
    dear = ScriptedBackend(lambda _: ServerError("down", status=500))
    with Classifier(RULES, backend=CascadeBackend("local", dear), on_error="record") as classifier:
        classifier.classify_many([riddle(1)] * 3)
        assert (classifier.usage.documents, classifier.usage.cached, classifier.usage.failed) == (3, 0, 3)


def test_the_end_of_the_calls_time_is_told_as_the_caller_gave_it() -> None:
    dear = HeldBackend()
    with Classifier(RULES, backend=CascadeBackend("local", dear), on_error="record") as classifier:
        stays, sent = classifier.classify_many([bill(1), riddle(1)], deadline=0.75)
        dear.release.set()
        again = classifier.classify(riddle(1))
    assert stays.status is Status.COMPLETED
    assert sent.status is Status.TIMEOUT
    assert "deadline of 0.75 s" in str(sent.error)
    assert again.backend == "scripted"


def test_what_a_dear_backend_of_ones_own_raises_is_stood_for_too() -> None:
    def broken(_: str) -> Answer:
        raise KeyError("secret text")

    cascade = CascadeBackend("local", ScriptedBackend(broken), on_dear_error="cheap")
    with Classifier(RULES, backend=cascade) as classifier:
        outcome = classifier.classify(riddle(1))
    assert (outcome.status, outcome.backend) == (Status.COMPLETED, "local/lexical")
    assert "secret" not in outcome.reasoning


@pytest.mark.parametrize(
    "said",
    [
        Answer(type="of no rule", confidence=0.9),
        "no answer",
        None,
        SystemExit(1),
        asyncio.CancelledError(),
        KeyError("secret text"),
    ],
    ids=lambda said: type(said).__name__,
)
def test_no_outcome_is_lost_to_a_batch_that_misbehaves(said: Any, caplog: pytest.LogCaptureFixture) -> None:
    with Classifier(RULES, backend=_Broken(said)) as classifier, caplog.at_level(logging.WARNING):
        outcomes = classifier.classify_many([bill(1), bill(2)])
    assert [(one.type, one.backend) for one in outcomes] == [("invoice", "local/lexical")] * 2
    assert caplog.records
    assert "secret" not in caplog.text
    assert "please report it" not in caplog.text


def test_what_was_learned_for_saved_rules_survives_pickling() -> None:
    backend = CascadeBackend("local", _Kept())
    with Classifier(backend=backend, configuration_id="cfg-1") as classifier:
        classifier.learn([(riddle(number), "recipe") for number in range(4)])
        sent = pickle.dumps(classifier)
    with pickle.loads(pickle.dumps(pickle.loads(sent))) as restored:
        assert restored.classify(riddle(2)).type == "recipe"
        assert isinstance(restored.backend, CascadeBackend)


def test_saved_rules_are_taught_in_the_first_call_whatever_becomes_of_failures() -> None:
    cascade = CascadeBackend("local", _Kept(truth), teach=0.25)
    with Classifier(backend=cascade, configuration_id="cfg-1", on_error="record") as classifier:
        classifier.classify_many(mixed(40))
    assert (cascade.report().documents, cascade.report().sent) == (40, 10)


def test_documents_are_seen_once_more_only_where_something_was_learned_since() -> None:
    looks = []

    class Counting(LocalBackend):
        def new_batch(self, configuration: ClassifyConfiguration) -> Any:
            batch: Any = super().new_batch(configuration)
            answers = batch.answers

            async def counted() -> Mapping[str, Answer]:
                looks.append(1)
                return await answers()

            batch.answers = counted
            return batch

        async def learn(
            self, configuration: ClassifyConfiguration, batch: Batch, labels: Mapping[str, str | None], **options: bool
        ) -> Lessons:
            raise AssertionError("nothing is to be taught")

    with Classifier(RULES, backend=CascadeBackend(Counting(), ScriptedBackend(truth))) as classifier:
        classifier.classify_many(mixed(40))
    assert len(looks) == 1
