"""Whatever goes wrong where documents teach each other, each keeps the answer that it has."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from classify_core import (
    Answer,
    BatchError,
    Classifier,
    ClassifyConfiguration,
    ClassifyRequest,
    Engine,
    ParsedDocument,
    Rule,
    RuleScore,
    Status,
)
from classify_core.backend import Batch, Lessons
from classify_core.local.backend import LocalBackend
from tests.backends import ScriptedBackend, until
from tests.local.adaptation_documents import RULES, TYPES, hinting, mixed

ROOT = Path(__file__).parents[2]
TEXTS = [text for text, _ in mixed(9)]
RULES_OF_SCRIPT = [
    Rule(type="invoice", description="A bill with line items and a total."),
    Rule(type="recipe", description="A dish to cook with its ingredients."),
]


class ScriptedBatch:
    """Says what it is told to of the documents that were seen; or fails, or never ends."""

    def __init__(self, says: Answer | Exception | None) -> None:
        self.says = says
        self.keys: list[str] = []
        self.is_asked = threading.Event()
        self.is_cancelled = threading.Event()

    async def answers(self) -> Mapping[str, Answer]:
        self.is_asked.set()
        if isinstance(self.says, Exception):
            raise self.says
        if self.says is not None:
            return dict.fromkeys(self.keys, self.says)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.is_cancelled.set()
            raise
        return {}


class BatchScriptedBackend(ScriptedBackend):
    """A backend of somebody's own, that looks at all documents of a call."""

    def __init__(self, says: Answer | Exception | None) -> None:
        super().__init__()
        self.batch = ScriptedBatch(says)

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        answer = await super().classify(request, timeout=timeout)
        self.batch.keys.append(request.content_key)
        return answer

    def new_batch(self, configuration: ClassifyConfiguration) -> ScriptedBatch:
        return self.batch

    async def learn(
        self,
        configuration: ClassifyConfiguration,
        batch: Batch,
        labels: Mapping[str, str | None],
        *,
        by_themselves: bool,
    ) -> Lessons:
        raise NotImplementedError

    def learned(self, configuration: ClassifyConfiguration) -> None:
        return None

    def restore(self, configuration: ClassifyConfiguration, learned: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def refuse_adaptation(self) -> None:
        return None


_WORDS = {"choir": ("choir", "pieces"), "greenhouse": ("greenhouse",), "ski": ("slopes", "snow"), "violin": ("violin",)}


class SelectiveEngine(Engine):
    """Finds each type by a word or two, and breaks at another."""

    name = "selective"

    def score(self, documents: list[ParsedDocument], rules: list[Rule]) -> list[list[RuleScore]]:
        return [self._scores(document.text, rules) for document in documents]

    async def ascore(self, documents: list[ParsedDocument], rules: list[Rule]) -> list[list[RuleScore]]:
        return self.score(documents, rules)

    def _scores(self, text: str, rules: list[Rule]) -> list[RuleScore]:
        if "broken" in text:
            raise ValueError(text)
        fits = [any(word in text.lower() for word in _WORDS[rule.type.split("_")[0]]) for rule in rules]
        return [RuleScore(rule.type, 0.8 / sum(fits) if own else 0.0) for rule, own in zip(rules, fits, strict=True)]


def test_failures_are_outcomes_and_the_others_still_teach_each_other(tmp_path: Path) -> None:
    classifier = Classifier(RULES, backend="local", on_error="record")
    *outcomes, unclear, missing, empty = classifier.classify_many(
        [*TEXTS, hinting("choir_rehearsal", 0), tmp_path / "missing.txt", "  "]
    )
    assert {one.backend for one in outcomes} == {"local/lexical+batch"}
    assert unclear.type == "choir_rehearsal"
    assert [missing.status, empty.status] == [Status.FAILED, Status.FAILED]


def test_the_error_of_a_call_carries_what_the_batch_says(tmp_path: Path) -> None:
    classifier = Classifier(RULES, backend="local")
    with pytest.raises(BatchError, match=r"1 of 38 documents") as raised:
        classifier.classify_many([tmp_path / "missing.txt", *TEXTS, hinting("choir_rehearsal", 0)])
    assert raised.value.outcomes[-1].type == "choir_rehearsal"
    assert {one.backend for one in raised.value.outcomes[1:]} == {"local/lexical+batch"}
    assert raised.value.outcomes[0].status is Status.FAILED


def test_a_batch_that_breaks_loses_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    backend = BatchScriptedBackend(ValueError("the text of a document"))
    outcomes = Classifier(RULES_OF_SCRIPT, backend=backend).classify_many(["invoice 1", "recipe 2", "letter 3"])
    assert [one.type for one in outcomes] == ["invoice", "recipe", None]
    assert "ValueError" in caplog.text
    assert "the text of a document" not in caplog.text


def test_a_batch_may_revise_every_answer() -> None:
    backend = BatchScriptedBackend(Answer(type="recipe", confidence=0.7, reasoning="the others are"))
    outcomes = Classifier(RULES_OF_SCRIPT, backend=backend).classify_many(["invoice 1", "recipe 2", "letter 3"])
    assert [(one.type, one.confidence) for one in outcomes] == [("recipe", 0.7)] * 3


def test_an_answer_of_the_batch_in_no_rule_revises_nothing() -> None:
    backend = BatchScriptedBackend(Answer(type="sonnet", confidence=0.7, reasoning="the others are"))
    outcomes = Classifier(RULES_OF_SCRIPT, backend=backend).classify_many(["invoice 1", "recipe 2"])
    assert [one.type for one in outcomes] == ["invoice", "recipe"]


def test_once_the_time_of_the_call_is_over_each_keeps_its_own_answer(caplog: pytest.LogCaptureFixture) -> None:
    backend = BatchScriptedBackend(None)
    outcomes = Classifier(RULES_OF_SCRIPT, backend=backend).classify_many(["invoice 1", "recipe 2"], deadline=0.5)
    assert [one.type for one in outcomes] == ["invoice", "recipe"]
    assert backend.batch.is_cancelled.is_set()
    assert "there was no time to compare them" in caplog.text


async def test_who_cancels_a_call_cancels_the_comparison_too() -> None:
    backend = BatchScriptedBackend(None)
    call = asyncio.ensure_future(Classifier(RULES_OF_SCRIPT, backend=backend).aclassify_many(["invoice 1"]))
    await until(backend.batch.is_asked.is_set)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(backend.batch.is_cancelled.is_set)


async def test_a_synchronous_call_inside_a_running_loop_adapts_as_well() -> None:
    outcomes = Classifier(RULES, backend="local").classify_many(TEXTS)
    assert {one.backend for one in outcomes} == {"local/lexical+batch"}


async def test_two_calls_at_once_do_not_hear_of_each_other() -> None:
    classifier = Classifier(RULES, backend="local", cache=False)
    others = [hinting(kind, number) for number in range(3) for kind in TYPES]
    together, few = await asyncio.gather(classifier.aclassify_many(TEXTS), classifier.aclassify_many(others))
    assert {one.backend for one in together} == {"local/lexical+batch"}
    assert {one.backend for one in few} == {"local/lexical"}


def test_the_documents_of_any_engine_teach_each_other_and_its_faults_are_single() -> None:
    classifier = Classifier(RULES, backend=LocalBackend(SelectiveEngine()), on_error="record")
    *outcomes, broken = classifier.classify_many([*TEXTS, "broken"])
    assert {one.backend for one in outcomes} == {"local/selective+batch"}
    assert broken.status is Status.FAILED


def test_without_scikit_learn_automatic_adaptation_is_off_and_says_so_once() -> None:
    ran = _without_scikit_learn(
        """
        for _ in range(2):
            outcomes = Classifier(RULES, backend="local", cache=False).classify_many(TEXTS)
            assert {one.backend for one in outcomes} == {"local/lexical"}, outcomes
        """
    )
    assert ran.stderr.count('adapt="auto" is off') == 1
    assert 'pip install "classify-adapters[local]"' in ran.stderr


def test_without_scikit_learn_whoever_asks_for_learning_is_told_what_to_install() -> None:
    ran = _without_scikit_learn(
        """
        from classify_core import MissingExtraError
        classifier = Classifier(RULES, backend="local")
        for asked in (
            lambda: Classifier(RULES, backend="local", adapt=True),
            lambda: Classifier(RULES, backend="local", examples={RULES[0].type: TEXTS[:1]}),
            lambda: classifier.adapt(TEXTS),
            lambda: classifier.learn([(TEXTS[0], RULES[0].type)]),
        ):
            try:
                asked()
            except MissingExtraError as error:
                print(error.message)
        """
    )
    assert ran.stdout.count('run: pip install "classify-adapters[local]"') == 4


def _without_scikit_learn(program: str) -> subprocess.CompletedProcess[str]:
    beginning = """
import sys
sys.modules["sklearn"] = None
from classify_core import Classifier
from tests.local.adaptation_documents import RULES, mixed
TEXTS = [text for text, _ in mixed(9)]
"""
    return subprocess.run(
        [sys.executable, "-c", beginning + textwrap.dedent(program)],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
