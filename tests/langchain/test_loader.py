"""What a `ClassifyLoader` is made of, and what it refuses."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from langchain_core.documents.base import Blob
from langchain_core.load import dumps

from classify_core import InvalidOptionError, Rule
from langchain_classify.loader import ClassifyLoader
from tests.backends import ScriptedBackend
from tests.langchain.helpers import reloaded
from tests.langchain.loader_parts import LETTERS, HeldBlobs, PagesOfPdf, Texts, types

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sk-the-loaders-own-key"


class Telling(BaseLoader):
    """A loader whose repr tells its key."""

    def lazy_load(self) -> Iterator[Document]:
        yield Document(page_content="an invoice")

    def __repr__(self) -> str:
        return f"Telling({KEY})"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "nothing to load"),
        ({"loader": Texts(), "paths": ["a"]}, r"a loader and paths= were given"),
        ({"loader": Texts(), "blobs": []}, r"a loader and blobs= were given"),
        ({"paths": ["a"], "blobs": []}, r"paths= and blobs= were given"),
        ({"loader": [{"type": "letter", "description": "a letter to somebody"}]}, r"ClassifyLoader\(paths="),
        ({"loader": "inbox"}, r"files and folders by name: ClassifyLoader\(paths="),
        ({"loader": Path("inbox")}, r"ClassifyLoader\(paths="),
        ({"loader": HeldBlobs([])}, r"ClassifyLoader\(blobs="),
        ({"loader": Blob.from_data("x")}, r"ClassifyLoader\(blobs="),
        ({"loader": Texts(), "fs": fsspec.filesystem("memory")}, "a loader has files of its own"),
        ({"blobs": [], "fs": fsspec.filesystem("memory")}, "blobs= has files of its own"),
        ({"loader": Texts(), "parser": PagesOfPdf()}, "makes its documents itself"),
        ({"paths": "a", "parser": "pdf"}, "no BaseBlobParser"),
        ({"paths": [b"a.txt"]}, "bytes"),
        ({"paths": ["a.txt", ""]}, "empty"),
        ({"paths": "a.txt", "fs": "memory"}, "fsspec"),
        ({"paths": "s3://bucket/inbox"}, r"fsspec\.filesystem\('s3'\)"),
        ({"blobs": "a.txt"}, "files by paths= instead"),
        ({"blobs": b"an invoice"}, "bytes"),
        ({"blobs": 7}, "int"),
        ({"paths": "a", "group_by": "customer"}, "group_by= is for what a wrapped loader loads"),
        ({"blobs": [], "group_by": lambda document: document.id}, "group_by= is for what a wrapped loader loads"),
    ],
)
def test_arguments_that_cannot_work_are_refused_with_the_remedy(
    given: dict[str, Any], told: str, rules: list[Rule]
) -> None:
    with pytest.raises(InvalidOptionError, match=told):
        ClassifyLoader(**given, rules=rules, backend="local")


@pytest.mark.parametrize("given", [{"loader": Texts(*LETTERS)}, {"blobs": [Blob.from_data(KEY)]}, {"paths": "a"}])
def test_unpickled_it_has_the_options_and_the_origin_that_it_was_given(
    given: dict[str, Any], rules: list[Rule]
) -> None:
    options: dict[str, Any] = {
        "on_failure": "skip",
        "overwrite": True,
        "keep_types": ("invoice",),
        "drop_types": ("recipe",),
        "source": "file",
    }
    loader = ClassifyLoader(**given, **options, rules=rules, backend="local")
    again = pickle.loads(pickle.dumps(loader))
    assert {name: getattr(again, name) for name in options} == options
    assert [getattr(again, name) is None for name in ("loader", "paths", "blobs")] == [
        getattr(loader, name) is None for name in ("loader", "paths", "blobs")
    ]


def test_what_a_loader_holds_is_neither_shown_nor_dumped(rules: list[Rule]) -> None:
    for loader in (
        ClassifyLoader(Telling(), rules, backend="local"),
        ClassifyLoader(blobs=[Blob.from_data(KEY, path="a.txt")], rules=rules, backend="local"),
    ):
        assert KEY not in f"{loader!r} {loader} {dumps(loader)}"
        assert json.loads(dumps(loader))["type"] == "not_implemented"


def test_dumped_and_loaded_it_loads_from_the_same_paths_in_the_same_way(rules: list[Rule], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("an invoice number, line items, tax and the total amount")
    (tmp_path / "empty.txt").touch()
    loader = ClassifyLoader(paths=[tmp_path], rules=rules, backend="local", on_failure="annotate", prefix="kind_")
    again = reloaded(loader)
    assert again.load() == loader.load()
    assert [document.metadata["kind_status"] for document in again.load()] == ["completed", "failed"]


def test_two_classifiers_live_side_by_side_under_their_own_prefixes(rules: list[Rule]) -> None:
    letters = [Rule(type="poem", description="Verses that rhyme, in stanzas.")]
    inner = ClassifyLoader(Texts(*LETTERS), rules, backend=ScriptedBackend())
    outer = ClassifyLoader(inner, letters, backend=ScriptedBackend(), prefix="kind_")
    documents = outer.load()
    assert types(documents) == ["invoice", "recipe", "uncategorized"]
    assert [document.metadata["kind_type"] for document in documents] == ["uncategorized", "uncategorized", "poem"]


def test_documents_that_carry_a_fresh_label_are_not_classified_again(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    inner = ClassifyLoader(Texts(*LETTERS), rules, backend=backend, cache=False)
    assert ClassifyLoader(inner, rules, backend=backend, cache=False).load() == inner.load()
    assert backend.asked.total() == 6  # by the inner loader, once for each of the two ways through it
