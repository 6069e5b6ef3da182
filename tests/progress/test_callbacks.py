"""What may be given as `on_progress=`, and what is refused before anything begins."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from classify_core import Classifier, InvalidOptionError, Rule
from classify_core.progress import ProgressEvent, Stage
from tests.backends import HeldBackend, JobScriptedBackend, ScriptedBackend


async def _never_awaited(event: ProgressEvent) -> None:
    raise AssertionError(event)


class Asynchronous:
    async def __call__(self, event: ProgressEvent) -> None:
        raise AssertionError(event)

    async def method(self, event: ProgressEvent) -> None:
        raise AssertionError(event)


class Synchronous:
    def __init__(self) -> None:
        self.stages: list[str] = []

    def __call__(self, event: ProgressEvent) -> None:
        self.stages.append(event.stage.value)


REFUSED: list[Any] = [_never_awaited, partial(_never_awaited), Asynchronous(), Asynchronous().method, "print"]
CALLS = ["classify", "classify_many", "classify_as_completed", "submit"]


@pytest.mark.parametrize("callback", REFUSED, ids=["function", "partial", "object", "method", "no-function"])
@pytest.mark.parametrize("name", CALLS)
async def test_a_callback_that_nobody_would_await_or_could_call_is_refused(
    name: str, callback: Any, rules: list[Rule]
) -> None:
    backend = ScriptedBackend()
    classifier = Classifier(rules, backend=backend)
    sources = "an invoice" if name == "classify" else ["an invoice"]
    with pytest.raises(InvalidOptionError, match="on_progress="):
        list(getattr(classifier, name)(sources, on_progress=callback))
    with pytest.raises(InvalidOptionError, match="on_progress="):
        called = getattr(classifier, f"a{name}")(sources, on_progress=callback)
        await (anext(called) if name == "classify_as_completed" else called)
    assert not backend.asked


async def test_it_is_refused_beside_a_display_too(rules: list[Rule], capsys: pytest.CaptureFixture[str]) -> None:
    classifier = Classifier(rules, backend=ScriptedBackend())
    with pytest.raises(InvalidOptionError, match="async function"):
        classifier.classify_many(["an invoice"], show_progress=True, on_progress=_never_awaited)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("shown", [False, True])
def test_an_object_that_can_be_called_is_told(rules: list[Rule], *, shown: bool) -> None:
    told = Synchronous()
    Classifier(rules, backend=ScriptedBackend()).classify_many(["an invoice"], show_progress=shown, on_progress=told)
    assert told.stages == ["done"]


@pytest.mark.parametrize("name", ["classify_many", "submit"])
def test_each_document_has_a_last_event_whatever_became_of_it(name: str, rules: list[Rule]) -> None:
    told: list[ProgressEvent] = []

    def sources() -> Iterator[Any]:
        yield from ("an invoice", "held back", 5, "a recipe")

    backend = JobScriptedBackend(seconds=60) if name == "classify_many" else HeldBackend()
    classifier = Classifier(rules, backend=backend, on_error="record")
    outcomes = getattr(classifier, name)(sources(), deadline=0.05, on_progress=told.append)
    assert sorted(event.index for event in told if event.stage.is_last) == [0, 1, 2, 3]
    assert all(outcome.error is not None for outcome in outcomes)


def test_each_document_has_a_last_event_where_the_rules_cannot_be_had(rules: list[Rule]) -> None:
    told: list[ProgressEvent] = []
    classifier = Classifier(backend=ScriptedBackend(), configuration_id="none", on_error="record")
    classifier.classify_many(["an invoice", "a recipe"], on_progress=told.append)
    assert sorted((event.index, event.stage) for event in told) == [(0, Stage.FAILED), (1, Stage.FAILED)]
