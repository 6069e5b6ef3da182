"""`ClassifyLoader` keeps what every component and every loader promises, wherever its documents come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from langchain_core.document_loaders import BaseBlobParser
from langchain_core.documents import Document
from langchain_core.documents.base import Blob

from classify_core import Rule
from langchain_classify.blob_parser import ClassifyBlobParser
from langchain_classify.loader import ClassifyLoader
from tests.langchain.loader_parts import HeldBlobs, Texts
from tests.langchain.suites.component import DumpableSuite
from tests.langchain.suites.loader import LoaderSuite, UndumpableSuite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class AsOneDocument(BaseBlobParser):
    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        yield Document(page_content=blob.as_string(), metadata={"source": blob.source})


class TestWrapped(UndumpableSuite):
    component = ClassifyLoader

    def make(self, rules: list[Rule] | None = None, **arguments: Any) -> Any:
        return ClassifyLoader(Texts(), rules, **arguments)

    def fill(self, loader: Any, texts: Sequence[str]) -> None:
        loader.loader.texts = texts


class InAFolder(LoaderSuite):
    component = ClassifyLoader
    parser: ClassVar[BaseBlobParser | None] = None

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make(self, rules: list[Rule] | None = None, **arguments: Any) -> Any:
        return ClassifyLoader(rules=rules, paths=self.folder, parser=self.parser, **arguments)

    def fill(self, loader: Any, texts: Sequence[str]) -> None:
        for former in self.folder.iterdir():
            former.unlink()
        for number, text in enumerate(texts):
            (self.folder / f"{number:04}.txt").write_text(text)


class TestPaths(InAFolder, DumpableSuite):
    pass


class TestPathsThroughAParser(InAFolder, UndumpableSuite):
    parser = AsOneDocument()


class TestPathsOfAFileSystem(UndumpableSuite):
    component = ClassifyLoader

    @pytest.fixture(autouse=True)
    def _folder(self) -> Iterator[None]:
        yield
        MemoryFileSystem.store.clear()

    def make(self, rules: list[Rule] | None = None, **arguments: Any) -> Any:
        return ClassifyLoader(rules=rules, paths="/inbox", fs=MemoryFileSystem(), **arguments)

    def fill(self, loader: Any, texts: Sequence[str]) -> None:
        loader.fs.store.clear()
        loader.fs.makedirs("/inbox", exist_ok=True)
        for number, text in enumerate(texts):
            loader.fs.pipe(f"/inbox/{number:04}.txt", text.encode())


class TestBlobs(UndumpableSuite):
    component = ClassifyLoader
    parser: ClassVar[BaseBlobParser | None] = None

    def make(self, rules: list[Rule] | None = None, **arguments: Any) -> Any:
        return ClassifyLoader(rules=rules, blobs=HeldBlobs([]), parser=self.parser, **arguments)

    def fill(self, loader: Any, texts: Sequence[str]) -> None:
        loader.blobs.blobs = [Blob.from_data(text, path=f"{number:04}.txt") for number, text in enumerate(texts)]


class TestBlobsThroughAParser(TestBlobs):
    parser = AsOneDocument()


class TestBlobParser(DumpableSuite):
    component = ClassifyBlobParser

    def make(self, rules: list[Rule] | None = None, **arguments: Any) -> Any:
        return ClassifyBlobParser(rules=rules, **arguments)

    def apply(self, component: Any, text: str) -> Any:
        return component.parse(Blob.from_data(text, path="a.txt"))
