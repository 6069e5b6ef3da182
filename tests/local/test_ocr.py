"""Scans are read by OCR where tesseract is installed, and are never guessed at where it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from classify_core import Classifier, ParsingConfiguration, Rule, Source, UnreadableDocumentError
from classify_core.local.extraction import extract, read_document
from classify_core.local.extraction.ocr.languages import data_of, package_of
from classify_core.local.extraction.ocr.limits import MAX_PAGES
from classify_core.server.schemas.languages import ParserLanguages
from tests.local import files, scans
from tests.local.scans import INVOICE, RECHNUNG, needs_tesseract

IMAGES = ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"]
GERMAN = ParsingConfiguration(lang="de")


def words(data: bytes, name: str, parsing: ParsingConfiguration | None = None) -> str:
    return " ".join(extract(files.content(data, name), parsing).text.split())


def refusal(data: bytes, name: str, parsing: ParsingConfiguration | None = None) -> str:
    with pytest.raises(UnreadableDocumentError) as caught:
        extract(files.content(data, name), parsing)
    return str(caught.value)


@pytest.mark.skipif(os.environ.get("CLASSIFY_REQUIRE_OCR") != "1", reason="only where OCR must be tested")
def test_tesseract_is_installed_where_ocr_must_be_tested() -> None:
    assert shutil.which("tesseract") is not None


@needs_tesseract()
@pytest.mark.parametrize("kind", IMAGES)
def test_an_image_is_read(kind: str) -> None:
    assert "Invoice number 4711" in words(scans.image_file(INVOICE, kind), f"scan.{kind.lower()}")


@needs_tesseract()
def test_a_scanned_invoice_is_classified_as_one() -> None:
    rules = [
        Rule(type="invoice", description="A bill with invoice number, line items and the total amount due."),
        Rule(type="recipe", description="A cooking recipe with ingredients and steps of preparation."),
    ]

    with Classifier(rules, backend="local") as classifier:
        assert classifier.classify(scans.pdf([scans.picture(INVOICE)])).type == "invoice"


@needs_tesseract()
def test_a_pdf_scanned_in_parts_is_read_whole_and_in_order() -> None:
    data = scans.pdf([scans.picture("First scanned page"), "second page of text", scans.picture("Third scanned page")])

    parsed = extract(files.content(data, "mixed.pdf"))

    assert [parsed.text[start:].split()[0] for start in parsed.page_starts] == ["First", "second", "Third"]
    assert parsed.page_numbers == (1, 2, 3)


@needs_tesseract()
def test_only_the_selected_pages_are_read_by_ocr() -> None:
    data = scans.pdf([scans.picture(f"Scanned page {number}") for number in (1, 2)])
    parsing = ParsingConfiguration(target_pages="2")

    document = read_document(files.content(data, "scan.pdf"), parsing)

    assert [page.text.split() for page in document.reading.pages] == [[], ["Scanned", "page", "2"]]
    assert "not selected" in str(document.reading.pages[0].unread_because)


@needs_tesseract()
def test_each_picture_of_a_fax_is_a_page() -> None:
    data = scans.fax(["First page of a fax", "Second page of a fax"])

    parsed = extract(files.content(data, "fax.tif"))

    assert [parsed.text[start:].split()[0] for start in parsed.page_starts] == ["First", "Second"]
    assert words(data, "fax.tif", ParsingConfiguration(target_pages="2")) == "Second page of a fax"


@needs_tesseract("deu")
def test_the_language_is_that_of_lang() -> None:
    assert "Gesamtbetrag f\u00fcr Oktober" in words(scans.image_file(RECHNUNG), "scan.png", GERMAN)


@needs_tesseract()
def test_pages_beyond_the_most_are_left_unread_and_say_so() -> None:
    data = scans.fax([""] * MAX_PAGES + ["Last page of a fax"])

    document = read_document(files.content(data, "fax.tif"))

    assert document.reading.pages[-2].unread_because is None
    assert f"at most {MAX_PAGES} pages" in str(document.reading.pages[-1].unread_because)
    assert words(data, "fax.tif", ParsingConfiguration(target_pages=f"{MAX_PAGES + 1}")) == "Last page of a fax"


@needs_tesseract()
@pytest.mark.parametrize(("data", "name"), [(files.png(), "blank.png"), (files.pdf([""]), "blank.pdf")])
def test_where_ocr_finds_no_text_that_is_said(data: bytes, name: str) -> None:
    message = refusal(data, name)

    assert "without a text layer" in message or "has no text layer" in message
    assert "OCR found no text either" in message


@needs_tesseract()
def test_a_language_without_data_names_the_package_that_has_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tesseract = tmp_path / "tesseract"
    tesseract.write_text('#!/bin/sh\nprintf "List of available languages (1):\\neng\\n"\n')
    tesseract.chmod(0o755)
    scans.hide_tesseract(monkeypatch, tmp_path)

    message = refusal(scans.image_file(RECHNUNG), "scan.png", GERMAN)

    assert "lang='de'" in message
    assert "apt-get install tesseract-ocr-deu" in message


@needs_tesseract()
@pytest.mark.parametrize("lang", ["klingon", "", "../eng", "-h", "eng+deu"])
def test_what_is_no_language_is_refused(lang: str) -> None:
    assert "is no language that OCR knows" in refusal(
        scans.image_file(INVOICE), "a.png", ParsingConfiguration(lang=lang)
    )


def test_every_language_of_the_api_has_data() -> None:
    data = {lang: data_of(lang) for lang in ParserLanguages}

    assert None not in data.values()
    assert (data[ParserLanguages.DE], data[ParserLanguages.CH_SIM]) == ("deu", "chi_sim")
    assert package_of("chi_sim") == "tesseract-ocr-chi-sim"
    assert package_of("script/Devanagari") == "tesseract-ocr-script-deva"


@pytest.mark.parametrize(
    ("data", "name"), [(scans.image_file(INVOICE), "scan.png"), (scans.pdf([scans.picture(INVOICE)]), "scan.pdf")]
)
def test_without_tesseract_a_scan_is_refused_with_the_remedy(
    data: bytes, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scans.hide_tesseract(monkeypatch, tmp_path)

    message = refusal(data, name)

    assert "without a text layer" in message or "has no text layer: a scan" in message
    assert "OCR needs tesseract, which is not installed" in message
    assert "apt-get install tesseract-ocr" in message
    assert "brew install tesseract" in message
    assert "backend='hosted'" in message


def test_without_tesseract_the_pages_with_text_are_read_and_the_others_say_why_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scans.hide_tesseract(monkeypatch, tmp_path)
    data = scans.pdf(["page of text", scans.picture("Scanned page")])

    document = read_document(files.content(data, "mixed.pdf"))

    assert [page.text.strip() for page in document.reading.pages] == ["page of text", ""]
    assert [page.unread_because is None for page in document.reading.pages] == [True, False]
    assert "needs tesseract" in str(document.reading.pages[1].unread_because)


@pytest.mark.parametrize(("documents", "backend"), [(1, "local/lexical"), (30, "local/lexical+batch")])
def test_the_reason_of_an_answer_says_which_pages_had_no_part_in_it(
    documents: int, backend: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scans.hide_tesseract(monkeypatch, tmp_path)
    kinds = [
        "Invoice number {}, total amount due 20 EUR, bill to Jane",
        "Recipe {}. Ingredients: flour. Steps: 1. Bake",
    ]
    texts = [kinds[number % 2].format(number) for number in range(documents)]
    sources = [
        Source.bytes(scans.pdf([text, *[scans.picture("Scanned")] * 2]), name=f"{number}.pdf")
        for number, text in enumerate(texts)
    ]
    rules = [Rule(type="invoice", description="invoice number"), Rule(type="recipe", description="ingredients, steps")]

    with Classifier(rules, backend="local") as classifier:
        outcomes = classifier.classify_many(sources)

    assert {outcome.backend for outcome in outcomes} == {backend}
    for outcome in outcomes:
        told = "2 of 3 pages were not read: OCR needs tesseract, which is not installed here"
        assert str(outcome.reasoning).count(told) == 1
        assert "apt-get install tesseract-ocr" in str(outcome.reasoning)


def test_pages_that_were_not_selected_are_not_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scans.hide_tesseract(monkeypatch, tmp_path)
    data = scans.pdf(["page of text", scans.picture("Scanned page")])

    assert extract(files.content(data, "a.pdf"), ParsingConfiguration(max_pages=1)).unread == ""
    assert extract(files.content(data, "a.pdf")).unread.startswith("1 of 2 pages was not read: OCR needs tesseract")


@needs_tesseract()
def test_without_the_library_an_image_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kreuzberg", None)

    assert "4711" in words(scans.image_file(INVOICE), "scan.png")


@needs_tesseract()
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a temporary file holds the PDF meanwhile")
def test_nothing_is_left_on_the_disk_or_printed_or_logged(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(scans.pdf([scans.picture(INVOICE)]))
    home = tmp_path / "home"
    home.mkdir()
    program = (
        "import logging, pathlib, sys\n"
        "logging.basicConfig(level=logging.DEBUG)\n"
        "from classify_core.local.extraction import extract\nfrom classify_core.source import Content\n"
        "assert '4711' in extract(Content(pathlib.Path(sys.argv[1]).read_bytes(), 'scan.pdf', 'pdf')).text"
    )
    environment = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "TMPDIR"), str(home)) | {"PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"PYTHONPATH": ":".join(entry for entry in sys.path if entry), "PATH": os.environ["PATH"]}

    command = [sys.executable, "-c", program, str(tmp_path / "scan.pdf")]
    said = subprocess.run(command, check=True, cwd=home, env=environment, capture_output=True, text=True)

    assert {path.name for path in home.rglob("*")} <= {"kreuzberg-pdfium", "libpdfium.so"}
    assert "4711" not in said.stdout + said.stderr
