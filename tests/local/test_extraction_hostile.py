"""Hostile bytes cost bounded time, and no fault of a reader looks like a fault of this package."""

from __future__ import annotations

import subprocess
import sys

import pytest

from classify_core import UnreadableDocumentError
from classify_core.local import extraction
from classify_core.local.extraction import extract
from tests.local import files

# A quadratic reader takes minutes or for ever for these; the limit is for a loaded machine.
LIMIT_IN_SECONDS = 60
HEADERS = "Subject: s\\nContent-Type: multipart/mixed; boundary="
PART = "Content-Type: multipart/mixed; boundary=b{}\n\n--b{}\n"
HOSTILE = {
    "comments that begin a note": ("note", "'<!---->' * 200_000 + ' words'"),
    "comments that begin a note without an ending": ("", "'<!---->' * 40 + ' words'"),
    "unmatched end tags": ("html", "'words' + '<svg>' * 100_000 + '</p>' * 100_000"),
    "a title in pieces": ("html", "'<title>' + 'a<b>' * 300_000 + 'words'"),
    "comments without an end": ("html", "'words' + '<!--x>' * 300_000"),
    "sections without an end": ("html", "'words' + '<![CDATA[x>' * 300_000"),
    "quotes that do not pair up": ("html", "'words' + '<a b=\"x\\' c=\\'>' * 100_000"),
    "one tag of attributes": ("html", "'words<a ' + 'b=' * 500_000 + '>'"),
    "XML comments without an end": ("xml", "'words' + '<!--x>' * 300_000"),
    "document types without an end": ("xml", "'words' + '<!DOCTYPE x[' * 300_000 + '>'"),
    "front matter without an end": ("md", "'---\\n' + '---  words\\n' * 300_000"),
    "nested parts": ("eml", "''.join(PART.format(n, n) for n in range(900)) + 'words\\n' * 300_000"),
    "many parts": ("eml", f"'{HEADERS}cut\\n\\n' + '--cut\\n\\nwords\\n' * 300_000"),
    "many parts with no name": ("eml", f"'{HEADERS}\"\"\\n\\n' + '--\\n\\nwords\\n' * 300_000"),
    "forwards of forwards": ("eml", "'Content-Type: message/rfc822\\n\\n' * 3_000 + 'words'"),
}


@pytest.mark.parametrize(("ending", "expression"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_is_read_in_bounded_time(ending: str, expression: str) -> None:
    program = (
        "from classify_core.local.extraction import extract\nfrom classify_core.source import Content\n"
        f"PART = {PART!r}\nparsed = extract(Content(({expression}).encode(), 'hostile', {ending!r}))\n"
        "assert 'words' in parsed.text, parsed.text[:200]"
    )

    # In a process of its own: a regular expression that backtracks without end cannot be interrupted.
    subprocess.run([sys.executable, "-c", program], check=True, timeout=LIMIT_IN_SECONDS)


@pytest.mark.parametrize(
    "charset", ["undefined", "unicode_escape", "raw_unicode_escape", "utf-7", "idna", "rot13", "\0"]
)
def test_what_python_alone_calls_an_encoding_is_not_one(charset: str) -> None:
    page = f'<meta charset="{charset}"><p>Gr\xf6\xdfe \\ud800 +AGE-'.encode("latin-1")
    mail = f"Content-Type: text/plain; charset={charset}\n\nGr\xf6\xdfe \\ud800 +AGE-".encode("latin-1")

    assert extract(files.content(page.replace(b"\0", b""), "a.html")).text == "Größe \\ud800 +AGE-"
    assert extract(files.content(mail.replace(b"\0", b""), "a.eml")).text == "Größe \\ud800 +AGE-"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("words &#xD800; &#55296; words", "a.html"),
        ("<a>words &#xD800;</a>", "a.xml"),
        (b"Subject: =?utf-8?b?7aCA?= \xff\xfe\n\nwords", "a.eml"),
        ("words &#" + "1" * 5_000 + ";", "a.html"),
        ("<a>words &#" + "1" * 5_000 + ";</a>", "a.xml"),
    ],
)
def test_text_can_be_written_whatever_the_document_refers_to(data: bytes | str, name: str) -> None:
    parsed = extract(files.content(data, name))

    assert "words" in f"{parsed.text}{parsed.title}".encode().decode()


def test_half_a_surrogate_pair_leaves_no_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    half = extraction.plain.single_page("words \ud800", title="\udfff", headings=("\ud8ff",))
    monkeypatch.setattr(extraction.plain, "read", lambda *_: half)

    parsed = extract(files.content("words", "a.txt"))

    assert (parsed.text, parsed.title, parsed.headings) == ("words \ufffd", "\ufffd", ("\ufffd",))


def test_an_unforeseen_fault_of_a_reader_is_an_unreadable_document(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise UnicodeError("quotes the secret text")

    monkeypatch.setattr(extraction.plain, "read", fail)
    with pytest.raises(UnreadableDocumentError, match=r"'a\.txt'.*malformed.*save it again") as caught:
        extract(files.content("words", "a.txt"))

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
