from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.base_selector import BaseSelector
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.tools import ToolMetadata
from pydantic import Field

from classify_core import (
    Answer,
    AuthenticationError,
    ClassifyConfiguration,
    ClassifyError,
    NotFoundError,
    OutOfCreditsError,
    Rule,
)
from classify_core.backend import Backend
from classify_core.errors import InvalidOptionError
from llama_index_classify.events import ClassifyFailureEvent
from llama_index_classify.selector import ClassifySelector
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.llama_index.parts import CollectingSpanHandler, NeverBackend, SavedBackend, fails_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llama_index.core.instrumentation.events import BaseEvent

    from classify_core.testing.server import ClassifyServer

TOOLS = [
    ToolMetadata(name="everything", description="all documents"),
    ToolMetadata(name="invoice", description="bills"),
    ToolMetadata(name="recipe", description="cooking"),
]


class Failures(BaseEventHandler):
    """Keeps the failures that handlers are told of."""

    heard: list[ClassifyFailureEvent] = Field(default_factory=list)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if isinstance(event, ClassifyFailureEvent):
            self.heard.append(event)


@pytest.fixture
def failures() -> Iterator[Failures]:
    handler, root = Failures(), get_dispatcher()
    root.add_event_handler(handler)
    yield handler
    root.event_handlers.remove(handler)


@pytest.fixture
def selector(rules: list[Rule]) -> ClassifySelector:
    return ClassifySelector(rules, backend=ScriptedBackend(), fallback="everything")


async def selected(selector: ClassifySelector, question: str = "an invoice?", tools: Any = TOOLS) -> tuple[int, str]:
    """The index, the same in both ways, and the reason."""
    ways = [selector.select(tools, question), await selector.aselect(tools, question)]
    for way in ways:
        assert len(way.selections) == 1
        assert 0 <= way.ind < len(tools)
        assert way.reason
    assert ways[0].ind == ways[1].ind
    return ways[0].ind, ways[1].reason


async def test_a_question_goes_to_the_tool_called_as_its_type(selector: ClassifySelector) -> None:
    assert await selected(selector, "what does the recipe need?") == (
        2,
        "the question is about 'recipe', with confidence 0.90: the text says recipe",
    )
    assert (await selected(selector, "what does the invoice say?"))[0] == 1


async def test_a_question_that_no_rule_matches_goes_to_the_fallback(selector: ClassifySelector) -> None:
    assert await selected(selector, "how is the weather?") == (0, "no rule matches the question; this is the fallback")


@pytest.mark.parametrize(("fallback", "index"), [("everything", 0), ("recipe", 2), (0, 0), (2, 2)])
async def test_the_fallback_is_a_name_or_a_place(rules: list[Rule], fallback: str | int, index: int) -> None:
    selector = ClassifySelector(rules, backend=ScriptedBackend(), fallback=fallback)
    assert (await selected(selector, "how is the weather?"))[0] == index


async def test_an_unsure_answer_goes_to_the_fallback(rules: list[Rule]) -> None:
    selector = ClassifySelector(rules, backend=ScriptedBackend(), fallback="everything", min_confidence=0.95)
    assert await selected(selector) == (
        0,
        "the confidence, 0.90, is below min_confidence; this is the fallback",
    )


async def test_a_type_without_a_tool_goes_to_the_fallback(selector: ClassifySelector) -> None:
    index, reason = await selected(selector, "an invoice?", [TOOLS[2], TOOLS[0]])
    assert index == 1
    assert "about 'invoice'" in reason
    assert "no tool is called 'invoice'; this is the fallback" in reason


@pytest.mark.parametrize(
    "error",
    [
        OutOfCreditsError("no credits are left", status=402),
        AuthenticationError("the key was revoked", status=401),
        ClassifyError("it broke"),
    ],
)
async def test_a_failure_goes_to_the_fallback_and_is_told(
    rules: list[Rule], failures: Failures, caplog: pytest.LogCaptureFixture, error: ClassifyError
) -> None:
    selector = ClassifySelector(rules, backend=ScriptedBackend(lambda _: error), fallback="everything")
    index, reason = await selected(selector)
    assert index == 0
    assert "could not be classified" in reason
    assert error.message in reason
    assert [one.component for one in failures.heard] == ["ClassifySelector"] * 2
    assert error.message in failures.heard[0].error
    assert error.message in caplog.text


