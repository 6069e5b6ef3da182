"""What is text, and what is a title or a heading, in each format."""

from __future__ import annotations

import pytest

from classify_core.local.extraction import MAX_CHARACTERS, extract
from classify_core.source import Content
from tests.local import files


@pytest.mark.parametrize(
    "encoded",
    [
        "Überweisung: 5 €".encode(),
        "Überweisung: 5 €".encode("utf-8-sig"),
        "Überweisung: 5 €".encode("utf-16"),
        b"\xfe\xff" + "Überweisung: 5 €".encode("utf-16-be"),
        "Überweisung: 5 €".encode("utf-32"),
        "Überweisung: 5 €".encode("windows-1252"),
    ],
)
def test_text_is_read_in_its_encoding(encoded: bytes) -> None:
    assert extract(files.content(encoded, "note.txt")).text == "Überweisung: 5 €"


def test_rare_control_characters_are_dropped_from_a_text() -> None:
    assert extract(files.content("\x0304red\x03 " + "word " * 100, "irc.log")).text.startswith("04red word")


def test_a_text_needs_no_name_and_no_ending() -> None:
    parsed = extract(Content(data=b"just words", name=None, format=""))

    assert (parsed.text, parsed.name, parsed.format) == ("just words", None, "txt")


def test_html_is_read_without_scripts_styles_and_markup() -> None:
    page = """<!doctype html><html><head><title>Price
      list &amp; terms</title><style>p {color: red}</style><script>let hidden = "<p>secret</p>";</script></head>
      <body><h1>Price <em>list</em></h1><p>Chairs<br>Tables</p><noscript>enable it</noscript>
      <svg><text>drawn</text></svg><h4>Small print</h4></body></html>"""

    parsed = extract(files.content(page, "page.html"))

    assert parsed.title == "Price list & terms"
    assert parsed.headings == ("Price list",)
    assert parsed.text.split("\n") == ["Price list", "Chairs", "Tables", "Small print"]


@pytest.mark.parametrize(
    "section", ["<![if !IE]>", "<![CDAGA[x]]>", "<![endif]>", "<![", "<!x>", "<?php ?>", "</>", "<"]
)
def test_malformed_html_is_still_read(section: str) -> None:
    assert extract(files.content(f"<p>before</p>{section}", "a.html")).text.startswith("before")


def test_what_follows_malformed_html_is_still_read() -> None:
    assert extract(files.content("<p>before<![CDAGA[x]]><p>after", "a.html")).text.split()[-1] == "after"


@pytest.mark.parametrize("line", ["```x\n", "# a#", "# a " + "# ", "a\n", "---\n", "~~~ y\n```\n"])
def test_hostile_markdown_is_read_in_one_pass(line: str) -> None:
    assert extract(files.content("---\n" + line * 100_000, "a.md")).text.startswith("---")


def test_html_is_read_in_the_encoding_it_declares() -> None:
    page = '<meta charset="windows-1251"><p>Договор аренды</p>'.encode("windows-1251")

    assert extract(files.content(page, "page.html")).text == "Договор аренды"


def test_html_is_recognised_without_its_ending() -> None:
    assert extract(files.content("<!DOCTYPE html><p>Hello", "download")).format == "html"


