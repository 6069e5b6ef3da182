"""What each component promises that is a Runnable, in the manner of LangChain's standard suites.

class TestClassifyRunnable(RunnableSuite, DumpableSuite):
    component = ClassifyRunnable

    def input_of(self, text: str) -> Any:
        return Document(page_content=text, metadata={"source": "mail.txt"}, id="7")
"""

from __future__ import annotations

import asyncio
import copy
from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from langchain_core.runnables import RunnableLambda, RunnableParallel

from classify_core import ClassifyError, Rule
from tests.langchain.helpers import INVOICE_TEXT, RECIPE_TEXT, SECRET_WORDS, Recorder, fails_on
from tests.langchain.suites.component import Suite

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

Face: TypeAlias = Callable[..., Any]


def _invoke(runnable: Any, value: Any, config: RunnableConfig | None = None) -> Any:
    return runnable.invoke(value, config)


def _ainvoke(runnable: Any, value: Any, config: RunnableConfig | None = None) -> Any:
    return asyncio.run(runnable.ainvoke(value, config))


def _stream(runnable: Any, value: Any, config: RunnableConfig | None = None) -> Any:
    [chunk] = runnable.stream(value, config)
    return chunk


def _astream(runnable: Any, value: Any, config: RunnableConfig | None = None) -> Any:
    async def streamed() -> list[Any]:
        return [chunk async for chunk in runnable.astream(value, config)]

    [chunk] = asyncio.run(streamed())
    return chunk


def _batch(runnable: Any, values: list[Any], config: Any = None, **options: Any) -> Any:
    return runnable.batch(values, config, **options)


def _abatch(runnable: Any, values: list[Any], config: Any = None, **options: Any) -> Any:
    return asyncio.run(runnable.abatch(values, config, **options))


def _as_completed(runnable: Any, values: list[Any], config: Any = None, **options: Any) -> Any:
    return _in_order(list(runnable.batch_as_completed(values, config, **options)))


def _as_completed_awaited(runnable: Any, values: list[Any], config: Any = None, **options: Any) -> Any:
    async def completed() -> list[tuple[int, Any]]:
        return [each async for each in runnable.abatch_as_completed(values, config, **options)]

    return _in_order(asyncio.run(completed()))


def _in_order(completed: list[tuple[int, Any]]) -> list[Any]:
    assert sorted(place for place, _ in completed) == list(range(len(completed)))
    return [outcome for _, outcome in sorted(completed, key=lambda each: each[0])]


def _alone(batched: Face) -> Face:
    def face(runnable: Any, value: Any, config: RunnableConfig | None = None) -> Any:
        [outcome] = batched(runnable, [value], config)
        return outcome

    return face


BATCH_FACES: dict[str, Face] = {
    "batch": _batch,
    "abatch": _abatch,
    "batch_as_completed": _as_completed,
    "abatch_as_completed": _as_completed_awaited,
}
FACES: dict[str, Face] = {
    "invoke": _invoke,
    "ainvoke": _ainvoke,
    "stream": _stream,
    "astream": _astream,
    **{name: _alone(face) for name, face in BATCH_FACES.items()},
}
every_face = pytest.mark.parametrize("face", FACES.values(), ids=FACES)
every_batch_face = pytest.mark.parametrize("face", BATCH_FACES.values(), ids=BATCH_FACES)


