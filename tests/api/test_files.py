from __future__ import annotations

import errno
import io
import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from classify_core import files as files_module
from classify_core.api import upload as upload_module
from classify_core.errors import InvalidOptionError, NotFoundError, RejectedRequestError, UnreadableDocumentError
from tests.api.driver import Driver
from tests.service import ClassifyService

BYTES = bytes(range(256)) * 10 + b"\r\n--boundary\r\n"


def test_a_file_arrives_as_it_is(api: Driver, service: ClassifyService, tmp_path: Path) -> None:
    path = tmp_path / "acme march.pdf"
    path.write_bytes(BYTES)
    file = api(api.client.files.upload, path)

    part = service.requests[-1].form["file"]
    assert (part.content, part.file_name, part.content_type) == (BYTES, "acme march.pdf", "application/pdf")
    assert service.files[file.id].purpose == "classify"
    assert file.name == "acme march.pdf"


def test_bytes_arrive_under_the_name_given(api: Driver, service: ClassifyService) -> None:
    file = api(api.client.files.upload, BYTES, name="a.bin", external_file_id="mine-1", purpose="parse")

    stored = service.files[file.id]
    assert (stored.content, stored.name, stored.external_file_id, stored.purpose) == (BYTES, "a.bin", "mine-1", "parse")


def test_a_local_path_is_never_sent(api: Driver, service: ClassifyService, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"an invoice")
    file = api(api.client.files.upload, path)

    assert file.external_file_id is None
    assert set(service.requests[-1].form) == {"purpose", "file"}
    assert str(tmp_path).encode() not in service.requests[-1].body


def test_a_file_is_streamed_with_its_length(
    api: Driver, service: ClassifyService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_module, "CHUNK_BYTES", 100)
    path = tmp_path / "a.bin"
    path.write_bytes(BYTES)
    api(api.client.files.upload, path)

    request = service.requests[-1]
    assert request.form["file"].content == BYTES
    assert int(request.headers["content-length"]) == request.body_size
    assert "transfer-encoding" not in request.headers


@pytest.mark.parametrize("name", ['a"b.txt', "Übersicht März 請求書.txt", "a\r\nb.txt"])
def test_any_name_can_be_sent(api: Driver, name: str) -> None:
    file = api(api.client.files.upload, b"x", name=name)
    assert file.name == name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


