from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.readers.base import BasePydanticReader, BaseReader, ReaderConfig
from llama_index.core.schema import Document

from classify_core import BatchError, ForeignLabelError, InvalidOptionError, Rule
from llama_index_classify import ClassifyReader
from tests.backends import ScriptedBackend
from tests.llama_index.parts import fails_on

if TYPE_CHECKING:
    from collections.abc import Iterator

from tests.llama_index.parts import every_way, paths_in, types


class PagesReader(BaseReader):
    """Two files of two pages each, or one that is not named, as LlamaIndex's own PDF reader does."""

    def __init__(self, *, named: bool = True) -> None:
        self.named = named
        self.asked: list[Any] = []

    def load_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        self.asked.append((args, load_kwargs))
        names = [("a.pdf", "invoice"), ("b.pdf", "recipe")] if self.named else [("a.pdf", "invoice")]
        return [
            Document(
                text=f"{word} page {page}",
                metadata={"page_label": str(page)} | ({"file_path": name} if self.named else {}),
            )
            for name, word in names
            for page in (1, 2)
        ]


class LazyReader(BaseReader):
    """Yields documents one by one and counts how many were taken."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.taken = 0

    def lazy_load_data(self, *args: Any, **load_kwargs: Any) -> Iterator[Document]:
        for number in range(self.count):
            self.taken += 1
            yield Document(text=f"invoice {number}")


class RemoteReader(BasePydanticReader):
    is_remote: bool = True
    api_key: str = "llx-the-readers-own-key"

    def load_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        return []


async def test_a_wrapped_reader_is_labelled_every_way(rules: list[Rule], folder: Path) -> None:
    wrapped = SimpleDirectoryReader(folder, required_exts=[".txt", ".md"])
    reader = ClassifyReader(wrapped, rules=rules, backend=ScriptedBackend())
    for documents in await every_way(reader):
        assert types(documents) == ["invoice", "recipe"]


async def test_arguments_are_passed_on_to_the_wrapped_reader(rules: list[Rule]) -> None:
    wrapped = PagesReader()
    await every_way(ClassifyReader(wrapped, rules=rules, backend=ScriptedBackend()), "where", depth=3)
    assert wrapped.asked == [(("where",), {"depth": 3})] * 4


async def test_one_files_pages_are_one_document(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    for documents in await every_way(ClassifyReader(PagesReader(), rules=rules, backend=backend)):
        assert types(documents) == ["invoice", "invoice", "recipe", "recipe"]
    assert dict(backend.asked) == {"invoice page 1\n\ninvoice page 2": 1, "recipe page 1\n\nrecipe page 2": 1}


async def test_pages_that_do_not_name_their_file_are_those_of_the_file_asked_for(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    reader = ClassifyReader(PagesReader(named=False), rules=rules, backend=backend)
    await every_way(reader, Path("a.pdf"))
    assert list(backend.asked) == ["invoice page 1\n\ninvoice page 2"]


async def test_what_a_wrapped_reader_loads_and_cannot_be_classified_is_named(rules: list[Rule], folder: Path) -> None:
    wrapped = SimpleDirectoryReader(folder, required_exts=[".txt", ".md"])
    with pytest.raises(BatchError, match=r"b\.md.*eggs cannot be read"):
        ClassifyReader(wrapped, rules=rules, backend=fails_on("eggs")).load_data()
    with pytest.raises(BatchError, match=r"b\.md.*eggs cannot be read"):
        await ClassifyReader(wrapped, rules=rules, backend=fails_on("eggs")).aload_data()


async def test_only_wanted_types_are_loaded(rules: list[Rule], folder: Path) -> None:
    options: dict[str, Any] = {"rules": rules, "backend": ScriptedBackend(), "keep_types": ["recipe", "uncategorized"]}
    for documents in await every_way(ClassifyReader(paths=paths_in(folder), **options)):
        assert types(documents) == ["recipe", "uncategorized"]
    for documents in await every_way(ClassifyReader(SimpleDirectoryReader(folder), **options)):
        assert types(documents) == ["recipe", "uncategorized"]


async def test_a_type_that_somebody_else_wrote_is_an_error_before_anything_is_asked(
    rules: list[Rule], folder: Path
) -> None:
    backend = ScriptedBackend()
    theirs = {"classify_type": "mine"}
    reader = ClassifyReader(rules=rules, backend=backend)
    with pytest.raises(ForeignLabelError, match=r"a\.txt"):
        reader.load_data(folder / "a.txt", extra_info=theirs)
    with pytest.raises(ForeignLabelError, match=r"a\.txt"):
        await reader.aload_data(folder / "a.txt", extra_info=theirs)
    assert backend.asked.total() == 0
    overwriting = ClassifyReader(rules=rules, backend=backend, overwrite=True)
    assert types(overwriting.load_data(folder / "a.txt", extra_info=theirs)) == ["invoice"]


def test_lazy_loading_takes_no_more_than_it_needs(rules: list[Rule]) -> None:
    wrapped = LazyReader(1000)
    documents = iter(ClassifyReader(wrapped, rules=rules, backend=ScriptedBackend()).lazy_load_data())
    assert next(documents).metadata["classify_type"] == "invoice"
    assert wrapped.taken < 100
    assert sum(1 for _ in documents) == 999


def test_it_is_remote_where_documents_leave_the_machine(rules: list[Rule]) -> None:
    assert not ClassifyReader(rules=rules, backend="local").is_remote
    assert ClassifyReader(rules=rules, backend="hosted", api_key="llx-any-key-0123456789").is_remote
    assert ClassifyReader(RemoteReader(), rules=rules, backend="local").is_remote


def test_the_wrapped_readers_key_is_not_in_the_dictionary(rules: list[Rule]) -> None:
    reader = ClassifyReader(RemoteReader(), rules=rules, backend="local")
    assert "llx-the-readers-own-key" not in reader.to_json()


def test_a_pipeline_can_read_with_it(rules: list[Rule], folder: Path) -> None:
    reader = ClassifyReader(paths=paths_in(folder), rules=rules, backend=ScriptedBackend())
    pipeline = IngestionPipeline(transformations=[], readers=[ReaderConfig(reader=reader)])
    assert types(pipeline.run()) == ["invoice", "recipe", "uncategorized"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"reader": PagesReader(), "paths": ["a"]}, "not both"),
        ({"reader": [Rule(type="letter", description="a letter to somebody, signed")]}, "by name"),
        ({"reader": PagesReader(), "fs": fsspec.filesystem("memory")}, "give fs= to it"),
        ({"paths": [b"a.txt"]}, "bytes"),
        ({"paths": ["a.txt", ""]}, "empty"),
        ({"paths": ["a.txt"], "fs": "memory"}, "fsspec"),
    ],
)
def test_arguments_that_cannot_work_are_refused(given: dict[str, Any], told: str, rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match=told):
        ClassifyReader(**given, rules=rules, backend="local")
