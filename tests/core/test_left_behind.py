"""What a run leaves behind: no task, and no document in an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from classify_core import Answer, Classifier, ClassifyRequest, ClassifyTimeoutError, Rule
from tests.backends import ScriptedBackend


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
