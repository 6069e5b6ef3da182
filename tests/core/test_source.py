from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath

import pytest

from classify_core import InvalidOptionError, Source, UnreadableDocumentError
from classify_core import source as source_module
from classify_core.source import content_key, format_of, read


async def test_content_is_read_once_with_its_digest_name_and_format(tmp_path: Path) -> None:
    path = tmp_path / "March.PDF"
    path.write_bytes(b"%PDF-")
    content = await read(Source.path(path))
    assert content is not None
    assert (content.data, content.name, content.format) == (b"%PDF-", "March.PDF", "pdf")
    assert content.digest == hashlib.sha256(b"%PDF-").hexdigest()


async def test_equal_content_is_known_to_be_equal_and_other_formats_are_not(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("same")
    (tmp_path / "b.txt").write_text("same")
    (tmp_path / "c.html").write_text("same")
    sources = [
        Source.text("same"),
        Source.path(tmp_path / "a.txt"),
        Source.path(tmp_path / "b.txt"),
        Source.bytes(b"same", name="x.txt"),
    ]
    keys = {content_key(source, await read(source)) for source in sources}
    assert len(keys) == 1
    page = Source.path(tmp_path / "c.html")
    assert content_key(page, await read(page)) not in keys


async def test_remote_documents_are_told_apart_by_kind_and_identifier() -> None:
    sources = [Source.file_id("x"), Source.parse_job("x"), Source.file_id("y")]
    assert len({content_key(source, await read(source)) for source in sources}) == 3


@pytest.mark.parametrize("source", [Source.text("hush hush", name="n"), Source.bytes(b"hush hush", name="n")])
def test_a_source_never_shows_its_text(source: Source) -> None:
    assert "hush" not in repr(source) + str(source) + f"{source}" + str(source.reference)
    assert source.reference["name"] == "n"
    assert source.reference["size"] == 9
    assert source.reference["digest"] == hashlib.sha256(b"hush hush").hexdigest()


def test_an_address_may_hold_a_secret_and_is_not_shown() -> None:
    assert "hush" not in repr(Source.url("https://example.com/a.pdf?token=hush"))


def test_what_is_no_document_is_refused() -> None:
    for value in (7, None, ["a"], object()):
        with pytest.raises(InvalidOptionError, match="cannot classify"):
            Source.of(value)
    for wrong in (
        lambda: Source.text(b"x"),
        lambda: Source.bytes("x"),
        lambda: Source.file_id(" "),
        lambda: Source.path(7),
    ):
        with pytest.raises(InvalidOptionError):
            wrong()


def test_pure_paths_and_buffers_are_documents_too() -> None:
    assert Source.of(PurePosixPath("a/b.txt")).kind == "path"
    assert Source.of(bytearray(b"x")).kind == Source.of(memoryview(b"x")).kind == "bytes"


async def _told(source: Source) -> str:
    with pytest.raises(UnreadableDocumentError) as caught:
        await read(source)
    assert caught.value.source_name == source.name
    return str(caught.value)


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "there is no file" in await _told(Source.path(tmp_path / "gone.pdf"))


async def test_a_directory_is_no_document(tmp_path: Path) -> None:
    assert "is a directory; give the files in it" in await _told(Source.path(tmp_path))


async def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "void.txt").touch()
    assert "empty" in await _told(Source.path(tmp_path / "void.txt"))


async def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert "pipe or socket" in await _told(Source.path(tmp_path / "pipe.txt"))


async def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.pdf"
    with path.open("wb") as file:
        file.truncate(source_module.MAX_FILE_BYTES + 1)  # sparse: it takes no space
    assert "at most 536,870,912 are read. Split it" in await _told(Source.path(path))


async def test_a_path_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("x")
    assert "Not a directory" in await _told(Source.path(tmp_path / "file.txt" / "inner.txt"))


async def test_a_path_that_is_none_is_named() -> None:
    assert "is not a path" in await _told(Source.path("a\0b"))


@pytest.mark.parametrize(
    ("name", "expected"), [("a.PDF", "pdf"), ("a.tar.gz", "gz"), ("a", ""), (None, ""), (".env", "")]
)
def test_a_format_is_the_last_ending(name: str | None, expected: str) -> None:
    assert format_of(name) == expected
