"""How text becomes terms."""

from __future__ import annotations

import pytest

from classify_core.local.lexical.terms import _TermOfWord, normal_form, occurrences


def terms(text: str) -> list[str]:
    return [occurrence.term for occurrence in occurrences(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Invoice", "INVOICES"),
        ("party", "parties"),
        ("licensed", "license"),
        ("shipping", "shipped"),
        ("Straße", "STRASSE"),
        ("tenant\u2019s", "tenant"),
        ("cafe\u0301", "café"),
        ("boxes", "box"),
    ],
)
def test_forms_of_one_word_are_one_term(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [("bus", "bu"), ("class", "clas"), ("news", "new"), ("string", "str"), ("bed", "b"), ("series", "sery")],
)
def test_short_words_are_not_cut_to_pieces(one: str, other: str) -> None:
    assert normal_form(one) != other


def test_stop_words_numbers_and_lone_letters_are_no_terms() -> None:
    assert terms("the und der 12 3.5 2024-01-31 a b 1st of __ - \u2014") == ["1st"]


def test_unspaced_scripts_become_pairs_of_characters() -> None:
    assert terms("請求書 no") == ["請求", "求書"]
    assert terms("書") == ["書"]


def test_marks_stay_with_their_letters() -> None:
    assert terms("चालान संख्या") == ["चालान", "संख्या"]


def test_an_occurrence_says_where_it_stands() -> None:
    text = "  Total  amount 請求書"

    assert [text[each.start : each.end] for each in occurrences(text)] == ["Total", "amount", "請求", "求書"]


def test_words_of_any_length_are_looked_up_and_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classify_core.local.lexical.terms._WORDS_KEPT", 100)
    kept = _TermOfWord()
    looked_up = [kept[f"word{number}x"] for number in range(1_000)], [kept["x" * length] for length in range(41, 1_000)]

    assert looked_up == ([f"word{number}x" for number in range(1_000)], [None] * 959)
    assert len(kept) <= 100
    assert max(map(len, kept)) <= 40
