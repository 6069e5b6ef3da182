"""Every kind of reader that can be wrapped, and how lazily it is read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document
from llama_index.readers.file import PDFReader

from classify_core import InvalidOptionError, Rule
from llama_index_classify import ClassifyReader
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.llama_index.parts import types
from tests.llama_index.reader_parts import all_ways, pdf_of
from tests.service import ClassifyService

LETTERS = ("an invoice", "a recipe", "a poem")


def letters() -> list[Document]:
    return [Document(text=text) for text in LETTERS]


class OnlyLoads(BaseReader):
    def load_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        return letters()


class OnlyLazy(BaseReader):
    def lazy_load_data(self, *args: Any, **load_kwargs: Any) -> Iterable[Document]:
        yield from letters()


class OnlyAsync(BaseReader):
    async def aload_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        await asyncio.sleep(0)
        return letters()


class OnlyAsyncAndLazy(BaseReader):
    async def alazy_load_data(self, *args: Any, **load_kwargs: Any) -> Iterable[Document]:
        await asyncio.sleep(0)
        return iter(letters())


class Iterates(BaseReader):
    """Returns no list, as some do."""

    def load_data(self, *args: Any, **load_kwargs: Any) -> Any:
        return iter(letters())


@pytest.mark.parametrize("kind", [OnlyLoads, OnlyLazy, OnlyAsync, OnlyAsyncAndLazy, Iterates])
async def test_a_reader_is_loaded_by_whichever_method_it_has(kind: type[BaseReader], rules: list[Rule]) -> None:
    for documents in await all_ways(ClassifyReader(kind(), rules=rules, backend=ScriptedBackend())):
        assert types(documents) == ["invoice", "recipe", "uncategorized"]


@pytest.mark.parametrize("method", ["aload_data", "alazy_load_data"])
async def test_what_works_while_it_is_iterated_does_not_do_so_on_the_event_loop(method: str, rules: list[Rule]) -> None:
    main, threads = threading.get_ident(), set[int]()

    def working() -> Iterator[Document]:
        threads.add(threading.get_ident())
        yield from letters()

    async def load(self: BaseReader, *args: Any, **load_kwargs: Any) -> Iterable[Document]:
        return working()

    reader = type("Works", (BaseReader,), {method: load})()
    assert len(await ClassifyReader(reader, rules=rules, backend=ScriptedBackend()).aload_data()) == 3
    assert len(threads) == 1
    assert main not in threads


def test_an_asynchronous_reader_is_loaded_without_a_running_loop_too(rules: list[Rule]) -> None:
    assert len(ClassifyReader(OnlyAsync(), rules=rules, backend=ScriptedBackend()).load_data()) == 3


class Breaks(BaseReader):
    """Gives 40 documents, and then an error of its own."""

    def lazy_load_data(self, *args: Any, **load_kwargs: Any) -> Iterator[Document]:
        for number in range(40):
            yield Document(text=f"invoice {number}")
        raise KeyError("the service is gone")


async def test_what_came_before_an_error_is_given_out_before_it_is_raised(rules: list[Rule]) -> None:
    reader = ClassifyReader(Breaks(), rules=rules, backend=ScriptedBackend())
    given: list[Document] = []
    with pytest.raises(KeyError, match="service is gone"):
        for document in reader.lazy_load_data():
            given.append(document)  # noqa: PERF402 - what was given before the error counts
    assert types(given) == ["invoice"] * 40
    streamed: list[Document] = []
    with pytest.raises(KeyError, match="service is gone"):
        async for document in reader.astream_data():
            streamed.append(document)  # noqa: PERF401 - what was given before the error counts
    assert len(streamed) == 40


def test_a_directory_reader_is_read_file_by_file(rules: list[Rule], tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number:03}.txt").write_text(f"invoice {number}")
    read: list[str] = []
    directory = SimpleDirectoryReader(tmp_path, file_metadata=lambda path: read.append(path) or {"file_path": path})
    documents = iter(ClassifyReader(directory, rules=rules, backend=ScriptedBackend()).lazy_load_data())
    next(documents)
    assert len(read) <= 33
    assert sum(1 for _ in documents) == 99


async def test_a_directory_readers_own_arguments_are_passed_on(rules: list[Rule], folder: Path) -> None:
    reader = ClassifyReader(SimpleDirectoryReader(folder), rules=rules, backend=ScriptedBackend())
    assert len(list(reader.lazy_load_data(fs=fsspec.filesystem("file")))) == 3
    assert len([each async for each in reader.astream_data(show_progress=False)]) == 3


async def test_a_stream_takes_no_more_than_it_needs_and_holds_up_no_loop(rules: list[Rule]) -> None:
    taken: list[int] = []
    main = threading.get_ident()

    class Counting(BaseReader):
        def lazy_load_data(self, *args: Any, **load_kwargs: Any) -> Iterator[Document]:
            assert threading.get_ident() != main
            for number in range(200):
                taken.append(number)
                yield Document(text=f"invoice {number}")

    backend = HeldBackend()
    stream: AsyncIterator[Document] = ClassifyReader(Counting(), rules=rules, backend=backend).astream_data()
    first = asyncio.ensure_future(anext(stream))
    await until(backend.begun.is_set)  # only a loop that is not blocked comes back from here
    assert len(taken) <= 33
    backend.release.set()
    assert types([await first]) == ["invoice"]
    assert len([document async for document in stream]) == 199


async def test_a_pdf_readers_pages_are_one_classification_a_file(rules: list[Rule], tmp_path: Path) -> None:
    for name, word in (("a", "invoice"), ("b", "recipe")):
        (tmp_path / f"{name}.pdf").write_bytes(pdf_of(f"This {word} begins here", "and it ends here"))
    backend = ScriptedBackend()
    wrapped = SimpleDirectoryReader(tmp_path, file_extractor={".pdf": PDFReader()})
    for documents in await all_ways(ClassifyReader(wrapped, rules=rules, backend=backend)):
        assert types(documents) == ["invoice", "invoice", "recipe", "recipe"]
    assert sorted(backend.asked.values()) == [1, 1]
    backend.asked.clear()
    alone = ClassifyReader(PDFReader(), rules=rules, backend=backend)
    for documents in await all_ways(alone, tmp_path / "a.pdf"):
        assert types(documents) == ["invoice", "invoice"]
    assert list(backend.asked.values()) == [1]


async def test_a_wrapped_readers_original_files_are_classified_where_asked(
    rules: list[Rule], tmp_path: Path, service: ClassifyService
) -> None:
    content = pdf_of("This invoice begins here", "and it ends here")
    (tmp_path / "a.pdf").write_bytes(content)
    hosted: dict[str, Any] = {"backend": "hosted", "api_key": service.api_key, "base_url": service.base_url}
    wrapped = SimpleDirectoryReader(tmp_path, file_extractor={".pdf": PDFReader()})
    reader = ClassifyReader(wrapped, rules=rules, source="file", **hosted)
    with reader.classifier:
        for documents in await all_ways(reader):
            assert len(documents) == 2
            assert {document.metadata["classify_job_id"] for document in documents} == set(service.jobs)
    assert [file.content for file in service.files.values()] == [content]


def test_a_file_of_this_machine_is_never_taken_for_one_of_another(rules: list[Rule], tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe(f"{tmp_path}/a.txt", b"a recipe")
    (tmp_path / "a.txt").write_text("an invoice of this machine")
    options: dict[str, Any] = {"rules": rules, "backend": ScriptedBackend(), "source": "file"}
    elsewhere = SimpleDirectoryReader(str(tmp_path), fs=memory)
    with pytest.raises(InvalidOptionError, match="files of this machine"):
        ClassifyReader(elsewhere, **options).load_data()
    with pytest.raises(InvalidOptionError, match="files of this machine"):
        ClassifyReader(PDFReader(), **options).load_data(tmp_path / "a.txt", extra_info={}, fs=memory)
    assert types(ClassifyReader(SimpleDirectoryReader(tmp_path), **options).load_data()) == ["invoice"]
