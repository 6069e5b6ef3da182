"""Files within the user's folders, and none outside, whatever name somebody makes up."""

from __future__ import annotations

import os
import pickle
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from classify_core import InvalidOptionError, UnreadableDocumentError, file_roots
from classify_core.file_roots import FileRoots
from classify_core.files import MAX_FILE_BYTES

SECRET = b"the secret outside"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "march").mkdir(parents=True)
    (folder / "acme.txt").write_bytes(b"an invoice")
    (folder / "march" / "cake.txt").write_bytes(b"a recipe")
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "cake.txt").write_bytes(SECRET)
    return folder


def read(roots: FileRoots, name: str) -> bytes | None:
    found = roots.find(name)
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("name", "content"),
    [("acme.txt", b"an invoice"), ("march/cake.txt", b"a recipe"), ("./march//cake.txt", b"a recipe")],
)
def test_a_file_below_a_root_is_read_by_its_relative_name(root: Path, name: str, content: bytes) -> None:
    found = FileRoots(root).find(name)
    assert found is not None
    assert (found.kind, found.value, found.name) == ("bytes", content, Path(name).as_posix())


def test_an_absolute_name_within_a_root_is_read_and_known_by_its_relative_name(root: Path) -> None:
    found = FileRoots(root).find(str(root / "march" / "cake.txt"))
    assert found is not None
    assert (found.value, found.name) == (b"a recipe", "march/cake.txt")


async def test_it_can_be_awaited(root: Path) -> None:
    found = await FileRoots(root).afind("acme.txt")
    assert found is not None
    assert found.value == b"an invoice"
    assert await FileRoots(root).afind("../secret.txt") is None


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "march/../../secret.txt",
        "../outside/cake.txt",
        "../inbox/acme.txt",  # comes back, and so tells what the folder above is called
        "march/../acme.txt",
        "..",
        ".",
        "",
        "/",
        "~/secret.txt",
        "march",
        "acme.txt/cake.txt",
        "missing.txt",
        "missing/cake.txt",
        "acme.txt\0",
        "\0",
        "\udcff.txt",
        "a" * 300,
        "a/" * 5000 + "a",
        "C:\\secret.txt",
        "C:secret.txt",
        "\\\\server\\share\\secret.txt",
        "..\\secret.txt",
        "file:///etc/passwd",
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/zero",
    ],
)
def test_what_is_no_file_of_a_root_is_none_and_no_error(root: Path, name: str) -> None:
    assert FileRoots(root).find(name) is None
    assert FileRoots(root, allow_hidden=True).find(name) is None


def test_an_absolute_name_outside_is_none(root: Path, tmp_path: Path) -> None:
    roots = FileRoots(root)
    assert roots.find(str(tmp_path / "secret.txt")) is None
    assert roots.find(str(root / ".." / "secret.txt")) is None
    assert roots.find(f"{root}2/acme.txt") is None  # begins with the same letters
    assert roots.find(f"/{root}/../secret.txt") is None


