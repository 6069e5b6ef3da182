"""Files on `fsspec` file systems: in memory, in an archive, and at a service of the tests' own."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from llama_index.core import SimpleDirectoryReader
from llama_index.core.storage.docstore import SimpleDocumentStore

from classify_core import InvalidOptionError, Rule
from llama_index_classify import ClassifyReader
from tests.backends import ScriptedBackend, until
from tests.llama_index.parts import types
from tests.llama_index.reader_parts import IN_ORDER, INBOX, Bucket, all_ways, names
from tests.service import ClassifyService


def made(rules: list[Rule], **options: Any) -> ClassifyReader:
    return ClassifyReader(**{"rules": rules, "backend": ScriptedBackend(), **options})


def memory() -> AbstractFileSystem:
    fs = fsspec.filesystem("memory")
    for path, content in INBOX.items():
        fs.pipe(f"/{path}", content)
    return fs


def archive(folder: Path, name: str = "shelf.zip", text: str = "") -> AbstractFileSystem:
    with zipfile.ZipFile(folder / name, "w") as file:
        for path, content in INBOX.items():
            file.writestr(path, text or content)
    return fsspec.filesystem("zip", fo=str(folder / name))


@pytest.fixture(autouse=True)
def _forgotten_memory() -> Iterator[None]:
    yield
    fsspec.filesystem("memory").store.clear()


@pytest.fixture(params=["memory", "archive", "bucket"])
def fs(request: pytest.FixtureRequest, tmp_path: Path) -> AbstractFileSystem:
    return {"memory": memory, "archive": lambda: archive(tmp_path), "bucket": lambda: Bucket(INBOX)}[request.param]()


@pytest.mark.parametrize("paths", ["shelf/inbox", ["shelf/inbox/**/*"], IN_ORDER], ids=["folder", "pattern", "files"])
async def test_folders_patterns_and_files_of_a_file_system_are_loaded_every_way(
    paths: Any, fs: AbstractFileSystem, rules: list[Rule]
) -> None:
    for documents in await all_ways(made(rules, paths=paths, fs=fs)):
        assert [path.lstrip("/") for path in names(documents)] == IN_ORDER
        assert types(documents) == ["uncategorized", "invoice", "recipe"]
        assert [document.metadata["file_name"] for document in documents] == ["c.html", "a.txt", "b.md"]
        assert documents[1].text == "an invoice over 20 line items"


def test_a_files_path_and_facts_are_those_of_a_directory_reader(fs: AbstractFileSystem, rules: list[Rule]) -> None:
    paths = [info["name"] for info in fs.ls("shelf/inbox", detail=True) if info["name"].endswith((".txt", ".md"))]
    named = [path for path in paths if "hidden" not in path]
    theirs = SimpleDirectoryReader(input_files=named, fs=fs).load_data()
    ours = made(rules, paths=named, fs=fs).load_data()
    for expected, document in zip(theirs, ours, strict=True):
        facts = {key: value for key, value in document.metadata.items() if not key.startswith("classify_")}
        assert facts == {key: value for key, value in expected.metadata.items() if key != "last_accessed_date"}
        assert "file_size" in document.excluded_embed_metadata_keys


def test_a_file_system_for_one_call_goes_before_that_of_the_reader(rules: list[Rule]) -> None:
    reader = made(rules, paths="shelf/inbox", fs=Bucket({"shelf/inbox/only.txt": b"a recipe"}))
    assert names(reader.load_data()) == ["shelf/inbox/only.txt"]
    assert names(reader.load_data(fs=Bucket(INBOX))) == IN_ORDER


def test_a_single_file_is_read_from_the_readers_file_system(rules: list[Rule]) -> None:
    [document] = made(rules, fs=Bucket(INBOX)).load_data("shelf/inbox/a.txt")
    assert types([document]) == ["invoice"]


def test_the_same_path_on_two_file_systems_is_two_documents(rules: list[Rule], tmp_path: Path) -> None:
    systems = [None, memory(), Bucket(INBOX), archive(tmp_path), archive(tmp_path, "other.zip", "another invoice")]
    readers = [made(rules, paths="shelf/inbox/a.txt", fs=fs, on_failure="annotate") for fs in systems]
    docstore = SimpleDocumentStore()
    for _ in range(2):
        docstore.add_documents([document for reader in readers for document in reader.load_data()])
        assert len(docstore.docs) == 5


def test_this_machines_file_system_is_as_good_as_none(rules: list[Rule], folder: Path) -> None:
    ours, theirs = (made(rules, paths=folder, fs=fs) for fs in (None, LocalFileSystem()))
    assert [document.id_ for document in ours.load_data()] == [document.id_ for document in theirs.load_data()]
    assert ours == theirs


def test_a_file_system_is_asked_for_a_few_files_at_a_time_and_only_when_they_are_needed(rules: list[Rule]) -> None:
    bucket = Bucket({f"inbox/{number // 50:02}/{number:04}.txt": b"invoice %d" % number for number in range(200)})
    backend = ScriptedBackend()
    reader = made(rules, paths="inbox", fs=bucket, backend=backend)
    assert not bucket.listed
    documents = iter(reader.lazy_load_data())
    assert next(documents).metadata["classify_type"] == "invoice"
    assert len(bucket.opened) == backend.asked.total() == 32
    assert not [folder for folder in bucket.listed if folder > "inbox/00"]
    assert sum(1 for _ in documents) == 199
    assert len(bucket.opened) == len(set(bucket.opened)) == 200


@pytest.mark.parametrize("is_asynchronous", [True, False])
def test_a_file_system_with_one_connection_is_asked_for_one_file_at_a_time(
    *, is_asynchronous: bool, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    gate = threading.Event()
    bucket = Bucket({f"inbox/{number}.txt": b"invoice %d" % number for number in range(8)}, gate=gate)
    bucket.async_impl = is_asynchronous
    loading = threading.Thread(target=made(rules, paths="inbox", fs=bucket).load_data)
    loading.start()
    asyncio.run(until(lambda: bucket.most_at_once == (4 if is_asynchronous else 1)))
    time.sleep(0.1)  # in which others could come, were they let in
    gate.set()
    loading.join()
    assert (bucket.most_at_once == 1) != is_asynchronous


@pytest.mark.parametrize("way", ["aload_data", "astream_data"])
async def test_the_event_loop_runs_on_while_a_file_system_is_slow(way: str, rules: list[Rule]) -> None:
    gate = threading.Event()
    bucket = Bucket(INBOX, gate=gate)
    reader = made(rules, paths="shelf/inbox", fs=bucket)

    async def loaded() -> list[Any]:
        return await reader.aload_data() if way == "aload_data" else [each async for each in reader.astream_data()]

    running = asyncio.create_task(loaded())
    await until(lambda: bucket.opened)  # only a loop that is not blocked comes back from here
    assert not running.done()
    gate.set()
    assert len(await running) == 3


def test_what_a_file_system_cannot_give_is_named_and_harms_no_other(rules: list[Rule]) -> None:
    bucket = Bucket(INBOX)
    reader = made(rules, paths=["shelf/inbox/absent.txt", "shelf/inbox/a.txt"], fs=bucket, on_failure="annotate")
    failed, document = reader.load_data()
    assert "absent.txt" in failed.metadata["classify_error"]
    assert failed.metadata["file_path"] == "shelf/inbox/absent.txt"
    assert types([document]) == ["invoice"]


class Closed(Bucket):
    """Does not list one of its folders."""

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:  # noqa: FBT001, FBT002 - as it is called
        if path.endswith("2026"):
            raise PermissionError(13, "Permission denied")
        return super().ls(path, detail, **kwargs)


async def test_a_folder_that_cannot_be_listed_is_a_document_that_failed(rules: list[Rule]) -> None:
    reader = made(rules, paths="shelf/inbox", fs=Closed(INBOX), on_failure="annotate")
    for documents in await all_ways(reader):
        assert names(documents) == ["shelf/inbox/2026", "shelf/inbox/a.txt", "shelf/inbox/b.md"]
        assert types(documents) == [None, "invoice", "recipe"]
        assert "Permission denied" in documents[0].metadata["classify_error"]


async def test_a_hosted_backend_is_sent_the_original_file(rules: list[Rule], service: ClassifyService) -> None:
    hosted: dict[str, Any] = {"backend": "hosted", "api_key": service.api_key, "base_url": service.base_url}
    reader = made(rules, paths="shelf/inbox", fs=Bucket(INBOX), **hosted)
    with reader.classifier:
        for documents in await all_ways(reader):
            assert types(documents)[1:] == ["invoice", "recipe"]
    assert sorted(file.content for file in service.files.values()) == sorted(INBOX[path] for path in IN_ORDER)


KEY = "a-key-of-the-bucket-0123456789"


def test_a_file_systems_key_is_in_no_dictionary_and_no_repr(rules: list[Rule]) -> None:
    class Telling(Bucket):
        def __repr__(self) -> str:
            return f"Telling({self.key})"

    reader = made(rules, paths="shelf", fs=Telling(INBOX, key=KEY))
    assert reader.to_dict()["fs"] == {"name": "Telling"}
    assert not [text for text in (repr(reader), str(reader), reader.to_json(), reader.json()) if KEY in text]


def test_a_file_system_is_asked_for_where_it_cannot_be_made_again(rules: list[Rule]) -> None:
    reader = made(rules, paths="shelf/inbox", fs=Bucket(INBOX), backend="local")
    with pytest.raises(InvalidOptionError, match=r"from_dict\(data, fs=\.\.\.\)"):
        ClassifyReader.from_dict(reader.to_dict())
    rebuilt = ClassifyReader.from_dict(reader.to_dict(), fs=Bucket(INBOX))
    assert rebuilt == reader
    assert names(rebuilt.load_data()) == IN_ORDER


def test_a_pickled_reader_reads_where_it_did(rules: list[Rule]) -> None:
    reader = made(rules, paths="shelf/inbox", fs=Bucket(INBOX), backend="local")
    assert names(pickle.loads(pickle.dumps(reader)).load_data()) == IN_ORDER


def test_a_reader_of_another_machines_files_is_remote(rules: list[Rule]) -> None:
    assert made(rules, paths="shelf", fs=Bucket(INBOX)).is_remote
    assert not made(rules, paths="shelf", fs=fsspec.filesystem("memory")).is_remote
    assert not made(rules, paths="shelf", fs=LocalFileSystem()).is_remote