@pytest.mark.skipif(os.name != "posix", reason="only there may a name hold any byte")
def test_a_name_that_is_no_text_does_no_harm(api: Driver, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    path.write_bytes(b"x")
    assert api(api.client.files.upload, path).name == "caf?.txt"


@pytest.mark.parametrize("kind", ["missing", "directory", "empty", "large", "below a file"])
def test_a_document_that_cannot_be_sent_is_named_before_anything_is_sent(
    api: Driver, service: ClassifyService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    path = tmp_path / "document.pdf"
    if kind == "directory":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes(b"" if kind == "empty" else b"12345")
    if kind == "large":
        monkeypatch.setattr(files_module, "MAX_FILE_BYTES", 4)
    if kind == "below a file":
        path = path.with_name("document.pdf") / "document.pdf"

    with pytest.raises(UnreadableDocumentError, match=r"document\.pdf") as unreadable:
        api(api.client.files.upload, path)
    assert unreadable.value.source_name == "document.pdf"
    assert service.requests == []


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices are files there")
@pytest.mark.parametrize("kind", ["pipe", "device", "endless", "no path"])
def test_what_is_no_regular_file_is_refused_instead_of_waited_for(
    api: Driver, service: ClassifyService, tmp_path: Path, kind: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    paths = {"pipe": tmp_path / "pipe", "device": Path("/dev/zero"), "endless": Path("/proc/self/status")}

    with pytest.raises(UnreadableDocumentError):
        api(api.client.files.upload, paths.get(kind, Path("a\0b.txt")))
    assert service.requests == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the administrator may read all files")
def test_a_file_without_permission_is_named(api: Driver, service: ClassifyService, tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes(b"x")
    path.chmod(0)

    with pytest.raises(UnreadableDocumentError, match="permissions"):
        api(api.client.files.upload, path)
    assert service.requests == []


def test_a_file_that_stops_being_readable_while_it_is_sent_is_an_error_of_ours(tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    body = upload_module.OpenUpload(upload_module.Upload(tmp_path / "a.txt", "a.txt"), Failing(), 10)
    with pytest.raises(UnreadableDocumentError, match=r"a\.txt.*Input/output error"):
        list(body)


def test_the_published_limit_is_the_one_that_is_kept() -> None:
    assert files_module.MAX_FILE_BYTES == 512 * 1024 * 1024


def test_empty_bytes_are_refused_before_anything_is_sent(api: Driver, service: ClassifyService) -> None:
    with pytest.raises(UnreadableDocumentError, match="empty"):
        api(api.client.files.upload, b"", name="a.txt")
    assert service.requests == []


@pytest.mark.parametrize(
    ("source", "name"), [(b"x", None), (b"x", ""), (b"x", "n" * 3001), ("text", "a.txt"), (None, "a.txt")]
)
def test_what_is_no_named_document_is_refused(api: Driver, service: ClassifyService, source: Any, name: str) -> None:
    with pytest.raises(InvalidOptionError):
        api(api.client.files.upload, source, name=name)
    assert service.requests == []


def test_a_refused_upload_names_its_document(api: Driver, service: ClassifyService) -> None:
    service.fail_next("POST *", status=400, body={"detail": "no"})
    with pytest.raises(RejectedRequestError, match=r"a\.txt") as refused:
        api(api.client.files.upload, b"x", name="a.txt")
    assert refused.value.source_name == "a.txt"


@pytest.mark.parametrize("fault", [{"action": "cut"}, {"action": "cut_half_way"}, {"status": 500}])
def test_an_upload_whose_answer_is_lost_is_found_by_its_digest_and_not_sent_again(
    api: Driver, service: ClassifyService, fault: dict[str, Any]
) -> None:
    service.fail_next("POST *", **fault, work=True)
    file = api(api.client.files.upload, b"x", name="a.txt", external_file_id=sha256(b"x").hexdigest())
    assert [request.method for request in service.requests] == ["POST", "GET"]
    assert list(service.files) == [file.id]


def test_an_upload_that_was_not_done_is_sent_again_after_the_look(api: Driver, service: ClassifyService) -> None:
    service.fail_next("POST *", action="cut", work=False)
    service.fail_next("GET *", status=500, work=False)
    file = api(api.client.files.upload, b"x", name="a.txt", external_file_id=sha256(b"x").hexdigest())
    assert [request.method for request in service.requests] == ["POST", "GET", "POST"]
    assert list(service.files) == [file.id]


def test_an_older_document_under_an_id_of_ones_own_is_never_taken_for_a_lost_upload(
    api: Driver, service: ClassifyService
) -> None:
    api(api.client.files.upload, b"version 1", name="a.txt", external_file_id="INV-7")
    service.fail_next("POST *", action="cut", work=False)
    file = api(api.client.files.upload, b"version 2", name="a.txt", external_file_id="INV-7")
    assert service.files[file.id].content == b"version 2"
    assert [request.method for request in service.requests] == ["POST"] * 3


def test_a_copy_in_another_format_is_never_taken_for_a_lost_upload(api: Driver, service: ClassifyService) -> None:
    digest = sha256(b"x").hexdigest()
    api(api.client.files.upload, b"x", name="a.txt", external_file_id=digest)
    service.fail_next("POST *", action="cut", work=False)
    assert api(api.client.files.upload, b"x", name="a.md", external_file_id=digest).name == "a.md"


def test_a_refused_upload_is_not_looked_for(api: Driver, service: ClassifyService) -> None:
    service.fail_next("POST *", status=429, body={"detail": "Rate limit exceeded. Try again."})
    api(api.client.files.upload, b"x", name="a.txt", external_file_id=sha256(b"x").hexdigest())
    assert [request.method for request in service.requests] == ["POST", "POST"]


def test_an_expiry_is_sent_with_its_time_zone(api: Driver, service: ClassifyService) -> None:
    api(api.client.files.upload, b"x", name="a.txt", expires_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert service.requests[-1].form["expires_at"].content == b"2026-03-01T00:00:00+00:00"
    with pytest.raises(InvalidOptionError, match="time zone"):
        api(api.client.files.upload, b"x", name="a.txt", expires_at=datetime(2026, 3, 1))  # noqa: DTZ001 - what is tested


def test_a_file_can_be_got_listed_and_deleted(api: Driver, service: ClassifyService) -> None:
    file = api(api.client.files.upload, b"x", name="a.txt", external_file_id="mine")
    service.add_file("b.txt", b"y")

    assert api(api.client.files.get, file.id).name == "a.txt"
    assert api(api.client.files.get, file.id, expand=["download_url"]).download_url.url.endswith(file.id)
    assert [f.id for f in api.listed(api.client.files.list(external_file_id="mine"))] == [file.id]
    assert len(api.listed(api.client.files.list(page_size=1))) == 2
    assert api(api.client.files.delete, file.id) is None
    with pytest.raises(NotFoundError):
        api(api.client.files.get, file.id)


def test_every_filter_of_a_list_is_sent(api: Driver, service: ClassifyService) -> None:
    api.listed(
        api.client.files.list(
            file_ids=["a"],
            file_name="n",
            external_file_id="e",
            order_by="name desc",
            expand=["download_url"],
            page_size=1000,
            page_token="after-0",
        )
    )
    assert service.requests[-1].query == {
        "file_ids": ["a"],
        "file_name": ["n"],
        "external_file_id": ["e"],
        "order_by": ["name desc"],
        "expand": ["download_url"],
        "page_size": ["1000"],
        "page_token": ["after-0"],
    }


@pytest.mark.parametrize(
    "filters", [{"page_size": 1001}, {"page_size": 0}, {"page_size": "5"}, {"page_size": True}, {"file_ids": ()}]
)
def test_a_filter_that_cannot_work_is_refused_at_once(api: Driver, filters: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError):
        api.client.files.list(**filters)


def test_the_address_of_a_files_content_is_not_shown(api: Driver) -> None:
    file = api(api.client.files.upload, b"x", name="a.txt")
    expanded = api(api.client.files.get, file.id, expand=["download_url"])
    assert expanded.download_url.url not in repr(expanded)
