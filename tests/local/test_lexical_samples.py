"""How often the engine is right, on short documents written for this test in eight languages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from classify_core import Rule
from classify_core.engine import ParsedDocument
from classify_core.local.backend import decide
from classify_core.local.lexical import LexicalEngine

WRITTEN = tomllib.loads(Path(__file__).with_name("samples.toml").read_text(encoding="utf-8"))
RULES = [Rule(type=name, description=description) for name, description in WRITTEN["rules"].items()]
SAMPLES = [(sample["text"], sample.get("type")) for sample in WRITTEN["samples"]]


def answer(text: str) -> str | None:
    return decide(LexicalEngine().score([ParsedDocument(text=text)], RULES)[0]).type


@pytest.fixture(scope="module")
def answers() -> list[tuple[str, str | None, str | None]]:
    """The beginning of each sample, what it is and what it is taken for."""
    return [(text[:30], expected, answer(text)) for text, expected in SAMPLES]


def test_the_samples_are_of_some_thirty_types_and_of_none() -> None:
    assert {expected for _, expected in SAMPLES} == {rule.type for rule in RULES} | {None}
    assert len(RULES) >= 30


def test_most_short_documents_are_answered_rightly(answers: list[tuple[str, str | None, str | None]]) -> None:
    wrong = [each for each in answers if each[1] != each[2]]

    assert len(wrong) <= 0.15 * len(answers), wrong


def test_of_the_answers_that_are_given_hardly_any_is_wrong(answers: list[tuple[str, str | None, str | None]]) -> None:
    given = [each for each in answers if each[2] is not None]
    wrong = [each for each in given if each[1] != each[2]]

    assert len(wrong) <= 0.05 * len(given), wrong