@pytest.mark.parametrize("ending", ["", "dat"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("before", ["", "<!-- saved -->\n <!-- twice -->", "<?xml version='1.0'?>\n<!---->"])
def test_html_is_recognised_after_a_mark_and_comments(ending: str, encoding: str, before: str) -> None:
    page = f"{before}<html><title>Prices</title><p>Größe".encode(encoding)

    parsed = extract(files.content(page, f"download.{ending}"))

    assert (parsed.format, parsed.title, parsed.text) == ("html", "Prices", "Größe")


def test_a_page_in_single_bytes_that_declares_utf_16_is_in_utf_8() -> None:
    assert extract(files.content('<meta charset="utf-16"><p>Größe', "a.html")).text == "Größe"


def test_nested_parts_that_are_no_text_end_where_they_end() -> None:
    page = "<p>before<svg><svg>drawn</svg>drawn</svg>between<object><template>no</object>after"

    assert extract(files.content(page, "a.html")).text.split() == ["before", "between", "after"]


@pytest.mark.parametrize(
    "tag", ['<p title="a > b">', "<p title='>'>", "<p title=O'Neill>", '<p hidden = "\'">', "<p/>"]
)
def test_attributes_are_not_text_and_hide_none(tag: str) -> None:
    assert extract(files.content(f"before{tag}after", "a.html")).text.split() == ["before", "after"]


def test_a_feed_is_its_titles_and_its_sections() -> None:
    feed = (
        '<?xml version="1.0" encoding="windows-1251"?><rss><channel><title>Новости</title><!-- hidden -->'
        '<item a="b"><description><![CDATA[<p>Hello &amp; <b>bye</b></p>]]></description><x><![CDATA[a < b]]></x>'
        "<script>kept</script><template>kept too</template><object>and this</object></item></channel></rss>"
    ).encode("windows-1251")

    for name in ("feed.xml", "feed.rss", "feed"):
        parsed = extract(files.content(feed, name))
        assert parsed.format == "xml"
        assert parsed.text.split("\n") == ["Новости", "Hello & bye", "a < b", "kept", "kept too", "and this"]


def test_xml_is_read_without_markup_and_its_entities_do_not_grow() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>text &b; end</x>'

    parsed = extract(files.content(bomb, "order.xml"))

    assert "text" in parsed.text
    assert "aaaa" not in parsed.text


def test_markdown_headings_are_marked_and_code_is_not_one() -> None:
    text = "# Guide\n\nwords\n\n```sh\n# a comment\n```\n\nInstall\n-------\n\n### Steps ###\n\n#### Deep\n"

    parsed = extract(files.content(text, "README.md"))

    assert parsed.headings == ("Guide", "Install", "Steps")
    assert parsed.text == text


def test_the_title_in_markdown_front_matter_is_the_title() -> None:
    parsed = extract(files.content('---\ndate: 2024\ntitle: "Stew"\n---\n# Steps\n', "stew.md"))

    assert (parsed.title, parsed.headings) == ("Stew", ("Steps",))


def test_a_number_sign_in_plain_text_is_no_heading() -> None:
    assert extract(files.content("# not a heading", "notes.txt")).headings == ()


def test_a_mail_is_its_headers_and_its_body() -> None:
    mail = (
        "From: Ada <ada@example.org>\nTo: bob@example.org\nSubject: =?utf-8?q?Caf=C3=A9?= bill\nX-Trace: hidden\n"
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=cut\n\n--cut\n"
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nUGxlYXNlIHBheQ==\n--cut\n"
        "Content-Type: application/pdf\nContent-Disposition: attachment; filename=bill.pdf\n"
        "Content-Transfer-Encoding: base64\n\nJVBERi0=\n--cut--\n"
    )

    parsed = extract(files.content(mail, "bill.eml"))

    assert parsed.title == "Café bill"
    assert parsed.text.split("\n") == [
        "From: Ada <ada@example.org>",
        "To: bob@example.org",
        "Subject: Café bill",
        "",
        "Please pay",
        "Attachment: bill.pdf",
    ]


def test_a_mail_in_html_is_read_without_markup() -> None:
    mail = "Subject: Hi\nContent-Type: text/html\n\n<style>p{}</style><p>Hello <b>there</b></p>"

    assert extract(files.content(mail, "hi.eml")).text.endswith("Hello there")


@pytest.mark.parametrize(
    "broken",
    [
        "Subject: =?unknown-charset?q?x?=\nContent-Type: text/plain; charset=no-such-charset\n\nbody words",
        "From: <<<>\nContent-Type: multipart/mixed\n\nbody words",
        "Content-Type: ;;;\nTo: @@@\nDate: tomorrow\n\nbody words",
    ],
)
def test_a_malformed_mail_is_still_read(broken: str) -> None:
    assert "body words" in extract(files.content(broken, "broken.eml")).text


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: text/plain; " + "; ".join(f"a{number}=b" for number in range(20_000)),
        "To: " + "(" * 20_000,
        "Content-Type: " + "(" * 20_000,
        "Subject: " + "=?utf-8?q?a?= " * 100_000,
    ],
)
def test_a_mail_with_a_hostile_header_is_read_in_bounded_time(header: str) -> None:
    assert "body words" in extract(files.content(f"{header}\n\nbody words", "hostile.eml")).text


