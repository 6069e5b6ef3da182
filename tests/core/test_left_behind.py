"""What a run leaves behind: no task, and no document, be it in an error or as garbage."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from classify_core import (
    Answer,
    Classifier,
    ClassifyRequest,
    ClassifyTimeoutError,
    JobFailedError,
    Rule,
    Source,
    session,
)
from classify_core.run_state import RunState
from tests.backends import JobScriptedBackend, ScriptedBackend


async def test_who_breaks_off_leaves_no_task_behind(rules: list[Rule]) -> None:
    async def feed() -> AsyncIterator[str]:
        for number in range(1000):
            yield f"invoice {number}"
            await asyncio.sleep(0)

    with Classifier(rules, backend=ScriptedBackend()) as classifier:
        outcomes = classifier.aclassify_as_completed(feed())
        await anext(outcomes)
        await outcomes.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_no_error_of_an_outcome_holds_the_frames_that_held_the_document(rules: list[Rule]) -> None:
    class Late(ScriptedBackend):
        async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
            try:
                async with asyncio.timeout(0.001):
                    await asyncio.Event().wait()
            except TimeoutError as error:
                raise ClassifyTimeoutError("too late", timeout=timeout) from error
            raise AssertionError

    with Classifier(rules, backend=Late(), on_error="record") as classifier:
        [outcome] = classifier.classify_many(["an invoice"])
    causes: list[BaseException | None] = [outcome.error]
    while causes[-1] is not None:
        assert causes[-1].__traceback__ is None
        causes.append(causes[-1].__cause__ or causes[-1].__context__)
    assert len(causes) > 2


@pytest.mark.parametrize("backend_class", [ScriptedBackend, JobScriptedBackend])
def test_a_failure_that_equal_documents_meet_again_gathers_no_frames(
    backend_class: type[ScriptedBackend], rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[RunState] = []
    monkeypatch.setattr(session, "RunState", lambda **options: states.append(RunState(**options)) or states[-1])
    backend = backend_class(lambda _: JobFailedError("broken"))
    with Classifier(rules, backend=backend, on_error="record") as classifier:
        classifier.classify_many(["x"] * 20)
    assert [error.__traceback__ for state in states for error in state.failures.values()] == [None]


@pytest.mark.parametrize("backend_class", [ScriptedBackend, JobScriptedBackend])
def test_a_failed_document_is_let_go_at_once_and_not_only_as_garbage(
    backend_class: type[ScriptedBackend], rules: list[Rule]
) -> None:
    class Text(str):  # noqa: SLOT000 - a str that can be counted
        alive = 0

        def __init__(self, _: str) -> None:
            Text.alive += 1

        def __del__(self) -> None:
            Text.alive -= 1

    backend = backend_class(_broken)
    gc.collect()
    gc.disable()
    try:
        with Classifier(rules, backend=backend, on_error="record") as classifier:
            for _ in classifier.classify_as_completed(Source.text(Text(f"invoice {number}")) for number in range(50)):
                getattr(backend, "contexts", []).clear()
        assert Text.alive == 0
    finally:
        gc.enable()


def _broken(_: str) -> Answer:
    raise JobFailedError("broken")
