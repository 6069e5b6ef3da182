"""Labelled documents through real classifiers, and two evaluations compared."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from classify_core import AuthenticationError, Classifier, LocalBackend, Rule
from classify_core.classification import Answer, Classification
from classify_core.errors import ConnectionFailedError, InvalidOptionError, OutOfCreditsError
from classify_core.evaluation import Labelled, compare, evaluate, load_labelled
from tests.evaluation.outcomes import evaluation, failed, not_begun, outcome
from tests.service import ClassifyService

RULES = [
    Rule(type="invoice", description="a bill with an invoice number, line items and the total amount due"),
    Rule(type="recipe", description="a cooking recipe with ingredients, quantities and steps of preparation"),
]
DOCUMENTS = [
    Labelled.of("Invoice number 7. Line items: two lamps. Total amount due: 20 EUR.", "invoice", name="lamps"),
    Labelled.of(
        "Recipe for soup. Ingredients: 2 leeks. Steps of preparation: cut, boil, serve.", "recipe", name="soup"
    ),
    Labelled.of("Xyzzy plugh.", None, name="nothing"),
]


def test_our_examples_are_evaluated_from_their_folders(folder: Path, rules: list[Rule]) -> None:
    with Classifier(rules, backend="local", on_error="record") as classifier:
        made = evaluate(classifier, load_labelled(folder, rules))
    assert made.accuracy.value >= 0.8
    assert made.types == tuple(rule.type for rule in rules)
    assert all(backend.startswith("local/") for backend in made.backends)
    assert pickle.loads(pickle.dumps(made)).accuracy == made.accuracy


@pytest.mark.parametrize("one_by_one", [False, True])
def test_outcomes_stand_in_the_order_of_the_documents(*, one_by_one: bool) -> None:
    with Classifier(RULES, backend="local") as classifier:
        made = evaluate(classifier, DOCUMENTS, one_by_one=one_by_one)
    assert [(each.name, each.label) for each in made.outcomes] == [(each.name, each.label) for each in DOCUMENTS]
    assert made.accuracy.count == 3


def test_a_document_that_cannot_be_read_is_an_outcome_and_counts_as_wrong(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    with Classifier(RULES, backend="local") as classifier:  # which would raise by itself
        made = evaluate(classifier, [*DOCUMENTS, Labelled.of(tmp_path / "empty.txt", "invoice")])
    assert [each.name for each in made.failures] == ["empty.txt"]
    assert (made.accuracy.count, made.accuracy.total) == (3, 4)


def test_labels_that_are_none_of_the_rules_types_are_refused() -> None:
    with Classifier(RULES, backend="local") as classifier:
        with pytest.raises(InvalidOptionError, match="'bill'"):
            evaluate(classifier, [Labelled.of("a text", "bill")])
        with pytest.raises(InvalidOptionError, match="no labelled documents"):
            evaluate(classifier, [])


def test_where_nothing_could_be_begun_the_reason_is_raised(service: ClassifyService) -> None:
    service.fail_next("*", status=401, body={"detail": "Invalid API key"}, times=99)
    options = {"api_key": service.api_key, "base_url": service.base_url}
    with Classifier(RULES, backend="hosted", **options) as classifier, pytest.raises(AuthenticationError):
        evaluate(classifier, DOCUMENTS)


def test_a_service_that_no_document_reaches_is_raised_too() -> None:
    class Unreachable(LocalBackend):
        async def classify(self, *arguments: Any, **options: Any) -> Answer:
            raise ConnectionFailedError("refused")

    with Classifier(RULES, backend=Unreachable()) as classifier, pytest.raises(ConnectionFailedError):
        evaluate(classifier, DOCUMENTS)


def test_documents_that_credits_did_not_reach_are_not_measured(service: ClassifyService) -> None:
    options = {"api_key": service.api_key, "base_url": service.base_url}
    with Classifier(RULES, backend="hosted", max_credits=2, max_concurrency=1, **options) as classifier:
        made = evaluate(classifier, DOCUMENTS)
    assert (made.accuracy.total, made.not_started) == (2, 1)
    assert isinstance(made.outcomes[2].answer.error, OutOfCreditsError)


def test_one_by_one_no_document_is_in_a_list_with_others() -> None:
    calls: list[str] = []

    class Told(Classifier):
        def classify_many(self, *arguments: Any, **options: Any) -> list[Classification]:
            calls.append("many")
            return super().classify_many(*arguments, **options)

    with Told(RULES, backend="local") as classifier:
        evaluate(classifier, DOCUMENTS, one_by_one=True)
        assert calls == []
        evaluate(classifier, DOCUMENTS)
    assert calls == ["many"]


def test_a_comparison_counts_what_each_alone_got_right() -> None:
    first = [
        outcome("invoice", "invoice", name="both"),
        outcome("invoice", "invoice", name="lost"),
        outcome("resume", "invoice", name="won"),
        outcome("resume", None, name="won too"),
        outcome("resume", "contract", name="wrong in both"),
        failed("resume", name="failed once"),
        not_begun("resume", name="left out"),
    ]
    second = [
        outcome("invoice", "invoice", name="both"),
        outcome("invoice", "contract", name="lost"),
        outcome("resume", "resume", name="won"),
        outcome("resume", "resume", name="won too"),
        outcome("resume", "invoice", name="wrong in both"),
        outcome("resume", "resume", name="failed once"),
        outcome("resume", "resume", name="left out"),
    ]
    made = compare(evaluation(first), evaluation(second), names=("old", "new"))
    assert (made.documents, made.only_first_right, made.only_second_right) == (6, 1, 3)
    assert made.difference == pytest.approx(2 / 6)
    assert [change.name for change in made.changes] == ["lost", "wrong in both", "won", "won too", "failed once"]
    assert made.to_dict()["names"] == ["old", "new"]
    assert pickle.loads(pickle.dumps(made)).p_value == made.p_value == pytest.approx(10 / 16)


def test_evaluations_of_different_documents_or_labels_are_not_compared() -> None:
    one = evaluation([outcome("invoice", "invoice")])
    with pytest.raises(InvalidOptionError, match="not of the same documents"):
        compare(one, evaluation([outcome("contract", "invoice")]))
    with pytest.raises(InvalidOptionError, match="not of the same documents"):
        compare(one, evaluation([outcome("invoice", "invoice"), outcome("invoice", "invoice")]))
    half = evaluation([outcome("invoice", "invoice", name="a"), not_begun("invoice", name="b")])
    other = evaluation([not_begun("invoice", name="a"), outcome("invoice", "invoice", name="b")])
    with pytest.raises(InvalidOptionError, match="no document that both worked on"):
        compare(half, other)


def test_any_backend_can_be_evaluated() -> None:
    class AlwaysInvoice(LocalBackend):
        async def classify(self, *arguments: Any, **options: Any) -> Answer:
            answer = await super().classify(*arguments, **options)
            return answer.model_copy(update={"type": "invoice"})

    with Classifier(RULES, backend=AlwaysInvoice()) as classifier:
        made = evaluate(classifier, DOCUMENTS)
    assert {each.answer.type for each in made.outcomes} == {"invoice"}
    assert made.accuracy.count == 1