@pytest.mark.parametrize("piece", ["<a ", "<!--", "<![", "&#", "<script>"])
def test_markup_that_never_ends_is_read_in_bounded_time(piece: str) -> None:
    assert extract(files.content("<p>before</p>" + piece * 300_000, "a.html")).text.startswith("before")


def test_a_word_document_has_headings() -> None:
    parsed = extract(files.content(files.word("Lease agreement", ["between the parties"]), "lease.docx"))

    assert parsed.headings == ("Lease agreement",)
    assert parsed.text.split() == ["Lease", "agreement", "between", "the", "parties"]
    assert parsed.format == "docx"


def test_a_workbook_is_its_cells() -> None:
    assert "Oak chair" in extract(files.content(files.workbook([["Item"], ["Oak chair"]]), "prices.xlsx")).text


def test_rich_text_is_read() -> None:
    assert "Lease agreement" in extract(files.content(rb"{\rtf1\ansi {\b Lease} agreement}", "lease.rtf")).text


def test_a_pdf_has_the_title_of_its_metadata() -> None:
    assert extract(files.content(files.pdf(["text"], title="Annual report"), "a.pdf")).title == "Annual report"


@pytest.mark.parametrize("title", ["Terms of Use - Amazon.com", "Minutes 12.05.2024", "Version 2.1b", "Using Node.js"])
def test_a_title_with_a_dot_is_a_title(title: str) -> None:
    assert extract(files.content(files.pdf(["text"], title=title), "a.pdf")).title == title


@pytest.mark.parametrize("title", ["untitled", "Microsoft Word - x.docx", "scan_0012.pdf", "Lease.DOC", "-"])
def test_a_title_that_a_program_filled_in_is_no_title(title: str) -> None:
    assert extract(files.content(files.pdf(["text"], title=title), "a.pdf")).title is None


@pytest.mark.parametrize("name", ["report.bin", "report", "report.txt", "report.docx"])
def test_the_content_decides_over_the_ending(name: str) -> None:
    parsed = extract(files.content(files.pdf(["readable text"]), name))

    assert (parsed.text.strip(), parsed.format) == ("readable text", "pdf")


@pytest.mark.parametrize(
    "text",
    [
        "This note explains the %PDF-1.4 header of an invoice.",
        "GIF89a is a picture format",
        "BM is short",
        "II*\t stars",
        "RIFF is a container",
    ],
)
@pytest.mark.parametrize("name", ["note.txt", "note", "note.eml"])
def test_a_text_that_mentions_a_signature_is_a_text(text: str, name: str) -> None:
    assert text in extract(files.content(text, name)).text


@pytest.mark.parametrize(
    ("junk", "name"), [(b"HTTP/1.1 200 OK\r\n\r\n", "a.pdf"), (b"\x00\x01", "a"), (b"\r\n", "a.txt")]
)
def test_a_pdf_is_recognised_after_a_little_junk(junk: bytes, name: str) -> None:
    assert extract(files.content(junk + files.pdf(["words"]), name)).format == "pdf"


@pytest.mark.parametrize("name", ["long.txt", "long.html", "long.eml"])
def test_a_long_text_is_cut_at_the_stated_limit(name: str) -> None:
    text = "Subject: long\n\n" + "words and words\n" * (MAX_CHARACTERS // 10)

    assert 0.9 * MAX_CHARACTERS < len(extract(files.content(text, name)).text) <= MAX_CHARACTERS


def test_a_character_cut_in_two_by_the_limit_does_not_change_the_encoding() -> None:
    text = "a" + "€" * (3 * MAX_CHARACTERS)

    assert set(extract(files.content(text, "long.txt")).text) == {"a", "€"}
