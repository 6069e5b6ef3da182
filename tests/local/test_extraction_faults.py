"""Bad input ends in an error that names the document and the remedy."""

from __future__ import annotations

import random
import re
import sys
from typing import TYPE_CHECKING

import pytest

from classify_core import UnreadableDocumentError
from classify_core.local.extraction import extract
from tests.local import files, scans

if TYPE_CHECKING:
    from pathlib import Path

    from classify_core.source import Content

GARBAGE = random.Random(7).randbytes(4_000)  # a fixed seed: the same bytes on each run
PROSE = ["The parties agree as follows. " * 20] * 3


def refusal(content: Content) -> str:
    with pytest.raises(UnreadableDocumentError) as caught:
        extract(content)
    assert caught.value.source_name == content.name
    return str(caught.value)


def test_an_empty_file_is_said_to_be_empty() -> None:
    assert "document 'a.txt': it is empty (0 bytes)" in refusal(files.content(b"", "a.txt"))


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.csv"])
def test_a_blank_file_is_said_to_hold_no_text(name: str) -> None:
    assert "no text, only white space" in refusal(files.content(b" \n\t \r\n", name))


def test_a_page_of_scripts_alone_holds_no_text() -> None:
    assert "no text" in refusal(files.content("<html><script>render()</script></html>", "app.html"))


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.html", "a.eml", "a.unknown", "a", None])
def test_binary_garbage_is_not_taken_for_text(name: str | None) -> None:
    assert "binary data" in refusal(files.content(GARBAGE, name))


def test_a_text_with_a_null_character_is_binary() -> None:
    assert "binary data" in refusal(files.content(b"words " * 1000 + b"\x00", "a.txt"))


@pytest.mark.parametrize("ending", ["pdf", "docx", "xlsx", "pptx", "odt", "doc", "xls", "rtf", "msg"])
def test_garbage_under_a_document_name_is_damaged(ending: str) -> None:
    message = refusal(files.content(GARBAGE, f"report.{ending}"))

    assert f"not a readable {ending.upper()} file" in message
    assert "export or download it again" in message


@pytest.mark.parametrize(
    ("whole", "name"),
    [
        (files.pdf(PROSE), "report.pdf"),
        (b"%PDF-1.7\n" + GARBAGE, "report.pdf"),
        (files.word("Lease", PROSE), "lease.docx"),
        (files.workbook([["Item", "Price"]] * 50), "prices.xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + GARBAGE * 2, "old.doc"),
    ],
)
def test_a_file_cut_off_half_way_is_damaged(whole: bytes, name: str) -> None:
    assert "damaged or cut off" in refusal(files.content(whole[: len(whole) // 2], name))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (files.pdf(PROSE, password="secret"), "secret.pdf"),
        (files.encrypted_office_file(), "secret.docx"),
        (files.encrypted_office_file(), "secret.xlsx"),
        (
            files.archive(
                {
                    "mimetype": "application/vnd.oasis.opendocument.text",
                    "META-INF/manifest.xml": "<manifest><encryption-data/></manifest>",
                    "content.xml": "x",
                }
            ),
            "secret.odt",
        ),
    ],
)
def test_a_protected_file_is_said_to_be_protected(data: bytes, name: str) -> None:
    assert "password-protected; remove the password" in refusal(files.content(data, name))


def test_a_pdf_that_only_its_owner_may_change_is_read() -> None:
    assert "parties" in extract(files.content(files.pdf(PROSE, password=""), "open.pdf")).text


@pytest.mark.parametrize(
    ("data", "name"),
    [(files.scanned_pdf(), "scan.pdf"), (files.pdf([""]), "blank.pdf"), (files.png(), "scan.png"), (files.png(), "x")],
)
def test_a_scan_is_said_to_have_no_text_layer(
    data: bytes, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scans.hide_tesseract(monkeypatch, tmp_path)

    message = refusal(files.content(data, name))

    assert re.search(r"no(t|) .*text layer|without a text layer", message)
    assert "OCR needs tesseract" in message
    assert "backend='hosted'" in message


def test_a_picture_inside_a_document_is_passed_over_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    assert extract(files.content(files.word_with_picture("words"), "a.docx")).text.strip() == "words"
    assert capfd.readouterr() == ("", "")


def test_an_archive_is_not_a_document() -> None:
    assert "ZIP archive, not a document; unpack it" in refusal(files.content(files.archive({"a.txt": "x"}), "all.zip"))


@pytest.mark.parametrize(
    ("members", "name", "expected"),
    [
        ({"mimetype": "application/vnd.oasis.opendocument.presentation"}, "a.odp", "'OpenDocument presentation'"),
        ({"mimetype": "application/vnd.oasis.opendocument.graphics"}, "a", "'OpenDocument graphics'"),
        ({"Index/Document.iwa": "x"}, "a.key", "'key'"),
    ],
)
def test_a_document_of_a_format_that_is_not_read_is_no_archive(
    members: dict[str, str], name: str, expected: str
) -> None:
    message = refusal(files.content(files.archive(members), name))

    assert f"a document in the format {expected}, which is not read here; export it as PDF" in message


@pytest.mark.parametrize("ending", ["docx", "xlsx", "pptx", "odt"])
def test_an_office_file_without_its_document_is_damaged(ending: str) -> None:
    assert "damaged" in refusal(files.content(files.archive({"a.txt": "x"}), f"a.{ending}"))


def test_a_zip_bomb_is_refused_before_it_unfolds() -> None:
    bomb = files.archive({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w>" + " " * 150_000_000})

    assert "damaged" in refusal(files.content(bomb, "bomb.docx"))


def test_a_pdf_with_a_date_outside_ascii_is_read_and_so_are_the_pdfs_after_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    plain = files.pdf(["words"], title="Odd date")
    date = re.search(rb"/CreationDate \(D:(\d+)", plain)
    assert date is not None
    odd = plain[: date.end() - 1] + b"\xd7" + plain[date.end() :]

    assert extract(files.content(odd, "odd.pdf")).text.strip() == "words"
    assert extract(files.content(plain, "plain.pdf")).title == "Odd date"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["broken.pdf", "broken.docx", "broken.txt", "broken.png"])
def test_nothing_is_printed_about_a_broken_file(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    refusal(files.content(files.png() if name.endswith("png") else GARBAGE, name))

    assert capfd.readouterr() == ("", "")


def test_without_the_library_a_pdf_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kreuzberg", None)

    with pytest.raises(ImportError, match=r"'a\.pdf'.*pip install \"classify-adapters\[local\]\""):
        extract(files.content(files.pdf(["x"]), "a.pdf"))


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.html", "a.xml", "a.eml", "a.rst", "a.json", "a.log"])
def test_without_the_library_text_is_read_all_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kreuzberg", None)

    assert "plain words" in extract(files.content("Subject: x\n\nplain words", name)).text
