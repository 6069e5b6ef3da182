from __future__ import annotations

import errno
import io
import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from classify_core.server.serving import RunningServer
from tests.server.files_api import FILES, OLDER_FILES
from tests.server.projects import KEYS, client_of, end, own_server, stored
from tests.server.wire import head, wire_to
from tests.waiting import wait_until

# Starlette before 1.0 leaves it to the garbage collector to close what it has of a form that is cut off.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

NAMES = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    ".profile",
    "a/b/c.txt",
    "con.txt",
    "a" * 3000,
    "Übersicht März 請求書 🧾.txt",
    "a%00b.txt",
    "a;b='c'.txt",
    "-rf *",
    "$(id).txt",
    "\u202etxt.exe",
]


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[RunningServer]:
    with own_server(tmp_path / "data", max_file_bytes=3_000_000) as running:
        yield running


@pytest.fixture
def owner(alone: RunningServer) -> Iterator[httpx.Client]:
    with client_of(alone.base_url, KEYS[0]) as client:
        yield client


def sent(client: httpx.Client, name: str, content: bytes = b"x") -> httpx.Response:
    return client.post(FILES, files={"file": (name, content)}, data={"purpose": "classify"})


def part(headers: str, content: bytes = b"x") -> bytes:
    return b"--b\r\nContent-Disposition: form-data; " + headers.encode() + b"\r\n\r\n" + content + b"\r\n"


PURPOSE = part('name="purpose"', b"classify")


def sent_parts(
    client: httpx.Client, *parts: bytes, content_type: str = "multipart/form-data; boundary=b"
) -> httpx.Response:
    return client.post(FILES, content=b"".join(parts) + b"--b--\r\n", headers={"content-type": content_type})


def names_of(client: httpx.Client) -> list[str]:
    return [file["name"] for file in client.get(FILES).json()["items"]]


def kept_files(folder: Path) -> list[Path]:
    return [path for path in (folder / "data" / "files").rglob("*") if not path.is_dir()]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_kept_as_it_was_sent_and_is_no_path(owner: httpx.Client, tmp_path: Path, name: str) -> None:
    answer = sent(owner, name)

    assert (answer.status_code, answer.json()["name"]) == (201, name)
    assert [path.name for path in kept_files(tmp_path)] == [answer.json()["id"].removeprefix("dfl-")]
    # Whatever path it might have been, all that is on the disk is in the data folder.
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("name", [r"C:\secret\a.txt", r"\\host\share\a.txt"])
def test_a_windows_path_is_no_path(owner: httpx.Client, tmp_path: Path, name: str) -> None:
    file = sent_parts(owner, PURPOSE, part(f'name="file"; filename="{name}"')).json()
    assert file["name"].endswith("a.txt")
    assert [path.name for path in kept_files(tmp_path)] == [file["id"].removeprefix("dfl-")]


@pytest.mark.parametrize(
    "name", ["a\x00b.txt", "a\tb.txt", "a\x7fb.txt", "a\x1bb.txt", "a\x85b.txt", "n" * 3001, " ", ""]
)
def test_a_name_that_cannot_be_shown_is_refused(client: httpx.Client, name: str) -> None:
    answer = sent_parts(client, PURPOSE, part(f'name="file"; filename="{name}"'))
    assert answer.status_code == 400
    assert names_of(client) == []


@pytest.mark.parametrize("name", [b"a\r\nX-Evil: 1\r\n", b"a\nb", b"\xff\xfe"])
def test_no_bytes_in_a_name_break_the_server(client: httpx.Client, name: bytes) -> None:
    file = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\nx\r\n'
    answer = sent_parts(client, PURPOSE, file)
    assert answer.status_code in {201, 400, 422}
    assert "x-evil" not in answer.headers


def test_half_a_character_in_a_name_is_refused(client: httpx.Client) -> None:
    file = part(r'name="file"; filename="\ud800"')
    charset = "multipart/form-data; boundary=b; charset=unicode_escape"
    assert sent_parts(client, PURPOSE, file, content_type=charset).status_code == 400


def test_an_empty_file_is_refused(client: httpx.Client) -> None:
    answer = sent(client, "a.txt", b"")
    assert (answer.status_code, answer.json()) == (400, {"detail": "The file is empty (0 bytes)"})
    assert client.post(OLDER_FILES, files={"upload_file": ("a.txt", b"")}).status_code == 400
    assert names_of(client) == []