class RunnableSuite(Suite):
    """For a component with the faces of a Runnable."""

    @abstractmethod
    def input_of(self, text: str) -> Any:
        """An input with this text; where it can, one that has metadata and an ID."""

    def apply(self, component: Any, text: str) -> Any:
        """Through `invoke`."""
        return component.invoke(self.input_of(text))

    @every_face
    def test_every_face_comes_to_the_same(self, face: Face, rules: list[Rule]) -> None:
        made = self.make(rules, backend="local")
        assert face(made, self.input_of(INVOICE_TEXT)) == made.invoke(self.input_of(INVOICE_TEXT))

    @every_batch_face
    def test_a_batch_keeps_its_order(self, face: Face, rules: list[Rule]) -> None:
        made = self.make(rules, backend="local")
        texts = [INVOICE_TEXT, RECIPE_TEXT, INVOICE_TEXT, "neither", RECIPE_TEXT]
        outcomes = face(made, [self.input_of(text) for text in texts])
        assert outcomes == [self.apply(made, text) for text in texts]
        assert outcomes[0] != outcomes[1]

    @every_batch_face
    def test_nothing_in_is_nothing_out(self, face: Face, rules: list[Rule]) -> None:
        assert face(self.make(rules, backend="local"), []) == []

    @every_batch_face
    def test_exceptions_are_returned_in_their_places(self, face: Face, rules: list[Rule]) -> None:
        made = self.make(rules, backend=fails_on("recipe:"), **self.failing)
        inputs = [self.input_of(text) for text in (RECIPE_TEXT, INVOICE_TEXT, RECIPE_TEXT)]
        first, good, last = face(made, inputs, return_exceptions=True)
        assert isinstance(first, ClassifyError)
        assert isinstance(last, ClassifyError)
        assert good == self.apply(made, INVOICE_TEXT)

    @every_batch_face
    def test_without_return_exceptions_a_failure_is_raised(self, face: Face, rules: list[Rule]) -> None:
        made = self.make(rules, backend=fails_on("recipe:"), **self.failing)
        with pytest.raises(ClassifyError, match="no recipe: here"):
            face(made, [self.input_of(INVOICE_TEXT), self.input_of(RECIPE_TEXT)])

    @every_face
    def test_a_tracer_sees_one_run_with_its_name_and_never_the_text(self, face: Face, rules: list[Rule]) -> None:
        recorder = Recorder()
        config = {"callbacks": [recorder], "run_name": "what is it", "tags": ["mail"], "metadata": {"page": 3}}
        face(self.make(rules, backend="local"), self.input_of(INVOICE_TEXT), config)
        (traced,) = recorder.named("what is it")
        assert traced.tags == ["mail"]
        assert traced.metadata["page"] == 3
        assert traced.outputs
        assert traced.end_time is not None
        assert SECRET_WORDS not in recorder.told()

    @every_face
    def test_a_tracer_sees_a_failure_as_an_error_and_never_the_text(self, face: Face, rules: list[Rule]) -> None:
        recorder = Recorder()
        made = self.make(rules, backend=fails_on("recipe:"), **self.failing)
        with pytest.raises(ClassifyError):
            face(made, self.input_of(RECIPE_TEXT), {"callbacks": [recorder]})
        assert "no recipe: here" in str(recorder.runs[0].error)
        assert SECRET_WORDS not in recorder.told()

    @every_batch_face
    def test_each_input_has_a_config_of_its_own(self, face: Face, rules: list[Rule]) -> None:
        recorders = [Recorder(), Recorder()]
        configs = [{"callbacks": [recorder], "run_name": f"run {n}"} for n, recorder in enumerate(recorders)]
        face(self.make(rules, backend="local"), [self.input_of(INVOICE_TEXT), self.input_of(RECIPE_TEXT)], configs)
        roots = [[run.name for run in recorder.runs if run.parent_run_id is None] for recorder in recorders]
        assert roots == [["run 0"], ["run 1"]]

    @every_face
    def test_its_input_is_left_as_it_was(self, face: Face, rules: list[Rule]) -> None:
        value = self.input_of(INVOICE_TEXT)
        before = copy.deepcopy(value)
        face(self.make(rules, backend="local"), value)
        assert value == before

    @every_face
    def test_it_is_a_step_of_a_sequence_and_a_branch_of_a_parallel(self, face: Face, rules: list[Rule]) -> None:
        made = self.make(rules, backend="local")
        value = self.input_of(INVOICE_TEXT)
        chain = RunnableLambda(lambda given: given) | RunnableParallel(label=made)
        assert face(chain, value) == {"label": made.invoke(value)}

    def test_its_schemas_and_its_graph_can_be_made(self, rules: list[Rule]) -> None:
        made = self.make(rules, backend="local")
        assert made.get_input_jsonschema()
        assert made.get_output_jsonschema()
        assert self.component.__name__ in made.get_graph().draw_mermaid()
