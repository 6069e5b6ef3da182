"""Only the selected pages reach the engine."""

from __future__ import annotations

import pytest

from classify_core import ParsingConfiguration, UnreadableDocumentError
from classify_core.local.extraction import MAX_CHARACTERS, extract, select
from classify_core.local.extraction.reading import PageText, ReadDocument, Reading
from tests.local import files

PAGES = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf"]


def read(parsing: ParsingConfiguration | None, data: bytes | None = None, name: str = "seven.pdf") -> list[str]:
    return extract(files.content(files.pdf(PAGES) if data is None else data, name), parsing).text.split()


@pytest.mark.parametrize(
    ("target_pages", "max_pages", "expected"),
    [
        (None, None, PAGES),
        (None, 2, ["alpha", "bravo"]),
        ("1,3,5-7", None, ["alpha", "charlie", "echo", "foxtrot", "golf"]),
        ("1,3,5-7", 3, ["alpha", "charlie", "echo"]),
        ("5,2", None, ["bravo", "echo"]),
        ("6-900", None, ["foxtrot", "golf"]),
    ],
)
def test_only_the_text_of_the_selected_pages_is_read(
    target_pages: str | None, max_pages: int | None, expected: list[str]
) -> None:
    assert read(ParsingConfiguration(target_pages=target_pages, max_pages=max_pages)) == expected


def test_target_pages_beyond_the_end_are_an_error_that_says_how_many_pages_there_are() -> None:
    with pytest.raises(UnreadableDocumentError, match=r"seven\.pdf.*7 pages.*'8-9'.*from 1 to 7"):
        read(ParsingConfiguration(target_pages="8-9"))


def test_slides_are_pages() -> None:
    deck = files.presentation(["alpha", "", "bravo é 中", "charlie"])

    assert read(ParsingConfiguration(target_pages="3"), deck, "deck.pptx") == ["bravo", "é", "中"]
    assert read(ParsingConfiguration(target_pages="2-3", max_pages=2), deck, "deck.pptx") == ["bravo", "é", "中"]
    assert read(None, deck, "deck.pptx") == ["alpha", "bravo", "é", "中", "charlie"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"alpha\x0cbravo", "notes.txt"),
        (b"<p>alpha<p>bravo", "page.html"),
        (files.word_with_page_break("alpha", "bravo"), "letter.docx"),
        (files.workbook([["alpha"], ["bravo"]]), "prices.xlsx"),
    ],
)
def test_a_format_without_pages_is_one_page(data: bytes, name: str) -> None:
    words = read(ParsingConfiguration(target_pages="1", max_pages=1), data, name)

    assert words[-2:] == ["alpha", "bravo"]
    with pytest.raises(UnreadableDocumentError, match=r"counts as 1 page.*leave target_pages out"):
        read(ParsingConfiguration(target_pages="2"), data, name)


def test_slides_are_pages_in_the_order_in_which_they_are_shown() -> None:
    names = [f"slide{number}" for number in range(1, 13)]
    deck = files.presentation(names, shown=[11, 2, 1, 12, 3, 4, 5, 6, 7, 8, 9, 10])

    assert read(ParsingConfiguration(target_pages="1-4"), deck, "deck.pptx") == [
        "slide11",
        "slide2",
        "slide1",
        "slide12",
    ]
    assert read(ParsingConfiguration(max_pages=1), deck, "deck.pptx") == ["slide11"]
    assert read(ParsingConfiguration(target_pages="12"), deck, "deck.pptx") == ["slide10"]


def test_slides_with_an_order_that_makes_no_sense_are_read_all_the_same() -> None:
    deck = files.presentation(["alpha", "bravo"], shown=[7, 1])

    assert read(None, deck, "deck.pptx") == ["alpha", "bravo"]


def test_each_page_begins_where_it_is_said_to() -> None:
    data = files.pdf(["alpha", "", "bravo", "charlie"])

    parsed = extract(files.content(data, "a.pdf"), ParsingConfiguration(target_pages="1-2,4"))

    assert parsed.page_numbers == (1, 2, 4)
    assert [parsed.text[start:].split()[0] for start in parsed.page_starts] == ["alpha", "charlie", "charlie"]
    assert [parsed.page_of(parsed.text.index(word)) for word in ("alpha", "charlie")] == [1, 4]


def test_slides_begin_where_they_are_said_to_in_the_order_in_which_they_are_shown() -> None:
    deck = files.presentation(["alpha", "bravo", "charlie"], shown=[3, 1, 2])

    parsed = extract(files.content(deck, "deck.pptx"))

    assert [parsed.page_of(parsed.text.index(word)) for word in ("charlie", "alpha", "bravo")] == [1, 2, 3]


def test_pages_beyond_what_is_kept_begin_nowhere_and_half_characters_move_none() -> None:
    pages = tuple(PageText(text) for text in ("\ud800" * 10, "x" * MAX_CHARACTERS, "beyond"))

    parsed = select(ReadDocument("pdf", Reading(pages)))

    assert (parsed.page_starts, parsed.page_numbers) == ((0, 12), (1, 2))
    assert len(parsed.text) == MAX_CHARACTERS
    assert parsed.text[12] == "x"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_a_format_without_pages_has_no_page_numbers(name: str) -> None:
    parsed = extract(files.content("alpha", name))

    assert (parsed.page_starts, parsed.page_numbers, parsed.page_of(0)) == ((), (), None)


def test_selected_pages_without_text_are_told_from_a_document_without_text() -> None:
    with pytest.raises(UnreadableDocumentError, match="selected of its 2 pages have no text layer"):
        read(ParsingConfiguration(target_pages="2"), files.pdf(["alpha", ""]))


def test_headings_of_other_pages_do_not_reach_the_engine() -> None:
    deck = files.presentation(["alpha", "bravo"])

    parsed = extract(files.content(deck, "deck.pptx"), ParsingConfiguration(target_pages="1"))

    assert "bravo" not in (parsed.text, parsed.title, *parsed.headings)