def test_a_file_without_a_name_is_refused(client: httpx.Client) -> None:
    assert sent_parts(client, PURPOSE, part('name="file"; filename=""')).status_code == 400
    older = part('name="upload_file"; filename=""') + b"--b--\r\n"
    answer = client.post(OLDER_FILES, content=older, headers={"content-type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "parts",
    [
        (PURPOSE,),
        (PURPOSE, part('name="file"', b"only text")),
        (PURPOSE, part('name="other"; filename="a.txt"')),
        (part('name="file"; filename="a.txt"'),),
        (),
    ],
)
def test_a_form_without_its_parts_is_invalid(client: httpx.Client, parts: tuple[bytes, ...]) -> None:
    answer = sent_parts(client, *parts)
    assert (answer.status_code, answer.json()["detail"][0]["loc"][0]) == (422, "body")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data; boundary=other", 400),
        ("multipart/form-data; boundary=b; charset=undefined", 400),
        ("multipart/form-data; boundary=b; charset=no-such", 201),
        ("multipart/form-data; boundary=b; charset=base64", 201),
        ("application/x-www-form-urlencoded", 422),
        ("application/json", 422),
        ("text/plain", 422),
        ("", 422),
    ],
)
def test_a_body_of_another_kind_is_refused(client: httpx.Client, content_type: str, status: int) -> None:
    answer = sent_parts(client, PURPOSE, part('name="file"; filename="a.txt"'), content_type=content_type)
    assert answer.status_code == status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--b--\r\n",
        b"--b\r\n\r\n",
        b"no form at all",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
    ],
)
def test_a_damaged_form_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post(FILES, content=body, headers={"content-type": "multipart/form-data; boundary=b"})
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize(
    "parts",
    [
        [part('name="file"; filename="a.txt"')] * 2,
        [part(f'name="field{number}"') for number in range(17)],
        [part('name="external_file_id"', b"x" * 70_000)],
    ],
)
def test_a_form_of_too_many_or_too_large_parts_is_refused(client: httpx.Client, parts: list[bytes]) -> None:
    assert sent_parts(client, PURPOSE, part('name="file"; filename="a.txt"'), *parts).status_code == 400
    assert names_of(client) == []


def test_fields_that_a_newer_client_sends_are_ignored(client: httpx.Client) -> None:
    parts = [part('name="newer"'), part('name="file"; filename="a.txt"')]
    assert sent_parts(client, PURPOSE, *parts).status_code == 201


def test_a_file_of_the_largest_size_is_taken_and_a_larger_one_is_not(owner: httpx.Client, tmp_path: Path) -> None:
    assert sent(owner, "largest.bin", b"x" * 3_000_000).status_code == 201
    assert sent(owner, "larger.bin", b"x" * 3_000_001).status_code == 413
    assert names_of(owner) == ["largest.bin"]
    assert len(kept_files(tmp_path)) == 1


def test_a_large_file_arrives_as_it_was_sent(owner: httpx.Client) -> None:
    content = bytes(range(256)) * 10_000
    file_id = sent(owner, "a.bin", content).json()["id"]
    assert httpx.get(owner.get(f"{FILES}/{file_id}/content").json()["url"]).content == content


def test_an_upload_that_is_cut_off_leaves_nothing(
    alone: RunningServer, owner: httpx.Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="classify_core.server")
    begun = PURPOSE + part('name="file"; filename="a.bin"', b"x" * 2_000_000)
    headers = ("Content-Length: 2900000", "Content-Type: multipart/form-data; boundary=b")
    with wire_to(alone.base_url) as wire:
        wire.sendall(head("POST", FILES, KEYS[0], *headers) + begun)
    wait_until(lambda: any(record.message == "request" for record in caplog.records))  # which is logged at its end
    assert [request.status for request in alone.service.requests.to(f"POST {FILES}")] == [None]

    assert names_of(owner) == []
    assert kept_files(tmp_path) == []


@pytest.mark.parametrize("route", [(FILES, "file"), (OLDER_FILES, "upload_file")])
def test_a_disk_that_cannot_be_written_is_told_without_a_path(
    alone: RunningServer, owner: httpx.Client, tmp_path: Path, route: tuple[str, str]
) -> None:
    folder = tmp_path / "data" / "files"
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_bytes(b"no folder")
    path, field = route
    answer = owner.post(path, files={field: ("a.txt", b"x")}, data={"purpose": "classify"})

    assert (answer.status_code, answer.json()) == (
        507,
        {"detail": "The server cannot store the file; its disk may be full"},
    )
    assert names_of(owner) == []
    folder.unlink()
    assert sent(owner, "b.txt").status_code == 201


def test_a_temporary_folder_that_cannot_be_written_is_told_without_a_path(
    alone: RunningServer, owner: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    answer = sent(owner, "a.bin", b"x" * 2_000_000)
    assert answer.status_code == 507
    assert str(tmp_path) not in answer.text
    assert kept_files(tmp_path) == []


async def test_a_stream_that_fails_half_way_leaves_nothing(alone: RunningServer, tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().read(10)

    ids = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")
    with pytest.raises(OSError, match="space"):
        await alone.service.file_folder.keep(*ids, Failing(b"x" * 100))
    assert kept_files(tmp_path) == []


@pytest.mark.parametrize("ids", [("..", "x"), ("11111111-1111-4111-8111-111111111111", "../x"), ("", "")])
def test_only_ids_name_a_path(alone: RunningServer, ids: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="UUID"):
        alone.service.file_folder.path_of(*ids)


def test_a_start_removes_what_has_expired_and_what_nobody_knows(tmp_path: Path) -> None:
    with own_server(tmp_path / "data") as running, client_of(running.base_url, KEYS[0]) as client:
        kept = sent(client, "kept.txt", b"kept").json()
        expired = sent(client, "expired.txt").json()
        stored(running, end, expired["id"])
    folder = tmp_path / "data" / "files" / kept["project_id"]
    (folder / "33333333-3333-4333-8333-333333333333.part").write_bytes(b"cut off")
    (folder / "44444444-4444-4444-8444-444444444444").write_bytes(b"not yet known")
    assert len(list(folder.iterdir())) == 4

    with own_server(tmp_path / "data") as running, client_of(running.base_url, KEYS[0]) as client:
        assert [path.read_bytes() for path in folder.iterdir()] == [b"kept"]
        assert names_of(client) == ["kept.txt"]