def test_a_name_outside_is_not_even_looked_at(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots, looked = FileRoots(root), list[str]()
    monkeypatch.setattr(os.path, "realpath", lambda path, **options: looked.append(str(path)))
    assert [roots.find(str(tmp_path / "secret.txt")), roots.find("../secret.txt")] == [None, None]
    assert looked == []


@pytest.mark.parametrize(
    ("link", "target", "name"),
    [
        ("inbox/link.txt", "secret.txt", "link.txt"),
        ("inbox/link.txt", "inbox/../secret.txt", "link.txt"),
        ("inbox/link", "outside", "link/cake.txt"),
        ("inbox/link", ".", "link/secret.txt"),
        ("inbox/march/link", "outside", "march/link/cake.txt"),
        ("inbox/link.txt", "/dev/zero", "link.txt"),
        ("inbox/link.txt", "/proc/self/environ", "link.txt"),
        ("inbox/link.txt", "inbox/link.txt", "link.txt"),
        ("inbox/link.txt", "nowhere", "link.txt"),
    ],
)
@pytest.mark.parametrize("kind", ["absolute", "relative"])
def test_a_link_never_leads_outside(root: Path, tmp_path: Path, link: str, target: str, name: str, kind: str) -> None:
    place = tmp_path / link
    goal = str(tmp_path / target)
    place.symlink_to(os.path.relpath(goal, place.parent) if kind == "relative" else goal)
    assert FileRoots(root).find(name) is None


def test_a_link_through_another_link_never_leads_outside(root: Path, tmp_path: Path) -> None:
    (root / "one").symlink_to("two")
    (root / "two").symlink_to(tmp_path / "outside")
    assert FileRoots(root).find("one/cake.txt") is None


def test_a_link_within_a_root_is_followed(root: Path) -> None:
    (root / "latest.txt").symlink_to("march/cake.txt")
    (root / "newest").symlink_to(root / "march")
    assert read(FileRoots(root), "latest.txt") == read(FileRoots(root), "newest/cake.txt") == b"a recipe"


def test_a_great_many_links_are_no_error(root: Path) -> None:
    for number in range(1500):
        (root / f"link{number}").symlink_to(f"link{number + 1}" if number < 1499 else "acme.txt")
    assert read(FileRoots(root), "link0") in {None, b"an invoice"}


def test_a_root_that_is_a_link_is_the_user_s_own_wish(root: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(root)
    roots = FileRoots(tmp_path / "current")
    assert read(roots, "acme.txt") == read(roots, str(tmp_path / "current" / "acme.txt")) == b"an invoice"
    assert roots.find("../secret.txt") is None


def test_a_root_is_where_it_was_when_it_was_given(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    roots = FileRoots("inbox")
    monkeypatch.chdir(tmp_path / "outside")
    assert read(roots, "march/cake.txt") == b"a recipe"
    root.rename(tmp_path / "moved")
    root.symlink_to(tmp_path / "outside")
    assert roots.find("cake.txt") is None


SWAPS: dict[str, Callable[[Path, Path], None]] = {
    "file": lambda root, outside: _swap(root / "march" / "cake.txt", outside / "cake.txt"),
    "folder": lambda root, outside: _swap(root / "march", outside),
    "root": lambda root, outside: _swap(root, outside.parent / "elsewhere"),
}


def _swap(place: Path, other: Path) -> None:
    """Puts a link to something outside in the place of what was there."""
    place.rename(place.with_name("before"))
    place.symlink_to(other)


@pytest.mark.parametrize("swap", SWAPS.values(), ids=list(SWAPS))
def test_a_link_swapped_in_after_the_look_is_not_followed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swap: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "elsewhere" / "march").mkdir(parents=True)
    (tmp_path / "elsewhere" / "march" / "cake.txt").write_bytes(SECRET)
    roots, realpath = FileRoots(root), os.path.realpath

    def looked(path: Any, **options: Any) -> Any:
        found = realpath(path, **options)
        monkeypatch.undo()
        swap(root, tmp_path / "outside")
        return found

    monkeypatch.setattr(os.path, "realpath", looked)
    assert roots.find("march/cake.txt") is None
    assert (root / "march" / "cake.txt").read_bytes() == SECRET  # it was swapped indeed


def test_without_descriptors_of_folders_a_swapped_link_is_noticed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_roots, "_OPENS_BELOW_DESCRIPTORS", False)
    roots, look = FileRoots(root), os.path.realpath
    assert read(roots, "march/cake.txt") == b"a recipe"
    assert roots.find("../secret.txt") is None

    def looked(path: Any, **options: Any) -> Any:
        found = look(path, **options)
        if not (root / "march").is_symlink():
            _swap(root / "march", tmp_path / "outside")
        return found

    monkeypatch.setattr(os.path, "realpath", looked)
    assert roots.find("march/cake.txt") is None


def test_what_is_read_is_what_was_opened(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots, fstat = FileRoots(root), os.fstat

    def swapped(descriptor: int) -> os.stat_result:
        monkeypatch.undo()
        _swap(root / "acme.txt", tmp_path / "secret.txt")
        return fstat(descriptor)

    monkeypatch.setattr(os, "fstat", swapped)
    assert read(roots, "acme.txt") == b"an invoice"
    assert (root / "acme.txt").read_bytes() == SECRET


def test_a_pipe_a_socket_or_a_device_is_no_file_and_is_never_waited_for(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)  # the name of a socket has to be short
    os.mkfifo(root / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.txt")
        assert [FileRoots(root).find(name) for name in ("pipe.txt", "socket.txt")] == [None, None]
    if os.path.lexists("/dev/zero"):
        assert FileRoots("/dev").find("zero") is None


def test_a_pipe_swapped_in_after_the_look_is_not_waited_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots, realpath = FileRoots(root), os.path.realpath

    def after_lstat(place: Path) -> os.stat_result:
        status = os.lstat(place)
        (root / "acme.txt").unlink()
        os.mkfifo(root / "acme.txt")
        return status

    def looked(path: Any, **options: Any) -> Any:
        found = realpath(path, **options)
        monkeypatch.setattr(Path, "lstat", after_lstat)
        return found

    monkeypatch.setattr(os.path, "realpath", looked)
    assert roots.find("acme.txt") is None


@pytest.mark.parametrize("name", [".env", ".git/config", "march/.hidden.txt", "shown.txt", "open/config"])
def test_hidden_files_are_refused_also_behind_a_link_unless_they_are_allowed(root: Path, name: str) -> None:
    (root / ".git").mkdir()
    for place in (".env", ".git/config", "march/.hidden.txt"):
        (root / place).write_bytes(b"hidden")
    (root / "shown.txt").symlink_to(".env")
    (root / "open").symlink_to(".git")
    assert FileRoots(root).find(name) is None
    assert read(FileRoots(root, allow_hidden=True), name) == b"hidden"
    assert FileRoots(root, allow_hidden=True).find("../secret.txt") is None


def test_a_root_below_a_hidden_folder_is_no_hidden_file(tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "a.txt").write_bytes(b"an invoice")
    assert read(FileRoots(tmp_path / ".cache"), "a.txt") == b"an invoice"


def test_the_first_of_several_roots_that_has_the_file_wins(root: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "acme.txt").write_bytes(b"the older one")
    (archive / "old.txt").write_bytes(b"only there")
    assert read(FileRoots(root, archive), "acme.txt") == b"an invoice"
    assert read(FileRoots(archive, root), "acme.txt") == b"the older one"
    assert read(FileRoots(root, archive), "old.txt") == b"only there"
    assert read(FileRoots(root, archive), str(archive / "acme.txt")) == b"the older one"


def test_a_link_that_leads_out_of_the_first_root_does_not_hide_a_file_of_the_second(root: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "acme.txt").symlink_to(tmp_path / "secret.txt")
    assert read(FileRoots(archive, root), "acme.txt") == b"an invoice"


def test_upper_and_lower_case_are_the_file_system_s(root: Path) -> None:
    assert (FileRoots(root).find("ACME.TXT") is not None) == (root / "ACME.TXT").exists()


def test_a_file_above_the_limit_is_refused_before_it_is_read(root: Path) -> None:
    with (root / "large.bin").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(UnreadableDocumentError, match=r"large\.bin.*at most 536,870,912"):
        FileRoots(root).find("large.bin")


def test_a_file_that_grows_is_read_as_far_as_it_was_measured(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fstat = os.fstat

    def growing(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        monkeypatch.undo()
        with (root / "acme.txt").open("ab") as file:
            file.write(b", and much more")
        return status

    monkeypatch.setattr(os, "fstat", growing)
    assert read(FileRoots(root), "acme.txt") == b"an invoice"


def test_an_empty_file_is_an_error_that_names_it(root: Path) -> None:
    (root / "empty.txt").touch()
    with pytest.raises(UnreadableDocumentError, match=r"empty\.txt.*0 bytes"):
        FileRoots(root).find("empty.txt")


def test_a_file_that_must_not_be_read_is_an_error_without_its_place(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = os.open

    def refusing(path: Any, *arguments: Any, **options: Any) -> int:  # the super-user, who may run this, is not refused
        if path == "cake.txt":
            raise PermissionError(13, "Permission denied", path)
        return opens(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(UnreadableDocumentError, match=r"cannot read march.cake\.txt: Permission denied") as caught:
        FileRoots(root).find("march/cake.txt")
    assert str(root) not in str(caught.value)


def test_no_descriptor_is_left_open(root: Path, tmp_path: Path) -> None:
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "empty.txt").touch()
    os.mkfifo(root / "pipe.txt")
    roots = FileRoots(root)
    before = os.open(root, os.O_RDONLY)
    os.close(before)
    for name in ("march/cake.txt", "link.txt", "pipe.txt", "missing.txt"):
        roots.find(name)
    with pytest.raises(UnreadableDocumentError):
        roots.find("empty.txt")
    after = os.open(root, os.O_RDONLY)
    os.close(after)
    assert before == after


@pytest.mark.parametrize("folder", ["missing", "acme.txt", "", "a\0b", 7, None, b"inbox"])
def test_a_root_that_is_no_folder_is_refused_at_once(root: Path, folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    with pytest.raises(InvalidOptionError, match="give one that exists"):
        FileRoots(root, folder)


def test_links_in_a_circle_are_no_root(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(InvalidOptionError, match="no folder"):
        FileRoots(tmp_path / "circle")


def test_no_root_at_all_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="at least one"):
        FileRoots()


def test_it_travels_to_another_process_and_its_repr_tells_no_place(root: Path) -> None:
    roots = pickle.loads(pickle.dumps(FileRoots(root)))
    assert read(roots, "acme.txt") == b"an invoice"
    assert str(root) not in repr(roots)
