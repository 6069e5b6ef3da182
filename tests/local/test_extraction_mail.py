"""A mail is what its reader would see."""

from __future__ import annotations

import base64

import pytest

from classify_core import UnreadableDocumentError
from classify_core.local.extraction import extract
from tests.local import files


def text_of(data: bytes | str) -> str:
    return extract(files.content(data, "a.eml")).text


def mixed(*parts: str, kind: str = "mixed") -> str:
    return f"Content-Type: multipart/{kind}; boundary=cut\n\n--cut\n" + "\n--cut\n".join(parts) + "\n--cut--\n"


@pytest.mark.parametrize("header", ["", "Content-Type: text/plain\n", "Content-Type: text/plain; charset=us-ascii\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252"])
def test_a_body_with_no_or_a_wrong_charset_is_read_all_the_same(header: str, encoding: str) -> None:
    assert text_of(f"Subject: Grüße\n{header}\nGrößere Übung".encode(encoding)) == "Subject: Grüße\n\nGrößere Übung"


@pytest.mark.parametrize(
    ("charset", "encoding", "body"),
    [
        ("koi8-r", "koi8-r", "Договор аренды"),
        ("gb2312", "gbk", "发票号码"),
        ("iso-2022-jp", "iso-2022-jp", "請求書"),
        ("ISO-8859-1", "windows-1252", "20 €"),
        ("no-such-charset", "windows-1252", "Größe"),
    ],
)
def test_a_body_is_read_in_the_charset_it_declares(charset: str, encoding: str, body: str) -> None:
    head = f"Content-Type: text/plain; charset={charset}\n\n".encode()

    assert text_of(head + body.encode(encoding)) == body


def test_a_page_in_a_mail_is_read_in_the_encoding_that_the_page_declares() -> None:
    page = '<meta charset="windows-1251"><p>Договор аренды</p>'.encode("windows-1251")

    assert text_of(b"Content-Type: text/html\n\n" + page) == "Договор аренды"


def test_a_mail_with_a_null_character_is_binary() -> None:
    with pytest.raises(UnreadableDocumentError, match="binary data"):
        text_of(b"Subject: x\n\nwords\x00" + b"words" * 1000)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_hides_no_header(encoding: str) -> None:
    parsed = extract(files.content("Subject: Grüße\n\nÜbung".encode(encoding), "a.eml"))

    assert (parsed.title, parsed.text) == ("Grüße", "Subject: Grüße\n\nÜbung")


def test_of_alternatives_the_first_that_says_something_is_read() -> None:
    page = "Content-Type: text/html\n\n<p>the page</p>"

    assert text_of(mixed("Content-Type: text/plain\n\n \n", page, kind="alternative")) == "the page"
    assert text_of(mixed("Content-Type: text/plain\n\nthe text", page, kind="alternative")) == "the text"
    assert text_of(mixed(page, "Content-Type: text/plain\n\nthe text", kind="alternative")) == "the text"


def test_every_text_of_a_mail_is_read_but_no_attached_one() -> None:
    attached = "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nattached"

    assert text_of(mixed("\nfirst", "Content-Type: text/html\n\n<p>second</p>", attached)).split("\n") == [
        "first",
        "second",
        "Attachment: a.txt",
    ]


def test_a_forwarded_mail_is_read_with_its_subject() -> None:
    forwarded = "Content-Type: message/rfc822\n\nSubject: The real one\n\ninner words"

    assert text_of(mixed("\nouter words", forwarded)).split("\n") == [
        "outer words",
        "Subject: The real one",
        "inner words",
    ]


def test_a_part_that_is_not_text_is_passed_over() -> None:
    binary = base64.b64encode(b"\x00\x01" * 100).decode()
    part = f"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n{binary}"

    assert text_of(mixed("\nwords", part)) == "words"


def test_a_mail_with_more_parts_than_real_ones_have_keeps_its_subject_and_its_words() -> None:
    parsed = extract(files.content("Subject: s\n" + mixed(*["\nwords"] * 6_000), "a.eml"))

    assert (parsed.title, parsed.text.count("words")) == ("s", 6_000)
