from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.readers.base import BasePydanticReader, BaseReader, ReaderConfig
from llama_index.core.schema import Document
from llama_index.core.storage.docstore import SimpleDocumentStore

from classify_core import BatchError, ClassifyError, ForeignLabelError, InvalidOptionError, Rule
from llama_index_classify import ClassifyReader
from llama_index_classify.windows import document_windows
from tests.backends import ScriptedBackend
from tests.llama_index.parts import HeldBackend, fails_on, until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.service import ClassifyService


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files; their names are in the order of their content's types."""
    (tmp_path / "a.txt").write_text("an invoice over 20 line items")
    (tmp_path / "b.md").write_text("# Cake\n\na recipe with 3 eggs")
    (tmp_path / "c.html").write_text("<html><title>Sea</title><body><p>the sea was calm</p></body></html>")
    return tmp_path


def paths_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def types(documents: Iterable[Document]) -> list[str | None]:
    return [document.metadata.get("classify_type") for document in documents]


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


async def every_way(reader: ClassifyReader, *args: Any, **load_kwargs: Any) -> list[list[Document]]:
    return [
        reader.load_data(*args, **load_kwargs),
        list(reader.lazy_load_data(*args, **load_kwargs)),
        await reader.aload_data(*args, **load_kwargs),
        list(await reader.alazy_load_data(*args, **load_kwargs)),
    ]


async def test_paths_are_loaded_and_labelled_every_way(rules: list[Rule], folder: Path) -> None:
    reader = ClassifyReader(paths=paths_in(folder), rules=rules, backend=ScriptedBackend())
    for documents in await every_way(reader):
        assert types(documents) == ["invoice", "recipe", "uncategorized"]
        assert [document.metadata["file_name"] for document in documents] == ["a.txt", "b.md", "c.html"]
        assert [document.metadata["file_path"] for document in documents] == [str(path) for path in paths_in(folder)]
        assert documents[0].text == "an invoice over 20 line items"
        assert "<p>" not in documents[2].text


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


async def test_what_a_wrapped_reader_loads_and_cannot_be_classified_is_named(rules: list[Rule], folder: Path) -> None:
    wrapped = SimpleDirectoryReader(folder, required_exts=[".txt", ".md"])
    with pytest.raises(BatchError, match=r"b\.md.*eggs cannot be read"):
        ClassifyReader(wrapped, rules=rules, backend=fails_on("eggs")).load_data()
    with pytest.raises(BatchError, match=r"b\.md.*eggs cannot be read"):
        await ClassifyReader(wrapped, rules=rules, backend=fails_on("eggs")).aload_data()


def test_a_directory_is_refused_with_the_remedy(rules: list[Rule], folder: Path) -> None:
    with pytest.raises(BatchError, match="files in it one by one"):
        ClassifyReader(paths=[folder], rules=rules, backend="local").load_data()


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


def test_lazy_loading_never_cuts_a_document_in_two() -> None:
    pages = [
        Document(text=f"{file}{page}", metadata={"file_path": file, "page_label": str(page)})
        for file, count in (("a", 5), ("b", 1), ("c", 9), ("d", 2))
        for page in range(count)
    ]
    windows = list(document_windows(pages, "auto", size=3))
    assert [page for window in windows for page in window] == pages
    assert len(windows) > 1
    files = [{page.metadata["file_path"] for page in window} for window in windows]
    assert sum(len(names) for names in files) == 4


async def test_the_event_loop_runs_on_while_files_are_loaded(rules: list[Rule], folder: Path) -> None:
    backend = HeldBackend()
    reader = ClassifyReader(paths=paths_in(folder), rules=rules, backend=backend)
    running = asyncio.create_task(reader.aload_data())
    await until(backend.begun.is_set)  # only a loop that is not blocked comes back from here
    assert not running.done()
    backend.release.set()
    assert len(await running) == 3


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


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"reader": PagesReader(), "paths": ["a"]}, "not both"),
        ({"reader": [Rule(type="letter", description="a letter to somebody, signed")]}, "by name"),
        ({"paths": "a.txt"}, "brackets"),
        ({"paths": Path("a.txt")}, "brackets"),
    ],
)
def test_arguments_that_cannot_work_are_refused(given: dict[str, Any], told: str, rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match=told):
        ClassifyReader(**given, rules=rules, backend="local")


async def test_nothing_to_load_and_two_things_to_load_are_refused(rules: list[Rule], folder: Path) -> None:
    with pytest.raises(InvalidOptionError, match=r"load_data\(file\)"):
        ClassifyReader(rules=rules, backend="local").load_data()
    with pytest.raises(InvalidOptionError, match="paths of its own"):
        await ClassifyReader(paths=[folder / "a.txt"], rules=rules, backend="local").aload_data(folder / "b.md")


def pdf_of(*pages: str) -> bytes:
    """A PDF with one line of text a page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    table = f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    return out + f"{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF".encode()
