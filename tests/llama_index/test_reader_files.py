from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec import AbstractFileSystem
from llama_index.core import SimpleDirectoryReader
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.storage.docstore import SimpleDocumentStore

from classify_core import BatchError, ClassifyError, InvalidOptionError, Rule
from llama_index_classify import ClassifyReader
from tests.backends import HeldBackend, ScriptedBackend, until

if TYPE_CHECKING:
    from tests.service import ClassifyService
from tests.llama_index.parts import every_way, paths_in, types
from tests.llama_index.reader_parts import pdf_of


async def test_paths_are_loaded_and_labelled_every_way(rules: list[Rule], folder: Path) -> None:
    reader = ClassifyReader(paths=paths_in(folder), rules=rules, backend=ScriptedBackend())
    for documents in await every_way(reader):
        assert types(documents) == ["invoice", "recipe", "uncategorized"]
        assert [document.metadata["file_name"] for document in documents] == ["a.txt", "b.md", "c.html"]
        assert [document.metadata["file_path"] for document in documents] == [str(path) for path in paths_in(folder)]
        assert documents[0].text == "an invoice over 20 line items"
        assert "<p>" not in documents[2].text


async def test_a_directory_reader_can_use_it_for_a_file_type(rules: list[Rule], folder: Path) -> None:
    backend = ScriptedBackend()
    extractor = ClassifyReader(rules=rules, backend=backend)
    directory = SimpleDirectoryReader(
        folder, file_extractor={".txt": extractor, ".html": extractor}, raise_on_error=True
    )
    for documents in (directory.load_data(), await directory.aload_data()):
        assert types(documents) == ["invoice", None, "uncategorized"]
        assert documents[0].metadata["file_size"] == 29
        assert "file_size" in documents[0].excluded_llm_metadata_keys
    assert backend.asked.total() == 2


def test_a_directory_reader_on_another_file_system_can_use_it(rules: list[Rule]) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/inbox/a.txt", b"an invoice in memory")
    extractor = ClassifyReader(rules=rules, backend=ScriptedBackend())
    directory = SimpleDirectoryReader("/inbox", fs=memory, file_extractor={".txt": extractor}, raise_on_error=True)
    [document] = directory.load_data()
    assert (document.text, document.metadata["classify_type"]) == ("an invoice in memory", "invoice")
    with pytest.raises(ClassifyError, match=r"absent\.txt"):
        extractor.load_data("/inbox/absent.txt", fs=memory)


async def test_a_single_file_takes_extra_metadata(rules: list[Rule], folder: Path) -> None:
    reader = ClassifyReader(rules=rules, backend=ScriptedBackend())
    extra = {"owner": "ann", "file_name": "renamed.txt"}
    for documents in await every_way(reader, folder / "a.txt", extra_info=extra):
        [document] = documents
        assert document.metadata["owner"] == "ann"
        assert document.metadata["file_name"] == "renamed.txt"
    assert extra == {"owner": "ann", "file_name": "renamed.txt"}


def test_a_pdf_becomes_one_document_with_all_its_pages(rules: list[Rule], tmp_path: Path) -> None:
    path = tmp_path / "two-pages.pdf"
    path.write_bytes(pdf_of("An invoice with line items and the", "total amount due on page two"))
    [document] = ClassifyReader(rules=rules, backend="local").load_data(path)
    assert "line items" in document.text
    assert "page two" in document.text
    assert document.metadata["classify_type"] == "invoice"


def test_a_file_keeps_its_identity_from_load_to_load(rules: list[Rule], folder: Path) -> None:
    reader = ClassifyReader(paths=paths_in(folder), rules=rules, backend=ScriptedBackend())
    pipeline = IngestionPipeline(
        transformations=[], docstore=SimpleDocumentStore(), docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY
    )
    assert [len(pipeline.run(documents=reader.load_data())) for _ in range(2)] == [3, 0]
    assert {document.id_ for document in reader.load_data()} == {str(path) for path in paths_in(folder)}


