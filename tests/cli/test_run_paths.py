"""Which documents the PATHs of `classify run` stand for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from classify_core.cli.run_paths import Found, find
from classify_core.errors import InvalidOptionError


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.txt", "a.pdf", "sub/c.txt", "sub/deep/d.pdf", ".hidden.txt", ".git/e.txt", "sub/.secret/f.pdf"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def paths(*arguments: str, left_out: tuple[Path, ...] = ()) -> list[str]:
    return [found.path for found in find(arguments, left_out=left_out)]


def test_a_folder_stands_for_all_files_below_it_by_name_without_hidden_ones() -> None:
    assert paths("in") == ["in/a.pdf", "in/b.txt", "in/sub/c.txt", "in/sub/deep/d.pdf"]


def test_the_current_folder_is_named_without_its_dot() -> None:
    assert paths(".") == paths("in")


def test_a_hidden_file_or_folder_counts_where_it_is_named() -> None:
    assert paths("in/.hidden.txt", "in/.git") == ["in/.hidden.txt", "in/.git/e.txt"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("in/*.txt", ["in/b.txt"]),
        ("in/**/*.pdf", ["in/a.pdf", "in/sub/deep/d.pdf"]),
        ("in/s*", ["in/sub/c.txt", "in/sub/deep/d.pdf"]),
        ("**/*.txt", ["in/b.txt", "in/sub/c.txt"]),
        ("in/[ab].*", ["in/a.pdf", "in/b.txt"]),
        ("in/sub/.s*/*", ["in/sub/.secret/f.pdf"]),
        ("in/.git/*", ["in/.git/e.txt"]),
        ("in/*.docx", []),
    ],
)
def test_a_pattern_stands_for_what_it_matches(pattern: str, expected: list[str]) -> None:
    assert paths(pattern) == expected


def test_an_absolute_pattern_is_searched_where_it_says(tree: Path) -> None:
    assert paths(f"{tree}/in/*.txt") == [f"{tree}/in/b.txt"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tree: Path) -> None:
    (tree / "report[1].txt").write_text("x")
    assert paths("report[1].txt") == ["report[1].txt"]


def test_each_file_comes_once_in_the_order_of_the_paths(tree: Path) -> None:
    assert paths("in/b.txt", "in/*.txt", "in", f"{tree}/in/a.pdf", "in/../in/b.txt") == [
        "in/b.txt",
        "in/a.pdf",
        "in/sub/c.txt",
        "in/sub/deep/d.pdf",
    ]


def test_a_file_that_does_not_exist_is_kept_for_its_outcome() -> None:
    assert paths("nowhere.pdf") == ["nowhere.pdf"]


def test_a_link_to_a_file_is_that_file_and_folders_are_not_followed_in_circles(tree: Path) -> None:
    (tree / "in" / "sub" / "up").symlink_to(tree / "in")
    (tree / "in" / "z.txt").symlink_to(tree / "elsewhere.txt")
    (tree / "in" / "again.txt").symlink_to(tree / "in" / "b.txt")
    (tree / "elsewhere.txt").write_text("x")
    assert paths("in") == ["in/a.pdf", "in/again.txt", "in/sub/c.txt", "in/sub/deep/d.pdf", "in/z.txt"]
    assert paths("in/**/*.pdf") == ["in/a.pdf", "in/sub/deep/d.pdf"]


def test_a_link_to_a_folder_is_followed_where_it_is_named(tree: Path) -> None:
    (tree / "link").symlink_to(tree / "in" / "sub")
    assert paths("link") == ["link/c.txt", "link/deep/d.pdf"]


@pytest.fixture
def deep(tree: Path) -> Iterator[str]:
    """A file below more folders than a program may have calls, which `shutil.rmtree` could not remove."""
    here = Path.cwd()
    for _ in range(1100):
        Path("d").mkdir()
        os.chdir("d")
    Path("x.txt").write_text("x")
    yield "/".join(["d"] * 1100) + "/x.txt"
    Path("x.txt").unlink()
    while Path.cwd() != here:
        os.chdir("..")
        Path("d").rmdir()


def test_folders_may_be_nested_deeper_than_calls_may(tree: Path, deep: str) -> None:
    inside = Path.cwd()
    os.chdir(tree)
    try:
        assert paths("d") == [deep]
    finally:
        os.chdir(inside)


def test_files_that_are_left_out_are_known_under_any_name(tree: Path) -> None:
    (tree / "other").symlink_to(tree / "in")
    assert paths("in", left_out=(tree / "other" / "b.txt",)) == ["in/a.pdf", "in/sub/c.txt", "in/sub/deep/d.pdf"]


def test_standard_input_stands_among_the_others_once() -> None:
    assert list(find(["in/b.txt", "-", "-"])) == [Found("in/b.txt"), Found("-", is_standard_input=True)]


def test_a_file_called_like_standard_input_can_be_named(tree: Path) -> None:
    (tree / "-").write_text("x")
    assert list(find(["./-"])) == [Found("-")]


def test_each_path_that_stands_for_nothing_is_told(tree: Path) -> None:
    (tree / "empty").mkdir()
    told: list[str] = []
    assert [found.path for found in find(["empty", "in/b.txt", "*.docx"], nothing_at=told.append)] == ["in/b.txt"]
    assert told == ["empty", "*.docx"]


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(InvalidOptionError):
        paths("")


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="newer ones take ** beside other characters for *")
def test_a_pattern_that_cannot_work_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="no pattern"):
        paths("in/a**b/*.txt")


def test_a_step_back_from_a_linked_folder_is_taken_as_the_system_takes_it(tree: Path) -> None:
    (tree / "link").symlink_to(tree / "in" / "sub")
    assert paths("link/../b.txt") == ["link/../b.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed_is_told_and_the_others_are_taken(tree: Path) -> None:
    locked = tree / "in" / "sub"
    locked.chmod(0)
    try:
        found = list(find(["in"]))
    finally:
        locked.chmod(0o755)
    assert [each.path for each in found] == ["in/a.pdf", "in/b.txt", "in/sub"]
    assert "Permission denied" in str(found[-1].fault)


def test_documents_are_found_lazily(monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    scandir: Callable[[str], object] = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(path) or scandir(path))
    found = find(["in"])
    next(found)
    assert listed == ["in"]
