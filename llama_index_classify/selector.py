"""Chooses a router's query engine or retriever by the type that a question is about."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from llama_index.core.base.base_selector import BaseSelector, SelectorResult, SingleSelection
from pydantic import Field

from classify_core.checks import checked_count
from classify_core.classification import Status
from classify_core.component import ClassifierFields
from classify_core.errors import InvalidOptionError
from classify_core.metadata import shortened
from classify_core.rules import refuse_unknown_types
from llama_index_classify.events import observed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llama_index.core.prompts.mixin import PromptDictType
    from llama_index.core.schema import QueryBundle
    from llama_index.core.tools.types import ToolMetadata

    from classify_core.classification import Classification
    from classify_core.models import Rule

logger = logging.getLogger(__name__)

REASON_LENGTH: Final = 300


class ClassifySelector(ClassifierFields, BaseSelector):
    """Selects the tool of the type that a question is about, for `RouterQueryEngine` and `RouterRetriever`.

        selector = ClassifySelector(question_rules, fallback="everything")
        engine = RouterQueryEngine(selector=selector, query_engine_tools=tools, llm=llm)

    It selects one tool, always one of those given, and says why in the selection's `reason`. The fallback is taken
    where no rule matches the question, where the confidence is below `min_confidence`, where the type has no tool, and
    where the question could not be classified, or not in time; a failure is also logged and told to LlamaIndex's
    handlers.

    The rules describe questions here, not documents: "asks about a bill, an amount to pay, a due date or a supplier".
    `backend="local"` answers at once and goes by the words that rules and question share; an `LLMEngine` understands
    others too. A hosted classification takes seconds and costs credits for each new question.
    `RouterQueryEngine` asks for a language model although this selector needs none: pass it one (`MockLLM()` will do).

    Args:
        rules: as for `Classifier`, like all further arguments of its; or `classifier=` instead.
        fallback: the tool for all other questions: its name, or its place in the list, counted from 0.
        choices: the tool's name for a type, where it is not the type itself. Tools given as plain strings are known by
            these.
        timeout: seconds for one question; 10 unless given, here or to the classifier.

    Raises:
        InvalidOptionError: `fallback` can be no tool, or `choices` holds a type that no rule produces. When it selects:
            a tool that was named is not among those given, or two have one name.
    """

    default_timeout: ClassVar[float | None] = 10.0

    fallback: str | int = Field(frozen=True)
    choices: dict[str, str] = Field(default_factory=dict, frozen=True)

    def __init__(
        self,
        rules: Iterable[Rule | Mapping[str, Any]] | None = None,
        *,
        fallback: str | int,
        choices: Mapping[str, str] | None = None,
        **arguments: Any,
    ) -> None:
        if not isinstance(fallback, str):
            checked_count("fallback", fallback, minimum=0)
        super().__init__(rules, fallback=fallback, choices=dict(choices or {}), **arguments)
        no_match = self.metadata_schema.no_match_label
        if no_match in self.choices:
            raise InvalidOptionError(f"choices holds {no_match!r}; a question that no rule matches goes to fallback=")
        refuse_unknown_types("choices", self.choices, self.rules, no_match)

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by."""
        return "ClassifySelector"

    def _select(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        tools = self._tools(choices)  # before anything is spent
        with observed(self.class_name(), self.metadata_schema, node_count=1) as observation:
            outcome = observation.answered(
                self.classifier.classify(query.query_str, on_error="record", deadline=self.deadline)
            )
        return self._selection(tools, outcome)

    async def _aselect(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        tools = self._tools(choices)
        with observed(self.class_name(), self.metadata_schema, node_count=1) as observation:
            outcome = observation.answered(
                await self.classifier.aclassify(query.query_str, on_error="record", deadline=self.deadline)
            )
        return self._selection(tools, outcome)

    def _get_prompts(self) -> PromptDictType:
        return {}

    def _update_prompts(self, prompts_dict: PromptDictType) -> None:
        """There is none to update."""

    def _tools(self, choices: Sequence[ToolMetadata]) -> _Tools:
        names = [choice.description if choice.name is None else choice.name for choice in choices]
        _refuse_equal(names)
        for named in self.choices.values():
            _index_of(named, names, argument="choices")
        return _Tools(names, fallback=_index_of(self.fallback, names, argument="fallback"))

    def _selection(self, tools: _Tools, outcome: Classification) -> SelectorResult:
        wanted = None if outcome.type is None else self.choices.get(outcome.type, outcome.type)
        if wanted is not None and wanted in tools.names:
            return _selected(tools.names.index(wanted), _reason(outcome))
        if not outcome.status.is_success:
            logger.warning("a question could not be classified, so the fallback is selected: %s", outcome.error)
        return _selected(tools.fallback, f"{_lack(outcome, wanted)}; this is the fallback")


@dataclass(frozen=True, slots=True)
class _Tools:
    """The names of a router's tools, in its order, and the place of the fallback among them."""

    names: list[str]
    fallback: int


def _selected(index: int, reason: str) -> SelectorResult:
    return SelectorResult(selections=[SingleSelection(index=index, reason=reason)])


def _refuse_equal(names: Sequence[str]) -> None:
    equal = sorted({name for name in names if names.count(name) > 1})
    if equal:
        raise InvalidOptionError(
            f"more than one tool is called {', '.join(map(repr, equal))}; give each a name of its own: "
            "QueryEngineTool.from_defaults(engine, name=...)"
        )


def _index_of(tool: str | int, names: Sequence[str], *, argument: str) -> int:
    """The place of a tool that an argument names.

    Raises:
        InvalidOptionError: there is no such tool.
    """
    if isinstance(tool, str) and tool in names:
        return names.index(tool)
    if isinstance(tool, int) and tool < len(names):
        return tool
    there_are = ", ".join(map(repr, names)) or "none"
    raise InvalidOptionError(f"{argument}: there is no tool {tool!r}; the tools, counted from 0, are {there_are}")


def _reason(outcome: Classification) -> str:
    told = f"the question is about {outcome.type!r}, with confidence {outcome.confidence:.2f}"
    why = shortened(outcome.reasoning, REASON_LENGTH)
    return f"{told}: {why}" if why else told


def _lack(outcome: Classification, wanted: str | None) -> str:
    """Why no tool was found."""
    if not outcome.status.is_success:
        return f"the question could not be classified ({outcome.status.value}): {outcome.error}"
    if wanted is not None:
        return f"{_reason(outcome)}; no tool is called {wanted!r}"
    if outcome.status is Status.BELOW_THRESHOLD:
        return f"the confidence, {outcome.confidence:.2f}, is below min_confidence"
    return "no rule matches the question"