async def test_a_backend_with_a_bug_does_not_fail_the_query(rules: list[Rule]) -> None:
    def broken(text: str) -> Answer:
        raise KeyError(text)

    selector = ClassifySelector(rules, backend=ScriptedBackend(broken), fallback="everything")
    assert (await selected(selector))[0] == 0


async def test_a_question_that_is_not_answered_in_time_goes_to_the_fallback(rules: list[Rule]) -> None:
    selector = ClassifySelector(rules, backend=NeverBackend(), fallback="everything", timeout=0.05)
    index, reason = await selected(selector)
    assert index == 0
    assert "could not be classified" in reason


@pytest.mark.parametrize("loads", [NotFoundError("there is no such configuration", status=404), None])
async def test_saved_rules_that_cannot_be_loaded_go_to_the_fallback(loads: Exception | None) -> None:
    options = {"configuration_id": "cfg-1", "backend": SavedBackend(loads), "timeout": 0.2}
    selector = ClassifySelector(fallback="everything", **options)
    assert (await selected(selector))[0] == 0


async def test_saved_rules_select_as_rules_do(rules: list[Rule]) -> None:
    backend = SavedBackend(ClassifyConfiguration(rules=rules))
    selector = ClassifySelector(configuration_id="cfg-1", backend=backend, fallback="everything")
    assert (await selected(selector))[0] == 1


async def test_a_question_without_words_goes_to_the_fallback(selector: ClassifySelector) -> None:
    assert (await selected(selector, ""))[0] == 0


@pytest.mark.parametrize("backend", [ScriptedBackend(), fails_on("e"), ScriptedBackend(lambda _: ClassifyError("no"))])
@pytest.mark.parametrize("question", ["an invoice?", "a recipe?", "neither", "", "-1"])
async def test_a_negative_or_missing_index_is_never_selected(
    rules: list[Rule], backend: Backend, question: str
) -> None:
    selector = ClassifySelector(rules, backend=backend, fallback=1)
    await selected(selector, question, TOOLS[:2])  # which looks at the range


async def test_tools_may_be_called_otherwise_than_their_types(rules: list[Rule]) -> None:
    tools = [ToolMetadata(name="payables_tool", description=""), TOOLS[2], TOOLS[0]]
    choices = {"invoice": "payables_tool"}
    selector = ClassifySelector(rules, backend=ScriptedBackend(), fallback="everything", choices=choices)
    assert (await selected(selector, "an invoice?", tools))[0] == 0
    assert (await selected(selector, "a recipe?", tools))[0] == 1


async def test_choices_may_be_plain_strings(selector: ClassifySelector) -> None:
    assert (await selected(selector, "a recipe?", ["everything", "recipe"]))[0] == 1


@pytest.mark.parametrize("fallback", [-1, True, None, 1.0])
def test_a_fallback_that_can_be_no_tool_is_refused_at_once(rules: list[Rule], fallback: Any) -> None:
    with pytest.raises(InvalidOptionError, match="fallback is"):
        ClassifySelector(rules, backend="local", fallback=fallback)


def test_there_is_no_selector_without_a_fallback(rules: list[Rule]) -> None:
    with pytest.raises(TypeError, match="fallback"):
        ClassifySelector(rules, backend="local")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"fallback": "all"}, "fallback: there is no tool 'all'.*'everything', 'invoice', 'recipe'"),
        ({"fallback": 3}, "fallback: there is no tool 3"),
        ({"fallback": 0, "choices": {"invoice": "bills"}}, "choices: there is no tool 'bills'"),
    ],
)
def test_a_tool_that_is_not_among_those_given_is_an_error_before_anything_is_asked(
    rules: list[Rule], options: dict[str, Any], complaint: str
) -> None:
    backend = ScriptedBackend()
    with pytest.raises(InvalidOptionError, match=complaint):
        ClassifySelector(rules, backend=backend, **options).select(TOOLS, "an invoice?")
    assert not backend.asked


