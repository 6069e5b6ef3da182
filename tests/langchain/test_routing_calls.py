"""A router's calls: order, one batch a branch, failures that stop nobody else, streams, cancellation."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import Runnable, RunnableConfig, RunnableGenerator, RunnableLambda
from langchain_core.runnables.utils import AddableDict

from classify_core import Classifier, ClassifyError, InvalidOptionError, Rule, ServerError
from langchain_classify import ClassifyRunnable
from langchain_classify.routing import TypeRouter, route_by_type
from tests.backends import ScriptedBackend
from tests.langchain.helpers import fails_on
from tests.langchain.routed import FAILED, INVOICE, NO_MATCH, RECIPE, run, telling

LETTER = INVOICE.model_copy(update={"type": "letter"})
FACES = pytest.mark.parametrize("face", ["sync", "async"])


class Bulk(Runnable[Any, Any]):
    """A branch with a bulk call, which keeps what it was asked."""

    def __init__(self, name: str = "bulk", *, gives: Any = None) -> None:
        self.name = name
        self.gives = gives
        self.calls: list[tuple[list[Any], list[RunnableConfig], dict[str, Any]]] = []

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's name
        return self.batch([input], [config or {}], **kwargs)[0]

    def batch(self, inputs: Any, config: Any = None, *, return_exceptions: bool = False, **kwargs: Any) -> Any:
        self.calls.append((inputs, config, kwargs))
        if isinstance(self.gives, Exception):
            raise self.gives
        return [(self.name, value) for value in inputs] if self.gives is None else self.gives

    async def abatch(self, *args: Any, **options: Any) -> Any:
        return self.batch(*args, **options)


def broken(value: Any) -> Any:
    raise ValueError(f"cannot do {value.type}")


def router(**options: Any) -> TypeRouter:
    routes = {"invoice": telling("invoice"), "recipe": telling("recipe")}
    return route_by_type(routes, **{"default": telling("default"), "review": telling("review")} | options)


@FACES
def test_a_batch_is_answered_in_the_order_given(face: str) -> None:
    values = [RECIPE, INVOICE, NO_MATCH, RECIPE, FAILED, INVOICE]
    names = ["recipe", "invoice", "default", "recipe", "review", "invoice"]
    assert run(face, router(), "batch", values) == list(zip(names, values, strict=True))
    assert run(face, router(), "batch", []) == []


@FACES
def test_each_branch_gets_all_its_inputs_by_one_batch_with_their_own_configs(face: str) -> None:
    bulk, other = Bulk(), Bulk("other")
    many = route_by_type({"invoice": bulk, "letter": bulk, "recipe": other}, default=other)
    values = [INVOICE, RECIPE, LETTER, NO_MATCH, INVOICE]
    configs = [{"metadata": {"number": number}} for number in range(5)]
    found = run(face, many, "batch", values, configs, stop=["x"])
    assert [name for name, _ in found] == ["bulk", "other", "bulk", "other", "bulk"]
    [(inputs, own, kwargs)] = bulk.calls
    assert inputs == [INVOICE, LETTER, INVOICE]
    assert [one["metadata"]["number"] for one in own] == [0, 2, 4]
    assert kwargs == {"stop": ["x"]}
    assert [inputs for inputs, _, _ in other.calls] == [[RECIPE, NO_MATCH]]


@FACES
def test_one_function_for_several_routes_is_one_branch(face: str) -> None:
    shared = telling("shared").func
    many = route_by_type({"invoice": shared, "recipe": shared}, default=telling("default"))
    assert many.branches["invoice"] is many.branches["recipe"]
    assert [name for name, _ in run(face, many, "batch", [INVOICE, RECIPE])] == ["shared", "shared"]


@FACES
def test_what_fails_stops_nobody_else_and_is_given_in_its_place(face: str) -> None:
    worked = Bulk()
    many = route_by_type({"invoice": broken, "recipe": worked}, default=telling("default"))
    values = ["no classification", RECIPE, INVOICE, NO_MATCH]
    found = run(face, many, "batch", values, return_exceptions=True)
    assert [type(one) for one in found] == [InvalidOptionError, tuple, ValueError, tuple]
    with pytest.raises(InvalidOptionError, match="a str tells no type"):
        run(face, many, "batch", values)
    with pytest.raises(ValueError, match="cannot do invoice"):
        run(face, many, "batch", values[1:])
    assert len(worked.calls) == 3


@FACES
@pytest.mark.parametrize(
    ("gives", "error"), [(ConnectionError("gone"), ConnectionError), ([1, 2, 3], InvalidOptionError)]
)
def test_a_bulk_call_that_fails_is_the_failure_of_its_own_inputs(face: str, gives: Any, error: type[Exception]) -> None:
    many = route_by_type({"invoice": Bulk(gives=gives)}, default=telling("default"))
    found = run(face, many, "batch", [INVOICE, NO_MATCH, INVOICE], return_exceptions=True)
    assert [type(one) for one in found] == [error, tuple, error]


@FACES
def test_branches_of_a_batch_run_side_by_side(face: str) -> None:
    meeting = threading.Barrier(2, timeout=20)

    def meet(value: Any) -> str:
        meeting.wait()
        return value.type

    met = route_by_type({"invoice": RunnableLambda(meet), "recipe": RunnableLambda(meet)}, default=telling("default"))
    assert run(face, met, "batch", [INVOICE, RECIPE]) == ["invoice", "recipe"]


@FACES
def test_no_more_run_at_once_than_the_config_allows(face: str) -> None:
    running, most = 0, 0
    lock = threading.Lock()
    pause = threading.Event()

    def count(value: Any) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        pause.wait(0.01)
        with lock:
            running -= 1
        return value.type

    routes = {name: RunnableLambda(count, name=name) for name in ("invoice", "recipe", "letter")}
    values = [INVOICE, RECIPE, LETTER] * 4
    found = run(face, route_by_type(routes, default=count), "batch", values, {"max_concurrency": 2})
    assert found == [value.type for value in values]
    assert most <= 2


@FACES
def test_each_distinct_document_of_a_batch_is_classified_once(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    asking = router(classify=ClassifyRunnable(rules, backend=backend))
    values = ["an invoice", "a recipe", "an invoice", "neither", Document(page_content="a recipe")]
    found = run(face, asking, "batch", values)
    assert [name for name, _ in found] == ["invoice", "recipe", "invoice", "default", "recipe"]
    assert all(got is value for (_, got), value in zip(found, values, strict=True))
    assert set(backend.asked.values()) == {1}


@FACES
def test_a_document_that_cannot_be_classified_keeps_no_other_from_its_branch(face: str, rules: list[Rule]) -> None:
    worked = Bulk()
    step = ClassifyRunnable(rules, backend=fails_on("broken", ServerError))
    many = route_by_type({"invoice": worked}, default=telling("default"), classify=step, key="document")
    values = ["an invoice", "broken", {"question": "?"}, {"document": "an invoice"}]
    found = run(face, many, "batch", values, return_exceptions=True)
    assert [type(one) for one in found] == [tuple, ServerError, InvalidOptionError, tuple]
    with pytest.raises(ServerError):
        run(face, many, "batch", values)
    assert [len(inputs) for inputs, _, _ in worked.calls] == [2, 2]


@FACES
def test_a_failure_that_is_annotated_goes_to_review_also_in_a_batch(face: str, rules: list[Rule]) -> None:
    step = ClassifyRunnable(rules, backend=fails_on("broken"), on_failure="annotate")
    found = run(face, router(classify=step), "batch", ["broken", "an invoice"])
    assert [name for name, _ in found] == ["review", "invoice"]


@FACES
def test_results_may_be_had_as_each_is_done(face: str, rules: list[Rule]) -> None:
    asking = router(classify=Classifier(rules, backend=ScriptedBackend()))

    async def collected() -> list[Any]:
        return [pair async for pair in asking.abatch_as_completed(["an invoice", "a recipe"])]

    found = list(asking.batch_as_completed(["an invoice", "a recipe"])) if face == "sync" else asyncio.run(collected())
    assert sorted(found) == [(0, ("invoice", "an invoice")), (1, ("recipe", "a recipe"))]


@FACES
@pytest.mark.parametrize("call", ["invoke", "batch", "stream"])
def test_further_arguments_reach_the_branch_and_not_what_classifies(face: str, call: str, rules: list[Rule]) -> None:
    def tell(value: Any, **kwargs: Any) -> Any:
        return kwargs

    def classify(value: Any, **kwargs: Any) -> Any:
        assert not kwargs
        return INVOICE

    told = route_by_type({"invoice": tell}, default=telling("default"), classify=classify)
    found = run(face, told, call, ["x"] if call == "batch" else "x", stop=["y"])
    assert found in ({"stop": ["y"]}, [{"stop": ["y"]}])


def spelling() -> Runnable[Any, str]:
    """A branch that gives the type letter by letter."""

    def spell(values: Iterator[Any]) -> Iterator[str]:
        for value in values:
            yield from value.type

    async def aspell(values: AsyncIterator[Any]) -> AsyncIterator[str]:
        async for value in values:
            for letter in value.type:
                yield letter

    return RunnableGenerator(spell, aspell)


@FACES
def test_the_chunks_of_a_branch_pass_as_they_come(face: str) -> None:
    spelled = route_by_type({"invoice": spelling()}, default=telling("default"))
    assert run(face, spelled, "stream", INVOICE) == list("invoice")


@FACES
def test_a_chain_around_it_streams_too(face: str) -> None:
    spelled = RunnableLambda(lambda value: value) | route_by_type({"invoice": spelling()}, default=telling("default"))
    assert run(face, spelled, "stream", INVOICE) == list("invoice")


@FACES
def test_an_input_that_comes_in_chunks_is_gathered_first(face: str) -> None:
    def halves(values: Iterator[Any]) -> Iterator[Any]:
        for value in values:
            yield AddableDict(question="?")
            yield AddableDict(classification=value)

    async def ahalves(values: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for value in values:
            for half in halves(iter([value])):
                yield half

    spelled = route_by_type({"invoice": sorted}, default=telling("default"))
    assert run(face, RunnableGenerator(halves, ahalves) | spelled, "stream", INVOICE) == [
        ["classification", "question"]
    ]


class Endless(Runnable[Any, int]):
    """A branch whose stream ends only when nobody reads it any more, which it notes."""

    def __init__(self) -> None:
        self.ended = 0

    def invoke(self, *args: Any, **options: Any) -> int:
        raise NotImplementedError

    def stream(self, *args: Any, **options: Any) -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            self.ended += 1

    async def astream(self, *args: Any, **options: Any) -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            self.ended += 1


async def test_who_stops_reading_a_stream_ends_the_branch() -> None:
    endless = Endless()
    made = route_by_type({"invoice": endless}, default=telling("default"))
    stream = made.stream(INVOICE)
    assert next(stream) == 1
    stream.close()
    assert endless.ended == 1
    awaited = made.astream(INVOICE)
    assert await anext(awaited) == 1
    await awaited.aclose()
    assert endless.ended == 2


@FACES
def test_an_error_within_a_stream_is_raised(face: str) -> None:
    with pytest.raises(ValueError, match="cannot do invoice"):
        run(face, route_by_type({"invoice": broken}, default=telling("default")), "stream", INVOICE)
    with pytest.raises(ClassifyError):
        run(face, router(), "stream", "no classification")