BAD_FILES = {"empty.txt": b"", "broken.pdf": b"%PDF-1.7 truncated", "garbage.bin": bytes(range(256)) * 9}


@pytest.mark.parametrize("bad", [*BAD_FILES, "absent.txt"])
async def test_a_bad_file_is_named_and_harms_no_other(bad: str, rules: list[Rule], folder: Path) -> None:
    good = paths_in(folder)
    if bad in BAD_FILES:
        (folder / bad).write_bytes(BAD_FILES[bad])
    options: dict[str, Any] = {"paths": [good[0], folder / bad, good[1]], "rules": rules, "backend": "local"}
    with pytest.raises(BatchError, match=bad) as raised:
        ClassifyReader(**options).load_data()
    assert [outcome.status.is_success for outcome in raised.value.outcomes] == [True, False, True]
    for documents in await every_way(ClassifyReader(**options, on_failure="annotate")):
        assert [document.metadata["classify_status"] for document in documents] == ["completed", "failed", "completed"]
        assert bad in documents[1].metadata["classify_error"]
        assert documents[1].text == ""
    for documents in await every_way(ClassifyReader(**options, on_failure="skip")):
        assert [document.metadata["file_name"] for document in documents] == ["a.txt", "b.md"]


async def test_the_event_loop_runs_on_while_files_are_loaded(rules: list[Rule], folder: Path) -> None:
    backend = HeldBackend()
    reader = ClassifyReader(paths=paths_in(folder), rules=rules, backend=backend)
    running = asyncio.create_task(reader.aload_data())
    await until(backend.begun.is_set)  # only a loop that is not blocked comes back from here
    assert not running.done()
    backend.release.set()
    assert len(await running) == 3


async def test_a_hosted_backend_is_sent_the_original_file(
    rules: list[Rule], folder: Path, service: ClassifyService
) -> None:
    reader = ClassifyReader(
        paths=[folder / "a.txt", folder / "b.md"],
        rules=rules,
        backend="hosted",
        api_key=service.api_key,
        base_url=service.base_url,
    )
    with reader.classifier:
        for documents in await every_way(reader):
            assert types(documents) == ["invoice", "recipe"]
            assert {document.metadata["classify_job_id"] for document in documents} == set(service.jobs)
    assert sorted(file.content for file in service.files.values()) == sorted(
        path.read_bytes() for path in paths_in(folder)[:2]
    )


async def test_nothing_to_load_and_two_things_to_load_are_refused(rules: list[Rule], folder: Path) -> None:
    with pytest.raises(InvalidOptionError, match=r"load_data\(file\)"):
        ClassifyReader(rules=rules, backend="local").load_data()
    with pytest.raises(InvalidOptionError, match="paths of its own"):
        await ClassifyReader(paths=[folder / "a.txt"], rules=rules, backend="local").aload_data(folder / "b.md")


class FailingFileSystem(AbstractFileSystem):
    cachable = False

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
        raise ValueError("the bucket says: secret words")


async def test_a_file_that_its_file_system_cannot_give_harms_no_other(rules: list[Rule]) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/inbox/a.txt", b"an invoice in memory")
    paths = ["/inbox/a.txt", "/inbox/absent.txt"]
    reader = ClassifyReader(paths=paths, rules=rules, backend=ScriptedBackend(), on_failure="annotate")
    for documents in (reader.load_data(fs=memory), await reader.aload_data(fs=memory)):
        assert types(documents) == ["invoice", None]
        assert "absent.txt" in documents[1].metadata["classify_error"]
    [failed] = ClassifyReader(rules=rules, backend=ScriptedBackend(), on_failure="annotate").load_data(
        "/inbox/b.txt", fs=FailingFileSystem()
    )
    assert "ValueError" in failed.metadata["classify_error"]
    assert "secret" not in failed.metadata["classify_error"]
