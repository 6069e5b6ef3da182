"""What `paths=` stands for, and what a loaded file's metadata says."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.schema import Document, MetadataMode

from classify_core import BatchError, InvalidOptionError, Rule
from llama_index_classify import ClassifyReader
from tests.backends import ScriptedBackend
from tests.llama_index.parts import paths_in, types
from tests.llama_index.reader_parts import all_ways, names

FACTS = ["file_path", "file_name", "file_type", "file_size", "creation_date", "last_modified_date"]


@pytest.fixture
def inbox(folder: Path) -> Path:
    """The three files and, below them, a folder of each kind."""
    for name in ("sub/d.txt", ".git/e.txt", "sub/.f.txt", "sub/a[1].txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("an invoice")
    return folder


def made(rules: list[Rule], **options: Any) -> ClassifyReader:
    return ClassifyReader(**{"rules": rules, "backend": ScriptedBackend(), **options})


async def test_a_folder_stands_for_all_files_below_it(rules: list[Rule], inbox: Path) -> None:
    expected = [str(inbox / name) for name in ("a.txt", "b.md", "c.html", "sub/a[1].txt", "sub/d.txt")]
    for documents in await all_ways(made(rules, paths=[inbox])):
        assert names(documents) == expected
        assert types(documents) == ["invoice", "recipe", "uncategorized", "invoice", "invoice"]


@pytest.mark.parametrize("as_path", [str, Path])
def test_a_single_path_needs_no_brackets(as_path: Any, rules: list[Rule], inbox: Path) -> None:
    assert len(made(rules, paths=as_path(inbox)).load_data()) == 5
    assert names(made(rules, paths=as_path(inbox / "a.txt")).load_data()) == [str(inbox / "a.txt")]


async def test_a_pattern_stands_for_what_it_matches(rules: list[Rule], inbox: Path) -> None:
    for documents in await all_ways(made(rules, paths=[f"{inbox}/**/*.txt"])):
        assert names(documents) == [str(inbox / name) for name in ("a.txt", "sub/a[1].txt", "sub/d.txt")]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(rules: list[Rule], inbox: Path) -> None:
    path = inbox / "sub" / "a[1].txt"
    assert names(made(rules, paths=[path]).load_data()) == [str(path)]
    assert names(made(rules).load_data(path)) == [str(path)]


def test_a_file_that_is_met_twice_is_loaded_and_classified_once(rules: list[Rule], inbox: Path) -> None:
    backend = ScriptedBackend()
    (inbox / "link.txt").symlink_to(inbox / "a.txt")
    paths = [inbox / "b.md", inbox, f"{inbox}/*.txt", inbox / "sub" / ".." / "a.txt"]
    documents = made(rules, paths=paths, backend=backend).load_data()
    assert [document.metadata["file_name"] for document in documents] == [
        "b.md",
        "a.txt",
        "c.html",
        "a[1].txt",
        "d.txt",
    ]
    assert set(backend.asked.values()) == {1}


def test_a_folder_that_links_to_itself_ends(rules: list[Rule], inbox: Path) -> None:
    (inbox / "sub" / "up").symlink_to(inbox)
    assert len(made(rules, paths=inbox).load_data()) == 5


async def test_a_path_that_is_not_there_is_a_document_that_failed(rules: list[Rule], inbox: Path) -> None:
    paths = [inbox / "a.txt", inbox / "absent"]
    with pytest.raises(BatchError, match=r"there is no file .*absent"):
        made(rules, paths=paths).load_data()
    for documents in await all_ways(made(rules, paths=paths, on_failure="annotate")):
        assert [document.metadata["classify_status"] for document in documents] == ["completed", "failed"]
    for documents in await all_ways(made(rules, paths=paths, on_failure="skip")):
        assert types(documents) == ["invoice"]


@pytest.mark.parametrize("on_failure", ["raise", "annotate", "skip"])
async def test_a_folder_or_pattern_without_files_is_told_and_is_no_failure(
    on_failure: str, rules: list[Rule], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "empty").mkdir()
    reader = made(rules, paths=[tmp_path / "empty", f"{tmp_path}/*.pfd"], on_failure=on_failure)
    with caplog.at_level(logging.WARNING, logger="llama_index_classify"):
        assert await all_ways(reader) == [[]] * 5
    told = [record.getMessage() for record in caplog.records]
    assert sum("empty'" in line for line in told) == sum("*.pfd'" in line for line in told) == 5


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed_is_a_document_that_failed(rules: list[Rule], inbox: Path) -> None:
    (inbox / "sub").chmod(0)
    try:
        documents = made(rules, paths=inbox, on_failure="annotate").load_data()
    finally:
        (inbox / "sub").chmod(0o755)
    assert [document.metadata["classify_status"] for document in documents] == ["completed"] * 3 + ["failed"]
    assert "Permission denied" in documents[-1].metadata["classify_error"]


def test_paths_are_looked_for_when_they_are_loaded(rules: list[Rule], inbox: Path) -> None:
    reader = made(rules, paths=inbox)
    (inbox / "late.txt").write_text("an invoice")
    assert str(inbox / "late.txt") in names(reader.load_data())


@pytest.mark.parametrize("address", ["s3://bucket/inbox", "https://user:secret@example.com/a.pdf"])
def test_an_address_without_its_file_system_is_refused_with_the_remedy(address: str, rules: list[Rule]) -> None:
    scheme = address.partition(":")[0]
    for reader, args in ((made(rules, paths=address), ()), (made(rules), (address,))):
        with pytest.raises(InvalidOptionError, match=rf"fsspec\.filesystem\('{scheme}'\)") as raised:
            reader.load_data(*args)
        assert "secret" not in str(raised.value)


def test_a_files_metadata_is_what_a_directory_reader_writes(rules: list[Rule], folder: Path) -> None:
    theirs = {document.metadata["file_path"]: document for document in SimpleDirectoryReader(folder).load_data()}
    for document in made(rules, paths=folder).load_data():
        expected = theirs[document.metadata["file_path"]]
        label = {key for key in document.metadata if key.startswith("classify_")}
        assert {key: value for key, value in document.metadata.items() if key not in label} == expected.metadata
        assert list(expected.metadata) == FACTS
        for mode in (MetadataMode.EMBED, MetadataMode.LLM):
            told = _told(document, mode)
            assert [line for line in told if not line.startswith("classify_")] == _told(expected, mode)


def _told(document: Document, mode: MetadataMode) -> list[str]:
    return document.get_metadata_str(mode=mode).splitlines()


def test_extra_metadata_is_added_and_wins(rules: list[Rule], folder: Path) -> None:
    extra = {"owner": "ann", "file_type": "mine"}
    for document in made(rules, paths=folder).load_data(extra_info=extra):
        assert (document.metadata["owner"], document.metadata["file_type"]) == ("ann", "mine")
        assert "file_size" in document.metadata


def test_who_brings_a_files_metadata_has_said_all_of_it(rules: list[Rule], folder: Path) -> None:
    [bare] = made(rules).load_data(folder / "a.txt", extra_info={"owner": "ann"})
    assert {key for key in bare.metadata if not key.startswith("classify_")} == {"file_path", "file_name", "owner"}
    [full] = made(rules).load_data(folder / "a.txt")
    assert set(FACTS) <= set(full.metadata)


def test_reading_a_file_does_not_make_it_another_document(rules: list[Rule], folder: Path) -> None:
    reader = made(rules, paths=folder)
    before = {document.id_: document.hash for document in reader.load_data()}
    for path in paths_in(folder):
        os.utime(path, (path.stat().st_atime + 5 * 86400, path.stat().st_mtime))
    assert {document.id_: document.hash for document in reader.load_data()} == before


def test_many_files_are_loaded_in_their_order(rules: list[Rule], tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number:04}.txt").write_text(f"{('invoice', 'recipe', 'poem')[number % 3]} {number}")
    backend = ScriptedBackend()
    documents = made(rules, paths=tmp_path, backend=backend).load_data()
    assert [int(document.metadata["file_name"][:4]) for document in documents] == list(range(300))
    assert types(documents) == [("invoice", "recipe", "uncategorized")[number % 3] for number in range(300)]
    assert backend.asked.total() == 300
