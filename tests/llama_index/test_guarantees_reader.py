"""What the framework's pitfalls do not do to a reader; the numbers are those of the list of pitfalls."""

from __future__ import annotations

import asyncio
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.readers.file import PDFReader

from classify_core import BatchError, Rule
from llama_index_classify import ClassifyReader
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.llama_index.parts import CollectingSpanHandler, fails_on, types
from tests.llama_index.reader_parts import pdf_of
from tests.service import ClassifyService

# 20: a directory reader prints an exception and goes on without the file.


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A file that can be classified, one that is empty, and one that is no PDF."""
    (tmp_path / "a.txt").write_text("an invoice")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 truncated")
    return tmp_path


def in_directory(inbox: Path, extractor: BaseReader, **options: Any) -> SimpleDirectoryReader:
    return SimpleDirectoryReader(inbox, file_extractor={".txt": extractor, ".pdf": extractor}, **options)


def by_file(documents: list[Document]) -> dict[str, str]:
    return {document.metadata["file_name"]: document.metadata["classify_status"] for document in documents}


EVERY_FILE = {"a.txt": "completed", "empty.txt": "failed", "broken.pdf": "failed"}


@pytest.mark.parametrize("way", ["load_data", "aload_data", "iter_data", "num_workers", "asynchronous num_workers"])
async def test_a_directory_reader_loses_no_file_that_cannot_be_classified(
    way: str, rules: list[Rule], inbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = in_directory(inbox, ClassifyReader(rules=rules, backend="local", min_confidence=0.0))
    documents = {
        "load_data": directory.load_data,
        "aload_data": directory.aload_data,
        "iter_data": lambda: [document for documents in directory.iter_data() for document in documents],
        "num_workers": lambda: directory.load_data(num_workers=2),
        "asynchronous num_workers": lambda: directory.aload_data(num_workers=2),
    }[way]()
    loaded = await documents if asyncio.iscoroutine(documents) else documents
    assert by_file(loaded) == EVERY_FILE
    failed = next(document for document in loaded if document.metadata["file_name"] == "empty.txt")
    assert "empty" in failed.metadata["classify_error"]
    assert failed.metadata["file_size"] == 0
    assert "Skipping" not in capsys.readouterr().out


def test_a_directory_reader_loses_no_file_that_a_wrapped_reader_cannot_read(rules: list[Rule], inbox: Path) -> None:
    (inbox / "good.pdf").write_bytes(pdf_of("This invoice begins here", "and it ends here"))
    extractor = ClassifyReader(PDFReader(), rules=rules, backend=ScriptedBackend())
    documents = SimpleDirectoryReader(inbox, required_exts=[".pdf"], file_extractor={".pdf": extractor}).load_data()
    assert types(documents) == [None, "invoice", "invoice"]
    assert "PDFReader cannot read" in documents[0].metadata["classify_error"]
    assert "PdfStreamError" in documents[0].metadata["classify_error"]
    assert documents[0].metadata["file_size"] == len(b"%PDF-1.7 truncated")


class Failing(BaseReader):
    def load_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        raise KeyError("an error of its own")


async def test_a_wrapped_reader_that_is_called_by_anybody_else_raises_its_own_error(
    rules: list[Rule], inbox: Path
) -> None:
    reader = ClassifyReader(Failing(), rules=rules, backend=ScriptedBackend())
    for arguments in ((), (inbox / "a.txt",), ("a query",)):
        with pytest.raises(KeyError, match="an error of its own"):
            reader.load_data(*arguments)
        with pytest.raises(KeyError, match="an error of its own"):
            await reader.aload_data(*arguments)


class Missing(BaseReader):
    def load_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        raise ImportError("install the parser")


def test_a_package_that_is_missing_is_an_error_and_no_property_of_the_file(rules: list[Rule], inbox: Path) -> None:
    directory = in_directory(inbox, ClassifyReader(Missing(), rules=rules, backend=ScriptedBackend()))
    with pytest.raises(ImportError, match="install the parser"):
        directory.load_data()


def test_skipped_files_are_left_out_where_that_is_asked_for(rules: list[Rule], inbox: Path) -> None:
    extractor = ClassifyReader(rules=rules, backend="local", on_failure="skip")
    assert by_file(in_directory(inbox, extractor).load_data()) == {"a.txt": "completed"}


async def test_a_directory_reader_that_is_to_raise_does(rules: list[Rule], inbox: Path) -> None:
    extractor = ClassifyReader(rules=rules, backend="local", on_failure="raise")
    directory = in_directory(inbox, extractor, raise_on_error=True)
    with pytest.raises(Exception, match="Error loading file") as raised:
        directory.load_data()
    assert isinstance(raised.value.__cause__, BatchError)
    with pytest.raises(BatchError, match=r"broken\.pdf|empty\.txt"):
        await directory.aload_data()


async def test_a_file_that_a_directory_reader_may_lose_is_told_with_the_remedy(
    rules: list[Rule], inbox: Path, caplog: pytest.LogCaptureFixture
) -> None:
    extractor = ClassifyReader(rules=rules, backend="local", on_failure="raise")
    with caplog.at_level(logging.WARNING, logger="llama_index_classify"):
        assert by_file(in_directory(inbox, extractor).load_data()) == {"a.txt": "completed"}
        assert by_file(await in_directory(inbox, extractor).aload_data()) == {"a.txt": "completed"}
    told = [record.getMessage() for record in caplog.records if record.name.startswith("llama_index_classify")]
    for name in ("broken.pdf", "empty.txt"):
        assert sum(f"goes on without {inbox / name}" in line and "annotate" in line for line in told) == 2


def test_a_label_of_somebody_else_is_told_before_the_directory_reader_goes_on(
    rules: list[Rule], inbox: Path, caplog: pytest.LogCaptureFixture
) -> None:
    directory = in_directory(
        inbox,
        ClassifyReader(rules=rules, backend=ScriptedBackend()),
        file_metadata=lambda path: {"file_name": Path(path).name, "classify_type": "mine"},
    )
    with caplog.at_level(logging.WARNING, logger="llama_index_classify"):
        assert directory.load_data() == []
    assert sum("overwrite=True" in record.getMessage() for record in caplog.records) == 3


@pytest.mark.parametrize("is_pickled", [True, False])
def test_anybody_else_who_loads_a_file_is_told_of_a_failure_by_an_error(
    *, is_pickled: bool, rules: list[Rule], inbox: Path
) -> None:
    reader = ClassifyReader(rules=rules, backend="local")
    reader = pickle.loads(pickle.dumps(reader)) if is_pickled else reader
    with pytest.raises(BatchError, match=r"empty\.txt"):
        reader.load_data(inbox / "empty.txt")
    with pytest.raises(BatchError, match=r"broken\.pdf"):
        ClassifyReader(paths=inbox, rules=rules, backend="local").load_data()


@pytest.mark.parametrize("given", [None, "raise", "annotate", "skip"])
def test_a_policy_that_was_left_to_the_default_stays_so_wherever_the_reader_goes(
    given: Any, rules: list[Rule], inbox: Path
) -> None:
    reader = ClassifyReader(rules=rules, backend="local", on_failure=given)
    doubles = [pickle.loads(pickle.dumps(reader)), ClassifyReader.from_json(reader.to_json()), reader.model_copy()]
    for double in (reader, *doubles):
        assert double == reader
        assert double.on_failure == (given or "raise")
        kept = by_file(in_directory(inbox, double).load_data())
        assert len(kept) == (3 if given in {None, "annotate"} else 1)


# 10 and 18: asynchronous ways that block the loop, synchronous ones that do not work inside of one.


@pytest.mark.parametrize("way", ["aload_data", "alazy_load_data"])
@pytest.mark.parametrize("origin", ["paths", "reader"])
async def test_no_asynchronous_way_blocks_the_loop(way: str, origin: str, rules: list[Rule], folder: Path) -> None:
    backend = HeldBackend()
    options: dict[str, Any] = {"paths": folder} if origin == "paths" else {"reader": SimpleDirectoryReader(folder)}
    running = asyncio.create_task(getattr(ClassifyReader(**options, rules=rules, backend=backend), way)())
    await until(backend.begun.is_set)  # only a loop that is not blocked comes back from here
    assert not running.done()
    backend.release.set()
    assert len(list(await running)) == 3


async def test_the_synchronous_ways_work_inside_a_running_loop(rules: list[Rule], folder: Path) -> None:
    reader = ClassifyReader(paths=folder, rules=rules, backend=ScriptedBackend())
    assert types(reader.load_data()) == types(list(reader.lazy_load_data())) == ["invoice", "recipe", "uncategorized"]


# 11 and 12: no span on the asynchronous path, arguments and instance in a tracer's hands.


async def test_both_ways_of_loading_are_one_span_each(
    rules: list[Rule], folder: Path, spans: CollectingSpanHandler
) -> None:
    reader = ClassifyReader(paths=folder, rules=rules, backend=ScriptedBackend())
    reader.load_data()
    await reader.aload_data()
    assert spans.names == ["ClassifyReader.load_data", "ClassifyReader.aload_data"]
    assert not spans.open_spans


async def test_a_span_is_dropped_where_loading_raises(
    rules: list[Rule], folder: Path, spans: CollectingSpanHandler
) -> None:
    reader = ClassifyReader(paths=folder, rules=rules, backend=fails_on("eggs"))
    with pytest.raises(BatchError):
        reader.load_data()
    with pytest.raises(BatchError):
        await reader.aload_data()
    assert len(spans.names) == 2
    assert not spans.open_spans


async def test_no_key_reaches_a_tracer(
    rules: list[Rule], folder: Path, spans: CollectingSpanHandler, service: ClassifyService
) -> None:
    reader = ClassifyReader(
        paths=folder, rules=rules, backend="hosted", api_key=service.api_key, base_url=service.base_url
    )
    with reader.classifier:
        reader.load_data()
        await reader.aload_data()
    assert len(spans.told) >= 4
    assert not [told for told in spans.told if service.api_key in told]


# 19: connections that are used again on another loop.


def test_one_reader_serves_many_loops_one_after_the_other(
    rules: list[Rule], folder: Path, service: ClassifyService
) -> None:
    hosted: dict[str, Any] = {"backend": "hosted", "api_key": service.api_key, "base_url": service.base_url}
    reader = ClassifyReader(paths=folder, rules=rules, cache=False, **hosted)
    with reader.classifier:
        for _ in range(3):
            assert len(asyncio.run(reader.aload_data())) == 3
        assert len(reader.load_data()) == 3


# 5: labels that make a document another one.


def test_a_file_that_has_not_changed_is_ingested_once(rules: list[Rule], folder: Path) -> None:
    reader = ClassifyReader(paths=folder, rules=rules, backend=ScriptedBackend(), cache=False)
    pipeline = IngestionPipeline(
        transformations=[], docstore=SimpleDocumentStore(), docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY
    )
    assert [len(pipeline.run(documents=reader.load_data())) for _ in range(2)] == [3, 0]
    (folder / "a.txt").write_text("another invoice")
    assert len(pipeline.run(documents=reader.load_data())) == 1