def test_two_tools_of_one_name_cannot_be_told_apart(selector: ClassifySelector) -> None:
    with pytest.raises(InvalidOptionError, match=r"more than one tool is called 'invoice'.*name=\.\.\."):
        selector.select([*TOOLS, TOOLS[1]], "an invoice?")


@pytest.mark.parametrize(
    ("choices", "complaint"), [({"invoce": "bills"}, "near are 'invoice'"), ({"uncategorized": "all"}, "fallback=")]
)
def test_a_choice_for_a_type_that_no_rule_produces_is_refused(
    rules: list[Rule], choices: dict[str, str], complaint: str
) -> None:
    with pytest.raises(InvalidOptionError, match=complaint):
        ClassifySelector(rules, backend="local", fallback=0, choices=choices)


def test_the_parameters_are_called_as_the_framework_calls_them() -> None:
    for method in ("_select", "_aselect", "_get_prompts", "_update_prompts"):
        ours, theirs = (inspect.signature(getattr(one, method)) for one in (ClassifySelector, BaseSelector))
        assert list(ours.parameters) == list(theirs.parameters)


async def test_both_ways_are_one_span_each(selector: ClassifySelector, spans: CollectingSpanHandler) -> None:
    await selected(selector)
    assert spans.names == ["ClassifySelector._select", "ClassifySelector._aselect"]
    assert not spans.open_spans


def test_there_are_no_prompts(selector: ClassifySelector) -> None:
    assert selector.get_prompts() == {}
    selector.update_prompts({})


async def test_asking_leaves_the_loop_free(rules: list[Rule]) -> None:
    backend = HeldBackend()
    selector = ClassifySelector(rules, backend=backend, fallback=0, timeout=60)
    asking = asyncio.create_task(selector.aselect(TOOLS, "an invoice?"))
    await until(backend.begun.is_set)  # a selector that blocked the loop would hold this back as well
    backend.release.set()
    assert (await asking).ind == 1


async def test_a_cancelled_query_cancels_the_question(rules: list[Rule]) -> None:
    backend = HeldBackend()
    selector = ClassifySelector(rules, backend=backend, fallback=0, timeout=60)
    asking = asyncio.create_task(selector.aselect(TOOLS, "an invoice?"))
    await until(backend.begun.is_set)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await until(lambda: backend.cancelled == 1)


def test_a_question_asked_again_is_not_classified_again(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    selector = ClassifySelector(rules, backend=backend, fallback=0)
    assert selector.select(TOOLS, "an invoice?") == selector.select(TOOLS, "an invoice?")
    assert backend.asked["an invoice?"] == 1


def test_a_time_out_is_short_unless_it_is_given(rules: list[Rule]) -> None:
    assert ClassifySelector(rules, backend="local", fallback=0).timeout == 10
    assert ClassifySelector(rules, backend="local", fallback=0, timeout=3).timeout == 3


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_selects_the_same(rules: list[Rule], copied: Callable[[ClassifySelector], ClassifySelector]) -> None:
    choices = {"invoice": "recipe"}
    selector = ClassifySelector(rules, backend="local", fallback="everything", choices=choices, min_confidence=0.3)
    question = "What is the total amount due on this invoice?"
    twin = copied(selector)
    assert twin.select(TOOLS, question) == selector.select(TOOLS, question)
    assert (twin.fallback, twin.choices, twin.min_confidence) == ("everything", choices, 0.3)


async def test_the_hosted_service_answers_questions_and_no_key_reaches_a_tracer(
    classify_server: ClassifyServer, rules: list[Rule], spans: CollectingSpanHandler
) -> None:
    hosted = {"backend": "hosted", "base_url": classify_server.base_url, "api_key": classify_server.api_key}
    selector = ClassifySelector(rules, fallback="everything", timeout=60, **hosted)
    with selector.classifier:
        assert (await selected(selector, "What is the total amount due, with tax, on this invoice?"))[0] == 1
    assert len(spans.names) == 2
    assert not [told for told in spans.told if classify_server.api_key in told]
