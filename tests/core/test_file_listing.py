"""Which files paths stand for, on this machine and on file systems of the fsspec family alike."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec import AbstractFileSystem

from classify_core.errors import InvalidOptionError
from classify_core.file_listing import FileListing, ListedFile
from classify_core.file_systems import FileSystemFiles, address_of

NAMES = ("b.txt", "a.pdf", "sub/c.txt", "sub/deep/d.pdf", ".hidden.txt", ".git/e.txt", "sub/.secret/f.pdf", "x[1].txt")
ALL = ["a.pdf", "b.txt", "sub/c.txt", "sub/deep/d.pdf", "x[1].txt"]


class Place:
    """The same files in some file system, below `root`."""

    def __init__(self, root: str, files: FileSystemFiles | None) -> None:
        self.root = root
        self.files = files

    def listing(self, **options: Any) -> FileListing:
        return FileListing(self.files, **options)

    def paths(self, *paths: str) -> list[str]:
        listed = self.listing().files_of([f"{self.root}/{path}" if path else self.root for path in paths])
        return [file.path.removeprefix(self.root).lstrip("/") for file in listed]


def local(folder: Path) -> Place:
    for name in NAMES:
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return Place(str(folder / "in"), None)


def local_by_fsspec(folder: Path) -> Place:
    return Place(local(folder).root, FileSystemFiles(fsspec.filesystem("file")))


def in_memory(folder: Path) -> Place:
    memory = fsspec.filesystem("memory")
    for name in NAMES:
        memory.pipe(f"{folder}/in/{name}", b"x")
    return Place(f"{folder}/in", FileSystemFiles(memory))


def in_archive(folder: Path) -> Place:
    with zipfile.ZipFile(folder / "in.zip", "w") as archive:
        for name in NAMES:
            archive.writestr(f"in/{name}", "x")
    return Place("in", FileSystemFiles(fsspec.filesystem("zip", fo=str(folder / "in.zip"))))


@pytest.fixture(params=[local, local_by_fsspec, in_memory, in_archive], ids=lambda make: make.__name__)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    make: Callable[[Path], Place] = request.param
    yield make(tmp_path)
    fsspec.filesystem("memory").store.clear()


def test_a_folder_stands_for_all_files_below_it_by_name_without_hidden_ones(place: Place) -> None:
    assert place.paths("") == ALL
    assert place.paths("sub") == ["sub/c.txt", "sub/deep/d.pdf"]


def test_a_folder_may_end_in_a_slash(place: Place) -> None:
    assert place.paths("sub/") == ["sub/c.txt", "sub/deep/d.pdf"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ["b.txt", "x[1].txt"]),
        ("**/*.pdf", ["a.pdf", "sub/deep/d.pdf"]),
        ("s*", ["sub/c.txt", "sub/deep/d.pdf"]),
        ("[ab].*", ["a.pdf", "b.txt"]),
        ("?.pdf", ["a.pdf"]),
        ("sub/.s*/*", ["sub/.secret/f.pdf"]),
        (".git/*", [".git/e.txt"]),
        ("*.docx", []),
    ],
)
def test_a_pattern_stands_for_what_it_matches(pattern: str, expected: list[str], place: Place) -> None:
    assert place.paths(pattern) == expected


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(place: Place) -> None:
    assert place.paths("x[1].txt") == ["x[1].txt"]


def test_a_hidden_file_or_folder_counts_where_it_is_named(place: Place) -> None:
    assert place.paths(".hidden.txt", ".git") == [".hidden.txt", ".git/e.txt"]


def test_each_file_comes_once_in_the_order_of_the_paths(place: Place) -> None:
    assert place.paths("b.txt", "*.txt", "", "sub/c.txt") == [
        "b.txt",
        "x[1].txt",
        "a.pdf",
        "sub/c.txt",
        "sub/deep/d.pdf",
    ]


def test_a_file_that_is_not_there_is_kept_for_its_outcome(place: Place) -> None:
    assert place.paths("nowhere.pdf", "b.txt") == ["nowhere.pdf", "b.txt"]


def test_each_path_that_stands_for_nothing_is_told(place: Place) -> None:
    told: list[str] = []
    pattern = f"{place.root}/*.docx"
    assert [file.path for file in place.listing(nothing_at=told.append).files_of([pattern])] == []
    assert told == [pattern]


def test_what_is_left_out_is_not_listed(place: Place) -> None:
    listing = place.listing(left_out=[f"{place.root}/b.txt"])
    assert not [file for file in listing.files_of([place.root]) if file.path.endswith("b.txt")]


def test_an_empty_path_is_refused(place: Place) -> None:
    with pytest.raises(InvalidOptionError, match=r"give \."):
        list(place.listing().files_at(""))


@pytest.mark.parametrize("make", [local, local_by_fsspec])
def test_links_lead_in_no_circles_and_a_link_to_a_file_is_that_file(
    make: Callable[[Path], Place], tmp_path: Path
) -> None:
    place = make(tmp_path)
    (tmp_path / "in" / "sub" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self").symlink_to(tmp_path / "in" / "self")
    (tmp_path / "in" / "z.txt").symlink_to(tmp_path / "elsewhere.txt")
    (tmp_path / "elsewhere.txt").write_text("x")
    assert [path for path in place.paths("") if path != "self"] == [*ALL, "z.txt"]


def test_the_root_of_an_archive_is_a_folder(tmp_path: Path) -> None:
    files = in_archive(tmp_path).files
    assert [file.path for file in FileListing(files).files_at("/")] == [f"in/{name}" for name in ALL]


def test_an_address_names_the_file_it_leads_to(tmp_path: Path) -> None:
    place = in_memory(tmp_path)
    listed = [file.path for file in place.listing().files_of([f"memory://{place.root}/b.txt", f"{place.root}/b.txt"])]
    assert listed == [f"{place.root}/b.txt"]


class Guarded(AbstractFileSystem):
    """Marks folders as buckets do, keeps one closed, and forbids to look at what is not there."""

    cachable = False
    folders: ClassVar[dict[str, list[tuple[str, str]]]] = {
        "top": [("top/", "file"), ("top/b.txt", "file"), ("top/closed", "directory"), ("top/open", "directory")],
        "top/open": [("top/open", "directory"), ("top/open/a.txt", "file")],
    }

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:  # noqa: FBT001, FBT002 - as it is called
        self.asked.append(path)
        if path not in self.folders:
            raise KeyError("an error of its own, which quotes a key")
        return [{"name": name, "size": 1, "type": kind} for name, kind in self.folders[path]]

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        if path not in {"top", "top/open", "top/b.txt"}:
            raise PermissionError(13, "Permission denied")
        return {"name": path, "size": 1, "type": "file" if path.endswith(".txt") else "directory"}

    def glob(self, path: str, maxdepth: Any = None, **kwargs: Any) -> Any:
        return {"top/b.txt": {"name": "top/b.txt", "type": "file"}}


def test_a_folder_that_cannot_be_listed_is_told_and_the_others_are_taken() -> None:
    listed = list(FileListing(FileSystemFiles(Guarded())).files_at("top"))
    assert [file.path for file in listed] == ["top/b.txt", "top/closed", "top/open/a.txt"]
    assert [file.fault is not None for file in listed] == [False, True, False]
    assert "KeyError" in str(listed[1].fault)
    assert "quotes" not in str(listed[1].fault)


def test_a_path_that_cannot_be_looked_at_is_told() -> None:
    [file] = FileListing(FileSystemFiles(Guarded())).files_at("secret/folder")
    assert "Permission denied" in str(file.fault)


def test_a_pattern_needs_no_leave_to_look_at_it() -> None:
    assert list(FileListing(FileSystemFiles(Guarded())).files_at("top/*.txt")) == [ListedFile("top/b.txt")]


def test_folders_are_listed_as_they_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = Guarded()
    next(FileListing(FileSystemFiles(guarded)).files_at("top"))
    assert guarded.asked == ["top"]
    listed: list[str] = []
    scandir = os.scandir
    place = local(tmp_path)
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(str(path)) or scandir(path))
    next(place.listing().files_at(place.root))
    assert listed == [place.root]


@pytest.mark.parametrize("make", [local_by_fsspec, in_memory])
def test_a_pattern_that_cannot_work_is_refused(make: Callable[[Path], Place], tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match="no pattern"):
        make(tmp_path).paths("a**b/*.txt")


def test_files_of_two_archives_and_of_two_services_have_addresses_of_their_own(tmp_path: Path) -> None:
    archives = []
    for name in ("one.zip", "two.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("in/a.txt", "x")
        archives.append(fsspec.filesystem("zip", fo=str(tmp_path / name)))
    systems = [*archives, fsspec.filesystem("memory"), Guarded()]
    assert len({address_of("in/a.txt", fs) for fs in systems}) == 4
    again = fsspec.filesystem("zip", fo=str(tmp_path / "one.zip"), skip_instance_cache=True)
    assert address_of("in/a.txt", again) == address_of("in/a.txt", archives[0])


class _SignedArchive(Guarded):
    def __init__(self, signature: str) -> None:
        super().__init__()
        self.fo = io.BytesIO()
        self.fo.name = f"https://bucket/one.zip?signature={signature}"


def test_an_address_holds_no_signature_and_does_not_change_with_it() -> None:
    one, other = (address_of("in/a.txt", _SignedArchive(signature)) for signature in ("first", "second"))
    assert one == other
    assert "first" not in one
