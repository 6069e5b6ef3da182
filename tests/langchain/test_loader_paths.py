"""What `paths=` stands for, and what the documents of files are."""

from __future__ import annotations

import logging
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from classify_core import BatchError, Rule
from langchain_classify.loader import ClassifyLoader
from tests.backends import ScriptedBackend
from tests.langchain.loader_parts import WAYS, PagesOfPdf, all_ways, loaded, statuses, types, without_label
from tests.local.files import pdf, scanned_pdf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fsspec import AbstractFileSystem

    from tests.service import ClassifyService

FILES = {
    "a.txt": "an invoice over 20 line items",
    "b.md": "# Cake\n\na recipe with 3 eggs",
    "sub/c.html": "<html><title>Sea</title><body><p>the sea was calm</p></body></html>",
    ".hidden.txt": "an invoice that nobody asked for",
    "sub/.git/d.txt": "another invoice",
}
EXPECTED = ["invoice", "recipe", "uncategorized"]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(params=["memory", "archive"])
def fs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AbstractFileSystem]:
    if request.param == "memory":
        memory = MemoryFileSystem()
        for name, text in FILES.items():
            memory.pipe(f"/inbox/{name}", text.encode())
        yield memory
        memory.store.clear()
        return
    with zipfile.ZipFile(tmp_path / "shelf.zip", "w") as file:
        for name, text in FILES.items():
            file.writestr(f"inbox/{name}", text)
    archive = fsspec.filesystem("zip", fo=str(tmp_path / "shelf.zip"))
    yield archive
    archive.close()


def made(rules: list[Rule], **options: Any) -> ClassifyLoader:
    return ClassifyLoader(**{"rules": rules, "backend": ScriptedBackend(), **options})


async def test_a_file_is_one_document_with_its_text_and_says_where_it_is_from(rules: list[Rule], inbox: Path) -> None:
    for documents in await all_ways(made(rules, paths=inbox)):
        assert types(documents) == EXPECTED
        assert documents[0].page_content == "an invoice over 20 line items"
        assert "<p>" not in documents[2].page_content
        assert [without_label(document) for document in documents] == [
            {"source": str(inbox / name), "file_name": Path(name).name} for name in ("a.txt", "b.md", "sub/c.html")
        ]
        assert [document.id for document in documents] == [None, None, None]


@pytest.mark.parametrize("as_path", [str, Path])
async def test_folders_patterns_and_files_each_count_once(as_path: Any, rules: list[Rule], inbox: Path) -> None:
    backend = ScriptedBackend()
    paths = [inbox / "b.md", inbox, f"{inbox}/**/*.txt", inbox / "sub" / ".." / "a.txt"]
    found = made(rules, paths=map(as_path, paths), backend=backend).load()
    assert [document.metadata["file_name"] for document in found] == ["b.md", "a.txt", "c.html"]
    assert set(backend.asked.values()) == {1}
    assert types(made(rules, paths=as_path(inbox / "a.txt")).load()) == ["invoice"]


async def test_files_of_a_file_system_say_their_address(fs: AbstractFileSystem, rules: list[Rule]) -> None:
    for documents in await all_ways(made(rules, paths="inbox", fs=fs)):
        assert types(documents) == EXPECTED
        assert [document.metadata["file_name"] for document in documents] == ["a.txt", "b.md", "c.html"]
        protocol = "memory" if isinstance(fs, MemoryFileSystem) else "zip"
        assert documents[0].metadata["source"].startswith(f"{protocol}://")
        assert len({document.metadata["source"] for document in documents}) == 3


def test_this_machines_file_system_is_as_good_as_none(rules: list[Rule], inbox: Path) -> None:
    ours, theirs = (made(rules, paths=inbox, fs=fs).load() for fs in (None, LocalFileSystem()))
    assert ours == theirs


def test_paths_are_looked_for_when_they_are_loaded(rules: list[Rule], inbox: Path) -> None:
    loader = made(rules, paths=inbox)
    (inbox / "late.txt").write_text("an invoice")
    assert [Path(document.metadata["source"]).name for document in loader.load()] == [
        "a.txt",
        "b.md",
        "late.txt",
        "c.html",
    ]


BAD_FILES = {"empty.txt": b"", "broken.pdf": b"%PDF-1.7 truncated", "scan.pdf": scanned_pdf()}


