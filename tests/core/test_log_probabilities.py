"""What holds for the probability of a type by the log-probabilities of the tokens that a model wrote."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from classify_core.local.prompted.log_probabilities import type_probability
from tests.answer_tokens import token

TYPES = ("invoice", "invoice_paid", "insurance", "recipe", "(none of these)")


def answer(*kind: dict[str, Any], before: str = '{"reasoning": "a bill", "type": "') -> list[dict[str, Any]]:
    """The tokens of an answer, of which `kind` are those of its type and its closing quotation mark."""
    return [token(before, 0.5), *kind, token(' "confidence": 0.3}', 0.5)]


def probability(tokens: object, answered: str = "invoice") -> float | None:
    return type_probability(tokens, answered, TYPES)


def test_it_is_the_product_of_the_probabilities_of_the_type_s_tokens_and_of_no_others() -> None:
    found = probability(answer(token("inv", 0.8), token("oice", 0.9), token('",', 0.5)))

    assert found == pytest.approx(0.8 * 0.9 * 0.5)


def test_what_goes_on_with_no_type_is_no_doubt_about_the_type() -> None:
    others = {"invoice": 0.6, "recipe": 0.2, "Invoice": 0.1, "\n": 0.1}
    found = probability(answer(token("invoice", 0.6, others), token('",')))

    assert found == pytest.approx(0.6 / 0.8)


def test_another_way_to_write_the_same_type_counts_for_it() -> None:
    found = probability(answer(token("recipe", 0.5, {"rec": 0.3, "re": 0.1, "invoice": 0.1}), token('",')), "recipe")

    assert found == pytest.approx(0.9)


def test_a_beginning_that_several_types_share_decides_nothing_until_they_part() -> None:
    shared = token("in", 0.7, {"in": 0.7, "recipe": 0.3})
    parted = token("voice", 0.6, {"voice": 0.6, "surance": 0.4})

    assert probability(answer(shared, parted, token('",'))) == pytest.approx(0.7 * 0.6)


def test_what_may_have_become_another_type_does_not_count_for_the_answer() -> None:
    found = probability(answer(token("invoice", 0.6, {"in": 0.4}), token('",')))

    assert found == pytest.approx(0.6)


def test_where_a_type_begins_as_another_does_its_end_decides() -> None:
    shorter = answer(token("invoice"), token('",', 0.7, {'",': 0.7, "_paid": 0.2, '"}': 0.1}))
    longer = answer(token("invoice"), token("_paid", 0.2, {'",': 0.7, "_paid": 0.2, '"}': 0.1}), token('"'))

    assert probability(shorter) == pytest.approx(0.8)
    assert probability(longer, "invoice_paid") == pytest.approx(0.2)


def test_what_is_not_told_counts_against_the_type() -> None:
    # One alternative is told, the token itself: that the others are unknown does not make it certain.
    assert probability(answer(token("invoice", 0.6, {"invoice": 0.6}), token('",'))) == pytest.approx(0.6)


@pytest.mark.parametrize("begins", ["", ' "', '": "', '"', '"type": "'])
@pytest.mark.parametrize("ends", ['"', '",', '", "confidence": 0.3}'])
def test_tokens_need_not_begin_and_end_where_the_type_does(begins: str, ends: str) -> None:
    written = '{"reasoning": "x", "type": "invoice", "confidence": 0.3}'
    start = written.index("invoice") - len(begins)
    end = written.index("invoice") + len("invoice") + len(ends)
    parts = [written[:start], written[start:end], written[end:]]
    tokens = [token(part, 0.4 if number == 1 else 0.9) for number, part in enumerate(parts) if part]

    assert probability(tokens) == pytest.approx(0.4)


def test_the_type_is_that_of_the_answer_and_not_of_a_word_in_its_reasoning() -> None:
    before = json.dumps({"reasoning": '"type": "invoice"', "more": {"type": "invoice"}})[:-1] + ', "type": "'

    assert probability(answer(token("recipe", 0.3), token('",'), before=before), "recipe") == pytest.approx(0.3)
    assert probability(answer(token("recipe", 0.3), token('",'), before=before), "invoice") is None


def test_characters_that_are_cut_in_two_are_put_together() -> None:
    encoded = "reçu".encode()
    parts = [token(encoded[:3], 0.5), token(encoded[3:], 0.5), token('",')]

    assert type_probability(answer(*parts), "reçu", ["reçu", "invoice"]) == pytest.approx(0.25)


def test_without_bytes_a_token_s_text_is_taken() -> None:
    tokens = [{"token": one["token"], "logprob": one["logprob"]} for one in answer(token("invoice", 0.5), token('",'))]

    assert probability(tokens) == pytest.approx(0.5)
    assert probability([one | {"bytes": None, "top_logprobs": None} for one in tokens]) == pytest.approx(0.5)


def test_an_answer_in_a_code_block_is_found() -> None:
    tokens = [token("Here you are:\n```json\n"), *answer(token("invoice", 0.5), token('",')), token("\n```")]

    assert probability(tokens) == pytest.approx(0.5)


@pytest.mark.parametrize(("logarithm", "expected"), [(0.0, 1.0), (1e-7, 1.0), (-9999.0, 0.0), (-math.inf, 0.0)])
def test_it_stays_between_0_and_1_whatever_providers_round(logarithm: float, expected: float) -> None:
    same = {"token": "invoice", "logprob": logarithm}
    tokens = answer(same | {"top_logprobs": [same, {"token": "recipe", "logprob": -0.0}]}, token('",'))
    found = probability(tokens)

    assert found is not None
    assert 0.0 <= found <= 1.0
    assert probability(answer(same, token('",'))) == expected


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        "invoice",
        {"content": []},
        [None],
        [{"token": "invoice"}],
        answer({"token": "invoice", "logprob": math.nan}, token('"')),
        answer({"token": "invoice", "logprob": 2.0}, token('"')),
        answer({"token": "invoice", "bytes": [999], "logprob": -1.0}, token('"')),
        answer(token(b"\xff", 0.5), token('"')),
        [token("It is an invoice.", 0.5)],
        [token('{"reasoning": "x"', 0.5), token("}", 0.5)],
        answer(token("in\\u0076oice", 0.5), token('"')),
        [token('{"type": tru', 0.5)],
    ],
)
def test_what_are_not_the_tokens_of_the_answer_tells_nothing(told: object) -> None:
    assert probability(told) is None