@pytest.mark.parametrize("bad", [*BAD_FILES, "absent.txt"])
@pytest.mark.parametrize("parser", [None, PagesOfPdf()], ids=["our text", "a parser"])
async def test_a_bad_file_is_a_document_that_failed_and_harms_no_other(
    parser: Any, bad: str, rules: list[Rule], tmp_path: Path
) -> None:
    for name in ("a.pdf", "z.pdf"):
        (tmp_path / name).write_bytes(pdf(["invoice number, line items, tax and the total amount due"]))
    if bad in BAD_FILES:
        (tmp_path / bad).write_bytes(BAD_FILES[bad])
    paths = [tmp_path / "a.pdf", tmp_path / bad, tmp_path / "z.pdf"]
    options: dict[str, Any] = {"paths": paths, "parser": parser, "backend": "local"}
    given = []
    with pytest.raises(BatchError, match=bad):
        for document in made(rules, **options).lazy_load():
            given.append(document)  # noqa: PERF402 - what was given before the error counts
    assert types(given) == ["invoice"]
    for documents in await all_ways(made(rules, **options, on_failure="annotate")):
        assert statuses(documents) == ["completed", "failed", "completed"]
        assert documents[1].page_content == ""
        assert documents[1].metadata["source"] == str(tmp_path / bad)
        assert bad in documents[1].metadata["classify_error"]
    for documents in await all_ways(made(rules, **options, on_failure="skip")):
        assert types(documents) == ["invoice", "invoice"]


@pytest.mark.parametrize("parser", [None, PagesOfPdf()], ids=["our text", "a parser"])
def test_a_file_that_its_file_system_does_not_have_is_a_document_that_failed(parser: Any, rules: list[Rule]) -> None:
    loader = made(rules, paths="absent.pdf", fs=MemoryFileSystem(), parser=parser, on_failure="annotate")
    [document] = loader.load()
    assert statuses([document]) == ["failed"]
    assert without_label(document) == {"source": "memory://absent.pdf", "file_name": "absent.pdf"}


@pytest.mark.parametrize("on_failure", ["raise", "annotate", "skip"])
async def test_a_folder_or_pattern_without_files_is_told_and_is_no_failure(
    on_failure: str, rules: list[Rule], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "empty").mkdir()
    loader = made(rules, paths=[tmp_path / "empty", f"{tmp_path}/*.pfd"], on_failure=on_failure)
    with caplog.at_level(logging.WARNING):
        assert await all_ways(loader) == [[]] * 4
    told = [record.getMessage() for record in caplog.records]
    assert sum("empty'" in line for line in told) == sum("*.pfd'" in line for line in told) == 4


async def test_a_hosted_backend_is_sent_the_original_file(
    rules: list[Rule], inbox: Path, service: ClassifyService
) -> None:
    hosted: dict[str, Any] = {"backend": "hosted", "api_key": service.api_key, "base_url": service.base_url}
    loader = made(rules, paths=[inbox / "a.txt", inbox / "sub"], **hosted)
    with loader.classifier:
        for documents in await all_ways(loader):
            assert {document.metadata["classify_job_id"] for document in documents} == set(service.jobs)
    assert sorted(file.content.decode() for file in service.files.values()) == [FILES["sub/c.html"], FILES["a.txt"]]


@pytest.mark.parametrize("place", ["this machine", "a file system"])
@pytest.mark.parametrize("way", WAYS)
async def test_a_parser_makes_the_documents_of_a_file_that_is_classified_once(
    place: str, way: str, rules: list[Rule], tmp_path: Path
) -> None:
    content = pdf([f"page {number} of an invoice with line items and the total amount due" for number in range(30)])
    (tmp_path / "long.pdf").write_bytes(content)
    fs = MemoryFileSystem()
    fs.pipe("/long.pdf", content)
    origin: dict[str, Any] = {"paths": tmp_path} if place == "this machine" else {"paths": "/long.pdf", "fs": fs}
    loader = made(rules, **origin, parser=PagesOfPdf(), backend="local")
    documents = await loaded(loader, way)
    fs.store.clear()
    assert types(documents) == ["invoice"] * 30
    assert loader.classifier.usage.documents == 1
    address = str(tmp_path / "long.pdf") if place == "this machine" else "memory:///long.pdf"
    expected = [{"source": address, "page": number, "total_pages": 30} for number in range(30)]
    assert [without_label(document) for document in documents] == expected
